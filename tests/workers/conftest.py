"""For each test a database of its own, and a ledger on it as the API has one."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database


@pytest.fixture
async def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    return await asyncio.to_thread(copy_database, template_dsn, request.node.name[:60])


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 4) as pool:
        yield pool


@pytest.fixture
async def ledger(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        yield ledger
