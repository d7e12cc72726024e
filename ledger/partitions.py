"""Making the partitions of `operations` and `entries` ahead of time.

Late is not fatal: what has no partition yet lands in the default one, and moves over when its own is made. Nobody can
charge meanwhile, so a period with much of it stays there (docs/archiving.md).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ledger.partitioning import Period, lowest_id, missing_periods, past_periods, period_of
from runtime.database import TROUBLE

log = logging.getLogger("purser.ledger")

# Which partitions are to be made, by those that are there.
_Missing = Callable[[Sequence[Period]], list[Period]]

PARTITIONED_TABLES = ("operations", "entries")
_MAKE_SECONDS_MAX = 60
# Whoever comes while a lock is waited for waits behind it: so that is short, and tried again.
_SHORT_LOCK = "SET LOCAL lock_timeout = '250ms'"
_TRIES_MAX = 4
_PAUSE_SECONDS = 0.5
# So many operations of a period are moved from the default partition at most: some two seconds in which nobody charges.
_MOVED_MAX = 100_000
# Any number that nothing else on the database locks: "partit" in ASCII.
_LOCK = int.from_bytes(b"partit", "big")


async def make_partitions(pool: asyncpg.Pool, months: int) -> list[str]:
    """Makes the partitions that are missing, each of `months` months, and returns their names."""

    def missing(covered: Sequence[Period]) -> list[Period]:
        covered_until = max((period.ends_at for period in covered), default=None)
        return missing_periods(datetime.now(UTC), covered_until, months)

    return await _make(pool, missing)


async def make_past_partitions(pool: asyncpg.Pool, back_to: datetime, months: int) -> list[str]:
    """Makes those that are missing between `back_to` and the earliest that is there: for what happened long ago."""

    def missing(covered: Sequence[Period]) -> list[Period]:
        return past_periods(back_to, min(period.starts_at for period in covered), months)

    return await _make(pool, missing)


async def try_to_make_partitions(pool: asyncpg.Pool, months: int) -> bool:
    """Makes the partitions that are missing. A failure is logged: what is late stops nobody."""
    try:
        made = await make_partitions(pool, months)
    except TROUBLE as error:
        log.warning("Partitions could not be made ahead: %s", type(error).__name__)
        return False
    if made:
        log.info("Partitions made: %s", ", ".join(made))
    return True


async def _make(pool: asyncpg.Pool, missing: _Missing) -> list[str]:
    made = []
    async with pool.acquire() as connection:
        for table in PARTITIONED_TABLES:
            # A transaction for each table: readers lock both tables, in either order, and whoever held the
            # one while waiting for the other would deadlock with them.
            made += await _once_free(table, connection, missing)
    return made


async def _once_free(table: str, connection: PoolConnectionProxy, missing: _Missing) -> list[str]:
    for _ in range(_TRIES_MAX - 1):
        with suppress(asyncpg.LockNotAvailableError):
            async with connection.transaction():
                return await _make_partitions_of(table, connection, missing)
        await asyncio.sleep(_PAUSE_SECONDS)
    async with connection.transaction():
        return await _make_partitions_of(table, connection, missing)


async def _make_partitions_of(table: str, connection: PoolConnectionProxy, missing: _Missing) -> list[str]:
    # What came too late for its partition is moved now, and that may be much.
    await connection.execute(f"SET LOCAL statement_timeout = '{_MAKE_SECONDS_MAX}s'")
    # One process at a time; the others find nothing left to make.
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute(_SHORT_LOCK)
    return [
        await connection.fetchval(
            "SELECT ledger_add_partition($1, $2, $3)", table, *period, timeout=_MAKE_SECONDS_MAX
        )
        for period in missing(await _covered(table, connection))
        if not await _stays(period, table, connection)
    ]


async def _covered(table: str, connection: PoolConnectionProxy) -> list[Period]:
    bounds = await connection.fetch(
        """
        SELECT pg_get_expr(child.relpartbound, child.oid) AS bound
        FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = $1::text::regclass
        """,
        table,
    )
    return [period for row in bounds if (period := period_of(row["bound"])) is not None]


async def _stays(period: Period, table: str, connection: PoolConnectionProxy) -> bool:
    """Whether the period stays in the default partition: of both tables, whatever comes between the two."""
    if table != PARTITIONED_TABLES[0]:
        covered = await _covered(PARTITIONED_TABLES[0], connection)
        return not any(own.starts_at <= period.starts_at < own.ends_at for own in covered)
    is_much: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM operations_default WHERE id >= $1 AND id < $2 OFFSET $3)",
        *map(lowest_id, period),
        _MOVED_MAX,
    )
    if is_much:
        # Those after it are there from now on, so that it is not asked about again.
        log.warning(
            "The default partition keeps what was asked for from %s to %s: too much to be moved beside charges",
            *(f"{instant:%Y-%m-%d}" for instant in period),
        )
    return is_much
