"""`purser partitions`: what an operator does with months that are over."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from commandline.command import Commands
from commandline.database import on_connection
from commandline.progress import progress
from commandline.results import Refused, json_option, print_json, say

if TYPE_CHECKING:
    import asyncpg

    from ledger.partition_list import ArchiveView, PartitionView

Result = TypeVar("Result")

ARCHIVE_FILE = click.argument("file", type=click.Path(path_type=Path))
# Nothing is changed where something is refused.
REFUSED = {
    1: "It was refused, or the database is away; nothing was changed. A sentence on standard error says why."
}


@click.group(
    cls=Commands,
    examples=[
        ("Which months there are", "purser partitions list"),
        ("August 2025 is written to a file", "purser partitions archive 202508 archives"),
        ("It is taken out of the tables", "purser partitions detach archives/purser-202508.jsonl.gz"),
        ("It is brought back", "purser partitions restore archives/purser-202508.jsonl.gz"),
    ],
)
def partitions() -> None:
    """List the months of the ledger, and archive old ones.

    A month goes in two steps: `archive` writes it to a file and checks that file, `detach` checks it again and takes
    the month out of the tables. `restore` brings it back. The service goes on meanwhile. docs/archiving.md has more.
    """


@partitions.command(
    "list",
    examples=[
        ("All of them", "purser partitions list"),
        (
            "The months that are old and in no file yet",
            """purser partitions list --json | jq -r '.partitions[] | select(.state == "old").period' | sort -u""",
        ),
    ],
)
@json_option
def list_(as_json: bool) -> None:
    """Show all partitions, and what was archived."""
    from ledger.partition_list import list_partitions

    views, archives = on_connection(list_partitions)
    if as_json:
        print_json(
            {"partitions": [one._asdict() for one in views], "archives": [one._asdict() for one in archives]}
        )
        return
    for line in (*_partition_lines(views), *map(_archive_line, archives)):
        say(line)


@partitions.command(
    examples=[
        ("August 2025, into the folder `archives`", "purser partitions archive 202508 archives"),
    ],
    exits={0: "The file is whole, and as the tables are.", **REFUSED},
)
@click.argument("period")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def archive(period: str, folder: Path, as_json: bool) -> None:
    """Write the oldest month to a file, and check it.

    PERIOD is the month, such as 202508; FOLDER is where the file goes. A file that is there already is not written
    again, but checked.
    """
    from ledger import archives

    path, summary = _refusable(lambda connection: archives.archive(connection, period, folder, progress))
    if as_json:
        counts = {"operations": summary.operations, "entries": summary.entries, "sha256": summary.sha256}
        print_json({"period": period, "file": str(path), **counts})
        return
    say(f"{path}: {summary.operations:,} operations, {summary.entries:,} entries, as in the tables.")
    say(f"SHA-256 of its lines: {summary.sha256}")


@partitions.command(
    examples=[
        ("After `purser partitions archive`", "purser partitions detach archives/purser-202508.jsonl.gz"),
    ],
    exits={0: "The month is in the file alone.", **REFUSED},
)
@ARCHIVE_FILE
@json_option
def detach(file: Path, as_json: bool) -> None:
    """Take a month that was archived out of the tables.

    FILE, which `purser partitions archive` wrote, is checked against the tables once more. Keep it: nothing else has
    that month then.
    """
    from ledger import archives

    description = _refusable(lambda connection: archives.detach(connection, file, progress))
    if as_json:
        print_json({"period": description.period, "file": str(file)})
        return
    say(f"{description.period} is in {file} alone. Keep it: `purser partitions restore` brings it back.")


@partitions.command(
    examples=[
        (
            "As it was before `purser partitions detach`",
            "purser partitions restore archives/purser-202508.jsonl.gz",
        ),
    ],
    exits={0: "The month is in the tables.", **REFUSED},
)
@ARCHIVE_FILE
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Bring a month back into the tables.

    FILE is what `purser partitions archive` wrote. What went last comes back first.
    """
    from ledger import archives

    description = _refusable(lambda connection: archives.restore(connection, file, progress))
    if as_json:
        print_json({"period": description.period, "file": str(file)})
        return
    say(f"{description.period} is in the tables.")


def _refusable(work: Callable[["asyncpg.Connection"], Awaitable[Result]]) -> Result:
    from ledger.archiving import ArchiveRefused

    try:
        return on_connection(work)
    except ArchiveRefused as refused:
        raise Refused(refused.reason, f"{refused.reason}: {refused}") from None


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
