"""A wallet's history: its operations as that wallet saw them."""

from enum import StrEnum
from typing import Annotated

import strawberry

from ledger.outcomes import WalletView
from ledger.reads import SEQUENCE_MAX, Filter
from schema.context import Context
from schema.enums import describe_enum
from schema.money import Money, money
from schema.operations import Operation, OperationKind, OperationStatus, operation
from schema.paging import Order, Page, PageInfo, cut, page_info, span_of
from schema.scalars import DateTime


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
        name="from", default=None, description="Not before this instant."
    )
    to: DateTime | None = strawberry.field(default=None, description="Before this instant.")
    kinds: list[OperationKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    statuses: list[OperationStatus] | None = strawberry.field(
        default=None, description="In one of these states."
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


def _read_sequence(text: str) -> int:
    sequence = int(text)
    if not 0 <= sequence <= SEQUENCE_MAX:
        raise ValueError
    return sequence


_BY_SEQUENCE = Order("h", _read_sequence, 0, SEQUENCE_MAX)


def read_filter(asked: HistoryFilter | None) -> Filter:
    """The filter as the ledger takes it."""
    if asked is None:
        return Filter()
    return Filter(asked.from_, asked.to, asked.kinds, asked.statuses)


async def wallet_history(
    wallet: WalletView, context: Context, page: Page, wanted: Filter, order: HistoryOrder | None
) -> HistoryConnection:
    """A page of the wallet's history. The caller has seen to it that the reader may read the wallet."""
    newest_first = order is not HistoryOrder.OLDEST_FIRST
    span = span_of(page, _BY_SEQUENCE, newest_first=newest_first, wanted=wanted)
    items = await context.ledger.reads.history(wallet.id, span)
    kept, has_next, has_previous = cut(items, page)
    currencies = context.ledger.currencies
    edges = [
        HistoryEdge(
            node=operation(item.operation, context),
            cursor=_BY_SEQUENCE.write_cursor(item.sequence),
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
    )
