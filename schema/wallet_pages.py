"""Lists of wallets, page by page."""

from typing import Annotated
from uuid import UUID

import strawberry

from ledger.reads import ID_MAX, ID_MIN
from ledger.reads import WalletFilter as Wanted
from schema.context import Context, Info
from schema.ids import ACCOUNT_KINDS, read_id
from schema.paging import Order, Page, PageInfo, cut, page_info, span_of
from schema.scalars import CurrencyCode
from schema.searching import read_search
from schema.wallets import Wallet, WalletStatus, wallet

_BY_ID = Order("w", UUID, ID_MIN, ID_MAX)


@strawberry.input(description="Which wallets are wanted; what is left out or null does not matter.")
class WalletFilter:
    """All conditions must hold."""

    currencies: list[CurrencyCode] | None = strawberry.field(
        default=None, description="In one of these currencies."
    )
    statuses: list[WalletStatus] | None = strawberry.field(
        default=None, description="In one of these states."
    )
    owner: strawberry.ID | None = strawberry.field(
        default=None, description="Of the account with this id; none, where it is not the reader's to see."
    )
    text: str | None = strawberry.field(
        default=None, description="With this in the name, upper or lower case: up to 255 characters."
    )


WalletFilterArgument = Annotated[
    WalletFilter | None, strawberry.argument(name="filter", description="Which wallets are wanted.")
]


@strawberry.type(description="A wallet in a list.")
class WalletEdge:
    """The Relay type of that name."""

    node: Wallet = strawberry.field(description="The wallet.")
    cursor: str = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="A page of wallets.")
class WalletConnection:
    """The Relay type of that name. `wanted` is None where there can't be any."""

    wanted: strawberry.Private[Wanted | None]
    nodes: list[Wallet] = strawberry.field(description="The wallets alone.")
    edges: list[WalletEdge] = strawberry.field(description="The wallets with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")

    @strawberry.field(description="How many there are in all; counted only when asked for.")
    async def total_count(self, info: Info) -> int:
        """How many there are in all."""
        return 0 if self.wanted is None else await info.context.ledger.reads.count_wallets(self.wanted)


async def wallet_page(
    context: Context, page: Page, asked: WalletFilter | None, *, owner_id: UUID | None
) -> WalletConnection:
    """A page of one owner's wallets, or of all. The caller has seen to who may read them."""
    wanted = _wanted(asked or WalletFilter(), owner_id)
    span = span_of(page, _BY_ID, newest_first=False)
    views = [] if wanted is None else await context.ledger.reads.wallets(wanted, span)
    kept, has_next, has_previous = cut(views, page)
    edges = [WalletEdge(node=wallet(view, context), cursor=_BY_ID.write_cursor(view.id)) for view in kept]
    return WalletConnection(
        wanted=wanted,
        nodes=[edge.node for edge in edges],
        edges=edges,
        page_info=page_info([edge.cursor for edge in edges], has_next, has_previous),
    )


def _wanted(asked: WalletFilter, owner_id: UUID | None) -> Wanted | None:
    text = read_search(asked.text)
    if asked.owner is not None:
        parts = read_id(asked.owner)
        if parts is None or parts[0] not in ACCOUNT_KINDS or owner_id not in (None, parts[1]):
            return None
        owner_id = parts[1]
    return Wanted(owner_id, asked.currencies, asked.statuses, text)
