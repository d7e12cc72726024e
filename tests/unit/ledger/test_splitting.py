"""Sharing out leaves no remainder, and nobody gets more than the next whole unit of what is theirs."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.splitting import apportion


@st.composite
def wholes_in_parts(draw: st.DrawFn) -> list[Fraction]:
    """Parts in some proportion, none of them negative, that make up a whole number."""
    weights = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
    total = draw(st.integers(0, 10**18))
    return [Fraction(total * weight, max(1, sum(weights))) for weight in weights]


@given(wholes_in_parts())
def test_whole_parts_next_to_the_exact_ones_with_the_same_sum(quotas: list[Fraction]) -> None:
    shares = apportion(quotas)
    assert sum(shares) == sum(quotas)
    assert all(quota // 1 <= share <= -(-quota // 1) for share, quota in zip(shares, quotas, strict=True))


@given(wholes_in_parts())
def test_whoever_lost_most_comes_first(quotas: list[Fraction]) -> None:
    shares = apportion(quotas)
    up = [quota % 1 for share, quota in zip(shares, quotas, strict=True) if share > quota]
    down = [quota % 1 for share, quota in zip(shares, quotas, strict=True) if share < quota]
    assert not up or not down or min(up) >= max(down)


@pytest.mark.parametrize(
    ("quotas", "shares"),
    [
        (["100/3", "100/3", "100/3"], [34, 33, 33]),
        (["1/2", "1/2"], [1, 0]),
        (["1/4", "1/4", "1/2"], [0, 0, 1]),
        (["0", "7"], [0, 7]),
    ],
)
def test_among_equals_the_first(quotas: list[str], shares: list[int]) -> None:
    assert apportion([Fraction(quota) for quota in quotas]) == shares
