"""Conversion is exact and rounded once, always in favour of the exchange."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.conversion import arriving, inverse_rate, leaving, rate_text
from ledger.money import Currency

rates = st.builds(
    lambda digits, shift: Fraction(digits, 10**shift), st.integers(1, 10**12 - 1), st.integers(0, 18)
)
currencies = st.builds(
    lambda code, exponent, rate: Currency.of(code, exponent, rate=rate),
    st.sampled_from(["AAA", "BBB", "CCC"]),
    st.integers(0, 9),
    rates,
)
amounts = st.integers(0, 10**18)


def worth(amount_minor: int, currency: Currency) -> Fraction:
    """In the base currency, exactly."""
    assert currency.rate is not None
    return Fraction(amount_minor, 10**currency.exponent) * currency.rate


def unit(currency: Currency) -> Fraction:
    return worth(1, currency)


@given(amounts, currencies, currencies)
def test_within_one_unit_of_what_it_is_worth(amount: int, source: Currency, target: Currency) -> None:
    if source.code == target.code:
        return
    arrives, leaves = arriving(amount, source, target), leaving(amount, source, target)
    assert 0 <= worth(amount, source) - worth(arrives, target) < unit(target)
    assert 0 <= worth(leaves, target) - worth(amount, source) < unit(target)
    assert leaves - arrives == (0 if worth(arrives, target) == worth(amount, source) else 1)


@given(amounts, currencies, currencies)
def test_there_and_back_gains_nothing(amount: int, source: Currency, target: Currency) -> None:
    if source.code != target.code:
        assert arriving(arriving(amount, source, target), target, source) <= amount


@given(currencies, currencies)
def test_a_rate_has_twelve_significant_digits(source: Currency, target: Currency) -> None:
    text = rate_text(source, target)
    assert "E" not in text
    assert len(text.replace(".", "").strip("0")) <= 12
    if source.code != target.code:
        assert source.rate is not None
        assert target.rate is not None
        exact = source.rate / target.rate
        assert abs(Fraction(text) - exact) <= exact / 10**11
        assert abs(Fraction(inverse_rate(text)) * exact - 1) <= Fraction(1, 10**10)


@pytest.mark.parametrize(
    ("rate", "text"), [("1", "1"), ("2", "0.5"), ("3", "0.333333333333"), ("0.001", "1000")]
)
def test_rates_as_they_are_written(rate: str, text: str) -> None:
    base = Currency.of("USD", 2, rate=Fraction(1))
    assert rate_text(base, Currency.of("AAA", 2, rate=Fraction(rate))) == text
    assert Decimal(rate_text(Currency.of("AAA", 2, rate=Fraction(rate)), base)) == Decimal(rate)


def test_a_currency_to_itself_needs_no_rate() -> None:
    unknown = Currency.of("XAU", 3)
    assert (arriving(5, unknown, unknown), leaving(5, unknown, unknown)) == (5, 5)
