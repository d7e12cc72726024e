"""Copies of a migrated database, a fresh one in some 20 ms; and who waits there for a lock."""

import asyncio
import time
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy


def copy_database(template_dsn: str, name: str) -> str:
    """Makes the database `name` as a copy of the one that `template_dsn` names; returns its URL."""
    return asyncio.run(_copy(template_dsn, name))


def make_database(server_dsn: str, name: str) -> str:
    """Makes the database `name`, without anything in it, on the server of `server_dsn`; returns its URL."""
    return asyncio.run(_copy(_of_database(server_dsn, "template0"), name))


async def _copy(template_dsn: str, name: str) -> str:
    template = urlsplit(template_dsn).path.lstrip("/")
    # A database with a connection to it can't be copied, so this one goes to the server's own.
    connection = await asyncpg.connect(_of_database(template_dsn, "postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return _of_database(template_dsn, name)


def _of_database(dsn: str, name: str) -> str:
    # Not urlunsplit: it drops the empty host of a unix socket's URL.
    return dsn.replace(urlsplit(dsn).path + "?", f"/{name}?", 1)


async def until_waiting(connection: asyncpg.Connection | PoolConnectionProxy, count: int) -> None:
    """Returns once that many others wait for a lock in this connection's database."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database() AND pid <> pg_backend_pid()
    """
    give_up_at = time.monotonic() + 10
    while await connection.fetchval(waiting) < count:
        assert time.monotonic() < give_up_at
        # Within a transaction the view stands still.
        await connection.execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()")
