"""What a seeded world is like: right to the last entry, full of all that happens, and the same for the same seed."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg

from ledger.partitioning import lowest_id
from tests.databases import copy_database
from tests.seeding.seeds import UNTIL, Seeded, reconcile, run, seed

TABLES = (
    *(
        "accounts",
        "clients",
        "companies",
        "wallets",
        "operations",
        "entries",
        "idempotency_keys",
        "reservations",
    ),
    *("shares", "withdrawals", "withdrawal_attempts", "queued_operations"),
)
ENDS_AT = datetime.fromisoformat(UNTIL).replace(tzinfo=UTC)


async def digests(dsn: str) -> dict[str, str]:
    """Of all rows of each table, in whatever order they were written."""
    connection = await asyncpg.connect(dsn)
    found = {}
    for table in (*TABLES, "(SELECT * FROM rates WHERE set_by IS NOT NULL)"):
        rows = await connection.fetch(f"SELECT one::text FROM {table} AS one ORDER BY 1")
        found[table] = hashlib.sha256("\n".join(row[0] for row in rows).encode()).hexdigest()
    await connection.close()
    return found


def test_it_is_right(world: Seeded) -> None:
    reconcile(world.dsn)


async def test_it_is_as_large_as_asked(world: Seeded, connection: asyncpg.Connection) -> None:
    for table in TABLES:
        if table != "wallets":
            count = await connection.fetchval(f"SELECT count(*) FROM {table}")
            assert world.told["rows"][table] == count, table
    holders = await connection.fetchval("SELECT count(*) FROM wallets WHERE kind = 'HOLDER'")
    assert world.told["rows"]["wallets"] == holders
    assert (world.told["rows"]["clients"], world.told["rows"]["companies"]) == (60, 24)
    assert 2800 < world.told["rows"]["operations"] < 3200


async def test_all_that_happens_is_in_it(world: Seeded, connection: asyncpg.Connection) -> None:
    rows = await connection.fetch("SELECT kind::text, status::text, failure_code FROM operations")
    kinds = Counter((row["kind"], row["status"]) for row in rows)
    for kind in (
        "DEPOSIT",
        "CHARGE",
        "TRANSFER",
        "REFUND",
        "AUTHORIZATION",
        "CAPTURE",
        "RELEASE",
        "WITHDRAWAL",
    ):
        assert kinds[kind, "SUCCEEDED"], kind
    assert kinds["CHARGE", "FAILED"]
    assert len({row["failure_code"] for row in rows}) > 4
    for what in (
        "operations WHERE rate IS NOT NULL",
        "operations WHERE accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'",
        "queued_operations",
        "shares WHERE number > 1",
        "reservations WHERE kind = 'AUTHORIZATION' AND state = 'ENDED'",
        "reservations WHERE kind = 'DEPOSIT'",
        "idempotency_keys WHERE rejection IS NOT NULL",
        "wallets WHERE kind = 'EXCHANGE' AND sequence > 0",
        "wallets WHERE NOT only_one",
        "withdrawal_attempts WHERE number > 1",
        "rates WHERE set_by IS NOT NULL",
    ):
        assert await connection.fetchval(f"SELECT EXISTS (SELECT FROM {what})"), what
    statuses = await connection.fetch("SELECT DISTINCT status::text FROM wallets")
    assert {row[0] for row in statuses} == {"ACTIVE", "FROZEN", "CLOSED"}
    states = await connection.fetch("SELECT DISTINCT state FROM withdrawals")
    assert {row[0] for row in states} >= {"SUCCEEDED", "FAILED", "CANCELLED"}


async def test_it_all_happened_in_its_days(world: Seeded, connection: asyncpg.Connection) -> None:
    ((first, last, lowest, highest),) = await connection.fetch(
        "SELECT min(created_at), max(created_at), min(id::text), max(id::text) FROM operations"
    )
    begins_at = ENDS_AT - timedelta(days=45)
    assert begins_at <= first < begins_at + timedelta(days=1)
    assert ENDS_AT - timedelta(days=1) < last < ENDS_AT
    assert str(lowest_id(begins_at)) <= lowest
    assert highest < str(lowest_id(ENDS_AT))
    apart = await connection.fetchval(
        """
        SELECT count(*) FROM operations
        WHERE created_at <> uuid_extract_timestamp(id) OR tableoid = 'operations_default'::regclass
        """
    )
    assert apart == 0


async def test_the_same_seed_is_the_same_world(world: Seeded, empty_dsn: str) -> None:
    again = seed(empty_dsn)
    assert await digests(empty_dsn) == await digests(world.dsn)
    assert {**again.told, "seconds": 0} == {**world.told, "seconds": 0}


async def test_another_seed_is_another_world(world: Seeded, empty_dsn: str) -> None:
    seed(empty_dsn, "--seed", "2")
    one, other = await digests(world.dsn), await digests(empty_dsn)
    assert all(one[table] != other[table] for table in TABLES)


def test_a_world_may_be_tiny(template_dsn: str) -> None:
    """As few as can be, and more people than there are names for."""
    for name, arguments in (
        ("one", ["--clients", "1", "--companies", "1", "--operations", "1", "--days", "1"]),
        ("many", ["--clients", "3000", "--companies", "700", "--operations", "50", "--days", "2"]),
    ):
        dsn = copy_database(template_dsn, f"tiny_{name}")
        done = run(*arguments, dsn=dsn)
        assert (done.returncode, done.stderr) == (0, "")
        reconcile(dsn)
