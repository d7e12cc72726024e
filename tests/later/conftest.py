"""The service without a worker: what happens later happens when a test says so."""

import secrets
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.client import PASSWORD, Api
from tests.databases import copy_database
from tests.later.worker import Worker
from tests.running import Service, running_service
from tests.service.scene import log_in
from tests.service.shop import Shop, open_shop

ADMINISTRATOR = f"administrator-{secrets.token_hex(6)}@example.com"


@pytest.fixture(scope="session")
def service(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """On a database that is not its own, so that it brings no worker along."""
    settings = {
        "PURSER_DATABASE_URL": copy_database(template_dsn, "later"),
        "PURSER_ADMIN_EMAIL": ADMINISTRATOR,
        "PURSER_ADMIN_PASSWORD": PASSWORD,
    }
    with running_service(tmp_path_factory.mktemp("later"), workers=2, settings=settings) as service:
        yield service


@pytest.fixture(scope="session")
def dsn(service: Service) -> str:
    return service.dsn


@pytest.fixture
async def worker(dsn: str, connection: asyncpg.Connection) -> AsyncIterator[Worker]:
    """Does what a worker does, one step at a time."""
    async with open_pool(dsn, 2) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        yield Worker(ledger, connection)


@pytest.fixture
async def administrator(anyone: Api) -> Api:
    return await log_in(anyone, ADMINISTRATOR)


@pytest.fixture
async def shop(anyone: Api) -> Shop:
    """A new client with 10.00 USD and a new company with nothing."""
    return await open_shop(anyone, "USD", "10.00")
