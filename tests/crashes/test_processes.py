"""The money is right while several API processes share it, and while they and the database are killed."""

import asyncio
import itertools
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.crashes.restartable import RestartablePostgres, restartable_postgres
from tests.crashes.retrying import Told, charge_by_key, charge_once
from tests.ledger.invariants import assert_invariants
from tests.running import Service, running_service
from tests.runtime.processes import wait_until

pytestmark = pytest.mark.slow

WORKERS = 3
CLIENTS_AT_ONCE = 24


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartablePostgres]:
    with restartable_postgres(tmp_path_factory.mktemp("pg")) as postgres:
        yield postgres


@pytest.fixture(scope="module")
def service(postgres: RestartablePostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"PURSER_DATABASE_URL": postgres.dsn}
    with running_service(tmp_path_factory.mktemp("many"), workers=WORKERS, settings=settings) as service:
        yield service


@pytest.fixture
async def callers(service: Service) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Connections enough that every process has some of them."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(httpx.AsyncClient(base_url=service.url, timeout=30))
            for _ in range(CLIENTS_AT_ONCE)
        ]


@pytest.fixture(autouse=True)
async def _invariants_hold(service: Service) -> AsyncIterator[None]:
    yield
    connection = await asyncpg.connect(service.dsn)
    try:
        await assert_invariants(connection)
    finally:
        await connection.close()


class Shop(NamedTuple):
    """A company on each connection, and the wallet of a client that it charges."""

    companies: list[Api]
    wallet: str
    client: Api


async def open_shop(callers: list[httpx.AsyncClient], amount: str) -> Shop:
    client, company = await asyncio.gather(
        Api(callers[0]).sign_up_client(), Api(callers[1]).sign_up_company()
    )
    purse, _ = await client.create_wallet(), await company.create_wallet()
    await client.deposit(purse["token"], amount)
    return Shop([Api(http, company.token) for http in callers], purse["token"], client)


async def test_five_hundred_charges_of_a_hundred_in_the_wallet(callers: list[httpx.AsyncClient]) -> None:
    shop = await open_shop(callers, "100.00")
    companies = itertools.cycle(shop.companies)
    answers = await asyncio.gather(*(next(companies).charge(shop.wallet, "1.00") for _ in range(500)))
    assert Counter(answer["operation"]["status"] for answer in answers) == {"SUCCEEDED": 100, "FAILED": 400}
    assert len({answer["operation"]["id"] for answer in answers}) == 500
    assert {answer["operation"]["failureCode"] for answer in answers} == {None, "INSUFFICIENT_FUNDS"}
    wallet = await shop.client.wallet(shop.wallet)
    assert wallet["balance"]["amount"] == "0.00"
    (newest,) = (await shop.client.history(shop.wallet, "first: 1"))["edges"]
    assert newest["sequence"] == 501


async def test_one_key_twenty_times_at_once(callers: list[httpx.AsyncClient]) -> None:
    shop = await open_shop(callers, "100.00")
    answers = await asyncio.gather(
        *(company.charge(shop.wallet, "7.00", idempotencyKey="lunch") for company in shop.companies[:20])
    )
    assert len({answer["operation"]["id"] for answer in answers}) == 1
    assert Counter(answer["replayed"] for answer in answers) == {False: 1, True: 19}
    assert (await shop.client.wallet(shop.wallet))["balance"]["amount"] == "93.00"
    other = await shop.companies[5].charge(shop.wallet, "7.01", idempotencyKey="lunch")
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


async def test_opposite_payments_under_load(callers: list[httpx.AsyncClient]) -> None:
    one, other = await asyncio.gather(Api(callers[0]).sign_up_company(), Api(callers[1]).sign_up_company())
    wallets = [(await company.create_wallet())["token"] for company in (one, other)]
    await one.deposit(wallets[0], "500.00")
    await other.deposit(wallets[1], "500.00")
    charges = [
        Api(callers[number % CLIENTS_AT_ONCE], (one, other)[number % 2].token).charge(
            wallets[1 - number % 2], "0.25"
        )
        for number in range(400)
    ]
    answers = await asyncio.gather(*charges)
    assert {answer["operation"]["status"] for answer in answers} == {"SUCCEEDED"}
    balances = [
        (await company.wallet(token))["balance"] for company, token in zip((one, other), wallets, strict=True)
    ]
    assert [balance["amount"] for balance in balances] == ["500.00", "500.00"]


async def test_a_log_out_is_honoured_by_every_process_within_a_second(
    callers: list[httpx.AsyncClient],
) -> None:
    client = await Api(callers[0]).sign_up_client()
    everywhere = [Api(http, client.token) for http in callers]
    viewer = "{ viewer { id } }"
    assert all(
        not answer.error_codes for answer in await asyncio.gather(*(api.ask(viewer) for api in everywhere))
    )
    await client.ask("mutation { logOut { userErrors { code } } }")
    await asyncio.sleep(1)
    answers = await asyncio.gather(*(api.ask(viewer) for api in everywhere))
    assert [answer.error_codes for answer in answers] == [["UNAUTHENTICATED"]] * CLIENTS_AT_ONCE


async def charge_through(disaster: Callable[[], Awaitable[None]], shop: Shop, service: Service) -> Told:
    """Careful and careless clients charge while the disaster takes its course; then every answer is checked."""
    told = Told()
    over = asyncio.Event()

    async def charge_on(number: int) -> None:
        for turn in itertools.count():
            summary = f"{shop.wallet} {number} {turn}"
            charge = charge_by_key if number % 2 else charge_once
            await charge(
                shop.companies[number], shop.wallet, "0.01" if turn % 5 else "999999.00", summary, told
            )
            if over.is_set():
                return

    charging = asyncio.gather(*(charge_on(number) for number in range(CLIENTS_AT_ONCE)))
    await asyncio.sleep(0.3)
    await disaster()
    await asyncio.sleep(0.5)
    over.set()
    await charging
    await check(told, shop, service)
    return told


async def check(told: Told, shop: Shop, service: Service) -> None:
    connection = await asyncpg.connect(service.dsn)
    rows = await connection.fetch(
        "SELECT summary, status::text, count(*) AS times FROM operations WHERE starts_with(summary, $1) GROUP BY 1, 2",
        shop.wallet,
    )
    await connection.close()
    found = {row["summary"]: (row["status"], row["times"]) for row in rows}
    assert len(found) == len(rows)
    assert {found.get(summary) for summary in told.acknowledged} == {("SUCCEEDED", 1)}
    assert {found.get(summary) for summary in told.refused} == {("FAILED", 1)}
    assert not told.not_executed & found.keys()
    assert {times for _, times in found.values()} == {1}
    # Nothing that nobody asked for, or that nobody was told of.
    assert found.keys() <= {*told.acknowledged, *told.refused, *told.unknown}


def api_processes(service: Service) -> set[int]:
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    return {pid for pid in map(int, children) if b"api-process" in Path(f"/proc/{pid}/cmdline").read_bytes()}


async def test_api_processes_killed_under_load(callers: list[httpx.AsyncClient], service: Service) -> None:
    shop = await open_shop(callers, "5000.00")

    async def kill_some() -> None:
        for _ in range(3):
            os.kill(min(api_processes(service)), signal.SIGKILL)
            await asyncio.sleep(1.0)

    told = await charge_through(kill_some, shop, service)
    assert told.failed_tries > 0
    wait_until(lambda: len(api_processes(service)) == WORKERS, "the killed ones are replaced")


async def test_the_database_crashes_under_load(
    callers: list[httpx.AsyncClient], service: Service, postgres: RestartablePostgres
) -> None:
    shop = await open_shop(callers, "5000.00")

    async def crash() -> None:
        for _ in range(2):
            await asyncio.to_thread(postgres.crash)
            await asyncio.sleep(1.0)

    told = await charge_through(crash, shop, service)
    assert told.acknowledged
