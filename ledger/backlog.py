"""What workers have yet to do, in figures for whoever watches."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from ledger.statements import load_statements
from runtime.database import TROUBLE

SQL = load_statements("backlog.sql")

COUNT_SECONDS_MAX = 2.0
REMEMBERED_SECONDS = 1.0
_FIGURES = ("queue", "withdrawals")


class Backlog:
    """Counts one at a time, whoever asks meanwhile, and remembers it: asking often costs the database nothing."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._counting: asyncio.Task[dict[str, Any]] | None = None
        self._is_fresh_until = 0.0

    async def has_room(self, queued_max: int) -> bool:
        """Whether the queue may grow, as far as is known: counted a second ago, or not at all."""
        queue = (await self.told())["queue"]
        return queue is None or queue["depth"] < queued_max

    async def told(self) -> dict[str, Any]:
        """`queue` and `withdrawals` as JSON has them, each with the age of its oldest; None for both where the
        database does not answer.
        """
        now = asyncio.get_running_loop().time()
        if self._counting is None or (self._counting.done() and now >= self._is_fresh_until):
            self._counting = asyncio.create_task(self._count())
        # Who goes away takes the answer from nobody else.
        return await asyncio.shield(self._counting)

    async def _count(self) -> dict[str, Any]:
        counted: dict[str, Any] = {}
        with suppress(*TROUBLE):
            async with asyncio.timeout(COUNT_SECONDS_MAX), self._pool.acquire() as connection:
                for name in _FIGURES:
                    (row,) = await connection.fetch(SQL[name])
                    counted[name] = dict(row)
        self._is_fresh_until = asyncio.get_running_loop().time() + REMEMBERED_SECONDS
        return counted if len(counted) == len(_FIGURES) else dict.fromkeys(_FIGURES)
