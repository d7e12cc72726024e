"""The operator's position, currency by currency."""

import strawberry

from ledger.books import Currencies
from ledger.position import CurrencyPosition as Sums
from schema.money import Money, money
from schema.scalars import CurrencyCode


@strawberry.type(description="What the operator owes to holders in one currency, and where it stands.")
class CurrencyPosition:
    """All from one snapshot of the ledger."""

    currency: CurrencyCode = strawberry.field(description="The currency of all these amounts.")
    owed: Money = strawberry.field(
        description="What all holders' wallets have together: available + held + pending."
    )
    available: Money = strawberry.field(description="How much of it is neither held nor pending.")
    held: Money = strawberry.field(description="How much of it authorizations and withdrawals hold.")
    pending: Money = strawberry.field(
        description="How much of it was deposited with an availableAt that has not come yet."
    )
    outside: Money = strawberry.field(
        description="The outside world's account: below zero by what came in and has not gone out again."
    )
    exchange: Money = strawberry.field(
        description=(
            "What the exchange took of this currency, less what it gave. What rounding leaves over is in it: nothing "
            "else rounds, and it has no account of its own."
        )
    )
    sum: Money = strawberry.field(
        description="owed + outside + exchange: always 0. Anything else means that the ledger is damaged."
    )


def position(sums: Sums, currencies: Currencies) -> CurrencyPosition:
    """The position in one currency as administrators see it."""

    def shown(amount_minor: int) -> Money:
        return money(amount_minor, sums.currency, currencies)

    return CurrencyPosition(
        currency=CurrencyCode(sums.currency),
        owed=shown(sums.owed),
        available=shown(sums.available),
        held=shown(sums.held),
        pending=shown(sums.pending),
        outside=shown(sums.outside),
        exchange=shown(sums.exchange),
        sum=shown(sums.sum),
    )
