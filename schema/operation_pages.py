"""Lists of operations, page by page."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from ledger.outcomes import Operation as Record
from ledger.reads import ID_MAX, ID_MIN
from schema.context import Context
from schema.operations import Operation, operation
from schema.paging import Order, Page, PageInfo, cut, page_info, span_of

BY_ID = Order("o", UUID, ID_MIN, ID_MAX)


@strawberry.type(description="An operation in a list.")
class OperationEdge:
    """The Relay type of that name."""

    node: Operation = strawberry.field(description="The operation.")
    cursor: str = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="A page of operations.")
class OperationConnection:
    """The Relay type of that name."""

    nodes: list[Operation] = strawberry.field(description="The operations alone.")
    edges: list[OperationEdge] = strawberry.field(description="The operations with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")


def operation_page(records: Sequence[Record], page: Page, context: Context) -> OperationConnection:
    """The page of these records, one more than it holds where more follow."""
    kept, has_next, has_previous = cut(records, page)
    edges = [
        OperationEdge(node=operation(record, context), cursor=BY_ID.write_cursor(record.id))
        for record in kept
    ]
    return OperationConnection(
        nodes=[edge.node for edge in edges],
        edges=edges,
        page_info=page_info([edge.cursor for edge in edges], has_next, has_previous),
    )


async def reserved_page(
    context: Context,
    page: Page,
    *,
    kind: str,
    wallet_id: UUID | None = None,
    account_id: UUID | None = None,
    states: Sequence[str] | None = None,
) -> OperationConnection:
    """A page of operations that set something aside, newest first. The caller has seen to who may read them."""
    records = await context.ledger.reads.reserved(
        span_of(page, BY_ID, newest_first=True),
        kind=kind,
        wallet_id=wallet_id,
        account_id=account_id,
        states=states,
    )
    return operation_page(records, page, context)
