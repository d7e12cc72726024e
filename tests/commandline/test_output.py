"""Standard output that takes no more, or was never open: no fault of the ledger or of the database."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commandline.commands import PURSER, SECONDS_MAX

SAYING = [
    "reconcile",
    "reconcile --json",
    "partitions list",
    "partitions list --json",
    "rebalance --lanes 2 --every 1s",
    "rebalance --lanes 2 --every 1s --json",
    "migrate",
    "export-schema",
]


@contextmanager
def broken_pipe() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def exit_of(name: str) -> int:
    """What was not told of the ledger is neither well nor wrong."""
    return 2 if name.startswith("reconcile") else 1


def purser_into(output: int, name: str, dsn: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PURSER, *name.split()],
        env=os.environ | {"DATABASE_URL": dsn},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.mark.parametrize("name", SAYING)
def test_a_reader_that_has_gone(name: str, dsn: str) -> None:
    with broken_pipe() as output:
        done = purser_into(output, name, dsn)
    assert (done.returncode, done.stderr) == (exit_of(name), "")


@pytest.mark.parametrize("name", SAYING)
def test_a_disk_that_is_full(name: str, dsn: str) -> None:
    with Path("/dev/full").open("wb") as output:
        done = purser_into(output.fileno(), name, dsn)
    said = "Error: Standard output can't be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (exit_of(name), said)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", ["reconcile", "migrate", "partitions list"])
def test_streams_that_are_closed(name: str, closed: str, dsn: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *PURSER, *name.split()],
        env=os.environ | {"DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
