"""Turning an amount of one currency into another: exact rational arithmetic, rounded once, at the end.

Everywhere else in the ledger nothing is rounded. What arrives is rounded down and what leaves is rounded up, to the
last decimal, so that the exchange keeps the difference and no value is ever created.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from ledger.money import Currency

# To what rates are written, which are often without an end; amounts never depend on it.
RATE_DIGITS = 12


def arriving(amount_minor: int, source: Currency, target: Currency) -> int:
    """What an amount of `source` is worth in `target`, in minor units, rounded down. Both must have a rate."""
    numerator, denominator = _minor_ratio(source, target)
    return amount_minor * numerator // denominator


def leaving(amount_minor: int, source: Currency, target: Currency) -> int:
    """What an amount of `source` costs in `target`, in minor units, rounded up. Both must have a rate."""
    numerator, denominator = _minor_ratio(source, target)
    return -(-amount_minor * numerator // denominator)


def rate_text(source: Currency, target: Currency) -> str:
    """Units of `target` for one unit of `source`, to 12 significant digits: "0.914236397762"."""
    return _text(*_ratio(source, target))


def inverse_rate(rate: str) -> str:
    """The rate of the way back, to 12 significant digits."""
    exact = Fraction(rate)
    return _text(exact.denominator, exact.numerator)


# Two whole numbers instead of a Fraction, which would look for their common divisor at each step.
def _ratio(source: Currency, target: Currency) -> tuple[int, int]:
    if source.code == target.code:
        return 1, 1
    assert source.rate is not None
    assert target.rate is not None
    return source.rate.numerator * target.rate.denominator, source.rate.denominator * target.rate.numerator


def _minor_ratio(source: Currency, target: Currency) -> tuple[int, int]:
    numerator, denominator = _ratio(source, target)
    decimals = target.exponent - source.exponent
    if decimals < 0:
        return numerator, denominator * 10**-decimals
    return numerator * 10**decimals, denominator


def _text(numerator: int, denominator: int) -> str:
    context = Context(prec=RATE_DIGITS, rounding=ROUND_HALF_EVEN)
    quotient = context.divide(Decimal(numerator), Decimal(denominator))
    return f"{quotient.normalize(context):f}"
