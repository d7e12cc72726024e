"""`purser seed` where it says no, is stopped, and what it prints."""

import asyncio
import json
import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.databases import until_waiting
from tests.running import SECRET_KEY
from tests.seeding.seeds import SEED, SMALL, Seeded, environment, reconcile, run

TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


async def count_of_rows(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    tables = ("accounts", "wallets", "operations", "entries", "idempotency_keys", "currency_revision")
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    assert await connection.fetchval("SELECT revision FROM currency_revision") == 1
    await connection.close()
    total: int = sum(counts) - 1
    return total


async def test_what_it_prints(empty_dsn: str) -> None:
    done = run(*SMALL, dsn=empty_dsn)
    assert (done.returncode, done.stderr) == (0, "")
    figures, password, *who = done.stdout.splitlines()
    assert re.fullmatch(
        r"60 clients and 24 companies with \d+ wallets, [\d,]+ operations and [\d,]+ entries from "
        r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, in \d+\.\d s \([\d,]+ operations a second\)\.",
        figures,
    )
    assert password == "Everybody's password is correct-horse-9. Log in as"
    assert [line.split()[0] for line in who] == ["client", "company", "administrator"]


async def test_production_refuses(empty_dsn: str) -> None:
    done = run(
        *SMALL,
        dsn=empty_dsn,
        PURSER_ENVIRONMENT="production",
        PURSER_SECRET_KEY=SECRET_KEY,
        PURSER_ALLOWED_HOSTS="*",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "not where PURSER_ENVIRONMENT is production" in done.stderr
    assert await count_of_rows(empty_dsn) == 0


def test_a_database_with_accounts_refuses(world: Seeded) -> None:
    done = run(*SMALL, dsn=world.dsn)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: There are accounts in this database already")


def test_a_refusal_is_a_document_for_scripts(world: Seeded) -> None:
    done = run(*SMALL, "--json", dsn=world.dsn)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "NOT_EMPTY"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--until", TOMORROW], "is in the future"),
        (["--until", "yesterday"], "must look like 2026-11-21"),
        (["--until", "2001-01-01", "--days", "3000"], "would begin before 2000-01-01"),
        (["--until", "0001-01-01"], "would begin before 2000-01-01"),
        (["--clients", "0"], "is not in the range"),
    ],
)
def test_options_that_make_no_sense(arguments: list[str], said: str, empty_dsn: str) -> None:
    done = run(*arguments, dsn=empty_dsn)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


async def test_stopped_it_leaves_nothing(empty_dsn: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    process = start(["--operations", "1000000"], empty_dsn, said)
    try:
        await until_entries_are_written(empty_dsn, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()
    assert said.read_text().endswith("Stopped.\n")
    assert await count_of_rows(empty_dsn) == 0
    done = run(*SMALL, dsn=empty_dsn)
    assert done.returncode == 0, done.stderr
    reconcile(empty_dsn)


async def test_stopped_at_the_very_end_it_leaves_nothing_either(empty_dsn: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty_dsn)
    said = tmp_path / "said"
    async with connection.transaction():
        # In the way of ANALYZE, which comes last, and of nothing before it.
        await connection.execute("LOCK TABLE withdrawal_attempts IN SHARE UPDATE EXCLUSIVE MODE")
        process = start(SMALL, empty_dsn, said)
        try:
            await until_waiting(connection, 1)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        finally:
            process.kill()
            process.wait()
    await connection.close()
    assert said.read_text() == "Stopped.\n"
    assert await count_of_rows(empty_dsn) == 0


def start(arguments: list[str], dsn: str, said: Path) -> subprocess.Popen[bytes]:
    with said.open("wb") as output:
        return subprocess.Popen(
            [*SEED, *arguments],
            env=environment(dsn),
            stdout=output,
            stderr=output,
            # Who runs the tests in the background of a script has them ignore interrupts, and so all that they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )


async def until_entries_are_written(dsn: str, process: subprocess.Popen[bytes]) -> None:
    connection = await asyncpg.connect(dsn)
    give_up_at = time.monotonic() + 60
    written = "SELECT sum(pg_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'entries'::regclass"
    while not await connection.fetchval(written):
        assert process.poll() is None
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.05)
    await connection.close()
