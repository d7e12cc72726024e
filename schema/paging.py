"""Relay's pages: `first`/`after` and `last`/`before`, by cursors that hold a position and nothing else."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import strawberry

from ledger.reads import Filter, Span
from schema.failures import Failure, FailureCode

PAGE_SIZE_MAX = 100
PAGE_SIZE_DEFAULT = 20

Key = TypeVar("Key", int, UUID)
Row = TypeVar("Row")

First = Annotated[
    int | None,
    strawberry.argument(description="The first so many after `after`: 0 to 100. 20 when neither is given."),
]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="The last so many before `before`: 0 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The Relay type of that name."""

    has_next_page: bool = strawberry.field(description="Whether more follows.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; null on an empty page.")


@dataclass(frozen=True, slots=True)
class Page:
    """Which page is asked for. `backward`: counted from the end of the list."""

    size: int
    backward: bool
    after: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class Order(Generic[Key]):
    """What a list is ordered by: keys between `low` and `high`, both left out.

    A cursor is opaque and holds such a key after the list's `mark`: a position, not a right. Whose list it is
    is decided elsewhere.
    """

    mark: str
    read_key: Callable[[str], Key]
    low: Key
    high: Key

    def write_cursor(self, key: Key) -> str:
        """Where the item with that key stands."""
        return base64.urlsafe_b64encode(f"{self.mark}{key}".encode()).decode().rstrip("=")

    def read_cursor(self, cursor: str) -> Key:
        """The key in a cursor. Raises Failure for what is no cursor of this list."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
            if not text.startswith(self.mark):
                raise ValueError
            return self.read_key(text.removeprefix(self.mark))
        except (ValueError, binascii.Error):
            raise _refuse("This is not a cursor of this list.") from None


def read_page(first: int | None, after: str | None, last: int | None, before: str | None) -> Page:
    """The page of these four arguments. Raises Failure when they make no sense."""
    if first is not None and last is not None:
        raise _refuse("Give `first` or `last`, not both.")
    size = PAGE_SIZE_DEFAULT if first is None and last is None else first if last is None else last
    assert size is not None
    if not 0 <= size <= PAGE_SIZE_MAX:
        raise _refuse(f"A page has 0 to {PAGE_SIZE_MAX} items.")
    return Page(size, last is not None, after, before)


def span_of(page: Page, order: Order[Key], *, newest_first: bool, wanted: Filter | None = None) -> Span[Key]:
    """The keys to fetch for a page of a list: one more than it holds, to see whether more follows.

    Raises Failure for a cursor that is none of this list's.
    """
    low, high = (page.before, page.after) if newest_first else (page.after, page.before)
    return Span(
        order.low if low is None else max(order.low, order.read_cursor(low)),
        order.high if high is None else min(order.high, order.read_cursor(high)),
        descending=newest_first != page.backward,
        limit=page.size + 1,
        wanted=wanted or Filter(),
    )


def cut(rows: Sequence[Row], page: Page) -> tuple[list[Row], bool, bool]:
    """The rows of the page in the list's order, and whether something follows and comes before."""
    has_more = len(rows) > page.size
    kept = list(rows[: page.size])
    if page.backward:
        return kept[::-1], page.before is not None, has_more
    return kept, has_more, page.after is not None


def page_info(cursors: Sequence[str], has_next_page: bool, has_previous_page: bool) -> PageInfo:
    """The PageInfo of a page with these cursors."""
    return PageInfo(
        has_next_page=has_next_page,
        has_previous_page=has_previous_page,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _refuse(message: str) -> Failure:
    return Failure(FailureCode.BAD_USER_INPUT, message)
