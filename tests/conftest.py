"""What every test may ask for: the running service, a client of it, and its database."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.running import Service, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with two API processes and its own PostgreSQL, one for the whole run.

    Nothing is ever cleaned out of it: each test makes accounts of its own.
    """
    with running_service(tmp_path_factory.mktemp("service"), workers=2) as service:
        yield service


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[Api]:
    """A stranger at the service's door, who can sign up."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield Api(http)


@pytest.fixture
async def connection(service: Service) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the service's database, to look behind the API."""
    connection = await asyncpg.connect(service.dsn)
    yield connection
    await connection.close()
