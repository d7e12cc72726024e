"""Who acts in these tests, and a second instance of the service on the same database."""

import secrets
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.client import PASSWORD, Api
from tests.running import Service, running_service
from tests.service.shop import Shop, open_shop

ADMINISTRATOR = f"administrator-{secrets.token_hex(6)}@example.com"


@pytest.fixture(scope="session")
def second_instance(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Another `purser serve` on the same database, with other limits; it made the administrator."""
    settings = {
        "PURSER_DATABASE_URL": service.dsn,
        "PURSER_MAX_WALLETS_PER_CLIENT": "2",
        "PURSER_MAX_WALLETS_PER_COMPANY": "3",
        "PURSER_MAX_AMOUNTS": "USD=5000.00,JPY=700",
        "PURSER_DEFAULT_CURRENCY": "EUR",
        "PURSER_ADMIN_EMAIL": ADMINISTRATOR,
        "PURSER_ADMIN_PASSWORD": PASSWORD,
    }
    folder = tmp_path_factory.mktemp("second-instance")
    with running_service(folder, workers=1, settings=settings) as service:
        yield service


@pytest.fixture
async def elsewhere(second_instance: Service) -> AsyncIterator[Api]:
    """A stranger at the second instance's door."""
    async with httpx.AsyncClient(base_url=second_instance.url, timeout=20) as http:
        yield Api(http)


@pytest.fixture
async def administrator(anyone: Api, second_instance: Service) -> Api:
    """The administrator, signed in at the first instance."""
    answer = await anyone.ask(
        "mutation ($input: LogInInput!) { logIn(input: $input) { token } }",
        input={"email": ADMINISTRATOR, "password": PASSWORD},
    )
    return Api(anyone.http, answer.data["logIn"]["token"])


@pytest.fixture
async def shop(anyone: Api) -> Shop:
    """A new client with 10.00 USD and a new company with nothing."""
    return await open_shop(anyone, "USD", "10.00")


@pytest.fixture(scope="session")
async def quiet_shop(service: Service) -> AsyncIterator[Shop]:
    """One like it that many tests share: none of them may leave a trace in it."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield await open_shop(Api(http), "USD", "10.00")
