"""Amounts: decimal text outside, integers of the currency's smallest unit inside.

Nothing here rounds. A float never comes near: an amount is parsed from its text and written back from
its integer.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

# Longer than any amount that could be accepted; what is longer is not worth the time to look at.
AMOUNT_CHARACTERS_MAX = 40
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)

# "The same digits" for every currency: 999,999,999 and as many nines after the point as it has decimals.
_WHOLE_DIGITS_MAX = 9

BIGINT_MAX = 2**63 - 1
# However an operator sets it: a balance takes several of the largest amounts.
AMOUNT_MINOR_MAX = BIGINT_MAX // 4


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency: its code, how many decimals it has (0 to 9), and the largest amount of one operation.

    `rate` is what one unit is worth in the base currency, exactly; None until one is set.
    """

    code: str
    exponent: int
    amount_minor_max: int
    rate: Fraction | None = None

    @classmethod
    def of(
        cls, code: str, exponent: int, amount_max: str | None = None, rate: Fraction | None = None
    ) -> "Currency":
        """A currency with that limit for one operation, or with the usual one.

        Raises ValueError when the limit is not an amount of this currency.
        """
        if amount_max is None:
            return cls(code, exponent, 10 ** (_WHOLE_DIGITS_MAX + exponent) - 1, rate)
        if not is_amount(amount_max) or (limit_minor := minor_units(amount_max, exponent)) is None:
            raise ValueError(f"{amount_max!r} is not an amount of {code}, which has {exponent} decimals")
        return cls(code, exponent, min(limit_minor, AMOUNT_MINOR_MAX), rate)


def is_amount(text: str) -> bool:
    """Whether the text is digits, or digits, a point and digits: no sign, space, exponent or other script."""
    return len(text) <= AMOUNT_CHARACTERS_MAX and _AMOUNT.fullmatch(text) is not None


def is_zero(amount: str) -> bool:
    """Whether an amount's text stands for nothing, whatever the currency."""
    return not amount.strip("0.")


def minor_units(amount: str, exponent: int) -> int | None:
    """The amount in units of 10**-exponent, or None when its text has more decimals than that.

    "10.50" with 2 is 1050. Decimals count as written: "10.500" has three.
    """
    whole, _, decimals = amount.partition(".")
    if len(decimals) > exponent:
        return None
    return int(whole + decimals.ljust(exponent, "0"))


def decimal_text(amount_minor: int, exponent: int) -> str:
    """The inverse of minor_units, always with all the currency's decimals: 1050 with 2 is "10.50"."""
    if exponent == 0:
        return str(amount_minor)
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def canonical(amount: str) -> str:
    """One spelling for all texts of one value, so that "5", "5.0" and "05.00" are the same request."""
    whole, _, decimals = amount.partition(".")
    decimals = decimals.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{decimals}" if decimals else whole
