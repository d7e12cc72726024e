"""Connections to a database whose schema is this code's, for what must not look at another one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg

from runtime.database import CONNECT_SECONDS_MAX, hang_up
from runtime.migrations import is_current


class SchemaNotCurrent(Exception):
    """The database is older than the code."""


@asynccontextmanager
async def current_connection(
    dsn: str, *, settings: Mapping[str, str] | None = None, statement_seconds_max: float | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """A connection with these settings of the server, closed with the context.

    Raises SchemaNotCurrent, OSError, TimeoutError or asyncpg's errors.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS_MAX,
        command_timeout=statement_seconds_max,
        server_settings=None if settings is None else dict(settings),
    )
    try:
        if not await is_current(connection):
            raise SchemaNotCurrent
        yield connection
    finally:
        await hang_up(connection)
