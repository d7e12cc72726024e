"""A ledger with old months in a database of each test's own, and its operator."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import OPERATOR_SETTINGS, open_pool
from runtime.settings import Settings
from tests.archives.old import Old, Operator
from tests.databases import copy_database
from tests.ledger.invariants import assert_invariants


@pytest.fixture
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    """A database for each test: what these do to it stays done."""
    return copy_database(template_dsn, re.sub(r"\W+", "_", request.node.name)[:60])  # it stands in a URL


@pytest.fixture
def operator(dsn: str) -> Operator:
    """Runs one of the operator's commands as the command line does: on a connection of its own."""

    async def run(command: Operator, *arguments: object) -> Any:
        connection = await asyncpg.connect(dsn, server_settings=OPERATOR_SETTINGS)
        try:
            return await command(connection, *arguments)
        finally:
            await connection.close()

    return run


@pytest.fixture
async def old(dsn: str, connection: asyncpg.Connection) -> AsyncIterator[Old]:
    """A ledger at work, with old months in it."""
    async with open_pool(dsn, 8) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        old = Old(ledger, connection)
        await old.fill()
        await assert_invariants(connection)
        yield old
