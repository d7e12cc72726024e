"""Upkeep, by one worker at a time: what has ended is put away, and partitions are made ahead of time.

Nothing depends on it at once. Authorizations expire and deposits mature to the instant without it, and what has no
partition yet lands in the default one.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from auth.sessions import delete_expired_sessions
from ledger.partitions import try_to_make_partitions
from ledger.settling import START, Position, settle_some
from runtime.database import LOST
from workers.duty import Workplace, pause
from workers.leadership import leading

log = logging.getLogger("purser.worker")

ROUND_SECONDS = 2.0
PARTITIONS_EVERY_SECONDS = 3600.0
SESSIONS_EVERY_SECONDS = 60.0
SESSIONS_CHUNK = 1000
# After one that failed.
AGAIN_SECONDS = 60.0


@dataclass
class _Job:
    """`work` is done on the leader's connection when it is due, and says after how many seconds it is due again."""

    name: str
    work: Callable[[asyncpg.Connection], Awaitable[float]]
    due_at_monotonic: float = 0.0


async def run(workplace: Workplace, stopping: asyncio.Event) -> None:
    """Waits to become the leader, and then does what is due until a stop is asked for."""
    async with leading(workplace.dsn, stopping) as connection:
        if connection is None:
            return
        log.info("This worker leads the upkeep")
        jobs = _jobs(workplace, stopping)
        while not stopping.is_set():
            for job in jobs:
                if job.due_at_monotonic <= time.monotonic() and not stopping.is_set():
                    await _do(job, connection)
            await pause(stopping, ROUND_SECONDS)


def _jobs(workplace: Workplace, stopping: asyncio.Event) -> list[_Job]:
    async def settle(connection: asyncpg.Connection) -> float:
        position: Position | None = START
        while position is not None and not stopping.is_set():
            position = await settle_some(connection, position)
        return 0

    async def make_partitions(_: asyncpg.Connection) -> float:
        are_made = await try_to_make_partitions(workplace.pool, workplace.settings.partition_months)
        return PARTITIONS_EVERY_SECONDS if are_made else AGAIN_SECONDS

    async def delete_sessions(connection: asyncpg.Connection) -> float:
        while not stopping.is_set():
            deleted = await delete_expired_sessions(connection, SESSIONS_CHUNK)
            if deleted:
                log.info("old sessions deleted", extra={"fields": {"count": deleted}})
            if deleted < SESSIONS_CHUNK:
                break
        return SESSIONS_EVERY_SECONDS

    return [
        _Job("Settling what is over", settle),
        _Job("Making partitions", make_partitions),
        _Job("Deleting old sessions", delete_sessions),
    ]


async def _do(job: _Job, connection: asyncpg.Connection) -> None:
    """A job that fails is told of, and stops no other; a connection that is lost ends all of them."""
    try:
        pause_seconds = await job.work(connection)
    except LOST:
        raise
    except Exception:
        log.exception("%s failed", job.name)
        pause_seconds = AGAIN_SECONDS
    job.due_at_monotonic = time.monotonic() + pause_seconds
