"""Making the partitions of `operations` and `entries` ahead of time.

Late is not fatal: what has no partition yet lands in the default one, and moves over when its own is made.
"""

import asyncio
import logging
from datetime import UTC, datetime

import asyncpg

from ledger.partitioning import missing_periods, upper_bound

log = logging.getLogger(__name__)

PARTITIONED_TABLES = ("operations", "entries")
_CHECK_EVERY_SECONDS = 3600.0
# Any number that nothing else on the database locks: "partit" in ASCII.
_LOCK = int.from_bytes(b"partit", "big")


async def make_partitions(pool: asyncpg.Pool, months: int) -> list[str]:
    """Makes the partitions that are missing, each of `months` months, and returns their names."""
    made: list[str] = []
    async with pool.acquire() as connection, connection.transaction():
        # One process at a time; the others find nothing left to make.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        for table in PARTITIONED_TABLES:
            bounds = await connection.fetch(
                """
                SELECT pg_get_expr(child.relpartbound, child.oid) AS bound
                FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
                WHERE inhparent = $1::text::regclass
                """,
                table,
            )
            ends = [end for row in bounds if (end := upper_bound(row["bound"])) is not None]
            periods = missing_periods(datetime.now(UTC), max(ends, default=None), months)
            made += [
                await connection.fetchval("SELECT ledger_add_partition($1, $2, $3)", table, *period)
                for period in periods
            ]
    return made


async def keep_partitions(pool: asyncpg.Pool, months: int) -> None:
    """Makes partitions now and then, until cancelled. A failure is logged and tried again."""
    while True:
        try:
            made = await make_partitions(pool, months)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("Partitions could not be made ahead: %s", type(error).__name__)
        else:
            if made:
                log.info("Partitions made: %s", ", ".join(made))
        await asyncio.sleep(_CHECK_EVERY_SECONDS)
