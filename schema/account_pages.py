"""Lists of accounts, page by page: for administrators alone."""

from typing import Annotated
from uuid import UUID

import strawberry

from auth.directory import AccountFilter as Wanted
from auth.principal import Role
from ledger.reads import ID_MAX, ID_MIN
from schema.accounts import Account, account
from schema.context import Context, Info
from schema.paging import Order, Page, PageInfo, cut, page_info, span_of
from schema.scalars import DateTime
from schema.searching import read_search

_BY_ID = Order("a", UUID, ID_MIN, ID_MAX)


@strawberry.input(description="Which accounts are wanted; what is left out or null does not matter.")
class AccountFilter:
    """All conditions must hold."""

    roles: list[Role] | None = strawberry.field(default=None, description="With one of these roles.")
    text: str | None = strawberry.field(
        default=None,
        description=(
            "With this in the e-mail address, in first and last name or in the company's name, upper or lower case: up "
            "to 255 characters. With three or more it is fast among millions. Deleted accounts have no such text."
        ),
    )
    from_: DateTime | None = strawberry.field(
        name="from", default=None, description="Made not before this instant."
    )
    to: DateTime | None = strawberry.field(default=None, description="Made before this instant.")


AccountFilterArgument = Annotated[
    AccountFilter | None, strawberry.argument(name="filter", description="Which accounts are wanted.")
]


@strawberry.type(description="An account in a list.")
class AccountEdge:
    """The Relay type of that name."""

    node: Account = strawberry.field(description="The account.")
    cursor: str = strawberry.field(description="Where it stands in the list.")


@strawberry.type(description="A page of accounts.")
class AccountConnection:
    """The Relay type of that name."""

    wanted: strawberry.Private[Wanted]
    nodes: list[Account] = strawberry.field(description="The accounts alone.")
    edges: list[AccountEdge] = strawberry.field(description="The accounts with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")

    @strawberry.field(description="How many there are in all; counted only when asked for.")
    async def total_count(self, info: Info) -> int:
        """How many there are in all."""
        return await info.context.auth.directory.count(self.wanted)


async def account_page(context: Context, page: Page, asked: AccountFilter | None) -> AccountConnection:
    """A page of all accounts, by id. The caller has seen to who may read them."""
    asked = asked or AccountFilter()
    wanted = Wanted(asked.roles, asked.from_, asked.to, read_search(asked.text))
    records = await context.auth.directory.page(wanted, span_of(page, _BY_ID, newest_first=False))
    kept, has_next, has_previous = cut(records, page)
    edges = [AccountEdge(node=account(record), cursor=_BY_ID.write_cursor(record.id)) for record in kept]
    return AccountConnection(
        wanted=wanted,
        nodes=[edge.node for edge in edges],
        edges=edges,
        page_info=page_info([edge.cursor for edge in edges], has_next, has_previous),
    )
