"""Connections to PostgreSQL: every one with limits, none waited for without end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from runtime.turns import Turns

# How it shows that the database is away or won't do what it was asked; a fault of ours is none of these.
# A connection that is cut between two messages is an InternalClientError to asyncpg.
TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# The same for the connection or its server: gone, going, without room, or not for writing (any more).
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)

CONNECT_SECONDS_MAX = 3.0
STATEMENT_SECONDS_MAX = 5.0
# How many may wait for a connection of a pool: as many as a process usually has requests under way, several times.
WAITING_MAX = 1000

# Who vanishes without a word gives up the locks.
SETTINGS = {"statement_timeout": "5s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "10s"}
_READER_SETTINGS = SETTINGS | {"application_name": "purser"}
_WRITER_SETTINGS = SETTINGS | {
    "application_name": "purser-writer",
    # Durable however the server is configured: SUCCEEDED means committed to disk.
    "synchronous_commit": "on",
    # Others of the batch wait as well. Longer than PostgreSQL takes to find a deadlock, which is tried again.
    "lock_timeout": "1500ms",
}
# A server that hears nothing from a machine for some ten seconds gives up the locks of its connections.
KEEPALIVES = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
_LEADER_SETTINGS = SETTINGS | KEEPALIVES | {"application_name": "purser-leader"}
# Its transactions hold a lane's lock alone, while a batch may be tried for ten seconds on another connection.
_LANES_SETTINGS = (
    SETTINGS | KEEPALIVES | {"application_name": "purser-lanes", "idle_in_transaction_session_timeout": "30s"}
)

# For a command of an operator that goes through much of the ledger. Times in UTC, as archives have them.
OPERATOR_SETTINGS = KEEPALIVES | {
    "application_name": "purser-operator",
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "30min",
    # One that was suspended gives up its locks.
    "idle_in_transaction_session_timeout": "1min",
    "timezone": "UTC",
}


async def connect_writer(dsn: str) -> asyncpg.Connection:
    """A connection of its own for a writer. Raises OSError, TimeoutError or asyncpg.PostgresError."""
    return await _connect(dsn, _WRITER_SETTINGS)


async def connect_leader(dsn: str) -> asyncpg.Connection:
    """A connection of its own for what one worker of all does. Raises as `connect_writer` does."""
    return await _connect(dsn, _LEADER_SETTINGS)


@asynccontextmanager
async def lanes_connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own for the locks of a worker's lanes. Raises as `connect_writer` does."""
    connection = await _connect(dsn, _LANES_SETTINGS)
    try:
        yield connection
    finally:
        await hang_up(connection)


async def hang_up(connection: asyncpg.Connection) -> None:
    """Closes a connection that may be lost already."""
    try:
        await connection.close(timeout=CONNECT_SECONDS_MAX)
    except LOST:
        connection.terminate()


async def _leave(_: asyncpg.Connection) -> None:
    """Nothing was set on it, so nothing is reset."""


class _Pool(asyncpg.Pool):
    """A pool whose connections are waited for in turns."""

    def __init__(self, dsn: str, size_max: int, wait_seconds_max: float, *, resets: bool) -> None:
        super().__init__(
            dsn,
            min_size=1,
            max_size=size_max,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=STATEMENT_SECONDS_MAX,
            server_settings=_READER_SETTINGS,
            reset=None if resets else _leave,
        )
        self._turns = Turns(size_max, WAITING_MAX, wait_seconds_max)

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[PoolConnectionProxy]:  # type: ignore[override]
        """Raises NoTurn where too many wait, or one has waited for too long."""
        async with self._turns, super().acquire(timeout=timeout) as connection:
            yield connection


@asynccontextmanager
async def open_pool(
    dsn: str, size_max: int, *, wait_seconds_max: float = STATEMENT_SECONDS_MAX, resets: bool = True
) -> AsyncIterator[asyncpg.Pool]:
    """A pool for reads and short transactions, closed with the context.

    With `resets` false whoever has a connection must not set anything on it: giving it back asks the server nothing.

    Waiting for a connection has its limits, and raises NoTurn; who uses one sets a limit to that (ledger/asking.py).
    """
    pool = await _Pool(dsn, size_max, wait_seconds_max, resets=resets)
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()


async def _connect(dsn: str, settings: dict[str, str]) -> asyncpg.Connection:
    return await asyncpg.connect(
        dsn, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX, server_settings=settings
    )
