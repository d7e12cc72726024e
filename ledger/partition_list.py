"""Which partitions and archives there are, and how each stands."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import asyncpg

from ledger.partitioning import period_of
from ledger.statements import load_statements

SQL = load_statements("archives.sql")


class State(StrEnum):
    """How a partition stands to now."""

    OLD = "old"
    ARCHIVED = "archived"  # old, and in a file as well
    CURRENT = "current"
    AHEAD = "ahead"
    DEFAULT = "default"


class PartitionView(NamedTuple):
    """A partition; `rows` is PostgreSQL's estimate unless `is_counted`. What is in it was decided in `since` to
    `until`, told of the default partition alone, where it has anything."""

    table: str
    period: str
    state: State
    rows: int
    is_counted: bool
    bytes: int
    since: datetime | None = None
    until: datetime | None = None


class ArchiveView(NamedTuple):
    """A period that was written to a file; in the tables until `detached_at`."""

    period: str
    operations: int
    entries: int
    file_name: str
    archived_at: datetime
    detached_at: datetime | None


async def list_partitions(connection: asyncpg.Connection) -> tuple[list[PartitionView], list[ArchiveView]]:
    """All partitions of both tables, each table's default one last, and all archives, the oldest first.

    Raises what asyncpg raises.
    """
    rows = await connection.fetch(SQL["archives"])
    archives = [ArchiveView(*(row[name] for name in ArchiveView._fields)) for row in rows]
    now = await connection.fetchval("SELECT clock_timestamp()")
    archived = {archive.period for archive in archives}
    partitions = [
        await _view(connection, row, now, archived) for row in await connection.fetch(SQL["partitions"])
    ]
    return partitions, archives


async def _view(
    connection: asyncpg.Connection, row: asyncpg.Record, now: datetime, archived: set[str]
) -> PartitionView:
    table, name, bounds, rows = row["table"], row["name"], period_of(row["bound"]), row["rows_estimated"]
    # The name is PostgreSQL's own word for one of our partitions.
    if bounds is None:
        counted = await connection.fetchrow(f"SELECT count(*), min(created_at), max(created_at) FROM {name}")  # noqa: S608
        assert counted is not None
        return PartitionView(table, "default", State.DEFAULT, counted[0], True, row["bytes"], *counted[1:])
    # Never analyzed: so small, or so new, that it can be counted.
    if is_unknown := rows < 0:
        rows = await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608
    period = name.rpartition("_")[2]
    if bounds.starts_at > now:
        state = State.AHEAD
    elif bounds.ends_at > now:
        state = State.CURRENT
    else:
        state = State.ARCHIVED if period in archived else State.OLD
    return PartitionView(table, period, state, rows, is_unknown, row["bytes"])
