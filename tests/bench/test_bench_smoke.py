"""The benchmark runs to its end, checks included. Its figures are for quiet machines, not for tests."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN_SECONDS_MAX = 110


@pytest.mark.slow
def test_a_quick_run_fills_every_row(tmp_path: Path) -> None:
    page = tmp_path / "benchmark.md"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", f"--write={page}"],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PostgreSQL fsync: on\nPostgreSQL synchronous_commit: on\n" in done.stdout
    written = page.read_text()
    for row in (
        "(a) pgbench at its best, one transaction a charge: spread",
        "(a) pgbench at its best, one transaction a charge: hot",
        "(a) pgbench, statement by statement: spread",
        "(b) the ledger, in one process: spread",
        "(b) the ledger, in as many processes as the service: spread",
        "(a) pgbench, statement by statement: hot",
        "(b) the ledger, in one process: hot",
        "(b) the ledger, in as many processes as the service: hot",
        "(c) the service over HTTP: spread",
        "(c) the service over HTTP: hot",
        "(c) the service over HTTP, deposits: spread",
        "(c) the service over HTTP, transfers: spread",
        "(c) the service over HTTP, 500 charges a request: spread",
        "Bare route, no database, requests",
        "The ledger, through its queue",
        "The same writer without the queue",
        "pgbench, one client",
    ):
        assert f"| {row} " in written


@pytest.mark.slow
def test_a_short_history_is_exported_in_both_formats() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.exports", "--rows=3000"],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for export_format in ("CSV", "JSON_LINES"):
        assert f"{export_format}: link in " in done.stdout


@pytest.mark.slow
def test_a_history_of_two_years_is_paged_at_both_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.history", "--entries=100000", "--rounds=1"],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    # How long a page takes means nothing here.
    assert done.returncode == 0 or "A deep page takes" in done.stderr, done.stdout + done.stderr
    for row in (
        "all",
        "one payer (one in 1,000)",
        "of one month, now and long ago",
        "totals of a month by kind",
    ):
        assert f"| {row} | " in done.stdout


@pytest.mark.slow
def test_ten_times_the_load_for_a_moment() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.overload",
            "--rounds=1",
            "--seconds=1",
            "--crowd=300",
            "--nuisances=40",
        ],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    # That what was refused was never executed is checked; how much that is means nothing here.
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| the peak | " in done.stdout
    assert "clients that honour Retry-After | " in done.stdout
