"""Wallets as their owners and administrators see them."""

from enum import StrEnum
from typing import Annotated

import strawberry

from ledger.books import Currencies
from ledger.outcomes import WalletView
from ledger.tokens import write_token
from schema.authorizations import StatesArgument, ledger_states
from schema.context import Context, Info
from schema.enums import describe_enum
from schema.history import (
    FilterArgument,
    HistoryConnection,
    HistoryOrder,
    OrderArgument,
    read_filter,
    wallet_history,
)
from schema.ids import IdKind, write_id
from schema.money import Money, money
from schema.nodes import Node
from schema.operation_pages import OperationConnection, reserved_page
from schema.paging import After, Before, First, Last, read_page
from schema.reports import (
    CurrencyArgument,
    FromArgument,
    Statement,
    ToArgument,
    Totals,
    wallet_statement,
    wallet_totals,
)
from schema.scalars import CurrencyCode, DateTime, WalletToken


class WalletStatus(StrEnum):
    """The states of wallets."""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


describe_enum(
    WalletStatus,
    "What may be done with a wallet.",
    {
        WalletStatus.ACTIVE: "Money comes and goes.",
        WalletStatus.FROZEN: "It can receive, not pay: an administrator froze it.",
        WalletStatus.CLOSED: "Nothing moves any more; the history stays.",
    },
)


@strawberry.type(description="A balance in one currency, with its history.")
class Wallet(Node):
    """A holder's wallet."""

    view: strawberry.Private[WalletView]
    currencies: strawberry.Private[Currencies]
    token: WalletToken | None = strawberry.field(
        description="The wallet's own token: shown to its owner and administrators; null to anyone else."
    )
    name: str | None = strawberry.field(description="What its owner calls it.")
    country: str | None = strawberry.field(description="Where it is used, as its owner says.")
    city: str | None = strawberry.field(description="Where it is used, as its owner says.")
    currency: CurrencyCode = strawberry.field(description="Its one currency; it never changes.")
    status: WalletStatus = strawberry.field(description="What may be done with it.")
    created_at: DateTime = strawberry.field(description="When it was made.")

    @strawberry.field(description="All that was posted, released or not: available + held + pending.")
    def balance(self) -> Money:
        """All that was posted, released or not."""
        return money(self.view.balance, self.view.currency, self.currencies)

    @strawberry.field(description="What can be charged, sent or withdrawn right now; never below zero.")
    def available(self) -> Money:
        """What can be charged, sent or withdrawn right now."""
        return money(self.view.available, self.view.currency, self.currencies)

    @strawberry.field(description="Set aside by authorizations and by withdrawals under way.")
    def held(self) -> Money:
        """Set aside."""
        return money(self.view.held, self.view.currency, self.currencies)

    @strawberry.field(description="Deposited with an availableAt that has not come yet.")
    def pending(self) -> Money:
        """Deposited, and not available yet."""
        return money(self.view.pending, self.view.currency, self.currencies)

    @strawberry.field(
        description="What `balance` was at that instant, from the ledger's entries; zero before the first one."
    )
    async def balance_at(
        self,
        info: Info,
        at: Annotated[
            DateTime, strawberry.argument(description="The instant; what was posted at it counts.")
        ],
    ) -> Money:
        """The balance of an instant."""
        balance = await info.context.ledger.reports.balance_at(self.view.id, at)
        return money(balance, self.view.currency, self.currencies)

    @strawberry.field(
        description="Sums of what came in and what went out in `from` <= time < `to`, the last month when left out."
    )
    async def totals(
        self, info: Info, from_: FromArgument = None, to: ToArgument = None, currency: CurrencyArgument = None
    ) -> Totals:
        """What came in and what went out."""
        return await wallet_totals(self.view, info.context, from_, to, currency)

    @strawberry.field(
        description=(
            "Opening balance, operations, closing balance and totals of `from` <= time < `to`, the last month when "
            "left out, all of one state of the ledger."
        )
    )
    async def statement(self, info: Info, from_: FromArgument = None, to: ToArgument = None) -> Statement:
        """The statement of that time."""
        return await wallet_statement(self.view, info.context, from_, to)

    @strawberry.field(
        description="Every operation of this wallet, refused ones too. A page costs the same at any depth."
    )
    async def history(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter_: FilterArgument = None,
        order_by: OrderArgument = HistoryOrder.NEWEST_FIRST,
    ) -> HistoryConnection:
        """A page of the history."""
        page = read_page(first, after, last, before)
        return await wallet_history(self.view, info.context, page, read_filter(filter_), order_by)

    @strawberry.field(description="The authorizations that hold or held money in this wallet, newest first.")
    async def authorizations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        states: StatesArgument = None,
    ) -> OperationConnection:
        """A page of the authorizations."""
        return await reserved_page(
            info.context,
            read_page(first, after, last, before),
            kind="AUTHORIZATION",
            wallet_id=self.view.id,
            states=ledger_states(states),
        )

    @strawberry.field(description="The deposits that are not available yet, newest first.")
    async def pending_deposits(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> OperationConnection:
        """A page of the deposits that are pending."""
        return await reserved_page(
            info.context,
            read_page(first, after, last, before),
            kind="DEPOSIT",
            wallet_id=self.view.id,
            states=["OPEN"],
        )


def wallet(view: WalletView, context: Context) -> Wallet:
    """A wallet for a reader who may see it."""
    shown = context.may_read(view.owner_id)
    return Wallet(
        view=view,
        currencies=context.ledger.currencies,
        id=strawberry.ID(write_id(IdKind.WALLET, view.id)),
        token=WalletToken(write_token(view.id, view.token_secret)) if shown else None,
        name=view.name,
        country=view.country,
        city=view.city,
        currency=CurrencyCode(view.currency),
        status=WalletStatus(view.status),
        created_at=DateTime(view.created_at),
    )
