"""One worker of all leads: who holds an advisory lock of the database, for as long as its connection lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from runtime.database import connect_leader, hang_up
from workers.duty import pause

# Any number that nothing else on the database locks: "upkeep" in ASCII.
_LOCK = int.from_bytes(b"upkeep", "big")
# So long after a leader was lost another one leads. Asked again and again, because a statement that waits for the lock
# would keep the database from clearing old rows away.
_ASK_EVERY_SECONDS = 2.0


@asynccontextmanager
async def leading(dsn: str, stopping: asyncio.Event) -> AsyncIterator[asyncpg.Connection | None]:
    """Waits to become the leader; yields the connection that it leads by, or None where a stop was asked for.

    What a leader does it does on that connection: once it is lost, another may lead, and this one can't.
    Raises asyncpg's errors, OSError or TimeoutError where the database is away.
    """
    connection = await connect_leader(dsn)
    try:
        while not stopping.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                yield connection
                return
            await pause(stopping, _ASK_EVERY_SECONDS)
        yield None
    finally:
        await hang_up(connection)
