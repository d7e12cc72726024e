"""What is queued, as a client sees it: accepted at once, done by a worker in its turn, told in the history."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.client import PASSWORD, Api
from tests.databases import copy_database, until_waiting
from tests.ledger.invariants import assert_invariants
from tests.running import Service, running_service
from tests.service.rates import set_rates
from tests.service.scene import log_in
from tests.service.shop import Shop, open_shop, refusal
from tests.workers.running import running_worker, until

ADMINISTRATOR = "administrator@example.com"


@pytest.fixture(scope="module")
def service(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service without a worker of its own, so that what is queued waits for the test's."""
    settings = {
        "PURSER_DATABASE_URL": copy_database(template_dsn, "queued_by_http"),
        "PURSER_ADMIN_EMAIL": ADMINISTRATOR,
        "PURSER_ADMIN_PASSWORD": PASSWORD,
    }
    with running_service(tmp_path_factory.mktemp("queued"), workers=2, settings=settings) as service:
        yield service


@pytest.fixture
async def dsn(service: Service) -> str:
    return service.dsn


@pytest.fixture
async def shop(anyone: Api) -> Shop:
    return await open_shop(anyone, "USD", "10")


@pytest.fixture(autouse=True)
async def _invariants_hold(dsn: str) -> AsyncIterator[None]:
    yield
    connection = await asyncpg.connect(dsn)
    await assert_invariants(connection)
    await connection.close()


async def status(anyone: Api) -> Any:
    return (await anyone.http.get("/status")).json()


async def work_off(service: Service, folder: Path) -> None:
    """A worker comes and does all that is queued."""
    connection = await asyncpg.connect(service.dsn)

    async def is_empty() -> object:
        return not await connection.fetchval("SELECT count(*) FROM queued_operations")

    with running_worker(folder, DATABASE_URL=service.dsn):
        await until(is_empty, "the queue is empty")
    await connection.close()


def accepted(payload: Any) -> str:
    """The id of what waits now."""
    assert payload["userErrors"] == []
    operation = payload["operation"]
    assert (operation["status"], operation["success"], operation["failureCode"]) == ("PENDING", False, None)
    assert operation["debited"] is operation["credited"] is None
    known: str = operation["id"]
    return known


async def test_deposit_charge_and_transfer_wait_and_are_done_in_order(
    service: Service, shop: Shop, tmp_path: Path
) -> None:
    friend = await shop.client.create_wallet()
    ids = [
        accepted(await shop.deposit("5", queued=True)),
        accepted(await shop.charge("12", queued=True)),
        accepted(
            await shop.client.transfer(shop.purse["token"], {"token": friend["token"]}, "1", queued=True)
        ),
    ]
    assert await shop.balances() == ("10.00", "0.00")
    assert [(await shop.client.operation(known))["status"] for known in ids] == ["PENDING"] * 3
    assert (await shop.statuses()) == (["SUCCEEDED"], [])

    await work_off(service, tmp_path)

    assert await shop.balances() == ("2.00", "12.00")
    history = (await shop.client.history(shop.purse["token"], "first: 10, orderBy: OLDEST_FIRST"))["edges"]
    told = [(edge["node"]["id"], edge["change"]["amount"], edge["node"]["status"]) for edge in history[1:]]
    assert told == [
        (ids[0], "5.00", "SUCCEEDED"),
        (ids[1], "-12.00", "SUCCEEDED"),
        (ids[2], "-1.00", "SUCCEEDED"),
    ]
    assert [(await shop.client.operation(known))["status"] for known in ids] == ["SUCCEEDED"] * 3
    assert (await shop.client.operation(ids[1]))["debited"] == {"amount": "12.00", "currency": "USD"}


async def test_refused_in_its_turn_and_told_by_its_key(service: Service, shop: Shop, tmp_path: Path) -> None:
    asked = {"queued": True, "idempotencyKey": "too-much"}
    known = accepted(await shop.charge("10.01", **asked))
    after = accepted(await shop.charge("10.00", queued=True))
    again = await shop.charge("10.01", **asked)
    assert (again["replayed"], accepted(again)) == (True, known)

    await work_off(service, tmp_path)

    told = await shop.charge("10.01", **asked)
    assert (told["replayed"], told["operation"]["id"]) == (True, known)
    assert refusal(told)[0] == "INSUFFICIENT_FUNDS"
    till = ["SUCCEEDED", "INSUFFICIENT_FUNDS"]
    assert await shop.statuses() == ([*till, "SUCCEEDED"], till)
    assert (await shop.client.operation(after))["status"] == "SUCCEEDED"
    # The same words without `queued` are another request.
    assert refusal(await shop.charge("10.01", idempotencyKey="too-much"))[0] == "IDEMPOTENCY_CONFLICT"


async def test_many_at_once_are_queued_in_their_order(service: Service, shop: Shop, tmp_path: Path) -> None:
    inputs = [
        {"wallet": shop.purse["token"], "amount": amount, "summary": "", "queued": True}
        for amount in ("4", "7", "0", "6", "1")
    ]
    answer = await shop.company.many("chargeMany", inputs)
    assert (answer["succeededCount"], answer["failedCount"]) == (4, 1)
    assert refusal(answer["outcomes"][2])[0] == "AMOUNT_NOT_POSITIVE"
    await work_off(service, tmp_path)
    done = [
        (await shop.company.operation(outcome["operation"]["id"]))
        for outcome in answer["outcomes"]
        if outcome["operation"]
    ]
    assert [operation["status"] for operation in done] == ["SUCCEEDED", "FAILED", "SUCCEEDED", "FAILED"]
    assert await shop.balances() == ("0.00", "10.00")


async def test_what_is_queued_is_never_all_or_nothing(shop: Shop) -> None:
    inputs = [{"wallet": shop.purse["token"], "amount": "1", "summary": "", "queued": True}] * 2
    answer = await shop.company.many("chargeMany", inputs, atomic=True)
    assert [refusal(outcome)[0] for outcome in answer["outcomes"]] == ["INVALID", "INVALID"]
    assert [outcome["operation"] for outcome in answer["outcomes"]] == [None, None]
    assert await shop.statuses() == (["SUCCEEDED"], [])


async def test_what_is_queued_may_be_available_later_converted_or_split(
    service: Service, anyone: Api, shop: Shop, tmp_path: Path
) -> None:
    answer = await set_rates(await log_in(anyone, ADMINISTRATOR), {"code": "EUR", "rate": "1.25"})
    assert answer["userErrors"] == []
    partner = await open_shop(anyone, "EUR")
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    deposited = accepted(await shop.deposit("4", currency="EUR", availableAt=later, queued=True))
    refused = accepted(await shop.deposit("4", currency="EUR", conversion="FORBID", queued=True))
    splits = [{"into": partner.till["token"], "percentage": "50"}]
    charged = accepted(await shop.charge("8", queued=True, splits=splits))

    await work_off(service, tmp_path)

    wallet = await shop.client.wallet(shop.purse["token"])
    assert (wallet["balance"]["amount"], wallet["pending"]["amount"]) == ("7.00", "5.00")
    assert (await shop.client.operation(deposited))["credited"] == {"amount": "5.00", "currency": "USD"}
    assert (await shop.client.operation(refused))["status"] == "FAILED"
    (split,) = (await shop.company.operation(charged))["splits"]
    assert split["credited"] == {"amount": "3.20", "currency": "EUR"}
    assert await shop.balances() == ("7.00", "4.00")


async def test_status_tells_how_many_wait_and_how_long(
    service: Service, anyone: Api, shop: Shop, tmp_path: Path
) -> None:
    await work_off(service, tmp_path)
    await asyncio.sleep(1.1)
    empty = await status(anyone)
    assert empty["queue"] == {"depth": 0, "oldest_seconds": None}
    assert empty["withdrawals"] == {"PENDING": 0, "SENT": 0, "UNKNOWN": 0, "oldest_seconds": None}
    queued_at = time.monotonic()
    for _ in range(3):
        accepted(await shop.charge("1", queued=True))

    async def is_told() -> object:
        return (await status(anyone))["queue"]["depth"] == 3

    await until(is_told, "the status tells of three")
    await asyncio.sleep(1.1)
    told = await status(anyone)
    assert told["queue"]["depth"] == 3
    assert 1 <= told["queue"]["oldest_seconds"] <= time.monotonic() - queued_at + 0.1
    await work_off(service, tmp_path)


async def test_status_counts_once_for_all_and_not_for_long(template_dsn: str, tmp_path: Path) -> None:
    dsn = await asyncio.to_thread(copy_database, template_dsn, "status_that_waits")
    blocker = await asyncpg.connect(dsn)
    with running_service(tmp_path, workers=1, settings={"PURSER_DATABASE_URL": dsn}) as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=20) as http, blocker.transaction():
            await blocker.execute("LOCK TABLE queued_operations IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(http.get("/status")) for _ in range(20)]
            await until_waiting(blocker, 1)
            await asyncio.sleep(0.5)
            await blocker.execute("SELECT pg_stat_clear_snapshot()")
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            assert await blocker.fetchval(waiting) == 1
            answers = await asyncio.gather(*asked)
            for answer in answers:
                assert answer.status_code == 200
                assert answer.json()["queue"] is answer.json()["withdrawals"] is None
                assert answer.json()["database_latency_ms"] is not None
    await blocker.close()
