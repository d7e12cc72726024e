"""The worker and the simulated bank that `purser serve` runs beside the API: healed like it, and never its end."""

import contextlib
import os
import re
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runtime.processes import EARLY_DEATHS_MAX
from tests.databases import copy_database
from tests.runtime.launching import CHECKOUT, Service, assert_nothing_runs, command_of, serving
from tests.runtime.processes import SECONDS_MAX, psql, wait_until

BESIDE = ("worker-process", "bank-process")
PRODUCTION = {
    "PURSER_ENVIRONMENT": "production",
    "PURSER_SECRET_KEY": "k" * 32,
    "PURSER_ALLOWED_HOSTS": "127.0.0.1",
}
# What Python runs before anything else.
DYING = """
import os, sys
if {"worker-process", "bank-process"} & set(sys.orig_argv):
    os._exit(7)
"""


def variables_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def bank_url(service: Service) -> str:
    found = re.search(r"simulated bank at (http://127\.0\.0\.1:\d+)\n", service.said)
    assert found, service.said
    return found[1]


def wait_until_beside(service: Service) -> dict[str, int]:
    wait_until(lambda: all(len(service.processes(name)) == 1 for name in BESIDE), "both run")
    return {name: service.processes(name).pop() for name in BESIDE}


def wait_until_at_work(service: Service) -> None:
    """A worker has a connection that none of the others opens."""
    dsn = (service.data_dir / "dsn").read_text()
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'purser-leader'"
    wait_until(lambda: psql(dsn, count) == "1", "the worker is at work")


def wait_until_gone(family: set[int]) -> None:
    wait_until(lambda: not any(command_of(pid) for pid in family), "they end")


def test_they_come_up_and_everybody_is_told_where_the_bank_is(data_dir: Path) -> None:
    with serving(data_dir) as service:
        beside = wait_until_beside(service)
        url = bank_url(service)
        for pid in {beside["worker-process"], *service.api_processes()}:
            assert variables_of(pid)["PURSER_BANK_URL"] == url
        wait_until_at_work(service)
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port), timeout=SECONDS_MAX) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: bank\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 ")
        assert service.stop() == 0
    wait_until_gone(set(beside.values()))


@pytest.mark.parametrize("command", BESIDE)
def test_a_killed_one_is_replaced_and_the_api_goes_on(data_dir: Path, command: str) -> None:
    with serving(data_dir) as service:
        before = service.api_processes()
        victim = wait_until_beside(service)[command]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: bool(service.processes(command) - {victim}), "another one is started")
        wait_until_at_work(service)
        assert service.api_processes() == before
        assert service.get("/health/ready") == 200
        assert service.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_launcher(data_dir: Path, number: signal.Signals) -> None:
    with serving(data_dir) as service:
        family = {*wait_until_beside(service).values(), *service.api_processes()}
        wait_until_at_work(service)
        service.process.send_signal(number)
        service.process.wait(timeout=SECONDS_MAX)
    wait_until_gone(family)
    assert_nothing_runs(data_dir)


@pytest.mark.parametrize("variables", [PRODUCTION, {"PURSER_BANK_URL": "http://127.0.0.1:9"}])
def test_no_bank_is_simulated_in_production_or_beside_a_real_one(
    data_dir: Path, variables: dict[str, str]
) -> None:
    with serving(data_dir, **variables) as service:
        wait_until_at_work(service)
        assert "simulated" not in service.said
        assert not service.processes("bank-process")
        (worker,) = service.processes("worker-process")
        assert variables_of(worker).get("PURSER_BANK_URL") == variables.get("PURSER_BANK_URL")
        assert service.stop() == 0


def test_with_a_server_of_its_own_the_operator_starts_workers(
    data_dir: Path, template_dsn: str, request: pytest.FixtureRequest
) -> None:
    dsn = copy_database(template_dsn, request.node.name[:60])
    with serving(data_dir, DATABASE_URL=dsn, PURSER_WORKERS="1") as service:
        assert "start `purser worker`" in service.said
        # Who is started beside the API is started once it is ready.
        wait_until(lambda: service.get("/health/ready") == 200, "the service is ready")
        assert not service.processes("worker-process") | service.processes("bank-process")
        assert service.stop() == 0


def test_those_that_always_die_take_nobody_with_them(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DYING)
    with serving(data_dir, PYTHONPATH=f"{tmp_path}:{CHECKOUT}") as service:
        before = service.api_processes()
        # More often than API processes may.
        service.read_until("The worker ended with status 7; starting another.\n", EARLY_DEATHS_MAX + 2)
        assert service.api_processes() == before
        assert service.get("/health/ready") == 200
        assert service.stop() == 0
    assert_nothing_runs(data_dir)


def test_the_bank_answers_until_the_worker_has_ended(data_dir: Path) -> None:
    with serving(data_dir, PURSER_SHUTDOWN_SECONDS_MAX="1") as service:
        beside = wait_until_beside(service)
        api = service.api_processes()
        worker = beside["worker-process"]
        wait_until_at_work(service)
        # One that doesn't finish.
        os.kill(worker, signal.SIGSTOP)
        try:
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not any(command_of(pid) for pid in api), "the API ends")
            assert command_of(beside["bank-process"])
            assert service.process.wait(timeout=SECONDS_MAX) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    wait_until_gone({*beside.values(), *api})
