"""What amounts may be counted in, and what that is worth."""

from typing import Annotated

import strawberry

from auth.principal import Role
from ledger.conversion import arriving
from ledger.money import minor_units
from ledger.rates import CurrencyRow, NewRate
from ledger.rejections import Rejection
from schema.context import Info
from schema.errors import user_errors
from schema.failures import Failure, FailureCode
from schema.money import Currency, Money, exchangeable, money
from schema.rates import UpdateRatesArgument, UpdateRatesPayload
from schema.scalars import Amount, CurrencyCode, DateTime

AmountArgument = Annotated[Amount, strawberry.argument(description="How much of `from`.")]
FromArgument = Annotated[
    CurrencyCode, strawberry.argument(name="from", description="The currency that is given.")
]
ToArgument = Annotated[CurrencyCode, strawberry.argument(description="The currency that is wanted.")]


async def list_currencies(info: Info) -> list[Currency]:
    """Every currency the service knows, by code. Raises Unavailable."""
    return [_currency(row) for row in await info.context.ledger.list_currencies()]


async def update_rates(info: Info, input: UpdateRatesArgument) -> UpdateRatesPayload:
    """All of the rates, or none."""
    administrator = info.context.signed_in(Role.ADMIN)
    asked = [NewRate(new.code, new.rate, new.exponent) for new in input.rates]
    updated = await info.context.ledger.update_rates(asked, administrator.account_id)
    return UpdateRatesPayload(
        currencies=[_currency(row) for row in updated if isinstance(row, CurrencyRow)],
        user_errors=user_errors([problem for problem in updated if isinstance(problem, Rejection)]),
    )


async def convert(info: Info, amount: AmountArgument, from_: FromArgument, to: ToArgument) -> Money:
    """What would arrive at the rates of now. Raises Failure where nothing can be converted."""
    currencies = await info.context.ledger.latest_currencies()
    source, target = exchangeable(from_, to, currencies)
    amount_minor = minor_units(amount, source.exponent)
    if amount_minor is None:
        raise Failure(
            FailureCode.BAD_USER_INPUT,
            f"An amount of {from_} has at most {source.exponent} decimals; nothing is rounded.",
        )
    return money(arriving(amount_minor, source, target), to, currencies)


def _currency(row: CurrencyRow) -> Currency:
    return Currency(
        code=CurrencyCode(row.code),
        exponent=row.exponent,
        rate=None if row.rate is None else Amount(f"{row.rate:f}"),
        rate_updated_at=None if row.rate_updated_at is None else DateTime(row.rate_updated_at),
    )
