"""A wallet's history: its operations as that wallet saw them."""

from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import strawberry

from ledger.calendar import within_calendar
from ledger.outcomes import WalletView
from ledger.reads import ID_MIN, SEQUENCE_MAX, Filter, Span
from schema.context import Context, Info
from schema.enums import describe_enum
from schema.ids import IdKind, read_id_of
from schema.money import Money, money
from schema.operations import Operation, OperationKind, OperationStatus, operation
from schema.paging import Order, Page, PageInfo, cut, page_info, span_of
from schema.scalars import Amount, DateTime


class HistoryOrder(StrEnum):
    """The two orders."""

    NEWEST_FIRST = "NEWEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"


describe_enum(
    HistoryOrder,
    "In which order a history is told.",
    {
        HistoryOrder.NEWEST_FIRST: "The latest operation comes first.",
        HistoryOrder.OLDEST_FIRST: "The first operation comes first.",
    },
)


@strawberry.input(description="Which operations are wanted; what is left out or null does not matter.")
class HistoryFilter:
    """All conditions must hold."""

    from_: DateTime | None = strawberry.field(
        name="from",
        default=None,
        description="Not before this instant; what was `queued` counts by when it was carried out.",
    )
    to: DateTime | None = strawberry.field(
        default=None, description="Before this instant; what was `queued` counts by when it was carried out."
    )
    kinds: list[OperationKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    statuses: list[OperationStatus] | None = strawberry.field(
        default=None, description="In one of these states."
    )
    min_amount: Amount | None = strawberry.field(
        default=None, description="Of at least this `amount`, in whatever currency it was asked for."
    )
    max_amount: Amount | None = strawberry.field(
        default=None, description="Of at most this `amount`, in whatever currency it was asked for."
    )
    counterparty: strawberry.ID | None = strawberry.field(
        default=None,
        description=(
            "With the wallet of this public id on the other side: of a charge the payer's and the company's, not those "
            "that got a part of it."
        ),
    )
    summary: str | None = strawberry.field(
        default=None, description="With this text anywhere in the summary, upper or lower case."
    )


FilterArgument = Annotated[
    HistoryFilter | None, strawberry.argument(name="filter", description="Which operations are wanted.")
]
OrderArgument = Annotated[
    HistoryOrder | None, strawberry.argument(description="Which end comes first; the newest where null.")
]


@strawberry.type(description="An operation as one wallet saw it.")
class HistoryEdge:
    """An entry of the wallet, with its operation."""

    node: Operation = strawberry.field(description="The operation.")
    cursor: str = strawberry.field(description="Where it stands in the history.")
    change: Money = strawberry.field(
        description="What it did to this wallet's balance: negative when money left, zero when it failed."
    )
    balance_after: Money = strawberry.field(description="The wallet's balance right after it.")
    sequence: int = strawberry.field(description="1, 2, 3 … without a gap for each wallet.")


@strawberry.type(description="A page of a wallet's history.")
class HistoryConnection:
    """The Relay type of that name."""

    nodes: list[Operation] = strawberry.field(description="The operations alone.")
    edges: list[HistoryEdge] = strawberry.field(
        description="The operations with what they did to this wallet."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands in the history.")
    wallet_id: strawberry.Private[UUID]
    whole: strawberry.Private[Span[int]]

    @strawberry.field(
        description="How many there are on all pages together; counted only where it is asked for."
    )
    async def total_count(self, info: Info) -> int:
        """How many the filter lets through."""
        return await info.context.ledger.reads.count_history(self.wallet_id, self.whole)


def _read_sequence(text: str) -> int:
    sequence = int(text)
    if not 0 <= sequence <= SEQUENCE_MAX:
        raise ValueError
    return sequence


BY_SEQUENCE = Order("h", _read_sequence, 0, SEQUENCE_MAX)
# Nobody's: no wallet has it.
_NO_WALLET = ID_MIN


def read_filter(asked: HistoryFilter | None) -> Filter:
    """The filter as the ledger takes it."""
    if asked is None:
        return Filter()
    return Filter(
        within_calendar(asked.from_),
        within_calendar(asked.to),
        asked.kinds,
        asked.statuses,
        None if asked.min_amount is None else Decimal(asked.min_amount),
        None if asked.max_amount is None else Decimal(asked.max_amount),
        None if asked.counterparty is None else read_id_of(IdKind.WALLET, asked.counterparty) or _NO_WALLET,
        asked.summary,
    )


async def wallet_history(
    wallet: WalletView,
    context: Context,
    page: Page,
    wanted: Filter,
    order: HistoryOrder | None,
    within: Order[int] = BY_SEQUENCE,
) -> HistoryConnection:
    """A page of the wallet's history. The caller has seen to it that the reader may read the wallet."""
    newest_first = order is not HistoryOrder.OLDEST_FIRST
    span = span_of(page, within, newest_first=newest_first, wanted=wanted)
    items = await context.ledger.reads.history(wallet.id, span)
    kept, has_next, has_previous = cut(items, page)
    currencies = context.ledger.currencies
    edges = [
        HistoryEdge(
            node=operation(item.operation, context),
            cursor=BY_SEQUENCE.write_cursor(item.sequence),
            change=money(item.change, wallet.currency, currencies),
            balance_after=money(item.balance_after, wallet.currency, currencies),
            sequence=item.sequence,
        )
        for item in kept
    ]
    return HistoryConnection(
        nodes=[edge.node for edge in edges],
        edges=edges,
        page_info=page_info([edge.cursor for edge in edges], has_next, has_previous),
        wallet_id=wallet.id,
        whole=replace(span, low=within.low, high=within.high),
    )
