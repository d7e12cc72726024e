"""A service that has more to do than it can: the rest is refused at once, never executed, and served later."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from runtime.metrics import SAMPLE_SECONDS
from tests.client import Answer, Api
from tests.databases import copy_database
from tests.log_lines import lines_of
from tests.running import Service, running_service
from tests.scraping import Page
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


async def charge_once_let_in(shop: Shop, key: str) -> Answer:
    """Whoever looks whether all places are taken may have one at that moment."""
    while (answer := await shop.company.ask(CHARGE, input=asked(shop, key))).error_codes:
        assert answer.error_codes == ["OVERLOADED"]
    return answer


@asynccontextmanager
async def full(small: Service, shop: Shop) -> AsyncIterator[None]:
    """Both places are taken, by charges that succeed after the block."""
    connection = await asyncpg.connect(small.dsn)
    try:
        async with asyncio.TaskGroup() as inside, connection.transaction():
            # Writers try again for longer than this lasts.
            await connection.execute("LOCK TABLE operations IN SHARE MODE")
            charging = [
                inside.create_task(charge_once_let_in(shop, f"inside {number}")) for number in range(PLACES)
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


async def test_a_pipeline_behind_a_slow_charge_is_answered_in_order_and_fills_no_memory(
    small: Service, shop: Shop
) -> None:
    """One connection that never waits for an answer. Kept all at once, so many requests are some 60 MB."""
    count = 20_000
    before = await memory(small)
    connection = await asyncpg.connect(small.dsn)
    reader, writer = await asyncio.open_connection(*small.url.removeprefix("http://").split(":"))
    try:
        async with connection.transaction(), asyncio.timeout(120):
            await connection.execute("LOCK TABLE operations IN SHARE MODE")
            body = json.dumps({"query": CHARGE, "variables": {"input": asked(shop, "pipelined")}}).encode()
            writer.write(
                b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\nX-Request-ID: 0\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % ((shop.company.token or "").encode(), len(body), body)
            )
            for number in range(1, count):
                writer.write(
                    b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: %d\r\n\r\n" % number
                )
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.05)
        async with asyncio.timeout(120):
            ids = [await answered_id(reader) for _ in range(count)]
        assert ids == [str(number) for number in range(count)]
        assert await memory(small) - before < 20_000_000
        # One that goes away meanwhile leaves nothing under way.
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" * count)
        await answered_id(reader)
    finally:
        writer.transport.abort()
        await connection.close()
    assert (await shop.balances())[0] == "9.00"
    async with httpx.AsyncClient(base_url=small.url, timeout=20) as http, asyncio.timeout(20):
        # The page's own request is the one.
        while Page((await http.get("/metrics")).text).value("purser_requests_in_progress") > 1:
            await asyncio.sleep(0.1)


async def memory(small: Service) -> float:
    """Bytes, once they were sampled anew."""
    await asyncio.sleep(2 * SAMPLE_SECONDS)
    async with httpx.AsyncClient(base_url=small.url, timeout=20) as http:
        return Page((await http.get("/metrics")).text).value("purser_memory_bytes", process="api")


async def answered_id(reader: asyncio.StreamReader) -> str:
    """Whose answer is the next one."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    headers = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
    assert head.startswith("http/1.1 200 ")
    await reader.readexactly(int(headers["content-length"]))
    return headers["x-request-id"]
