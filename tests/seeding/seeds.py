"""Running `purser seed` as an operator does, on a database of a test's own."""

import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

SECONDS_MAX = 120
SEED = [sys.executable, "-P", "-m", "cli", "seed"]
# In the past wherever and whenever this runs, and always the same: what is looked for must be in that world.
UNTIL = "2025-06-30"
SMALL = ["--clients", "60", "--companies", "24", "--operations", "3000", "--days", "45", "--until", UNTIL]


class Seeded(NamedTuple):
    """A seeded database, and what the command told of it."""

    dsn: str
    told: Any


def environment(dsn: str, **more: str) -> dict[str, str]:
    return {**os.environ, "PURSER_DATABASE_URL": dsn, **more}


def run(*arguments: str, dsn: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SEED, *arguments],
        env=environment(dsn, **more),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def seed(dsn: str, *arguments: str) -> Seeded:
    """The database with a small world in it."""
    done = run(*SMALL, *arguments, "--json", dsn=dsn)
    assert (done.returncode, done.stderr) == (0, "")
    return Seeded(dsn, json.loads(done.stdout))


def reconcile(dsn: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", "reconcile"],
        env=environment(dsn),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
