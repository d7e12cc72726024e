"""Downloads that go wrong, or slowly, or are too many at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.running import Service
from tests.service.conftest import ADMINISTRATOR
from tests.service.exports import download, lengthen, link_to, path_of, slow_reader
from tests.service.scene import log_in
from tests.service.shop import Shop, open_shop

# With some 300 bytes each, much more than the kernel keeps for who does not read.
ROWS = 40_000


@pytest.fixture(scope="module")
async def long_shop(service: Service) -> AsyncIterator[Shop]:
    """A purse with a long history."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        shop = await open_shop(Api(http), "USD")
        connection = await asyncpg.connect(service.dsn)
        await lengthen(connection, shop.purse["id"], ROWS)
        await connection.close()
        yield shop


async def test_a_file_that_breaks_off_is_recognised(long_shop: Shop, connection: asyncpg.Connection) -> None:
    link = await link_to(long_shop.client, long_shop.purse)
    received = bytearray()
    async with slow_reader() as http, http.stream("GET", link) as answer:
        assert (answer.status_code, answer.headers["purser-rows"]) == (200, str(ROWS))
        # The database lets nobody read the parts that are still to come.
        async with connection.transaction():
            await connection.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
                await read_into(received, answer)
    assert 0 < received.count(b"\n") < ROWS
    assert (await download(link)).content.startswith(bytes(received))


async def read_into(received: bytearray, answer: httpx.Response) -> None:
    async for chunk in answer.aiter_raw():
        received += chunk


async def test_without_the_database_it_does_not_begin(
    long_shop: Shop, connection: asyncpg.Connection
) -> None:
    link = await link_to(long_shop.client, long_shop.purse)
    async with connection.transaction():
        await connection.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
        answer = await download(link)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_what_the_link_promised_is_there_or_the_file_breaks_off(
    anyone: Api, connection: asyncpg.Connection
) -> None:
    shop = await open_shop(anyone, "USD")
    await lengthen(connection, shop.purse["id"], 3)
    link = await link_to(shop.client, shop.purse, format="JSON_LINES")
    # As archived entries are away: nobody may delete any, so one is another wallet's for as long as this takes.
    wallet_id, hidden_id = UUID(hex=shop.purse["id"].removeprefix("wal_")), uuid4()
    move = "UPDATE entries SET wallet_id = $2 WHERE wallet_id = $1 AND sequence = 1"
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(move, wallet_id, hidden_id)
    received = bytearray()
    async with httpx.AsyncClient(timeout=20) as http, http.stream("GET", link) as answer:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            await read_into(received, answer)
    assert (received.count(b"\n"), b'"end"' in received) == (2, False)
    answer = await download(await link_to(shop.client, shop.purse))
    await connection.execute(move, hidden_id, wallet_id)
    assert (answer.status_code, answer.headers["purser-rows"]) == (200, "2")


async def test_only_so_many_at_once_and_of_one_account(
    anyone: Api, second_instance: Service, long_shop: Shop, shop: Shop
) -> None:
    """The second instance has one process. Who reads slowly is in nobody's way but that of further downloads."""
    administrator = await log_in(anyone, ADMINISTRATOR)
    owners, admins, others = [
        second_instance.url + path_of(await link_to(reader, wallet))
        for reader, wallet in (
            (long_shop.client, long_shop.purse),
            (administrator, long_shop.purse),
            (shop.client, shop.purse),
        )
    ]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(slow_reader())
        for number, link in enumerate((owners, owners, admins, admins), 1):
            answer = await stack.enter_async_context(http.stream("GET", link))
            assert answer.status_code == 200
            if number == 2:
                assert await is_overloaded(owners)
                assert (await download(others)).status_code == 200
        assert await is_overloaded(others)
        # A look at the head takes nothing, and everything else goes on.
        assert (await http.head(others)).status_code == 200
        async with httpx.AsyncClient(base_url=second_instance.url, timeout=20) as there:
            for _ in range(20):
                history = await Api(there, long_shop.client.token).history(long_shop.purse["token"])
                assert len(history["edges"]) == 100
    # All of them are gone, and their places free.
    give_up_at = time.monotonic() + 10
    while await is_overloaded(owners):
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.05)


async def is_overloaded(link: str) -> bool:
    async with httpx.AsyncClient(timeout=20) as http, http.stream("GET", link) as answer:
        if answer.status_code == 200:
            return False
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        await answer.aread()
        assert answer.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
        return True
