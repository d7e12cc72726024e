"""`purser reconcile` as an operator and a script see it: what it prints, and the code it exits with."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ledger.reconciliation import CHECKS, FAULTS_SHOWN_MAX
from tests.databases import copy_database, until_waiting

COMMAND = [sys.executable, "-P", "-m", "cli", "reconcile"]
SECONDS_MAX = 60
WELL = re.compile(
    rf"All is well: {len(CHECKS)} checks of \d+ wallets, \d+ operations and \d+ entries, "
    r"as at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, in \d+\.\d s\.\n"
)


@pytest.fixture
def dsn(lived_in_dsn: str, request: pytest.FixtureRequest) -> str:
    return copy_database(lived_in_dsn, f"command {hash(request.node.name)}")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


async def damage(connection: asyncpg.Connection, statement: str) -> None:
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement)


def test_all_is_well(dsn: str) -> None:
    done = run(PURSER_DATABASE_URL=dsn)
    assert (done.returncode, done.stderr) == (0, "")
    assert WELL.fullmatch(done.stdout), done.stdout


async def test_a_fault_is_a_line(dsn: str, connection: asyncpg.Connection) -> None:
    operation: UUID = await connection.fetchval(
        "SELECT operation_id FROM idempotency_keys WHERE key = 'soup'"
    )
    till: UUID = await connection.fetchval("SELECT target_id FROM operations WHERE id = $1", operation)
    await damage(connection, f"UPDATE operations SET credited = 1005 WHERE id = '{operation}'")
    done = run(PURSER_DATABASE_URL=dsn)
    assert (done.returncode, done.stderr) == (1, "")
    line, summary = done.stdout.splitlines()
    assert line == (
        f"operations_moved_what_they_say: wal_{till.hex} op_{operation.hex}: "
        "credited should be 4.00 USD, but is 10.05 USD"
    )
    assert summary.startswith(f"WRONG: 1 fault, found by 1 of {len(CHECKS)} checks of ")
    # What follows the prefix is a UUID to PostgreSQL.
    assert await connection.fetchval(f"SELECT id FROM operations WHERE id = '{operation.hex}'") == operation


async def test_many_faults_are_counted(dsn: str, connection: asyncpg.Connection) -> None:
    entries = await connection.fetchval("SELECT count(*) FROM entries")
    await damage(connection, "UPDATE entries SET created_at = created_at + interval '1 day'")
    done = run(PURSER_DATABASE_URL=dsn)
    *lines, more, summary = done.stdout.splitlines()
    assert len(lines) == FAULTS_SHOWN_MAX
    assert more == f"entries_have_their_operation: and {entries - FAULTS_SHOWN_MAX} more"
    assert summary.startswith(f"WRONG: {entries} faults, found by 1 of")


async def test_a_document_for_scripts(dsn: str, connection: asyncpg.Connection) -> None:
    well = json.loads(run("--json", PURSER_DATABASE_URL=dsn).stdout)
    assert well["is_well"] is True
    assert well["figures"]["entries"] == await connection.fetchval("SELECT count(*) FROM entries")
    assert [check["name"] for check in well["checks"]] == list(CHECKS)

    wallet = await connection.fetchval("SELECT min(id::text)::uuid FROM wallets WHERE kind = 'HOLDER'")
    await damage(connection, f"UPDATE wallets SET pending = pending + 1 WHERE id = '{wallet}'")
    pending = await connection.fetchval("SELECT pending FROM wallets WHERE id = $1", wallet)
    done = run("--json", PURSER_DATABASE_URL=dsn)
    assert (done.returncode, done.stderr) == (1, "")
    document = json.loads(done.stdout)
    assert document["is_well"] is False
    (check,) = [check for check in document["checks"] if check["fault_count"]]
    assert (check["name"], check["fault_count"]) == ("held_and_pending_are_what_is_open", 1)
    assert check["faults"] == [
        {
            "wallet_id": f"wal_{wallet.hex}",
            "operation_id": None,
            "entry": None,
            "what": "pending",
            "currency": "USD",
            "expected": f"{(pending - 1) / 100:.2f}",
            "found": f"{pending / 100:.2f}",
        }
    ]


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"PURSER_DATABASE_URL": "postgresql://someone:hunter2@127.0.0.1:1/purser"}, "can't be used"),
        ({"PURSER_DATA_DIR": "nowhere"}, "no ledger in"),
        ({"PURSER_PORT": "http"}, "PURSER_PORT"),
    ],
)
def test_what_can_not_be_found_out_is_neither(
    environment: dict[str, str], error: str, tmp_path: Path
) -> None:
    if "PURSER_DATA_DIR" in environment:
        environment = {"PURSER_DATA_DIR": str(tmp_path / "nowhere")}
    done = run(**environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert error in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nowhere").exists()


async def test_a_schema_of_another_time(dsn: str, connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM aerich WHERE version LIKE '5%'")
    done = run(PURSER_DATABASE_URL=dsn)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: The database's schema is not current: run `purser migrate`.\n"


def test_progress_is_shown_on_a_terminal_alone(dsn: str) -> None:
    ours, terminal = pty.openpty()
    try:
        done = subprocess.run(
            COMMAND,
            env={**os.environ, "PURSER_DATABASE_URL": dsn},
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            timeout=SECONDS_MAX,
            check=True,
        )
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(terminal)
    assert WELL.fullmatch(done.stdout)
    for number, name in enumerate(CHECKS, 1):
        assert f"{number}/{len(CHECKS)} {name} 0 s" in shown
    # Nothing of it is left on the line.
    assert shown.endswith("\r\033[K")


async def test_an_interrupted_one_says_neither(dsn: str, connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE shares IN ACCESS EXCLUSIVE MODE")
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            env={**os.environ, "PURSER_DATABASE_URL": dsn},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Who runs the tests in the background of a script has them ignore interrupts, and so all they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        await until_waiting(connection, 1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert (process.returncode, stdout, stderr) == (130, b"", b"Stopped.\n")
