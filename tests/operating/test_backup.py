"""Backups that are made beside charges, by the commands of docs/operating.md, and what comes back of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.databases import make_database
from tests.ledger.invariants import assert_invariants
from tests.operating.backups import Operator, commands, operator_in
from tests.operating.till import Till
from tests.running import running_service
from tests.service.shop import Shop, open_shop

WELL = "All is well: "
DUMP, RESTORES = commands("### A dump")[0], commands("### From a dump")
ARCHIVING, BASE = commands("### Physical, to any instant")
TO_AN_INSTANT = commands("### To an instant")[0]


@asynccontextmanager
async def open_till(url: str) -> AsyncIterator[Till]:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield Till(await open_shop(Api(http), "USD", "1000.00"))


def moved(shop: Shop, http: httpx.AsyncClient) -> Shop:
    """The same shop, asking elsewhere."""
    return replace(shop, client=Api(http, shop.client.token), company=Api(http, shop.company.token))


async def assert_all_is_told_again(
    till: Till, folder: Path, data: str, kept: set[str], lost: set[str]
) -> None:
    """Serves what was restored, where `kept` are there and `lost` are not, and asks again for everything."""
    (folder / "data").rename(folder / f"data before {data}")
    (folder / data).rename(folder / "data")
    with running_service(folder, workers=1) as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
            connection = await asyncpg.connect(service.dsn)
            there = {row[0] for row in await connection.fetch("SELECT key FROM idempotency_keys")}
            assert kept <= there
            assert not lost & there
            told = await till.send_again(moved(till.shop, http))
            # What was there has its id still; what is carried out again has a new one.
            same = {key for key, id_ in told.acknowledged.items() if id_ == till.told.acknowledged[key]}
            assert same == there & told.acknowledged.keys()
            count = len(till.told.acknowledged)
            assert await moved(till.shop, http).balances() == (
                f"{1000 - count / 100:.2f}",
                f"{count / 100:.2f}",
            )
            await assert_invariants(connection)
            await connection.close()


@pytest.fixture
def elsewhere(template_dsn: str) -> str:
    """The URL of an empty database of another server."""
    return make_database(template_dsn, "elsewhere")


async def test_a_dump(tmp_path: Path, elsewhere: str) -> None:
    operator = operator_in(tmp_path)
    with running_service(tmp_path, workers=1) as service:
        async with open_till(service.url) as till, till.open():
            await till.sold(20)
            before = set(till.told.acknowledged)
            await asyncio.to_thread(operator.types, DUMP)
            meanwhile = set(till.told.acknowledged)
            await till.sold(20)
    (dump,) = (tmp_path / "backups").iterdir()
    assert operator.types(f"dump={dump} restored='{elsewhere}'", RESTORES[0]).startswith(WELL)
    await assert_dump_comes_back(operator, till, dump, before, meanwhile)


async def assert_dump_comes_back(
    operator: Operator, till: Till, dump: Path, before: set[str], meanwhile: set[str]
) -> None:
    printed = await asyncio.to_thread(operator.types, f"dump={dump}", RESTORES[1])
    assert printed.startswith(WELL)
    # Charges that were under way when the dump had ended are in neither: they may have been committed before it began.
    lost = sorted(set(till.told.acknowledged) - meanwhile, key=lambda key: int(key.partition("-")[2]))[10:]
    assert lost
    await assert_all_is_told_again(till, operator.folder, "restored", before, set(lost))


async def test_to_an_instant_and_to_the_end(tmp_path: Path) -> None:
    operator = operator_in(tmp_path)
    with running_service(tmp_path, workers=1):
        operator.types(ARCHIVING)
    with running_service(tmp_path, workers=1) as service:
        async with open_till(service.url) as till:
            async with till.open():
                await till.sold(5)
                await asyncio.to_thread(operator.types, BASE)
                await till.sold(20)
            before = set(till.told.acknowledged)
            connection = await asyncpg.connect(service.dsn)
            instant = str(await connection.fetchval("SELECT clock_timestamp()"))
            await connection.close()
            async with till.open():
                await till.sold(20)
    since = set(till.told.acknowledged) - before
    (base,) = (tmp_path / "backups").glob("base-*")
    at = f"base={base} instant='{instant}'"
    assert operator.types(at, TO_AN_INSTANT).startswith(WELL)
    (tmp_path / "restored").rename(tmp_path / "to the instant")
    to_the_end = "".join(
        line for line in TO_AN_INSTANT.splitlines(True) if "recovery_target_time" not in line
    )
    assert operator.types(at, to_the_end).startswith(WELL)
    await assert_all_is_told_again(till, tmp_path, "to the instant", before, since)
    await assert_all_is_told_again(till, tmp_path, "restored", before | since, set())
