"""Tortoise on the same database as the ledger: its configuration, and a pool with limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
from tortoise import Tortoise

from runtime.database import CONNECT_SECONDS_MAX, SETTINGS, STATEMENT_SECONDS_MAX


def tortoise_config(dsn: str, pool_size_max: int = 2) -> dict[str, Any]:
    """Tortoise's configuration for a PostgreSQL URL.

    Tortoise can't be given the URL itself: its own parser knows no unix sockets (`?host=/folder`) and no
    `sslmode`, so the parts are passed on to asyncpg one by one.
    """
    url = urlsplit(dsn)
    query = dict(parse_qsl(url.query))
    credentials: dict[str, Any] = {
        "host": query.get("host") or url.hostname,
        "port": int(query.get("port") or url.port or 5432),
        "user": unquote(url.username or query.get("user", "")) or None,
        "password": unquote(url.password or query.get("password", "")) or None,
        "database": unquote(url.path.lstrip("/")) or query.get("dbname"),
        "minsize": 1,
        "maxsize": pool_size_max,
        "timeout": CONNECT_SECONDS_MAX,
        "command_timeout": STATEMENT_SECONDS_MAX,
        "application_name": "purser-orm",
        "server_settings": SETTINGS.copy(),
    }
    if "sslmode" in query:
        credentials["ssl"] = query["sslmode"]
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {"models": {"models": ["models", "aerich.models"], "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def open_orm(dsn: str, pool_size_max: int) -> AsyncIterator[None]:
    """The models ready for use, in this task and in those that it did not start."""
    await Tortoise.init(config=tortoise_config(dsn, pool_size_max), _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


def models_pool() -> asyncpg.Pool | None:
    """The pool of the models; None before the first of them is asked for."""
    # Tortoise offers no other way to it.
    pool: asyncpg.Pool | None = Tortoise.get_connection("default")._pool  # noqa: SLF001
    return pool
