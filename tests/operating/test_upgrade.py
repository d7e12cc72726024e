"""docs/upgrading.md: a database that an earlier release filled is taken over, keys and passwords included."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from runtime import migrations
from runtime.database import _WRITER_SETTINGS
from tests.client import Api
from tests.databases import make_database, until_waiting
from tests.ledger.invariants import assert_invariants
from tests.operating.commands import purser
from tests.running import Service, running_service
from tests.service.scene import log_in

VERSIONS = sorted(migrations.known_versions(), key=lambda name: int(name.partition("_")[0]))
BEFORE = VERSIONS[:4]
LEFT_BEHIND = Path(__file__).with_name("version_4.sql")
PURSE, BENS = "AaH-XusVcNquOg_Zf7D3mfzUx7NcXg3cYIP-9eMoWDT-", "AaH-Xus2caSazJmfkhNr08GvIA0CYxGq7H8kVuM7dnBS"
SOUP, HOLD = "op_01a1fe5eec4376e3af6bc41bb9921d62", "op_01a1fe5eed0b73cdb6c0b8e44f744141"
EXPIRY = "2026-11-28T00:00:00Z"
# What was asked for by then: who asked, how, and which operation came of it.
ASKED: list[tuple[str, str, dict[str, Any], str]] = [
    ("ada", "deposit", {"wallet": PURSE, "amount": "100", "idempotencyKey": "top-up"}, "SUCCEEDED"),
    (
        "shop",
        "charge",
        {"wallet": PURSE, "amount": "4.50", "summary": "Soup", "idempotencyKey": "soup"},
        "SUCCEEDED",
    ),
    (
        "shop",
        "charge",
        {"wallet": PURSE, "amount": "400", "summary": "Car", "idempotencyKey": "car"},
        "FAILED",
    ),
    (
        *("ada", "transfer"),
        {
            "from_": PURSE,
            "to": {"token": BENS},
            "amount": "10",
            "summary": "For you",
            "idempotencyKey": "gift",
        },
        "SUCCEEDED",
    ),
    ("shop", "refund", {"charge": SOUP, "amount": "1.50", "idempotencyKey": "sorry"}, "SUCCEEDED"),
    (
        *("shop", "charge"),
        {
            "wallet": PURSE,
            "amount": "9.99",
            "summary": "Shared",
            "idempotencyKey": "shared",
            "splits": [{"into": BENS, "percentage": "12.5"}],
        },
        "SUCCEEDED",
    ),
    (
        *("shop", "authorize"),
        {
            "wallet": PURSE,
            "amount": "20",
            "summary": "Bicycle",
            "expiresAt": EXPIRY,
            "idempotencyKey": "hold",
        },
        "SUCCEEDED",
    ),
    (
        "shop",
        "capture",
        {"authorization": HOLD, "amount": "5", "final": False, "idempotencyKey": "take"},
        "SUCCEEDED",
    ),
]


async def fill_as_before(dsn: str) -> None:
    """What migrations 1 to 4 make, and what their service wrote."""
    connection = await asyncpg.connect(dsn)
    try:
        for name in BEFORE:
            module = import_module(f"migrations.models.{name.removesuffix('.py')}")
            await connection.execute(await module.upgrade(None))
            await connection.execute(
                "INSERT INTO aerich (version, app, content) VALUES ($1, 'models', '{}')", name
            )
        await connection.execute(LEFT_BEHIND.read_text("utf-8"))
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def dsn(template_dsn: str) -> str:
    dsn = make_database(template_dsn, "upgraded")
    asyncio.run(fill_as_before(dsn))
    told = purser("migrate", PURSER_DATABASE_URL=dsn)
    applied = VERSIONS[len(BEFORE) :]
    assert told.stdout.splitlines() == [f"Applied {name}" for name in applied]
    return dsn


@pytest.fixture(scope="module")
def service(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"PURSER_DATABASE_URL": dsn, "PURSER_AUTO_MIGRATE": "false"}
    with running_service(tmp_path_factory.mktemp("upgraded"), workers=1, settings=settings) as service:
        yield service


@pytest.fixture
async def people(service: Service) -> AsyncIterator[dict[str, Api]]:
    """Everyone signed in with the password of before."""
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield {name: await log_in(Api(http), f"{name}@example.com") for name in ("ada", "ben", "shop")}


async def test_all_is_well_and_there(
    dsn: str, people: dict[str, Api], connection: asyncpg.Connection
) -> None:
    assert purser("reconcile", PURSER_DATABASE_URL=dsn).stdout.startswith("All is well: ")
    await assert_invariants(connection)
    purse = await people["ada"].wallet(PURSE)
    assert (purse["balance"]["amount"], purse["pending"]["amount"]) == ("122.01", "50.00")
    assert len((await people["ada"].history(PURSE))["edges"]) == 9


@pytest.mark.parametrize(
    ("who", "how", "asked", "status"), ASKED, ids=[row[2]["idempotencyKey"] for row in ASKED]
)
async def test_a_key_of_before_tells_the_outcome_of_before(
    who: str, how: str, asked: dict[str, Any], status: str, people: dict[str, Api]
) -> None:
    told = await getattr(people[who], how)(**asked)
    assert (told["replayed"], told["operation"]["status"]) == (True, status)
    if asked["idempotencyKey"] == "soup":
        assert told["operation"]["id"] == SOUP
    other = await getattr(people[who], how)(**asked | {"amount": "7.77"})
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


async def test_what_is_new_can_be_done_with_what_is_old(
    people: dict[str, Api], connection: asyncpg.Connection
) -> None:
    withdrawn = await people["ada"].withdraw(PURSE, "1.00")
    assert withdrawn["operation"]["status"] == "PENDING"
    refunded = await people["shop"].refund(SOUP, amount="3.00")
    assert refunded["operation"]["status"] == "SUCCEEDED"
    await assert_invariants(connection)


async def test_a_migration_meets_a_deadlock_and_tries_again(template_dsn: str) -> None:
    dsn = await asyncio.to_thread(make_database, template_dsn, "upgraded_after_a_deadlock")
    await fill_as_before(dsn)
    reader, onlooker = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    # So it is the migration that is to give way.
    await reader.execute("SET deadlock_timeout = '60s'")
    async with reader.transaction():
        await reader.execute("LOCK TABLE wallets IN ACCESS SHARE MODE")
        migrating = asyncio.create_task(asyncio.to_thread(purser, "migrate", PURSER_DATABASE_URL=dsn))
        await until_waiting(onlooker, 1)
        await reader.fetch("SELECT FROM operations", timeout=20)
    assert len((await migrating).stdout.splitlines()) == len(VERSIONS) - len(BEFORE)
    await reader.close()
    await onlooker.close()


async def test_an_autovacuum_gives_way_to_a_migration_and_a_migration_to_writers(
    connection: asyncpg.Connection,
) -> None:
    # Whoever waits for an autovacuum cancels it after deadlock_timeout, unless it has given up by then.
    assert await connection.fetchval(
        "SELECT current_setting('deadlock_timeout')::interval < waits AND waits < writers_wait "
        "FROM (SELECT $1::text::interval AS waits, $2::text::interval AS writers_wait) AS times",
        migrations._TABLE_LOCK_TIMEOUT,
        _WRITER_SETTINGS["lock_timeout"],
    )


async def test_a_migration_that_waits_for_a_reader_stops_no_others(template_dsn: str) -> None:
    dsn = await asyncio.to_thread(make_database, template_dsn, "upgraded_beside")
    await fill_as_before(dsn)
    reader, other = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    async with reader.transaction():
        await reader.execute("LOCK TABLE operations, wallets IN ACCESS SHARE MODE")
        migrating = asyncio.create_task(asyncio.to_thread(purser, "migrate", PURSER_DATABASE_URL=dsn))
        await until_waiting(reader, 1)
        await other.fetch("SELECT FROM operations CROSS JOIN wallets", timeout=20)
    assert len((await migrating).stdout.splitlines()) == len(VERSIONS) - len(BEFORE)
    await reader.close()
    await other.close()
