"""Sharing an amount out without a remainder: the method of the largest remainders (Hamilton's).

Every share is its quota rounded down; the units that are left go, one each, to the shares that lost most by it,
the earlier one first among equals.
"""

from collections.abc import Sequence
from fractions import Fraction


def apportion(quotas: Sequence[Fraction]) -> list[int]:
    """Whole numbers next to the quotas, none of them negative, with the same sum, which must be a whole number."""
    shares = [quota.numerator // quota.denominator for quota in quotas]
    left = sum(quotas) - sum(shares)
    losses = [share - quota for share, quota in zip(shares, quotas, strict=True)]
    for index in sorted(range(len(quotas)), key=losses.__getitem__)[: int(left)]:
        shares[index] += 1
    return shares
