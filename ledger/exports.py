"""A wallet's whole history, or a window of it, read in parts that a slow reader may take at leisure."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.asking import asking
from ledger.calendar import within_calendar
from ledger.reads import Reads
from ledger.statements import load_statements

_STATEMENTS = load_statements("exports.sql")
# Some 2 ms of the event loop's time, in which nobody else is answered.
PART_ROWS = 250
# Names of others that are kept from part to part: some 2 MB.
_NAMES_MAX = 10_000


class Window(NamedTuple):
    """The entries with `after` < sequence <= `last`, of which `rows` are there."""

    after: int
    last: int
    rows: int


class ExportedEntry(NamedTuple):
    """An entry with what is told of its operation. `change` and `balance_after` in minor units of the currency.

    `is_out`: whether money left the wallet, or would have; `counterparty`: whose the other wallet is, if there is one.
    """

    counterparty: str | None
    change: int
    balance_after: int
    created_at: datetime
    operation_id: UUID
    kind: str
    status: str
    summary: str
    is_out: bool


class Exports:
    """Reads through a pool, a connection for each part. Everything here raises Unavailable when no answer comes."""

    def __init__(self, pool: asyncpg.Pool, reads: Reads) -> None:
        self._pool = pool
        self._reads = reads

    async def window(self, wallet_id: UUID, since: datetime | None, until: datetime | None) -> Window:
        """What the wallet's history holds right now from `since` to before `until`; None is without bound."""
        async with asking():
            row = await self._pool.fetchrow(
                _STATEMENTS["export_window"], wallet_id, within_calendar(since), within_calendar(until)
            )
        return Window(*row) if row is not None else Window(0, 0, 0)

    async def parts(self, wallet_id: UUID, window: Window) -> AsyncGenerator[list[ExportedEntry]]:
        """The window's entries, oldest first, some hundred at a time."""
        after = window.after
        names: dict[UUID, str] = {}
        while after < window.last:
            async with asking():
                rows = await self._pool.fetch(
                    _STATEMENTS["export_part"], wallet_id, after, window.last, PART_ROWS
                )
            if not rows:
                return
            if len(names) > _NAMES_MAX:
                names.clear()
            if unknown := {row["counterparty_id"] for row in rows} - names.keys() - {None}:
                references = await self._reads.wallet_references(unknown)
                names |= {other_id: reference.owner_name for other_id, reference in references.items()}
            after = rows[-1]["sequence"]
            yield [_entry(row, names) for row in rows]


def _entry(row: asyncpg.Record, names: dict[UUID, str]) -> ExportedEntry:
    _, counterparty_id, *told = row
    return ExportedEntry(names.get(counterparty_id), *told)
