"""What every test may ask for: the running service, a client of it, its database, and one to copy."""

import os
from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings

from runtime import migrations
from runtime.embedded import EmbeddedServer
from tests.client import Api
from tests.running import Service, running_service

# A machine that is busy with others is no fault of what is tested.
settings.register_profile("purser", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("purser")

# What the shell says is meant for the service of whoever runs the tests, and so is their database.
for _name in [name for name in os.environ if name.startswith("PURSER_") or name == "DATABASE_URL"]:
    del os.environ[_name]


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


@pytest.fixture(scope="session")
def template_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with one migrated database, to which nobody connects so that it can be copied."""
    with EmbeddedServer(tmp_path_factory.mktemp("template")) as server:
        migrations.upgrade(server.dsn)
        yield server.dsn


@pytest.fixture(scope="session")
def dsn(service: Service) -> str:
    """The service's database; folders that work beneath the API have their own copy of the template."""
    return service.dsn


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the database, to look behind what is tested and to stand in its way."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
