"""Setting rates."""

from typing import Annotated

import strawberry

from schema.errors import UserError
from schema.money import Currency
from schema.scalars import Amount, CurrencyCode


@strawberry.input(description="What one unit of a currency is worth.")
class RateInput:
    """A known currency, or a new one."""

    code: CurrencyCode = strawberry.field(description="Which currency.")
    rate: Amount = strawberry.field(
        description="Units of the base currency (USD) for one unit: above zero, at most 12 significant digits."
    )
    exponent: int | None = strawberry.field(
        default=None,
        description=(
            "How many decimals its amounts have, 0 to 9: needed for a new currency. That of a known one can be changed "
            "as long as no wallet has the currency."
        ),
    )


@strawberry.input(description="New rates, all of which are set, or none.")
class UpdateRatesInput:
    """At most 500."""

    rates: list[RateInput] = strawberry.field(description="1 to 500 rates, each currency once.")


@strawberry.type(description="The currencies whose rates were set.")
class UpdateRatesPayload:
    """The answer to setting rates."""

    currencies: list[Currency] = strawberry.field(
        description="As they are now, in the order asked for; empty when there are userErrors."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Everything that is wrong with the list; empty when all is well."
    )


UpdateRatesArgument = Annotated[UpdateRatesInput, strawberry.argument(description="What is worth how much.")]
