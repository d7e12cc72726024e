"""A wallet with a history of two years and any length, loaded set by set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from ledger.partitions import make_partitions
from ledger.statements import load_statements
from runtime.database import open_pool

MERCHANT = UUID("00000000-0000-7000-8000-400000000001")
PAYER = UUID("00000000-0000-7000-8000-500000000007")
DAYS = 730
_PAYER = """
    CREATE FUNCTION bench_payer(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('00000000-0000-7000-8000-5' || lpad(number::text, 11, '0'))::uuid $$
"""


async def load_years(dsn: str, charges: int, until: datetime) -> None:
    """Fills a migrated, empty database with `charges` of the merchant, the last one at `until`, month by month."""
    begins = until - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / charges
    statements = load_statements("years.sql", __package__)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_PAYER)
        months = list(_months(begins - timedelta(days=2), datetime.now(UTC)))
        for starts_at, ends_at in months:
            for table in ("operations", "entries"):
                await connection.execute("SELECT ledger_add_partition($1, $2, $3)", table, starts_at, ends_at)
        await connection.execute(statements["wallets"], MERCHANT, begins)
        done = 0
        for _, ends_at in months:
            last = min(charges, (ends_at - begins) // step)
            if last > done:
                await connection.execute(statements["charges"], MERCHANT, done + 1, last, begins, step)
            done = max(done, last)
        await connection.execute(statements["balances"])
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    async with open_pool(dsn, 1) as pool:
        await make_partitions(pool, 1)


def _months(begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Those that have anything of that time in them, from their first instant to the next one's."""
    number = begins.year * 12 + begins.month - 1
    while number <= ends.year * 12 + ends.month - 1:
        yield _first_instant(number), _first_instant(number + 1)
        number += 1


def _first_instant(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
