"""A database of its own for the tests that cut the connections to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from runtime.database import open_pool
from tests.databases import copy_database


@pytest.fixture(scope="module")
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    return copy_database(template_dsn, Path(request.node.name).stem)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 4) as pool:
        yield pool
