"""Anything with an id, by that id."""

from typing import Annotated

import strawberry

from resolvers.accounts import readable_account
from resolvers.operations import readable_operation
from resolvers.wallets import readable_wallet
from schema.context import Info
from schema.ids import IdKind, read_id
from schema.nodes import Node
from schema.wallets import wallet


async def find_node(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="An id from any answer.")]
) -> Node | None:
    """The object, or null where there is none or it is not the reader's to see."""
    context = info.context
    context.signed_in()
    parts = read_id(id)
    if parts is None:
        return None
    kind, uuid = parts
    if kind is IdKind.WALLET:
        view = await readable_wallet(context, uuid)
        return None if view is None else wallet(view, context)
    if kind is IdKind.OPERATION:
        return await readable_operation(context, uuid)
    return await readable_account(context, id)
