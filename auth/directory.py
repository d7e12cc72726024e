"""All accounts, for administrators: listed by id, which is the order in which they were made, and searched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from auth.account_records import AccountRecord, find_accounts
from auth.principal import Role
from auth.profile_rules import fold
from ledger.asking import asking
from ledger.reads import Span
from ledger.statements import load_statements

_NEWEST_FIRST = load_statements("directory.sql", __package__)
_OLDEST_FIRST = {name: sql.replace(" DESC", " ASC") for name, sql in _NEWEST_FIRST.items()}

# Shorter ones are in too many accounts for an index to be of use.
_INDEXED_CHARACTERS_MIN = 3
# How many accounts are looked at one by one before the index is asked: what a page full of them has is
# found here at once, and what is rarer than that is found by the index at once.
_NEXT_ACCOUNTS = 5_000


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts are wanted: of these roles, made from `since` to before `until`; None is all.

    `text` is a part of the e-mail address, of first and last name together or of the company's name, in whatever case.
    """

    roles: Sequence[Role] | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None

    @property
    def key(self) -> str | None:
        """The text as the column `searched` has it."""
        return None if self.text is None else fold(self.text)


class Directory:
    """Reads through a pool of connections. Everything here raises Unavailable when no answer comes in time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def page(self, wanted: AccountFilter, span: Span[UUID]) -> list[AccountRecord]:
        """The accounts that are wanted, by id; deleted ones too, which no text finds."""
        found = await find_accounts(await self._ids(wanted, span))
        return found[::-1] if span.descending else found

    async def count(self, wanted: AccountFilter) -> int:
        """How many accounts are wanted."""
        statement = _NEWEST_FIRST["count_found" if _is_indexed(wanted.key) else "count"]
        async with asking():
            count: int = await self._pool.fetchval(
                statement, wanted.roles, wanted.since, wanted.until, wanted.key
            )
        return count

    async def _ids(self, wanted: AccountFilter, span: Span[UUID]) -> list[UUID]:
        statements = _NEWEST_FIRST if span.descending else _OLDEST_FIRST
        arguments = (span.low, span.high, wanted.roles, wanted.since, wanted.until, wanted.key, span.limit)
        is_indexed = _is_indexed(wanted.key)
        async with asking():
            rows = await self._pool.fetch(
                statements["scan"], *arguments, _NEXT_ACCOUNTS if is_indexed else None
            )
            if is_indexed and len(rows) < span.limit:
                rows = await self._pool.fetch(statements["find"], *arguments)
        return [row["id"] for row in rows]


def _is_indexed(key: str | None) -> bool:
    return key is not None and len(key) >= _INDEXED_CHARACTERS_MIN
