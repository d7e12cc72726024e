"""A real PostgreSQL for the ledger's tests, and a database of its own in it for each module."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from ledger.service import Ledger
from runtime import migrations
from runtime.database import open_pool
from runtime.embedded import EmbeddedServer
from runtime.settings import Settings
from tests.ledger.databases import copy_database


@pytest.fixture(scope="session")
def template_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with one migrated database, to which nobody connects so that it can be copied."""
    with EmbeddedServer(Path(tmp_path_factory.mktemp("ledger"))) as server:
        migrations.upgrade(server.dsn)
        yield server.dsn


@pytest.fixture(scope="module")
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    """This module's own copy of the migrated database."""
    return copy_database(template_dsn, Path(request.node.name).stem)


@pytest.fixture(scope="module")
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 8) as pool:
        yield pool


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the ledger's, to look behind it and to stand in its way."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def ledger(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    """The ledger with its usual settings."""
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        yield ledger
