"""From an instant to the entries that were there: by halving, over partitions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import asyncpg
import pytest

from ledger.partitions import make_partitions
from runtime.database import open_pool

WALLET = UUID("00000000-0000-7000-8000-000000000001")
FIRST_DAY = datetime(2025, 11, 1, tzinfo=UTC)
ENTRIES = 3_000
DAYS = 400
# Operations stand in the order in which they were asked for, entries in that in which they were decided: by the clocks
# of the processes and of the database, which may be hours apart.
FILL = """
WITH moments AS (
    SELECT n, $2::timestamptz + (n / 3) * 3 * ($3 * interval '1 day') / $4::int AS at
    FROM generate_series(1, $4::int) AS n
), asked AS (
    SELECT n, at, (left(ledger_uuid_floor(at + (n % 23 - 11) * interval '1 hour')::text, 14)
                   || '7' || lpad(to_hex(n), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id FROM moments
), operated AS (
    INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, target_id, credited, created_at)
    SELECT id, 'DEPOSIT', 'SUCCEEDED', $1, '', 1, 'USD', $1, 1, at FROM asked
)
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
SELECT $1, n, id, 0, 'USD', 0, at FROM asked
"""


@pytest.fixture(scope="module")
async def history(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A wallet with entries of 400 days, three at a time, in monthly partitions."""
    connection = await asyncpg.connect(dsn)
    for months in range(14):
        month = 10 + months
        starts, ends = (datetime(2025 + at // 12, at % 12 + 1, 1, tzinfo=UTC) for at in (month - 1, month))
        for table in ("operations", "entries"):
            await connection.execute("SELECT ledger_add_partition($1, $2, $3)", table, starts, ends)
    async with open_pool(dsn, 1) as pool:
        await make_partitions(pool, 1)
    await connection.execute(
        "INSERT INTO wallets (id, kind, owner_id, token_secret, currency, sequence, created_at) "
        "VALUES ($1, 'HOLDER', $1, '\\x00', 'USD', $2, $3)",
        WALLET,
        ENTRIES,
        FIRST_DAY,
    )
    await connection.execute(FILL, WALLET, FIRST_DAY, DAYS, ENTRIES)
    yield connection
    await connection.close()


async def test_it_counts_what_was_there(history: asyncpg.Connection) -> None:
    chance = Random(7)
    moments = [row["at"] for row in await history.fetch("SELECT DISTINCT created_at AS at FROM entries")]
    instants = [FIRST_DAY + timedelta(seconds=chance.uniform(-1e6, DAYS * 9e4)) for _ in range(60)]
    for moment in chance.sample(moments, 60):
        instants += [moment, moment + timedelta(microseconds=1)]
    for instant in [*instants, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]:
        found = await history.fetchval("SELECT ledger_entries_before($1, $2)", WALLET, instant)
        right = await history.fetchval("SELECT count(*) FROM entries WHERE created_at < $1", instant)
        assert found == right, instant


async def test_nothing_is_there_of_a_wallet_that_is_not(history: asyncpg.Connection) -> None:
    assert await history.fetchval("SELECT ledger_entries_before(gen_random_uuid(), now())") == 0
