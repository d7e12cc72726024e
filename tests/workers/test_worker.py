"""The process `purser worker`: when it refuses to start, how it stops, and that it outlives its database."""

import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest

from runtime.embedded import EmbeddedServer
from tests.crashes.restartable import restartable_postgres
from tests.databases import until_waiting
from tests.runtime.processes import psql, wait_until
from tests.workers.running import SECONDS_MAX, Worker, running_worker, until

LEADERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'purser-leader' AND datname = current_database()
"""


async def until_at_work(connection: asyncpg.Connection) -> None:
    async def is_there() -> object:
        return await connection.fetchval(LEADERS)

    await until(is_there, "the worker is at work")


def refusal(worker: Worker) -> str:
    assert worker.process.wait(SECONDS_MAX) == 1
    assert worker.said.startswith("Error: ")
    assert "Traceback" not in worker.said
    return worker.said


def test_without_a_database_it_says_how_to_get_one(tmp_path: Path) -> None:
    with running_worker(tmp_path, PURSER_DATA_DIR=str(tmp_path / "data")) as worker:
        said = refusal(worker)
    assert str(tmp_path / "data") in said
    assert "purser serve" in said
    assert "DATABASE_URL" in said
    assert not (tmp_path / "data").exists()


def test_an_unreachable_database_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://someone:hunter2@127.0.0.1:1/purser"
    with running_worker(tmp_path, DATABASE_URL=url) as worker:
        said = refusal(worker)
    assert said.startswith("Error: The database can't be used")
    assert "hunter2" not in said
    assert said.count("\n") == 1


def test_a_schema_that_is_not_current_is_left_alone(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "data") as server:
        for variables in ({"DATABASE_URL": server.dsn}, {"PURSER_DATA_DIR": str(tmp_path / "data")}):
            with running_worker(tmp_path, **variables) as worker:
                assert refusal(worker).endswith("is not current: run `purser migrate`.\n")


@pytest.mark.parametrize("lane", ["0", "-1", "one", "32768"])
def test_lanes_are_numbers_from_one(tmp_path: Path, dsn: str, lane: str) -> None:
    with running_worker(tmp_path, "--lane", lane, DATABASE_URL=dsn) as worker:
        assert worker.process.wait(SECONDS_MAX) == 2
        assert "--lane" in worker.said


def test_settings_are_checked(tmp_path: Path, dsn: str) -> None:
    with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="0") as worker:
        assert "PURSER_BATCH_SIZE_MAX" in refusal(worker)
    with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_DEFAULT_CURRENCY="ABC") as worker:
        assert "PURSER_DEFAULT_CURRENCY" in refusal(worker)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_it_stops_when_it_is_told_to(
    tmp_path: Path, dsn: str, connection: asyncpg.Connection, number: signal.Signals
) -> None:
    with running_worker(tmp_path, "--lane", "2", DATABASE_URL=dsn) as worker:
        await until_at_work(connection)
        assert worker.stop(number) == 0
        assert "Worker started, for lane 2" in worker.said


async def test_a_second_signal_waits_for_nothing(
    tmp_path: Path, dsn: str, connection: asyncpg.Connection
) -> None:
    with running_worker(tmp_path, DATABASE_URL=dsn) as worker:
        await until_at_work(connection)
        # What it has begun can't be finished: it waits for a lock.
        async with connection.transaction():
            await connection.execute("LOCK TABLE sessions, reservations IN ACCESS EXCLUSIVE MODE")
            await until_waiting(connection, 1)
            worker.process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                worker.process.wait(0.3)
            worker.process.send_signal(signal.SIGINT)
            assert worker.process.wait(SECONDS_MAX) == 130
    assert "Traceback" not in worker.said


def test_a_database_that_goes_and_comes_is_waited_for(tmp_path: Path) -> None:
    with restartable_postgres(tmp_path / "data") as server:
        with running_worker(tmp_path, DATABASE_URL=server.dsn) as worker:
            for _ in range(2):
                wait_until(lambda: psql(server.dsn, LEADERS) == "1", "the worker is at work")
                server.crash()
            wait_until(lambda: psql(server.dsn, LEADERS) == "1", "the worker is at work again")
            assert worker.stop() == 0
        assert worker.said.count("Upkeep: the database does not answer") == 1
        assert '"ERROR"' not in worker.said
