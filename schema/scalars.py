"""The scalars: how values are written on the wire, and what is refused before anything looks at them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from ledger.money import AMOUNT_CHARACTERS_MAX, is_amount
from schema.input_errors import UnfitValue

Amount = NewType("Amount", str)
CurrencyCode = NewType("CurrencyCode", str)
WalletToken = NewType("WalletToken", str)
Percentage = NewType("Percentage", str)
DateTime = NewType("DateTime", datetime)

# Above the largest integer that an amount's text could hold.
_INTEGER_AMOUNT_LIMIT = 10**AMOUNT_CHARACTERS_MAX
_TOKEN_CHARACTERS_MAX = 255
_PERCENTAGE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,4})?", re.ASCII)
_CURRENCY_CODE = re.compile(r"[A-Z0-9]{3,8}", re.ASCII)
# RFC 3339, section 5.6, down to the microsecond.
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def read_amount(value: object) -> str:
    """The amount's text. Raises UnfitValue for whatever is not plain digits with at most one point."""
    # bool is an int to Python, and no amount to anyone.
    if type(value) is int and 0 <= value < _INTEGER_AMOUNT_LIMIT:
        value = str(value)
    if not isinstance(value, str) or not is_amount(value):
        raise UnfitValue(
            'An Amount is a string of digits with at most one point, such as "10.50": '
            "no float, sign, exponent, space or separator."
        )
    return value


def read_currency_code(value: object) -> str:
    """The code. Raises UnfitValue for what can't be one; whether the service knows it is asked later."""
    if not isinstance(value, str) or _CURRENCY_CODE.fullmatch(value) is None:
        raise UnfitValue("A CurrencyCode is a string of 3 to 8 of A-Z and 0-9.")
    return value


def read_wallet_token(value: object) -> str:
    """The token's text. What is no token of any wallet is answered like an unknown one, later."""
    if not isinstance(value, str) or len(value) > _TOKEN_CHARACTERS_MAX:
        raise UnfitValue(f"A WalletToken is a string of at most {_TOKEN_CHARACTERS_MAX} characters.")
    return value


def read_percentage(value: object) -> str:
    """The percentage's text. Whether it is above 0 and at most 100 is asked later."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or _PERCENTAGE.fullmatch(value) is None:
        raise UnfitValue('A Percentage is a string of digits with at most 4 decimals, such as "12.5".')
    return value


def read_date_time(value: object) -> datetime:
    """The instant in UTC. Raises UnfitValue for anything but RFC 3339 with an offset."""
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise UnfitValue('A DateTime is an instant by RFC 3339 with its offset, such as "2026-03-01T12:00:00Z".')


def write_date_time(instant: datetime) -> str:
    """RFC 3339 in UTC, with as many decimals of a second as there are."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


SCALARS: Mapping[object, ScalarDefinition] = {
    Amount: strawberry.scalar(
        name="Amount",
        description=(
            'A decimal number written as a string, such as `"10.50"`: never a float. In answers it always has '
            'exactly the currency\'s number of decimals (`"10.50"` USD, `"10"` JPY, `"0.00000001"` BTC). In inputs '
            "a JSON integer is taken too. A float, NaN, exponent, sign, space, underscore or non-ASCII digit is "
            "refused with BAD_USER_INPUT, and more decimals than the currency has with AMOUNT_TOO_PRECISE: "
            "nothing is ever rounded on the way in."
        ),
        serialize=str,
        parse_value=read_amount,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description='An ISO 4217 code such as `"USD"`, or one that the operator added: 3 to 8 of A-Z and 0-9.',
        serialize=str,
        parse_value=read_currency_code,
    ),
    WalletToken: strawberry.scalar(
        name="WalletToken",
        description=(
            "The unguessable name of a wallet: 44 URL-safe characters with 136 random bits. Who holds it can ask "
            "to charge the wallet, so treat it like a card number."
        ),
        serialize=str,
        parse_value=read_wallet_token,
    ),
    Percentage: strawberry.scalar(
        name="Percentage",
        description=(
            'A decimal number written as a string, such as `"12.5"`: above 0, at most 100, with at most 4 decimals. In '
            "inputs a JSON integer is taken too."
        ),
        serialize=str,
        parse_value=read_percentage,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description='An instant by RFC 3339 with offset, such as `"2026-03-01T12:00:00Z"`; always answered in UTC.',
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=write_date_time,
        parse_value=read_date_time,
    ),
}
