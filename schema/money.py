"""Amounts with their currency, and the currencies."""

import strawberry

from ledger.books import Currencies
from ledger.errors import Unavailable
from ledger.money import Currency as Unit
from ledger.money import decimal_text
from schema.failures import Failure, FailureCode
from schema.scalars import Amount, CurrencyCode, DateTime


@strawberry.type(description="An amount of a currency.")
class Money:
    """Written with exactly the currency's decimals."""

    amount: Amount = strawberry.field(description="How much, with exactly the currency's number of decimals.")
    currency: CurrencyCode = strawberry.field(description="Of what.")


@strawberry.type(description="What amounts are counted in.")
class Currency:
    """A row of the table of currencies."""

    code: CurrencyCode = strawberry.field(description="Its ISO 4217 code, or the operator's own.")
    exponent: int = strawberry.field(
        description="How many decimals its amounts have: 2 for USD, 0 for JPY, 8 for BTC."
    )
    rate: Amount | None = strawberry.field(
        description="What one unit is worth in the base currency (USD), as set last; null until a rate is set."
    )
    rate_updated_at: DateTime | None = strawberry.field(
        description="When the rate was set; null until a rate is set."
    )


def money(amount_minor: int, code: str, currencies: Currencies) -> Money:
    """Minor units of a currency as clients see them.

    Raises Unavailable for a currency that came a moment ago by way of another process.
    """
    currency = currencies.get(code)
    if currency is None:
        raise Unavailable(executed_unknown=True)
    text = decimal_text(amount_minor, currency.exponent)
    return Money(amount=Amount(text), currency=CurrencyCode(code))


def exchangeable(source: str, target: str, currencies: Currencies) -> tuple[Unit, Unit]:
    """Both currencies, where amounts of the one can be told in the other. Raises Failure where they can't."""
    for code in (source, target):
        if code not in currencies:
            raise Failure(FailureCode.BAD_USER_INPUT, f"There is no currency {code} here.")
        if source != target and currencies[code].rate is None:
            raise Failure(FailureCode.BAD_USER_INPUT, f"There is no rate for {code} yet.")
    return currencies[source], currencies[target]
