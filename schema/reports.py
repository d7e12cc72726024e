"""A wallet's totals and statements."""

from typing import Annotated

import strawberry

from ledger.conversion import arriving
from ledger.outcomes import WalletView
from ledger.reports import Sums, Window
from schema.context import Context, Info
from schema.failures import Failure, FailureCode
from schema.history import (
    BY_SEQUENCE,
    HistoryConnection,
    HistoryOrder,
    read_filter,
    wallet_history,
)
from schema.money import Money, exchangeable, money
from schema.operations import OperationKind
from schema.paging import After, Before, First, Last, Order, read_page
from schema.scalars import CurrencyCode, DateTime

FromArgument = Annotated[
    DateTime | None,
    strawberry.argument(
        name="from", description="Not before this instant; a month before `to` when left out."
    ),
]
ToArgument = Annotated[
    DateTime | None, strawberry.argument(description="Before this instant; now when left out.")
]
CurrencyArgument = Annotated[
    CurrencyCode | None,
    strawberry.argument(
        description="What to tell the sums in, at the rates of now; the wallet's currency when left out."
    ),
]
StatementOrderArgument = Annotated[
    HistoryOrder | None, strawberry.argument(description="Which end comes first; the oldest where null.")
]


@strawberry.type(description="What operations of one kind brought and took in that time.")
class KindTotals:
    """A part of Totals."""

    kind: OperationKind = strawberry.field(description="The kind.")
    money_in: Money = strawberry.field(description="The sum of what came in.")
    money_out: Money = strawberry.field(description="The sum of what went out, without a sign.")
    operation_count: int = strawberry.field(description="How many operations moved money.")


@strawberry.type(description="What came into a wallet and what went out of it over some time.")
class Totals:
    """The sums of a window."""

    view: strawberry.Private[WalletView]
    window: strawberry.Private[Window]
    code: strawberry.Private[str]
    money_in: Money = strawberry.field(
        description="The sum of what came in, rounded down where it was converted."
    )
    money_out: Money = strawberry.field(
        description="The sum of what went out, without a sign, rounded down where it was converted."
    )
    operation_count: int = strawberry.field(
        description="How many operations moved money: neither refused ones nor authorizations are among them."
    )
    from_: DateTime = strawberry.field(name="from", description="The first instant that counts.")
    to: DateTime = strawberry.field(description="The end: itself not counted.")

    @strawberry.field(
        description=(
            "The same sums by kind of operation; kinds that moved nothing are left out. In another currency than the "
            "wallet's each sum is rounded down by itself."
        )
    )
    async def by_kind(self, info: Info) -> list[KindTotals]:
        """The sums of each kind."""
        context = info.context
        found = await context.ledger.reports.totals_by_kind(self.window)
        return [
            KindTotals(
                kind=OperationKind(kind),
                money_in=_told(sums.money_in, self.view, self.code, context),
                money_out=_told(sums.money_out, self.view, self.code, context),
                operation_count=sums.operation_count,
            )
            for kind, sums in found.items()
        ]


@strawberry.type(
    description="What a wallet held, what was posted, and what it holds after it: `opening` + in - out = `closing`."
)
class Statement:
    """All of it is of one state of the ledger, page by page as well."""

    view: strawberry.Private[WalletView]
    window: strawberry.Private[Window]
    from_: DateTime = strawberry.field(name="from", description="The first instant that counts.")
    to: DateTime = strawberry.field(description="The end: itself not counted.")

    @strawberry.field(description="The balance before the first of the operations.")
    async def opening(self, info: Info) -> Money:
        """The balance before."""
        return await self._balance_after(self.window.low, info.context)

    @strawberry.field(description="The balance after the last of the operations.")
    async def closing(self, info: Info) -> Money:
        """The balance after."""
        return await self._balance_after(self.window.high, info.context)

    @strawberry.field(description="What came in and what went out.")
    async def totals(self, info: Info) -> Totals:
        """The sums."""
        return await _totals(self.view, self.window, self.view.currency, info.context)

    @strawberry.field(description="The operations, refused ones too.")
    async def history(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: StatementOrderArgument = HistoryOrder.OLDEST_FIRST,
    ) -> HistoryConnection:
        """A page of them."""
        within = Order(BY_SEQUENCE.mark, BY_SEQUENCE.read_key, self.window.low, self.window.high + 1)
        page = read_page(first, after, last, before)
        order = order_by or HistoryOrder.OLDEST_FIRST
        return await wallet_history(self.view, info.context, page, read_filter(None), order, within)

    async def _balance_after(self, sequence: int, context: Context) -> Money:
        balance = await context.ledger.reports.balance_after(self.view.id, sequence)
        return money(balance, self.view.currency, context.ledger.currencies)


async def wallet_totals(
    view: WalletView,
    context: Context,
    since: DateTime | None,
    until: DateTime | None,
    code: CurrencyCode | None,
) -> Totals:
    """The wallet's totals. The caller has seen to it that the reader may read the wallet."""
    told_in = code or view.currency
    exchangeable(view.currency, told_in, context.ledger.currencies)
    return await _totals(view, await _window(view, context, since, until), told_in, context)


async def wallet_statement(
    view: WalletView, context: Context, since: DateTime | None, until: DateTime | None
) -> Statement:
    """The wallet's statement. The caller has seen to it that the reader may read the wallet."""
    window = await _window(view, context, since, until)
    return Statement(view=view, window=window, from_=DateTime(window.since), to=DateTime(window.until))


async def _window(
    view: WalletView, context: Context, since: DateTime | None, until: DateTime | None
) -> Window:
    window = await context.ledger.reports.window(view.id, since, until)
    if window.since > window.until:
        raise Failure(FailureCode.BAD_USER_INPUT, "`from` is after `to`.")
    return window


async def _totals(view: WalletView, window: Window, code: str, context: Context) -> Totals:
    sums: Sums = await context.ledger.reports.totals(window)
    return Totals(
        view=view,
        window=window,
        code=code,
        money_in=_told(sums.money_in, view, code, context),
        money_out=_told(sums.money_out, view, code, context),
        operation_count=sums.operation_count,
        from_=DateTime(window.since),
        to=DateTime(window.until),
    )


def _told(amount_minor: int, view: WalletView, code: str, context: Context) -> Money:
    currencies = context.ledger.currencies
    source, target = exchangeable(view.currency, code, currencies)
    return money(arriving(amount_minor, source, target), code, currencies)
