"""Sums over a wallet's entries, and its balance at any instant, read back without a lock."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.asking import asking
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
    """Reads through a pool of connections. Everything here raises Unavailable when no answer comes in time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def window(self, wallet_id: UUID, since: datetime | None, until: datetime | None) -> Window:
        """The wallet's entries of that time: of the last month where nothing is said."""
        (row,) = await self._fetch("window", wallet_id, since, until)
        return Window(wallet_id, *row)

    async def totals(self, window: Window) -> Sums:
        """What came in and went out."""
        (row,) = await self._fetch("totals", *_arguments(window))
        return Sums(*map(int, row))

    async def totals_by_kind(self, window: Window) -> dict[str, Sums]:
        """What came in and went out by each kind of operation that moved money."""
        rows = await self._fetch("totals_by_kind", *_arguments(window))
        return {kind: Sums(*map(int, sums)) for kind, *sums in rows}

    async def balance_at(self, wallet_id: UUID, instant: datetime) -> int:
        """The balance in minor units as it was at that instant, everything posted at it included."""
        ((sequence,),) = await self._fetch("sequence_at", wallet_id, instant)
        return await self.balance_after(wallet_id, sequence)

    async def balance_after(self, wallet_id: UUID, sequence: int) -> int:
        """The balance in minor units after that many entries."""
        if sequence == 0:
            return 0
        ((balance,),) = await self._fetch("balance_after", wallet_id, sequence)
        return int(balance)

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        async with asking():
            return await self._pool.fetch(_SQL[name], *arguments)


def _arguments(window: Window) -> tuple[object, ...]:
    return window.wallet_id, window.low, window.high, window.since, window.until
