"""A database of its own for each module of the ledger's tests, and a ledger on it; and one that has seen everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database
from tests.ledger.every_way import move_in_every_way


@pytest.fixture(scope="module")
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    """This module's own copy of the migrated database."""
    return copy_database(template_dsn, Path(request.node.name).stem)


@pytest.fixture(scope="module")
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 8) as pool:
        yield pool


@pytest.fixture(scope="module")
async def ledger(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    """The ledger with its usual settings, but that it refuses nothing because the machine is slow."""
    async with Ledger.open(Settings(queue_seconds_max=30), dsn, pool) as ledger:
        yield ledger


@pytest.fixture
async def ledgers(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[list[Ledger]]:
    """Three, as several processes have them. However slow the machine is, they refuse nothing for that."""
    settings = Settings(batch_size_max=20, queue_seconds_max=30)
    async with AsyncExitStack() as stack:
        opened = [Ledger.open(settings, dsn, pool) for _ in range(3)]
        yield [await stack.enter_async_context(ledger) for ledger in opened]


@pytest.fixture(scope="session")
async def lived_in_dsn(template_dsn: str) -> str:
    """A database in which money moved in every way there is. Nobody connects to it, so that it can be copied."""
    dsn = await asyncio.to_thread(copy_database, template_dsn, "lived_in")
    connection = await asyncpg.connect(dsn)
    async with open_pool(dsn, 2) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        await move_in_every_way(ledger, connection)
    await connection.close()
    return dsn
