"""Archives: an old period of the ledger written to a file, taken out of the tables, and brought back.

Every step is whole or not at all: a file has its name only when it is complete, and the tables change in one
transaction. Whoever is killed in between runs the same command again.

What goes is cut by time, not by id alone: at the edge of a month one operation may be decided after another that was
asked for later. Times never run backwards within a wallet, so what was decided before an instant is exactly the
beginning of each wallet's history. What has an id of the period but was decided later stays, in the default partition,
and goes with the next period.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import asyncpg

from ledger.archive_files import ArchiveFile, file_name, write_file
from ledger.archiving import Advance, ArchiveRefused, Description, Reason, Summary, Watch, unwatched
from ledger.partitioning import SETTLED_AFTER, Period, is_over, lowest_id, period_of
from ledger.partitions import PARTITIONED_TABLES
from ledger.statements import load_statements

SQL = load_statements("archives.sql")

# Any number that nothing else on the database locks: "archiv" in ASCII.
_LOCK = int.from_bytes(b"archiv", "big")
_LINES_AT_ONCE = 1000
# Readers and writers wait that long at most for the lock's being had, less than PostgreSQL's deadlock_timeout, and
# then for as long as what is done under it may take.
_SHORT_LOCK = "SET LOCAL lock_timeout = '250ms'; SET LOCAL statement_timeout = '2s'"
_TRIES_MAX = 60
_PAUSE_SECONDS = 1.0


async def archive(
    connection: asyncpg.Connection, period: str, folder: Path, watch: Watch = unwatched
) -> tuple[Path, Summary]:
    """Writes a period such as "202608" to a file in the folder, and checks that file against the tables.

    A file that is there already is not written again. Raises ArchiveRefused.
    """
    await _be_the_only_one(connection)
    await _refuse_if_detached(connection, period)
    bounds = await _oldest(connection, period)
    path = folder / file_name(period)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        description = await _describe(connection, period, bounds)
        with watch(f"Looking through {period}", None):
            await _refuse_what_must_stay(connection, description)
            chosen = (lowest_id(bounds.ends_at), description.decided_before)
            operations: int = await connection.fetchval(SQL["count"], *chosen)
        if not path.exists():
            with watch(f"Writing {period}", operations) as advance:
                await _write(connection, path, description, advance)
        with watch(f"Checking {period}", operations) as advance:
            summary = await _check(connection, path, description, advance)
    await connection.execute(
        SQL["keep_archive"],
        period,
        lowest_id(bounds.starts_at),
        lowest_id(bounds.ends_at),
        description.decided_before,
        path.name,
        summary.operations,
        summary.entries,
        bytes.fromhex(summary.sha256),
    )
    return path, summary


async def detach(connection: asyncpg.Connection, path: Path, watch: Watch = unwatched) -> Description:
    """Takes out of the tables what the file has, once more checked against them. Does nothing where that is done.

    Raises ArchiveRefused.
    """
    await _be_the_only_one(connection)
    description = ArchiveFile(path).description
    period = description.period
    kept = await _kept(connection, path, period)
    if kept["detached_at"] is not None:
        return description
    bounds = await _oldest(connection, period)
    async with connection.transaction():
        # Nobody writes to what is old; this says so until the end.
        await connection.execute(f"LOCK TABLE {', '.join(_partitions(period))} IN SHARE MODE")
        description = await _describe(connection, period, bounds)
        with watch(f"Checking {period}", kept["operations"]) as advance:
            summary = await _check(connection, path, description, advance)
        _refuse_another(path, summary, kept)
        with watch(f"Taking {period} out", None):
            await connection.execute("SELECT ledger_set_apart($1)", period)
            await _under_short_lock(connection, "SELECT ledger_detach_archived($1)", period)
    return description


async def restore(connection: asyncpg.Connection, path: Path, watch: Watch = unwatched) -> Description:
    """Brings back into the tables what the file has, so that all is as it was. Does nothing where that is done.

    Raises ArchiveRefused.
    """
    await _be_the_only_one(connection)
    file = ArchiveFile(path)
    period = file.description.period
    kept = await _kept(connection, path, period)
    if kept["detached_at"] is None:
        return file.description
    await _refuse_unless_newest(connection, period)
    async with connection.transaction():
        with watch(f"Loading {period}", kept["operations"]) as advance:
            await _load(connection, file, advance)
        _refuse_another(path, file.summary, kept)
        with watch(f"Rebuilding {period}", None):
            await connection.execute("SELECT ledger_rebuild_archived($1)", period)
            await _under_short_lock(connection, "SELECT ledger_attach_restored($1)", period)
    return file.description


async def _be_the_only_one(connection: asyncpg.Connection) -> None:
    # Held until the connection ends, whatever becomes of this process.
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        raise ArchiveRefused(Reason.BUSY, "Another `purser partitions` is at work on this database.")


async def _recorded(connection: asyncpg.Connection) -> dict[str, asyncpg.Record]:
    return {row["period"]: row for row in await connection.fetch(SQL["archives"])}


async def _refuse_if_detached(connection: asyncpg.Connection, period: str) -> None:
    kept = (await _recorded(connection)).get(period)
    if kept is not None and kept["detached_at"] is not None:
        message = f"{period} is no more in the tables but in {kept['file_name']}."
        raise ArchiveRefused(Reason.PERIOD_DETACHED, message)


async def _oldest(connection: asyncpg.Connection, period: str) -> Period:
    """The bounds of that period. Raises ArchiveRefused unless it is the oldest one, whole, and over."""
    found: dict[str, dict[str, Period]] = {}
    for row in await connection.fetch(SQL["partitions"]):
        if (bounds := period_of(row["bound"])) is not None:
            found.setdefault(row["name"].rpartition("_")[2], {})[row["table"]] = bounds
    own = found.get(period, {})
    if set(own) != set(PARTITIONED_TABLES) or len(set(own.values())) != 1:
        raise ArchiveRefused(Reason.PERIOD_UNKNOWN, f"There are no partitions of {period}.")
    bounds = own[PARTITIONED_TABLES[0]]
    if not is_over(bounds, await connection.fetchval("SELECT clock_timestamp()")):
        message = f"{period} ends on {bounds.ends_at:%Y-%m-%d}: that must be {SETTLED_AFTER.days} days ago."
        raise ArchiveRefused(Reason.PERIOD_NOT_OVER, message)
    if (older := min(found)) != period:
        raise ArchiveRefused(
            Reason.OLDER_FIRST, f"{older} is older and still here: archive and detach it first."
        )
    return bounds


async def _describe(connection: asyncpg.Connection, period: str, bounds: Period) -> Description:
    decided_before: datetime = await connection.fetchval(SQL["decided_before"], bounds.ends_at)
    operation_columns, entry_columns = [
        [row["attname"] for row in await connection.fetch(SQL["columns"], table)]
        for table in PARTITIONED_TABLES
    ]
    return Description(period, *bounds, decided_before, operation_columns, entry_columns)


def _partitions(period: str) -> list[str]:
    return [f"{table}_{period}" for table in PARTITIONED_TABLES]


async def _refuse_what_must_stay(connection: asyncpg.Connection, description: Description) -> None:
    limit_id, decided_before = lowest_id(description.ends_at), description.decided_before
    aside = await connection.fetchrow(SQL["still_set_aside"], limit_id)
    if aside is not None and aside["reservations"]:
        message = (
            f"{aside['reservations']} authorizations or deposits for later are still open, "
            f"the last until {aside['until']:%Y-%m-%d %H:%M} UTC."
        )
        raise ArchiveRefused(Reason.STILL_SET_ASIDE, message)
    pending = await connection.fetchrow(SQL["still_pending"], limit_id, decided_before)
    if pending is not None and pending["operations"]:
        message = (
            f"{pending['operations']} operations are still PENDING, the first of them op_{pending['first_id'].hex}: "
            "a withdrawal must have been paid, refused or cancelled."
        )
        raise ArchiveRefused(Reason.STILL_PENDING, message)
    for fault, arguments, what in (
        ("orphaned", (limit_id,), "entries of the operation {} stand without it"),
        ("misplaced", (limit_id, decided_before), "the entries of the wallet {} do not follow one another"),
        ("unbalanced", (limit_id, decided_before), "the entries in {} do not sum to zero"),
    ):
        if (culprit := await connection.fetchval(SQL[fault], *arguments)) is not None:
            message = f"The ledger is not sound: {what.format(culprit)}. `purser reconcile` tells all."
            raise ArchiveRefused(Reason.TABLES_DAMAGED, message)


async def _write(
    connection: asyncpg.Connection, path: Path, description: Description, advance: Advance
) -> None:
    try:
        await write_file(path, description, _lines(connection, description, advance))
    except (ConnectionError, TimeoutError):  # the database's
        raise
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}."
        raise ArchiveRefused(Reason.FILE_UNUSABLE, message) from None


async def _lines(
    connection: asyncpg.Connection, description: Description, advance: Advance
) -> AsyncIterator[bytes]:
    """What an archive has of the tables, operation by operation, in constant memory."""
    chosen = (lowest_id(description.ends_at), description.decided_before)
    async for row in connection.cursor(SQL["lines"], *chosen, prefetch=_LINES_AT_ONCE):
        yield row[0].encode()
        advance(1)


async def _check(
    connection: asyncpg.Connection, path: Path, description: Description, advance: Advance
) -> Summary:
    """Reads the file back. Raises ArchiveRefused unless it is whole and has what the tables have, line by line."""
    file = ArchiveFile(path)
    written = file.operations()
    is_same = file.description == description
    async for line in _lines(connection, description, advance):
        is_same = is_same and next(written, None) == line
    # To the end, so that what is damaged is called so.
    is_same = next(written, None) is None and is_same
    if not is_same:
        for _ in written:
            pass
        message = (
            f"{path} has something else than the tables. Move it away and archive {description.period} again."
        )
        raise ArchiveRefused(Reason.FILE_DIFFERS, message)
    return file.summary


async def _kept(connection: asyncpg.Connection, path: Path, period: str) -> asyncpg.Record:
    kept = (await _recorded(connection)).get(period)
    if kept is None:
        message = (
            f"{path} is no archive that this database knows: run `purser partitions archive {period}` first."
        )
        raise ArchiveRefused(Reason.NOT_ARCHIVED, message)
    return kept


def _refuse_another(path: Path, summary: Summary, kept: asyncpg.Record) -> None:
    if bytes.fromhex(summary.sha256) != kept["sha256"]:
        message = f"{path} is not the file that was written for this database, {kept['file_name']}."
        raise ArchiveRefused(Reason.FILE_DIFFERS, message)


async def _refuse_unless_newest(connection: asyncpg.Connection, period: str) -> None:
    recorded = await _recorded(connection)
    newest = max(period for period, kept in recorded.items() if kept["detached_at"] is not None)
    if newest != period:
        raise ArchiveRefused(Reason.NEWER_FIRST, f"{newest} was taken out later: restore it first.")


async def _load(connection: asyncpg.Connection, file: ArchiveFile, advance: Advance) -> None:
    for table, in_file in zip(
        PARTITIONED_TABLES, (file.description.operation_columns, file.description.entry_columns), strict=True
    ):
        columns = {row["attname"] for row in await connection.fetch(SQL["columns"], table)}
        if foreign := set(in_file) - columns:
            message = f"The file has columns that `{table}` has no more: {', '.join(sorted(foreign))}."
            raise ArchiveRefused(Reason.FILE_DIFFERS, message)
        await connection.execute(f"CREATE TEMPORARY TABLE restored_{table} (LIKE {table}) ON COMMIT DROP")
    lines = (line.decode() for line in file.operations())
    while batch := list(islice(lines, _LINES_AT_ONCE)):
        await connection.execute(SQL["load_operations"], batch)
        await connection.execute(SQL["load_entries"], batch)
        advance(len(batch))


async def _under_short_lock(connection: asyncpg.Connection, statement: str, period: str) -> None:
    """Executes what needs both tables for itself. Gives way where others hold them, again and again."""
    for _ in range(_TRIES_MAX):
        try:
            # A savepoint: what was locked since is let go where it fails.
            async with connection.transaction():
                await connection.execute(_SHORT_LOCK)
                await connection.execute(statement, period)
        except asyncpg.LockNotAvailableError:
            # Jitter, so as not to meet the same readers at the same moment again.
            await asyncio.sleep(_PAUSE_SECONDS * (0.5 + random.random()))  # noqa: S311
        except asyncpg.QueryCanceledError:
            break
        else:
            return
    raise ArchiveRefused(Reason.BUSY, "The tables are too busy for it: nothing was changed. Try again later.")
