"""A migrated database of our own, and what a running process has open on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest

from auth.service import Auth
from runtime.database import open_pool
from runtime.orm import open_orm
from runtime.settings import Settings
from tests.databases import copy_database

SECRET = "a-secret-for-tests-alone-" + "x" * 20


@pytest.fixture(scope="session")
def dsn(template_dsn: str) -> str:
    return copy_database(template_dsn, "auth")


@pytest.fixture(scope="module")
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_orm(dsn, 4), open_pool(dsn, 8) as pool:
        yield pool


@pytest.fixture(autouse=True)
async def _no_rows(pool: asyncpg.Pool) -> None:
    for table in ("login_failures", "sessions", "companies", "clients", "accounts"):
        await pool.execute(f"DELETE FROM {table}")


@pytest.fixture
def open_auth(pool: asyncpg.Pool) -> Callable[[], AbstractAsyncContextManager[Auth]]:
    """What each process has: two of them on one database are two processes, as far as accounts go."""
    settings = Settings(secret_key=SECRET, hash_concurrency=2)
    return lambda: Auth.open(settings, pool)


@pytest.fixture
async def auth(open_auth: Callable[[], AbstractAsyncContextManager[Auth]]) -> AsyncIterator[Auth]:
    async with open_auth() as auth:
        await asyncio.sleep(0.05)
        yield auth
