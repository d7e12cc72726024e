"""A service that has more to do than it can: the rest is refused at once, never executed, and served later."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.databases import copy_database
from tests.log_lines import lines_of
from tests.running import Service, running_service
from tests.service.shop import Shop, open_shop

PLACES = 2
CHARGE = (
    "mutation ($input: ChargeInput!) { charge(input: $input) { operation { status } userErrors { code } } }"
)


@pytest.fixture(scope="module")
def small(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One API process with two places."""
    settings = {
        "PURSER_DATABASE_URL": copy_database(template_dsn, "overload"),
        "PURSER_REQUESTS_MAX": str(PLACES),
        "PURSER_QUEUE_SECONDS_MAX": "30",
    }
    with running_service(tmp_path_factory.mktemp("small"), workers=1, settings=settings) as small:
        yield small


@pytest.fixture
async def shop(small: Service) -> AsyncIterator[Shop]:
    async with httpx.AsyncClient(base_url=small.url, timeout=20) as http:
        yield await open_shop(Api(http), "USD", "10.00")


def asked(shop: Shop, key: str) -> dict[str, str]:
    return {"wallet": shop.purse["token"], "amount": "1.00", "summary": "A coffee", "idempotencyKey": key}


@asynccontextmanager
async def full(small: Service, shop: Shop) -> AsyncIterator[None]:
    """Both places are taken, by charges that succeed after the block."""
    connection = await asyncpg.connect(small.dsn)
    try:
        async with asyncio.TaskGroup() as inside, connection.transaction():
            # Writers try again for longer than this lasts.
            await connection.execute("LOCK TABLE operations IN SHARE MODE")
            charging = [
                inside.create_task(shop.company.ask(CHARGE, input=asked(shop, f"inside {number}")))
                for number in range(PLACES)
            ]
            while not (await shop.client.ask("{ __typename }")).body.get("errors"):
                await asyncio.sleep(0.01)
            yield
            assert not any(task.done() for task in charging)
    finally:
        await connection.close()
    assert [task.result().data["charge"]["operation"]["status"] for task in charging] == ["SUCCEEDED"] * 2


async def test_what_is_refused_is_refused_at_once_and_never_executed(small: Service, shop: Shop) -> None:
    refused_keys = [f"refused {number}" for number in range(20)]
    async with httpx.AsyncClient(base_url=small.url, timeout=20) as http:
        company = Api(http, shop.company.token)
        async with full(small, shop):
            answers = await asyncio.gather(
                *(company.ask(CHARGE, input=asked(shop, key)) for key in refused_keys)
            )
            for answer in answers:
                assert answer.status == 503
                extensions = {"code": "OVERLOADED", "executed": "NO", "retryAfterSeconds": 1}
                assert answer.body["errors"][0]["extensions"] == extensions
            for path in ("/health/live", "/health/ready", "/status", "/metrics", "/static/purser.css"):
                assert (await http.get(path)).status_code == 200
        again = await company.ask(CHARGE, input=asked(shop, refused_keys[0]))
        assert again.data["charge"]["operation"]["status"] == "SUCCEEDED"
    connection = await asyncpg.connect(small.dsn)
    known = await connection.fetch("SELECT key FROM idempotency_keys WHERE key LIKE 'refused %'")
    await connection.close()
    assert [row["key"] for row in known] == refused_keys[:1]
    assert (await shop.balances())[0] == "7.00"


async def test_the_operator_hears_of_it(small: Service, shop: Shop) -> None:
    async with full(small, shop), httpx.AsyncClient(base_url=small.url, timeout=20) as http:
        assert (await Api(http).ask("{ __typename }")).error_codes == ["OVERLOADED"]
        assert (await Api(http).ask("{ __typename }")).error_codes == ["OVERLOADED"]
    async with httpx.AsyncClient(base_url=small.url, timeout=20) as http, asyncio.timeout(20):
        while not re.search(
            r"^purser_requests_shed_total [1-9]", (await http.get("/metrics")).text, re.MULTILINE
        ):
            await asyncio.sleep(0.1)
        while not (lines := [line for line in lines_of(small) if line["event"] == "overloaded"]):
            await asyncio.sleep(0.1)
    for line in lines:
        assert line["refused"] >= 1
        assert line["places"] == PLACES
