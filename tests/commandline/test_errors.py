"""What goes wrong: a sentence on standard error, a document for scripts, and an exit code."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import asyncpg
import pytest

from commandline.command import INTERRUPTED
from tests.client import PASSWORD
from tests.commandline.commands import COMMANDS, PURSER, SECONDS_MAX, purser
from tests.databases import until_waiting

AWAY = "postgresql://someone:hunter2@127.0.0.1:1/purser"
# What is needed beside the command's name. A folder or a file that is there: this page.
NEEDED = {
    "create-admin": ["--password-stdin", "ada@example.com"],
    "partitions archive": ["202508", str(Path(__file__).parent)],
    "partitions detach": [__file__],
    "partitions restore": [__file__],
    "rebalance": ["--lanes", "2"],
}
NEEDS_NO_DATABASE = {"bank-simulator", "export-schema"}
ON_A_DATABASE = sorted(COMMANDS.keys() - NEEDS_NO_DATABASE)
WITH_JSON = sorted(
    name for name, command in COMMANDS.items() if any(option.name == "as_json" for option in command.params)
)


def typed(name: str) -> list[str]:
    return [*name.split(), *NEEDED.get(name, [])]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bad_option_is_2_and_never_a_document(name: str) -> None:
    done = purser(*typed(name), *(["--json"] if name in WITH_JSON else []), "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option" in done.stderr
    assert f"Try 'purser {name} --help' for help." in done.stderr


@pytest.mark.parametrize("name", ON_A_DATABASE)
def test_a_database_that_is_away(name: str) -> None:
    done = purser(*typed(name), said=PASSWORD, DATABASE_URL=AWAY, PURSER_PORT="0")
    assert (done.returncode, done.stdout) == (2 if name == "reconcile" else 1, "")
    assert done.returncode in COMMANDS[name].exits
    assert done.stderr.startswith("Error: The database can't be used: ")
    assert done.stderr.endswith("Is it running, and is DATABASE_URL right?\n")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("name", WITH_JSON)
def test_with_json_errors_are_documents_as_well(name: str) -> None:
    plain = purser(*typed(name), said=PASSWORD, DATABASE_URL=AWAY)
    done = purser(*typed(name), "--json", said=PASSWORD, DATABASE_URL=AWAY)
    assert (done.returncode, done.stderr) == (plain.returncode, plain.stderr)
    message = done.stderr.removeprefix("Error: ").rstrip()
    assert json.loads(done.stdout) == {"error": {"code": "DATABASE_UNUSABLE", "message": message}}


async def test_the_codes_of_errors(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    def code(*arguments: str, **environment: str) -> str:
        done = purser(*arguments, "--json", **{"said": PASSWORD, "DATABASE_URL": dsn} | environment)
        assert done.returncode != 0
        return str(json.loads(done.stdout)["error"]["code"])

    assert code("migrate", PURSER_PORT="http") == "SETTINGS_WRONG"
    assert code("migrate", DATABASE_URL="mysql://127.0.0.1") == "SETTINGS_WRONG"
    assert code("migrate", DATABASE_URL="", PURSER_DATA_DIR="/dev/null/data") == "DATABASE_UNUSABLE"
    assert code("reconcile", DATABASE_URL="", PURSER_DATA_DIR=str(tmp_path / "none")) == "NO_LEDGER"
    assert code("partitions", "archive", "202508", str(tmp_path)) == "PERIOD_UNKNOWN"
    assert code("create-admin", "--password-stdin", "ada") == "EMAIL_INVALID"
    assert purser(*typed("create-admin"), said=PASSWORD, DATABASE_URL=dsn).returncode == 0
    assert code(*typed("create-admin")) == "ADMINISTRATOR_EXISTS"
    await connection.execute("SELECT pg_advisory_lock($1)", int.from_bytes(b"balancer", "big"))
    assert code(*typed("rebalance")) == "BUSY"
    await connection.execute("DELETE FROM aerich WHERE version LIKE '5%'")
    assert code(*typed("rebalance")) == code("reconcile") == "SCHEMA_NOT_CURRENT"


def test_a_password_is_not_asked_for_where_nobody_is() -> None:
    done = purser("create-admin", "ada@example.com")
    assert done.returncode == 2
    assert "Without a terminal the password is read with --password-stdin." in done.stderr


def test_a_bank_whose_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = purser("bank-simulator", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Can't listen on 127.0.0.1 port ")
    assert done.stderr.endswith("Set --port to another port, or --host to an address of this machine.\n")


async def waiting(connection: asyncpg.Connection, dsn: str, *arguments: str) -> asyncio.subprocess.Process:
    """The command, once it waits for what the connection has locked."""
    process = await asyncio.create_subprocess_exec(
        *PURSER,
        *arguments,
        env=os.environ | {"DATABASE_URL": dsn},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Who runs the tests in the background of a script has them ignore interrupts, and so all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    await until_waiting(connection, 1)
    return process


@pytest.mark.parametrize("name", ["migrate", "partitions list", "rebalance", "reconcile"])
async def test_ctrl_c(name: str, dsn: str, connection: asyncpg.Connection) -> None:
    if name == "migrate":
        await connection.execute("SELECT pg_advisory_lock($1)", int.from_bytes(b"purser", "big"))
        await connection.execute("DELETE FROM aerich WHERE version LIKE '9%'")
    async with connection.transaction():
        await connection.execute("LOCK TABLE operations, entries IN ACCESS EXCLUSIVE MODE")
        process = await waiting(connection, dsn, *typed(name))
        process.send_signal(signal.SIGINT)
        said = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert (process.returncode, *said) == (INTERRUPTED, b"", b"Stopped.\n")


CUT = "The database can't be used: it went away in the middle. Try again once it is back; its own log may say why."


@pytest.mark.parametrize("name", ["reconcile", "rebalance", "partitions list"])
async def test_a_database_that_goes_away_in_the_middle(
    name: str, dsn: str, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("LOCK TABLE operations, entries, shares IN ACCESS EXCLUSIVE MODE")
        process = await waiting(connection, dsn, *typed(name), "--json")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        said, errors = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert (process.returncode, errors.decode()) == (2 if name == "reconcile" else 1, f"Error: {CUT}\n")
    assert json.loads(said) == {"error": {"code": "DATABASE_UNUSABLE", "message": CUT}}
