"""Bringing a database's schema up to date, and telling whether it is."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from runtime.database import CONNECT_SECONDS_MAX, STATEMENT_SECONDS_MAX

if TYPE_CHECKING:
    from aerich import Command

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_APP = "models"
# Any number that nothing else on the database locks: "purser" in ASCII.
_LOCK = int.from_bytes(b"purser", "big")
# A long migration of a large database is waited for; two services started at once take turns.
_LOCK_SECONDS_MAX = 600.0
# Whoever comes while a migration waits for a table waits behind it. So that is shorter than writers wait for a lock
# (runtime/database.py), and tried again: a report or `purser reconcile` may read that table for long. And it is longer
# than PostgreSQL's deadlock_timeout, for an autovacuum gives way only to who has waited for so long.
_TABLE_LOCK_TIMEOUT = "1200ms"
_TRIES_MAX = 60
_PAUSE_SECONDS = 1.0


def known_versions() -> set[str]:
    """The migrations that come with this code, by file name."""
    return {path.name for path in (FOLDER / _APP).glob("[0-9]*_*.py")}


async def is_current(connection: asyncpg.Connection | asyncpg.Pool) -> bool:
    """Whether every migration of this code has been applied; a newer schema is current too."""
    return known_versions() <= await _applied(connection)


def upgrade(dsn: str) -> list[str]:
    """Applies what is missing, one process at a time, and returns the names of what was applied.

    Raises OSError, TimeoutError or asyncpg.PostgresError.
    """
    return asyncio.run(_upgrade(dsn))


async def _upgrade(dsn: str) -> list[str]:
    connection = await asyncpg.connect(
        dsn, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX
    )
    try:
        if await is_current(connection):
            return []
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK, timeout=_LOCK_SECONDS_MAX)
        # Held until this connection ends, whatever becomes of this process.
        before = await _applied(connection)
        await _apply(dsn)
        return sorted(await _applied(connection) - before, key=lambda version: int(version.partition("_")[0]))
    finally:
        await connection.close(timeout=CONNECT_SECONDS_MAX)


async def _applied(connection: asyncpg.Connection | asyncpg.Pool) -> set[str]:
    try:
        rows = await connection.fetch("SELECT version FROM aerich WHERE app = $1", _APP)
    except asyncpg.UndefinedTableError:
        return set()
    return {row["version"] for row in rows}


async def _apply(dsn: str) -> None:
    # Imported late: the usual start finds the schema current and is spared the time.
    os.environ.setdefault("AERICH_NO_TORTOISE_V1_WARNING", "1")
    from aerich import Command

    from runtime.orm import tortoise_config

    config = tortoise_config(dsn)
    # A migration takes as long as it takes.
    config["connections"]["default"]["credentials"] |= {
        "command_timeout": None,
        "server_settings": {"lock_timeout": _TABLE_LOCK_TIMEOUT},
    }
    try:
        async with Command(config, app=_APP, location=str(FOLDER)) as command:
            await command.init()
            await _upgrade_once_free(command)
    except AttributeError:
        # How Tortoise 1.1 closes where Ctrl-C came while a transaction began.
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError from None
        raise


async def _upgrade_once_free(command: "Command") -> None:
    # One that gave way was rolled back; those before it stay.
    for _ in range(_TRIES_MAX - 1):
        with suppress(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await command.upgrade()
            return
        await asyncio.sleep(_PAUSE_SECONDS)
    await command.upgrade()
