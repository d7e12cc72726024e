"""Making what was done just now look as if it had been done long ago."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import asyncpg

_TABLES = {
    "operations": ("id", "origin_id"),
    "entries": ("operation_id",),
    "reservations": ("operation_id",),
    "shares": ("operation_id",),
    "idempotency_keys": ("operation_id",),
    "withdrawals": ("operation_id",),
    "withdrawal_attempts": ("operation_id",),
}
# Operations decided together stay together and in their order, `$2` apart. Ids are of clocks up to `$3` too late or
# too early, in turn, and keep what makes them unique.
_AGED = """
    CREATE TEMPORARY TABLE aged ON COMMIT DROP AS
    SELECT id, created_at, moment,
           overlay(id::text placing left(ledger_uuid_floor(moment + (number % 5 - 2) * $3::interval / 2)::text, 14)
                   from 1 for 14)::uuid AS new_id
    FROM (
        SELECT *, $1::timestamptz + (dense_rank() OVER (ORDER BY created_at)) * $2::interval AS moment,
               row_number() OVER (ORDER BY id) AS number
        FROM (
            SELECT id, created_at FROM operations WHERE created_at > now() - interval '1 day'
            -- What was queued has no row left, but its id is known.
            UNION ALL
            SELECT origin_id, accepted_at FROM operations
            WHERE created_at > now() - interval '1 day' AND accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'
        ) AS known
    ) AS recent
"""

# An operation knows when what it set aside ends.
DUE = "UPDATE operations SET due_at = ends_at FROM reservations WHERE operation_id = id"


async def add_partitions(connection: asyncpg.Connection, months: Sequence[datetime]) -> None:
    """Partitions of both tables from each month to the next one; the last is only an end."""
    for starts_at, ends_at in pairwise(months):
        for table in ("operations", "entries"):
            await connection.execute("SELECT ledger_add_partition($1, $2, $3)", table, starts_at, ends_at)


async def age(
    connection: asyncpg.Connection,
    moment: datetime,
    apart: timedelta = timedelta(minutes=1),
    skew: timedelta = timedelta(0),
) -> None:
    """Moves all operations of the last day to `moment` and after, with everything that names them."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # past the triggers
        await connection.execute(_AGED, moment, apart, skew)
        for table, columns in _TABLES.items():
            for column in columns:
                await connection.execute(
                    f"UPDATE {table} SET {column} = aged.new_id FROM aged WHERE {table}.{column} = aged.id"
                )
        for table, column in (("operations", "id"), ("entries", "operation_id")):
            await connection.execute(
                f"UPDATE {table} SET created_at = aged.moment FROM aged WHERE {table}.{column} = aged.new_id"
            )
        await connection.execute(
            "UPDATE operations SET accepted_at = aged.moment FROM aged "
            "WHERE operations.origin_id = aged.new_id AND accepted_at IS NOT NULL"
        )
        await connection.execute(
            "UPDATE reservations SET ends_at = aged.moment + interval '7 days' FROM aged "
            "WHERE operation_id = aged.new_id AND state <> 'OPEN' AND kind <> 'WITHDRAWAL'"
        )
        await connection.execute(DUE)
        await connection.execute("UPDATE wallets SET created_at = least(created_at, $1)", moment)
