"""Two instances of two API processes each, on the database of the service that the whole run has."""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass

import httpx
import pytest

from tests.running import Service, running_service

PER_ACCOUNT, PER_ADDRESS = 30, 200
ORIGIN = "https://shop.example.com"
SETTINGS = {
    "PURSER_RATE_LIMIT_PER_ACCOUNT": str(PER_ACCOUNT),
    "PURSER_RATE_LIMIT_PER_ADDRESS": str(PER_ADDRESS),
    "PURSER_TRUSTED_PROXIES": "127.0.0.1",
    "PURSER_ALLOWED_ORIGINS": ORIGIN,
}
CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Visitor:
    """One who comes from an address of its own, by several connections to each instance."""

    address: str
    connections: list[httpx.AsyncClient]

    async def ask(
        self, query: str = "{ __typename }", *, token: str | None = None, number: int = 0
    ) -> httpx.Response:
        """An answer by one of the connections; they go to both instances by turns."""
        return await self.connections[number % len(self.connections)].post(
            "/graphql",
            json={"query": query},
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
        )


@pytest.fixture(scope="session")
def instances(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Service]]:
    with ExitStack() as stack:
        settings = SETTINGS | {"PURSER_DATABASE_URL": service.dsn}
        yield [
            stack.enter_context(
                running_service(tmp_path_factory.mktemp("instance"), workers=2, settings=settings)
            )
            for _ in range(2)
        ]


@pytest.fixture
async def visitor(instances: list[Service]) -> AsyncIterator[Visitor]:
    address = ".".join(["10", *(str(random.randrange(256)) for _ in range(3))])
    async with AsyncExitStack() as stack:
        connections = [
            httpx.AsyncClient(
                base_url=instances[number % 2].url,
                timeout=20,
                headers={"X-Forwarded-For": address},
                limits=httpx.Limits(max_connections=1),
            )
            for number in range(CONNECTIONS)
        ]
        for connection in connections:
            await stack.enter_async_context(connection)
        yield Visitor(address, connections)
