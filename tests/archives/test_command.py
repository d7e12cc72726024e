"""`purser partitions`, as an operator runs it beside the service, and what its users see of it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.archives.aging import add_partitions, age
from tests.archives.old import AUGUST, NOVEMBER, OCTOBER, SEPTEMBER, file_of
from tests.client import Api
from tests.ledger.invariants import assert_invariants
from tests.running import Service, running_service
from tests.service.shop import Shop, open_shop, refusal

SECONDS_MAX = 60
DEPOSITS = 30


def partitions(settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """The same of one of the commands that this is about."""
    return purser(settings, "partitions", *arguments)


def purser(settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code, and all that the command printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", *arguments],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("partitions")


@pytest.fixture(scope="module")
def settings(folder: Path) -> dict[str, str]:
    """What makes the command reach the service's own server."""
    return {"PURSER_DATA_DIR": str(folder / "data")}


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    """A service for this module alone: all that anyone does here becomes old."""
    with running_service(folder, workers=1) as service:
        yield service


@pytest.fixture(scope="module")
def dsn(service: Service) -> str:
    return service.dsn


@pytest.fixture(scope="module")
async def shop(service: Service, dsn: str) -> AsyncIterator[Shop]:
    """A purse that was topped up in August and September, and charged in both and now."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        shop = await open_shop(Api(http), "USD", "10.00")
        connection = await asyncpg.connect(dsn)
        try:
            await add_partitions(connection, [AUGUST, SEPTEMBER, OCTOBER, NOVEMBER])
            for month in (AUGUST, SEPTEMBER):
                for _ in range(DEPOSITS // 2):
                    await shop.deposit("1.00")
                await shop.charge("4.00", idempotencyKey=f"{month:%B}")
                await age(connection, month + timedelta(days=3))
        finally:
            await connection.close()
        await shop.charge("0.50", idempotencyKey="now")
        yield shop


async def sequences(shop: Shop, order: str, page: str, cursor: str) -> list[int]:
    """The whole history of the purse, page by page."""
    found: list[int] = []
    arguments = f"orderBy: {order}, {page}: 7"
    while True:
        history = await shop.client.history(shop.purse["token"], arguments)
        numbers = [edge["sequence"] for edge in history["edges"]]
        found = found + numbers if page == "first" else numbers + found
        info = history["pageInfo"]
        if not info["hasNextPage" if page == "first" else "hasPreviousPage"]:
            return found
        at = info["endCursor" if page == "first" else "startCursor"]
        arguments = f'orderBy: {order}, {page}: 7, {cursor}: "{at}"'


async def reports(shop: Shop, *, since: datetime) -> Any:
    """The purse's balance then, and what happened since; or the codes of what could not be told."""
    answer = await shop.client.ask(
        "query ($token: WalletToken, $since: DateTime!) { wallet(token: $token) { "
        "balanceAt(at: $since) { amount } totals(from: $since) { moneyIn { amount } moneyOut { amount } } "
        "unasked: totals { operationCount } statement(from: $since) { opening { amount } closing { amount } "
        "totals { operationCount } history { edges { sequence } } } } }",
        token=shop.purse["token"],
        since=since.isoformat(),
    )
    return set(answer.error_codes) or answer.data


async def test_a_month_goes_and_comes_back(
    shop: Shop, settings: dict[str, str], connection: asyncpg.Connection, tmp_path: Path
) -> None:
    balances = await shop.balances()
    whole = await sequences(shop, "OLDEST_FIRST", "first", "after")
    assert whole == list(range(1, len(whole) + 1))
    september = await reports(shop, since=SEPTEMBER)
    oldest = (await shop.client.history(shop.purse["token"], "orderBy: OLDEST_FIRST, first: 1"))["edges"][0]
    charged = await shop.charge("4.00", idempotencyKey="August")
    assert charged["replayed"]
    path = file_of(tmp_path, "202508")

    assert partitions(settings, "archive", "202508", str(tmp_path))[0] == 0
    code, said = partitions(settings, "detach", str(path))
    assert (code, "202508 is in " in said) == (0, True)
    await assert_invariants(connection)

    assert await shop.balances() == balances
    assert await reports(shop, since=SEPTEMBER) == september
    assert await reports(shop, since=SEPTEMBER - timedelta(seconds=1)) == {"BAD_USER_INPUT"}
    code, said = purser(settings, "reconcile")
    assert code == 0, said
    left = whole[1 + DEPOSITS // 2 + 1 :]
    for order, page, cursor, expected in (
        ("OLDEST_FIRST", "first", "after", left),
        ("OLDEST_FIRST", "last", "before", left),
        ("NEWEST_FIRST", "first", "after", left[::-1]),
        ("NEWEST_FIRST", "last", "before", left[::-1]),
    ):
        assert await sequences(shop, order, page, cursor) == expected
    # A cursor of what is gone still leads somewhere.
    after = f'orderBy: OLDEST_FIRST, first: 1, after: "{oldest["cursor"]}"'
    assert (await shop.client.history(shop.purse["token"], after))["edges"][0]["sequence"] == left[0]
    assert await shop.client.operation(oldest["node"]["id"]) is None
    assert refusal(await shop.company.refund(charged["operation"]["id"])) == (
        "OPERATION_NOT_FOUND",
        ["operation"],
    )
    again = await shop.charge("4.00", idempotencyKey="August")
    assert again["replayed"]
    assert refusal(again) == ("OPERATION_ARCHIVED", ["idempotencyKey"])
    assert (await shop.charge("4.00", idempotencyKey="September"))["operation"]["success"]
    assert await shop.balances() == balances

    assert partitions(settings, "restore", str(path)) == (0, "202508 is in the tables.\n")
    assert await sequences(shop, "OLDEST_FIRST", "first", "after") == whole
    assert await shop.client.operation(oldest["node"]["id"]) is not None
    assert (await shop.charge("4.00", idempotencyKey="August"))["operation"] == charged["operation"]
    await assert_invariants(connection)


async def test_a_refusal_names_its_code(shop: Shop, settings: dict[str, str], tmp_path: Path) -> None:
    code, said = partitions(settings, "archive", "202509", str(tmp_path))
    assert (code, said) == (
        1,
        "Error: OLDER_FIRST: 202508 is older and still here: archive and detach it first.\n",
    )
    code, said = partitions(settings, "restore", str(tmp_path / "nothing"))
    assert code == 1
    assert said.startswith("Error: FILE_UNUSABLE: ")
    (tmp_path / "purser-202508.jsonl.gz.draft").mkdir()
    code, said = partitions(settings, "archive", "202508", str(tmp_path))
    assert code == 1
    assert said.startswith("Error: FILE_UNUSABLE: ")


async def test_the_list_is_the_same_by_url_and_by_folder(
    shop: Shop, service: Service, settings: dict[str, str]
) -> None:
    code, said = partitions(settings, "list")
    assert code == 0
    assert partitions({"DATABASE_URL": service.dsn}, "list") == (0, said)
    lines = [line.split() for line in said.splitlines()]
    assert lines[0] == ["TABLE", "PERIOD", "ROWS", "SIZE", "STATE"]
    states = {
        (line[0], line[1]): " ".join(line[5:]) for line in lines if line[0] in ("operations", "entries")
    }
    assert states["operations", "202509"] == "old"
    assert states["entries", "202510"] == "old"
    assert states["entries", "default"] == "default"
    assert list(states.values()).count("current") == 2
    assert list(states.values()).count("ahead") == 6


def test_it_starts_the_embedded_server_where_nothing_runs(tmp_path: Path) -> None:
    settings = {"PURSER_DATA_DIR": str(tmp_path / "data")}
    code, said = partitions(settings, "list")
    assert (code, "run `purser migrate`" in said) == (1, True)
