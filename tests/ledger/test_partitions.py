"""Partitions are made ahead; one that is late stops nothing and nobody, and takes over what it missed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from ledger import partitions
from ledger.partitions import PARTITIONED_TABLES, make_partitions
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database, until_waiting
from tests.ledger.holders import open_holder
from tests.ledger.invariants import assert_invariants

PARTITIONS = """
    SELECT inhparent::regclass::text AS parent, inhrelid::regclass::text AS name
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE relkind = 'r' AND inhparent::regclass::text = ANY ($1) ORDER BY 1, 2
"""


@pytest.fixture
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    """A database for each test: these leave partitions behind."""
    return copy_database(template_dsn, request.node.name[:60])


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(dsn, 8) as pool:
        yield pool


@pytest.fixture
async def late(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    """A ledger at work that has no partition but the default ones."""
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        for row in await pool.fetch(PARTITIONS, PARTITIONED_TABLES):
            if not row["name"].endswith("_default"):
                await pool.execute(f"DROP TABLE {row['name']}")
        yield ledger


def months_from_now(count: int) -> list[str]:
    now = datetime.now(UTC)
    months = [now.year * 12 + now.month - 1 + later for later in range(count)]
    return [f"{month // 12}{month % 12 + 1:02d}" for month in months]


async def test_this_month_and_the_next_three_are_made_at_start(dsn: str, pool: asyncpg.Pool) -> None:
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
        await ledger.submit(company.charge(client, "4.00"))
    for table in PARTITIONED_TABLES:
        names = [row["name"] for row in await pool.fetch(PARTITIONS, [table])]
        assert names == [*(f"{table}_{month}" for month in months_from_now(4)), f"{table}_default"]
        assert await pool.fetchval(f"SELECT count(*) FROM {table}_{months_from_now(1)[0]}") > 0
        assert await pool.fetchval(f"SELECT count(*) FROM {table}_default") == 0


async def test_a_late_partition_takes_over_what_it_missed(
    late: Ledger, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(late, "10.00"), await open_holder(late)
    for number in range(5):
        await late.submit(company.charge(client, "2.50", key=f"meal {number}"))
    assert await pool.fetchval("SELECT count(*) FROM entries_default") == 12

    await make_partitions(pool, 1)

    assert await pool.fetchval("SELECT count(*) FROM entries_default") == 0
    assert await pool.fetchval("SELECT count(*) FROM operations_default") == 0
    replayed = await late.submit(company.charge(client, "2.50", key="meal 0"))
    assert replayed.replayed
    await late.submit(client.deposit("1.00"))
    await assert_invariants(connection)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute("DELETE FROM entries")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO entries SELECT * FROM entries")


async def test_a_month_with_too_much_to_be_moved_stays_in_the_default_partition(
    late: Ledger,
    pool: asyncpg.Pool,
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(partitions, "_MOVED_MAX", 6)
    client, company = await open_holder(late, "10.00"), await open_holder(late)
    for _ in range(6):
        await late.submit(company.charge(client, "1.00"))
    this_month, *later = months_from_now(4)

    assert await make_partitions(pool, 1) == [
        f"{table}_{month}" for table in PARTITIONED_TABLES for month in later
    ]
    assert await make_partitions(pool, 1) == []
    assert [record.levelname for record in caplog.records if "default partition keeps" in record.message] == [
        "WARNING"
    ]
    assert (await late.submit(company.charge(client, "1.00"))).rejection is None
    assert await pool.fetchval("SELECT count(*) FROM operations_default") == 8
    assert await pool.fetchval("SELECT count(*) FROM entries_default") == 16
    await assert_invariants(connection)

    # As docs/archiving.md has it.
    for table in PARTITIONED_TABLES:
        starts, ends = (f"{month[:4]}-{month[4:]}-01 00:00 UTC" for month in (this_month, later[0]))
        await pool.execute(f"SELECT ledger_add_partition('{table}', '{starts}', '{ends}')")
        assert await pool.fetchval(f"SELECT count(*) FROM {table}_default") == 0
    assert (await late.submit(company.charge(client, "1.00"))).rejection is None
    await assert_invariants(connection)


async def test_of_just_as_much_as_can_be_moved_nothing_stays(
    late: Ledger, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_MOVED_MAX", 2)
    client, company = await open_holder(late, "10.00"), await open_holder(late)
    await late.submit(company.charge(client, "1.00"))
    assert len(await make_partitions(pool, 1)) == 8
    assert await pool.fetchval("SELECT count(*) FROM operations_default") == 0


async def test_making_a_late_partition_stops_no_charge(
    late: Ledger, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(late, "1000.00"), await open_holder(late)

    async def charge_on() -> None:
        for _ in range(60):
            assert (await late.submit(company.charge(client, "0.50"))).rejection is None

    charging = asyncio.gather(*(charge_on() for _ in range(10)))
    await asyncio.sleep(0.05)
    made = await make_partitions(pool, 1)
    await charging
    assert len(made) == 8
    assert await pool.fetchval("SELECT count(*) FROM entries_default") == 0
    await assert_invariants(connection)


async def test_a_reader_does_not_deadlock_with_the_making_of_partitions(
    late: Ledger, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await open_holder(late, "10.00")
    async with connection.transaction():
        await connection.fetch("SELECT FROM entries")
        making = asyncio.create_task(make_partitions(pool, 1))
        await until_waiting(connection, 1)
        await connection.fetch("SELECT FROM operations")
    assert len(await making) == 8


async def test_readers_get_through_while_the_making_waits_for_one_of_them(
    late: Ledger, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    await open_holder(late, "10.00")
    async with connection.transaction():
        await connection.fetch("SELECT FROM operations")
        making = asyncio.create_task(make_partitions(pool, 1))
        await until_waiting(connection, 1)
        await pool.fetch("SELECT FROM operations")
    assert len(await making) == 8


async def test_a_ledger_opens_while_partitions_can_not_be_made(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE operations_default IN ACCESS SHARE MODE")
        async with Ledger.open(Settings(), dsn, pool) as ledger:
            client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
            assert (await ledger.submit(company.charge(client, "4.00"))).rejection is None
    await assert_invariants(connection)
