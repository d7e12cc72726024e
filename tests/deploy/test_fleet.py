"""Instances behind nginx, restarted one by one and killed while clients charge: nothing lost, nothing doubled."""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.crashes.retrying import CHARGE, Told, charge_by_key
from tests.deploy.conftest import needs_nginx
from tests.deploy.running import Fleet
from tests.ledger.invariants import assert_invariants

pytestmark = [needs_nginx, pytest.mark.slow]

VIEWER = "{ viewer { id } }"


class Shop(NamedTuple):
    """A company on each connection, and the wallet of a client that it charges."""

    companies: list[Api]
    wallet: str
    client: Api


async def open_shop(callers: list[httpx.AsyncClient]) -> Shop:
    client, company = await Api(callers[0]).sign_up_client(), await Api(callers[1]).sign_up_company()
    purse, _ = await client.create_wallet(), await company.create_wallet()
    await client.deposit(purse["token"], "100000.00")
    return Shop([Api(http, company.token) for http in callers], purse["token"], client)


async def charge_strictly(company: Api, wallet: str, amount: str, summary: str, told: Told) -> None:
    """Once: whatever isn't a success is a failed request, and so is a connection that breaks off."""
    asked = {"wallet": wallet, "amount": amount, "summary": summary, "idempotencyKey": summary}
    answer = await company.ask(CHARGE, input=asked)
    assert answer.status == 200
    assert "errors" not in answer.body, answer.body
    payload = answer.data["charge"]
    assert payload["replayed"] is False
    told.note(summary, payload)


@asynccontextmanager
async def charging(shop: Shop, charge: Any) -> AsyncIterator[Told]:
    """Every company charges, one charge after the other, for the time of the block."""
    told = Told()
    over = asyncio.Event()

    async def charge_on(number: int) -> None:
        for turn in itertools.count():
            await charge(shop.companies[number], shop.wallet, "0.01", f"{shop.wallet} {number} {turn}", told)
            if over.is_set():
                return

    async with asyncio.TaskGroup() as group:
        for number in range(len(shop.companies)):
            group.create_task(charge_on(number))
        await asyncio.sleep(0.3)
        yield told
        await asyncio.sleep(0.3)
        over.set()


async def assert_books_agree(told: Told, shop: Shop, fleet: Fleet) -> None:
    """Every charge that was acknowledged is there once, and no other one."""
    connection = await asyncpg.connect(fleet.dsn)
    try:
        rows = await connection.fetch(
            "SELECT id::text, summary, status::text FROM operations WHERE starts_with(summary, $1)",
            shop.wallet,
        )
        await assert_invariants(connection)
    finally:
        await connection.close()
    assert Counter((row["summary"], row["status"]) for row in rows) == dict.fromkeys(
        ((summary, "SUCCEEDED") for summary in told.acknowledged), 1
    )
    balance = (await shop.client.wallet(shop.wallet))["balance"]["amount"]
    assert balance == f"{100_000 - len(rows) / 100:.2f}"


async def test_a_rolling_restart_fails_no_request(callers: list[httpx.AsyncClient], fleet: Fleet) -> None:
    before = [fleet.launcher(1), fleet.launcher(2)]
    shop = await open_shop(callers)
    async with charging(shop, charge_strictly) as told:
        await fleet.restart()
    assert not {fleet.launcher(1), fleet.launcher(2)} & set(before)
    assert len(told.acknowledged) > 1000
    await assert_books_agree(told, shop, fleet)


async def test_the_next_restart_begins_with_what_one_that_failed_left_out(
    callers: list[httpx.AsyncClient], fleet: Fleet
) -> None:
    draining = fleet.folder / "proxy/draining"
    (draining / "2").touch()
    shop = await open_shop(callers)
    async with charging(shop, charge_strictly) as told:
        await fleet.restart()
    assert list(draining.iterdir()) == []
    await assert_books_agree(told, shop, fleet)


async def test_a_log_out_at_one_instance_is_honoured_by_the_other(fleet: Fleet) -> None:
    one, other = (f"http://{address}" for address in fleet.state.instances)
    async with httpx.AsyncClient(base_url=one) as http, httpx.AsyncClient(base_url=other) as other_http:
        here = await Api(http).sign_up_client()
        there = Api(other_http, here.token)
        assert not (await there.ask(VIEWER)).error_codes
        await here.ask("mutation { logOut { userErrors { code } } }")
        logged_out_at = time.monotonic()
        while not (codes := (await there.ask(VIEWER)).error_codes):
            assert time.monotonic() < logged_out_at + 1
            await asyncio.sleep(0.02)
        assert codes == ["UNAUTHENTICATED"]


async def test_an_instance_that_is_killed_loses_and_doubles_nothing(
    callers: list[httpx.AsyncClient], fleet: Fleet
) -> None:
    shop = await open_shop(callers)
    async with charging(shop, charge_by_key) as told:
        await killed_and_back(fleet, 1)
        # This one has requests in hand for certain: it stands still for a moment before.
        fleet.signal_instance(2, signal.SIGSTOP)
        await asyncio.sleep(0.3)
        await killed_and_back(fleet, 2)
    assert told.failed_tries > 0
    await assert_books_agree(told, shop, fleet)


async def test_a_killed_proxy_is_back_on_its_port(fleet: Fleet) -> None:
    pid_file = fleet.folder / "proxy/nginx.pid"
    before = pid_file.read_text()
    # Its workers live on, and listen.
    os.kill(int(before), signal.SIGKILL)
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://{fleet.state.proxy}") as http:
        while pid_file.read_text() == before or not await is_ready(http):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("same_folder", "said"), [(True, "A fleet runs in "), (False, "Can't listen on ")])
async def test_a_second_fleet_is_refused(fleet: Fleet, tmp_path: Path, same_folder: bool, said: str) -> None:
    folder = fleet.folder if same_folder else tmp_path
    port = fleet.state.proxy.rpartition(":")[2]
    before = (fleet.folder / "fleet.json").read_text()
    assert said in await fleet.command("up", "--folder", str(folder), "--port", port)
    assert (fleet.folder / "fleet.json").read_text() == before


async def test_nobody_is_told_to_restart_by_the_state_of_a_fleet_that_was_killed(
    fleet: Fleet, tmp_path: Path
) -> None:
    bystander = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    replace(fleet.state, pid=bystander.pid).write(tmp_path)
    assert "No fleet runs in " in await fleet.command("restart", "--folder", str(tmp_path))
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()


async def killed_and_back(fleet: Fleet, number: int) -> None:
    before = fleet.launcher(number)
    fleet.signal_instance(number, signal.SIGKILL)
    url = f"http://{fleet.state.instances[number - 1]}"
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=url) as http:
        while not await is_ready(http):
            await asyncio.sleep(0.1)
    assert fleet.launcher(number) != before


async def is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False
