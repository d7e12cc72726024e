"""One use of the database beside the writers: limited in time, and honest about what a loss leaves open.

The limit has everything in it, the wait for a connection of the pool too; who can't have one in time is Crowded.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from tortoise.exceptions import DBConnectionError

from ledger.errors import Crowded, Unavailable
from runtime.database import LOST
from runtime.turns import NoTurn

SECONDS_MAX = 5.0

# The server is away, or let others go first for too long.
AWAY = (*LOST, asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError, DBConnectionError)


@asynccontextmanager
async def asking() -> AsyncIterator[None]:
    """For what changes nothing: raises Unavailable, not executed, when no answer comes in time."""
    async with _limited(executed_unknown=False):
        yield


@asynccontextmanager
async def changing() -> AsyncIterator[None]:
    """For what changes something: raises Unavailable, perhaps executed, when no answer comes in time."""
    async with _limited(executed_unknown=True):
        yield


@asynccontextmanager
async def _limited(*, executed_unknown: bool) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(SECONDS_MAX):
            yield
    except NoTurn as reason:
        # A block takes its turn before it asks for anything.
        raise Crowded from reason
    except AWAY as reason:
        raise Unavailable(executed_unknown=executed_unknown) from reason
