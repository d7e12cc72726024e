"""A service of these tests' own: what is counted here, nobody else does."""

from collections.abc import Iterator

import pytest

from tests.client import Api
from tests.running import Service, running_service
from tests.service.shop import Shop, open_shop


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two API processes and a worker, all `purser serve`'s."""
    with running_service(tmp_path_factory.mktemp("metrics"), workers=2) as service:
        yield service


@pytest.fixture
async def shop(anyone: Api) -> Shop:
    """A new client with 1000.00 USD and a new company with nothing."""
    return await open_shop(anyone, "USD", "1000.00")
