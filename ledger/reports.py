"""Sums over a wallet's entries, and its balance at any instant, read back without a lock."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.asking import asking
from ledger.calendar import EARLIEST, within_calendar
from ledger.errors import Archived
from ledger.long_reads import LongReads
from ledger.statements import load_statements

_SQL = load_statements("reports.sql")


class Window(NamedTuple):
    """The entries of one wallet from `since` to before `until`: those with `low` < sequence <= `high`.

    Sequences have no gap and entries never change, so that whatever is read of a window agrees, whenever it is read.
    """

    wallet_id: UUID
    since: datetime
    until: datetime
    low: int
    high: int


class Sums(NamedTuple):
    """What came in and what went out, in minor units, and how many operations moved it."""

    money_in: int
    money_out: int
    operation_count: int


class Reports:
    """Reads through a pool of connections. Everything here raises Unavailable when no answer comes in time, and
    Archived where what was asked for is not all here."""

    def __init__(self, pool: asyncpg.Pool, long_reads: LongReads | None = None) -> None:
        self._pool = pool
        self._long_reads = long_reads or LongReads(pool)

    async def window(self, wallet_id: UUID, since: datetime | None, until: datetime | None) -> Window:
        """The wallet's entries of that time: of the last month where nothing is said."""
        bounds = await self._fetch("window", wallet_id, within_calendar(since), within_calendar(until))
        window = Window(wallet_id, *bounds[0])
        await self._expect_all_since(window.since, wallet_id)
        return window

    async def totals(self, window: Window) -> Sums:
        """What came in and went out."""
        (row,) = await self._long_reads.fetch(_SQL["totals"], *_arguments(window))
        # Afterwards: a month may be taken out between the window and its sums.
        await self._expect_all_since(window.since, window.wallet_id)
        return Sums(*map(int, row))

    async def totals_by_kind(self, window: Window) -> dict[str, Sums]:
        """What came in and went out by each kind of operation that moved money."""
        rows = await self._long_reads.fetch(_SQL["totals_by_kind"], *_arguments(window))
        await self._expect_all_since(window.since, window.wallet_id)
        return {kind: Sums(*map(int, sums)) for kind, *sums in rows}

    async def balance_at(self, wallet_id: UUID, instant: datetime) -> int:
        """The balance in minor units as it was at that instant, everything posted at it included."""
        instant = within_calendar(instant)
        ((sequence,),) = await self._fetch("sequence_at", wallet_id, instant)
        balance = await self.balance_after(wallet_id, sequence)
        await self._expect_all_since(instant, wallet_id)
        return balance

    async def balance_after(self, wallet_id: UUID, sequence: int) -> int:
        """The balance in minor units after that many entries."""
        if sequence == 0:
            return 0
        rows = await self._fetch("balance_after", wallet_id, sequence)
        if not rows:
            await self._expect_all_since(EARLIEST, wallet_id)
        ((balance,),) = rows
        return int(balance)

    async def _expect_all_since(self, instant: datetime, wallet_id: UUID) -> None:
        ((until,),) = await self._fetch("archived_until", wallet_id)
        if until is not None and instant < until:
            raise Archived(until)

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        async with asking():
            return await self._pool.fetch(_SQL[name], *arguments)


def _arguments(window: Window) -> tuple[object, ...]:
    return window.wallet_id, window.low, window.high, window.since, window.until
