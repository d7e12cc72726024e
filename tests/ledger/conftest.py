"""A database of its own for each module of the ledger's tests, and a ledger on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database


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
    """The ledger with its usual settings."""
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        yield ledger
