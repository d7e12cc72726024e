"""The benchmark's own PostgreSQL: started for one run, on a real disk, durable as in production."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bench.machine import filesystem_of
from bench.population import FIRST_MERCHANT, FIRST_PAYER, OUTSIDE_WALLET, WALLET, Population, load
from runtime import migrations
from runtime.embedded import EmbeddedServer

CHECKOUT = Path(__file__).resolve().parent.parent
FUNCTION = Path(__file__).with_name("charge_function.sql")
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
IN_MEMORY = ("tmpfs", "ramfs")
SAMPLED_WALLETS = 300


class BenchmarkError(Exception):
    """The figures would not mean what they say. The message says why."""


@contextmanager
def empty_database() -> Iterator[str]:
    """The DSN of a database of this run's own, migrated; it is gone after the block."""
    cache = CHECKOUT / ".cache"
    cache.mkdir(exist_ok=True)
    # In the checkout: the system's folder for temporary files is often kept in memory.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=cache, ignore_cleanup_errors=True) as folder:
        filesystem = filesystem_of(Path(folder))
        if filesystem in IN_MEMORY:
            raise BenchmarkError(f"{folder} is on {filesystem}: nothing would be written to a disk.")
        with EmbeddedServer(Path(folder)) as server:
            migrations.upgrade(server.dsn)
            yield server.dsn


@contextmanager
def loaded_database(population: Population) -> Iterator[str]:
    """The same, with that population."""
    with empty_database() as dsn:
        asyncio.run(load(dsn, population))
        asyncio.run(_define_function(dsn))
        yield dsn


async def _define_function(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(FUNCTION.read_text())
    finally:
        await connection.close()


def server_settings(dsn: str) -> dict[str, str]:
    """What the server says of its durability and version. Raises BenchmarkError where it is not durable."""
    shown = asyncio.run(_show(dsn, ["server_version", *DURABLE, "shared_buffers", "max_wal_size"]))
    if not DURABLE.items() <= shown.items():
        raise BenchmarkError(f"The server is not durable: {shown}")
    return shown


async def _show(dsn: str, names: Sequence[str]) -> dict[str, str]:
    connection = await asyncpg.connect(dsn)
    try:
        return {name: await connection.fetchval(f"SHOW {name}") for name in names}
    finally:
        await connection.close()


def checkpoint_and_count(dsn: str) -> int:
    """How many operations have succeeded, after a checkpoint: no measurement writes what another one dirtied."""
    return asyncio.run(_checkpoint_and_count(dsn))


async def _checkpoint_and_count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CHECKPOINT")
        counted: int = await connection.fetchval("SELECT count(*) FROM operations WHERE status = 'SUCCEEDED'")
        return counted
    finally:
        await connection.close()


_UNBALANCED = "SELECT currency, sum(amount) FROM entries GROUP BY currency HAVING sum(amount) <> 0"
_OUT_OF_STEP = """
    SELECT wallets.id FROM wallets
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS balance, count(*) AS number, max(sequence) AS last
        FROM entries WHERE wallet_id = wallets.id
    ) AS posted ON true
    WHERE wallets.id = ANY ($1::uuid[])
      AND (wallets.balance, wallets.sequence, wallets.sequence)
          IS DISTINCT FROM (coalesce(posted.balance, 0), posted.number, coalesce(posted.last, 0))
"""
_SAMPLE = """
    SELECT ($1 || n)::uuid FROM (
        SELECT DISTINCT $2::bigint + floor(random() * $3)::bigint AS n FROM generate_series(1, $4)
    ) AS drawn
"""


def check_invariants(dsn: str, population: Population) -> int:
    """How many wallets were compared with their entries. Raises BenchmarkError where money was made or lost."""
    return asyncio.run(_check_invariants(dsn, population))


async def _check_invariants(dsn: str, population: Population) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        if unbalanced := await connection.fetch(_UNBALANCED):
            raise BenchmarkError(f"Entries do not sum to zero: {unbalanced}")
        sample = {OUTSIDE_WALLET, *await _draw(connection, FIRST_PAYER, population.payers)}
        sample.update(await _draw(connection, FIRST_MERCHANT, population.merchants))
        sample.update(await _draw(connection, FIRST_MERCHANT, 1))
        if wrong := await connection.fetch(_OUT_OF_STEP, list(sample)):
            raise BenchmarkError(f"Balances or sequences differ from the entries: {wrong}")
        return len(sample)
    finally:
        await connection.close()


async def _draw(connection: asyncpg.Connection, first: int, number: int) -> list[asyncpg.Record]:
    rows = await connection.fetch(_SAMPLE, WALLET, first, number, SAMPLED_WALLETS // 2)
    return [row[0] for row in rows]
