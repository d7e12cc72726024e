"""Finding operations."""

from typing import Annotated
from uuid import UUID

import strawberry

from auth.principal import Role
from schema.authorizations import StatesArgument, ledger_states
from schema.context import Context, Info
from schema.history import FilterArgument, HistoryOrder, OrderArgument, read_filter
from schema.ids import IdKind, read_id_of
from schema.operation_pages import BY_ID, OperationConnection, operation_page, reserved_page
from schema.operations import Operation, operation
from schema.paging import After, Before, First, Last, read_page, span_of


async def find_operation(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The operation's id.")]
) -> Operation | None:
    """The operation, or null where there is none or it is none of the reader's."""
    info.context.signed_in()
    operation_id = read_id_of(IdKind.OPERATION, id)
    return None if operation_id is None else await readable_operation(info.context, operation_id)


async def readable_operation(context: Context, operation_id: UUID) -> Operation | None:
    """The operation, if the reader may read it: who asked, who paid and who was paid may."""
    found = await context.ledger.reads.operation(operation_id)
    if found is None:
        return None
    record, parties = found
    return operation(record, context) if any(map(context.may_read, parties)) else None


async def list_operations(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter_: FilterArgument = None,
    order_by: OrderArgument = HistoryOrder.NEWEST_FIRST,
) -> OperationConnection:
    """The operations of all the reader's wallets; everyone's for an administrator."""
    context = info.context
    principal = context.signed_in()
    owner_id = None if principal.role is Role.ADMIN else principal.account_id
    page = read_page(first, after, last, before)
    newest_first = order_by is not HistoryOrder.OLDEST_FIRST
    span = span_of(page, BY_ID, newest_first=newest_first, wanted=read_filter(filter_))
    return operation_page(await context.ledger.reads.operations(owner_id, span), page, context)


async def list_authorizations(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    states: StatesArgument = None,
) -> OperationConnection:
    """The authorizations that the company made; everyone's for an administrator."""
    context = info.context
    principal = context.signed_in()
    return await reserved_page(
        context,
        read_page(first, after, last, before),
        kind="AUTHORIZATION",
        account_id=None if principal.role is Role.ADMIN else principal.account_id,
        states=ledger_states(states),
    )
