"""Reads that may look through a whole history: few at a time, so that they leave the pool to everyone else's."""

import asyncpg

from ledger.asking import SECONDS_MAX, asking
from runtime.turns import Turns

# Of a process, whose pool has some more connections than that.
AT_ONCE_MAX = 2
# Far fewer than a process has requests under way: a flood of them leaves room for all others.
WAITING_MAX = 16


class LongReads:
    """Takes its turns on a pool. Waiting for one counts among the seconds that an answer may take."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._turns = Turns(AT_ONCE_MAX, WAITING_MAX, SECONDS_MAX)

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows. Raises Unavailable where no answer comes in time."""
        async with asking(), self._turns:
            return await self._pool.fetch(statement, *arguments)
