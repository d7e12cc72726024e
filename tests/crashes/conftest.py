"""A migrated database for tests that cut the connections to it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from runtime import migrations
from runtime.database import open_pool
from runtime.embedded import EmbeddedServer


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a server that is up and migrated."""
    folder = Path(tmp_path_factory.mktemp("crashes"))
    with EmbeddedServer(folder) as server:
        migrations.upgrade(server.dsn)
        yield folder


@pytest.fixture(scope="module")
def dsn(server_folder: Path) -> str:
    return (server_folder / "dsn").read_text()


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 4) as pool:
        yield pool


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection past the proxy."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
