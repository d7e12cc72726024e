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
    exact = amount_minor * _minor_rate(source, target)
    return exact.numerator // exact.denominator


def leaving(amount_minor: int, source: Currency, target: Currency) -> int:
    """What an amount of `source` costs in `target`, in minor units, rounded up. Both must have a rate."""
    exact = amount_minor * _minor_rate(source, target)
    return -(-exact.numerator // exact.denominator)


def rate_text(source: Currency, target: Currency) -> str:
    """Units of `target` for one unit of `source`, to 12 significant digits: "0.914236763749"."""
    return _text(_rate(source, target))


def inverse_rate(rate: str) -> str:
    """The rate of the way back, to 12 significant digits."""
    return _text(1 / Fraction(rate))


def _rate(source: Currency, target: Currency) -> Fraction:
    if source.code == target.code:
        return Fraction(1)
    assert source.rate is not None
    assert target.rate is not None
    return source.rate / target.rate


def _minor_rate(source: Currency, target: Currency) -> Fraction:
    return _rate(source, target) * Fraction(10) ** (target.exponent - source.exponent)


def _text(rate: Fraction) -> str:
    context = Context(prec=RATE_DIGITS, rounding=ROUND_HALF_EVEN)
    quotient = context.divide(Decimal(rate.numerator), Decimal(rate.denominator))
    return f"{quotient.normalize(context):f}"
