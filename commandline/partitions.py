"""`purser partitions`: what an operator does with months that are over."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from commandline.database import on_connection

if TYPE_CHECKING:
    import asyncpg

    from ledger.partition_list import ArchiveView, PartitionView

Result = TypeVar("Result")

ARCHIVE_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def partitions() -> None:
    """List the partitions of the ledger, and archive old ones.

    A month goes in two steps: `archive` writes it to a file and checks that file, `detach` checks it again and takes
    the month out of the tables. `restore` brings it back.
    """


@partitions.command("list")
def list_() -> None:
    """Show all partitions, and what was archived."""
    from ledger.partition_list import list_partitions

    views, archives = on_connection(list_partitions)
    for line in (*_partition_lines(views), *map(_archive_line, archives)):
        click.echo(line)


@partitions.command()
@click.argument("period")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def archive(period: str, folder: Path) -> None:
    """Write the oldest PERIOD, such as 202608, to a file in FOLDER, and check it."""
    from ledger import archives

    path, summary = _refusable(lambda connection: archives.archive(connection, period, folder))
    click.echo(f"{path}: {summary.operations:,} operations, {summary.entries:,} entries, as in the tables.")
    click.echo(f"SHA-256 of its lines: {summary.sha256}")


@partitions.command()
@ARCHIVE_FILE
def detach(file: Path) -> None:
    """Take what is in the archive FILE out of the tables."""
    from ledger import archives

    description = _refusable(lambda connection: archives.detach(connection, file))
    click.echo(
        f"{description.period} is in {file} alone. Keep it: `purser partitions restore` brings it back."
    )


@partitions.command()
@ARCHIVE_FILE
def restore(file: Path) -> None:
    """Bring what is in the archive FILE back into the tables."""
    from ledger import archives

    description = _refusable(lambda connection: archives.restore(connection, file))
    click.echo(f"{description.period} is in the tables.")


def _refusable(work: Callable[["asyncpg.Connection"], Awaitable[Result]]) -> Result:
    from ledger.archiving import ArchiveRefused

    try:
        return on_connection(work)
    except ArchiveRefused as refused:
        raise click.ClickException(f"{refused.reason}: {refused}") from None


def _partition_lines(views: "list[PartitionView]") -> list[str]:
    rows = [("TABLE", "PERIOD", "ROWS", "SIZE", "STATE")]
    for view in views:
        count = f"{view.rows:,}" if view.is_counted else f"~{view.rows:,}"
        state = str(view.state)
        if view.since is not None:
            state += f", decided {view.since:%Y-%m-%d %H:%M:%S} to {view.until:%Y-%m-%d %H:%M:%S} UTC"
        rows.append((view.table, view.period, count, f"{view.bytes / 2**20:,.1f} MB", state))
    return [
        f"{table:10}  {period:7}  {count:>12}  {size:>12}  {state}"
        for table, period, count, size, state in rows
    ]


def _archive_line(view: "ArchiveView") -> str:
    state = "still in the tables"
    if view.detached_at is not None:
        state = f"detached {view.detached_at:%Y-%m-%d %H:%M} UTC"
    counts = f"{view.operations:,} operations, {view.entries:,} entries"
    return f"Archive {view.period}: {counts} in {view.file_name}, {state}"
