"""Whoever is killed at any step, by `kill -9`, gives the same command again, and it completes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from ledger import archives
from tests.archives.old import Old, Operator, file_of, take_out
from tests.ledger.invariants import assert_invariants

SECONDS_MAX = 60
# The real command, which ends itself where `sys.argv[1]` says.
FATAL = """
import os, signal, sys
import asyncpg
from cli import main
from ledger import archive_files, archives

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def at(needle, *, is_done=False):
    execute = asyncpg.Connection.execute
    async def fatal(self, query, *arguments, **more):
        if needle in query and not is_done:
            die()
        status = await execute(self, query, *arguments, **more)
        if needle in query:
            die()
        return status
    asyncpg.Connection.execute = fatal

def second(call):
    calls = []
    def counted(*arguments):
        calls.append(arguments)
        return die() if len(calls) == 2 else call(*arguments)
    return counted

exec(sys.argv[1])
main(sys.argv[2:])
"""
WHILE_ARCHIVING = {
    "half of the draft is written": "archive_files._amounts = second(archive_files._amounts)",
    "the draft has no end": "archive_files._last_line = die",
    "the draft is not on disk": "archive_files.os.fsync = die",
    "the draft has no name": "archive_files.Path.rename = die",
    "the name is not on disk": "archive_files.os.fsync = second(os.fsync)",
    "the file is not checked": "archives._check = die",
    "the archive is not recorded": "at('INSERT INTO archives')",
    "the archive is recorded": "at('INSERT INTO archives', is_done=True)",
}
WHILE_DETACHING = {
    "nothing is done": "at('SHARE MODE')",
    "the partitions are locked": "at('SHARE MODE', is_done=True)",
    "the file is checked": "at('ledger_set_apart')",
    "the openings are written": "at('ledger_set_apart', is_done=True)",
    "nothing is committed": "at('ledger_detach_archived', is_done=True)",
}
WHILE_RESTORING = {
    "nothing is loaded": "at('restored_operations')",
    "half is loaded": "at('INSERT INTO restored_operations', is_done=True)",
    "all is loaded": "at('ledger_rebuild_archived')",
    "the tables are made": "at('ledger_rebuild_archived', is_done=True)",
    "nothing is committed": "at('ledger_attach_restored', is_done=True)",
}


def run(dsn: str, code: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FATAL, code, "partitions", *arguments],
        env={**os.environ, "PURSER_DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    return done.returncode, done.stderr


async def killed_and_again(connection: asyncpg.Connection, dsn: str, code: str, *arguments: str) -> None:
    assert run(dsn, code, *arguments) == (-signal.SIGKILL, "")
    # What the server did for the one who is gone ends by itself.
    while await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'purser-operator' AND datname = current_database()"
    ):
        await connection.execute("SELECT pg_sleep(0.01)")
    await assert_invariants(connection)
    assert run(dsn, "", *arguments) == (0, "")


@pytest.mark.parametrize("moment", WHILE_ARCHIVING)
async def test_killed_while_archiving(moment: str, old: Old, dsn: str, tmp_path: Path) -> None:
    before = await old.tables()
    code = WHILE_ARCHIVING[moment]
    await killed_and_again(old.connection, dsn, code, "archive", "202508", str(tmp_path))
    assert await old.tables() == before
    assert run(dsn, "", "detach", str(file_of(tmp_path, "202508"))) == (0, "")
    await assert_invariants(old.connection)


@pytest.mark.parametrize("moment", WHILE_DETACHING)
async def test_killed_while_detaching(
    moment: str, old: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    before = await old.tables()
    path, _ = await operator(archives.archive, "202508", tmp_path)
    await killed_and_again(old.connection, dsn, WHILE_DETACHING[moment], "detach", str(path))
    assert await old.connection.fetchval("SELECT to_regclass('operations_202508') IS NULL")
    await assert_invariants(old.connection)
    await operator(archives.restore, path)
    assert await old.tables() == before


@pytest.mark.parametrize("moment", WHILE_RESTORING)
async def test_killed_while_restoring(
    moment: str, old: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    before = await old.tables()
    await take_out(operator, tmp_path, "202508")
    path = file_of(tmp_path, "202508")
    await killed_and_again(old.connection, dsn, WHILE_RESTORING[moment], "restore", str(path))
    assert await old.tables() == before
    await assert_invariants(old.connection)
