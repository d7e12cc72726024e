"""Amounts between their text and their integer: exact both ways, and nothing else is taken for an amount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import (
    AMOUNT_CHARACTERS_MAX,
    BIGINT_MAX,
    Currency,
    canonical,
    decimal_text,
    is_amount,
    is_zero,
    minor_units,
)

exponents = st.integers(0, 9)
amounts = st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,9})?", fullmatch=True)


@pytest.mark.parametrize("text", ["0", "5", "007", "10.50", "0.00000001", "9" * AMOUNT_CHARACTERS_MAX])
def test_plain_digits_are_an_amount(text: str) -> None:
    assert is_amount(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            ".5",
            "5.",
            "1..2",
            "1.2.3",
            "-0",
            "-1",
            "+5",
            "1e3",
            "1E3",
            "0x10",
            "NaN",
            "Infinity",
            "1e400",
        ),
        *(
            " 1",
            "1 ",
            "1\n",
            "1\r",
            "\t1",
            "1_000",
            "1,5",
            "1'000",
            "\uff11",
            "٣",
            "१.५",
            "1.٣",
            "²",
            "9" * 41,
        ),
    ],
)
def test_everything_else_is_none(text: str) -> None:
    assert not is_amount(text)


@given(st.text())
def test_what_is_an_amount_is_ascii_digits_with_at_most_one_point(text: str) -> None:
    if is_amount(text):
        assert set(text) <= set("0123456789.")
        assert text.count(".") <= 1
        assert Decimal(text) >= 0


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [
        ("10.50", 2, 1050),
        ("10.5", 2, 1050),
        ("10", 2, 1000),
        ("0010.50", 2, 1050),
        ("10", 0, 10),
        ("0.00000001", 8, 1),
        ("1.234", 3, 1234),
        ("10.500", 2, None),
        ("10.0", 0, None),
        ("0.000000001", 8, None),
    ],
)
def test_minor_units(text: str, exponent: int, expected: int | None) -> None:
    assert minor_units(text, exponent) == expected


@pytest.mark.parametrize(
    ("amount_minor", "exponent", "expected"),
    [
        (1050, 2, "10.50"),
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (-450, 2, "-4.50"),
        (0, 0, "0"),
        (-7, 0, "-7"),
        (1, 8, "0.00000001"),
        (BIGINT_MAX, 2, "92233720368547758.07"),
    ],
)
def test_decimal_text(amount_minor: int, exponent: int, expected: str) -> None:
    assert decimal_text(amount_minor, exponent) == expected


@given(st.integers(0, BIGINT_MAX), exponents)
def test_an_integer_comes_back_from_its_text(amount_minor: int, exponent: int) -> None:
    text = decimal_text(amount_minor, exponent)
    assert minor_units(text, exponent) == amount_minor
    assert len(text.partition(".")[2]) == exponent
    assert is_amount(text)


@given(st.integers(-BIGINT_MAX, BIGINT_MAX), exponents)
def test_the_text_is_the_value(amount_minor: int, exponent: int) -> None:
    assert Decimal(decimal_text(amount_minor, exponent)) == Decimal(amount_minor).scaleb(-exponent)


@given(amounts, exponents)
def test_nothing_is_rounded(text: str, exponent: int) -> None:
    amount_minor = minor_units(text, exponent)
    if amount_minor is None:
        assert len(text.partition(".")[2]) > exponent
    else:
        assert Decimal(amount_minor).scaleb(-exponent) == Decimal(text)


@given(amounts, amounts)
def test_two_texts_have_one_canonical_form_exactly_when_they_are_one_value(one: str, other: str) -> None:
    assert (canonical(one) == canonical(other)) == (Decimal(one) == Decimal(other))


@pytest.mark.parametrize("text", ["5", "5.0", "5.00", "05.00", "005"])
def test_the_canonical_form_drops_what_means_nothing(text: str) -> None:
    assert canonical(text) == "5"


@given(amounts)
def test_zero_is_told_from_all_others(text: str) -> None:
    assert is_zero(text) == (Decimal(text) == 0)


@pytest.mark.parametrize(
    ("exponent", "largest"), [(0, "999999999"), (2, "999999999.99"), (8, "999999999.99999999")]
)
def test_the_usual_limit_has_the_same_digits_in_every_currency(exponent: int, largest: str) -> None:
    currency = Currency.of("XYZ", exponent)
    assert decimal_text(currency.amount_minor_max, exponent) == largest


def test_a_limit_of_ones_own() -> None:
    assert Currency.of("USD", 2, "5000.00").amount_minor_max == 500_000
    assert Currency.of("USD", 2, "9" * 30).amount_minor_max == BIGINT_MAX // 4


@pytest.mark.parametrize("limit", ["5.001", "-1", "much", ""])
def test_a_limit_that_is_no_amount_of_the_currency_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of USD"):
        Currency.of("USD", 2, limit)
