"""`purser serve`, for real: quickly up, stopped in order, healed where a part dies, nothing left behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runtime.launching import CHECKOUT, QUERY, assert_nothing_runs, command_of, serving, starting
from tests.runtime.processes import SECONDS_MAX, running_python, wait_until


def test_says_where_to_look_the_second_time_as_well(data_dir: Path) -> None:
    for _ in range(2):
        with serving(data_dir) as service:
            assert service.get("/health/live") == 200
            assert service.get("/health/ready") == 200
            assert f"http://127.0.0.1:{service.port}/graphql" in service.said
            assert str(data_dir) in service.said
            assert service.stop() == 0


def test_every_asked_for_process_serves_and_a_killed_one_is_replaced(data_dir: Path) -> None:
    with serving(data_dir, PURSER_WORKERS="3") as service:
        before = service.api_processes()
        assert len(before) == 3
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(service.api_processes() - before) == 1, "another process is started")
        assert service.api_processes() >= before - {victim}
        assert service.get("/health/live") == 200
        assert service.stop() == 0


def test_one_is_replaced_though_nobody_hears_of_it(data_dir: Path) -> None:
    # As `purser serve 2>&1 | head -20`.
    with serving(data_dir, PURSER_WORKERS="1") as service:
        assert service.process.stdout is not None
        service.process.stdout.close()
        (victim,) = service.api_processes()
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: bool(service.api_processes() - {victim}), "another process is started")
        assert service.get("/health/live") == 200
        assert service.stop() == 0


def test_one_is_replaced_though_temporary_files_were_tidied_away(data_dir: Path, tmp_path: Path) -> None:
    with serving(data_dir, PURSER_WORKERS="1", TMPDIR=str(tmp_path)) as service:
        (folder,) = tmp_path.glob("purser-metrics-*")
        shutil.rmtree(folder)
        victim = min(service.api_processes())
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: bool(service.api_processes() - {victim}), "another process is started")
        wait_until(service.is_listening, "it answers")
        assert service.get("/health/live") == 200
        assert service.get("/metrics") == 503
        assert service.stop() == 0


def test_no_process_is_told_the_database_on_its_command_line(data_dir: Path) -> None:
    with serving(data_dir) as service:
        for pid in service.api_processes():
            assert "postgresql://" not in command_of(pid)
            assert b"PURSER_DATABASE_URL=postgresql://" in Path(f"/proc/{pid}/environ").read_bytes()
        assert service.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_lets_requests_under_way_finish(data_dir: Path, number: signal.Signals) -> None:
    with serving(data_dir) as service, service.begin_request() as connection:
        service.process.send_signal(number)
        wait_until(lambda: not service.is_listening(), "new connections are refused")
        assert service.process.poll() is None
        connection.sendall(QUERY[5:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert service.process.wait(timeout=SECONDS_MAX) == 0
        assert_nothing_runs(data_dir)


def test_stop_needs_nobody_who_listens(data_dir: Path) -> None:
    # As `purser serve | tee log`, where Ctrl-C ends `tee` first.
    with serving(data_dir) as service, service.begin_request() as connection:
        assert service.process.stdout is not None
        service.process.stdout.close()
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not service.is_listening(), "new connections are refused")
        connection.sendall(QUERY[5:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert service.process.wait(timeout=SECONDS_MAX) == 0


def test_told_to_stop_it_goes_on_for_the_time_that_a_balancer_needs(data_dir: Path) -> None:
    with serving(data_dir, PURSER_DRAIN_SECONDS="2") as service:
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: service.get("/health/ready") == 503, "it says that it is not ready")
        with service.begin_request() as connection:
            connection.sendall(QUERY[5:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert service.process.wait(timeout=SECONDS_MAX) == 0


def test_stop_waits_no_longer_than_its_limit(data_dir: Path) -> None:
    with serving(data_dir, PURSER_SHUTDOWN_SECONDS_MAX="1") as service, service.begin_request():
        started_at = time.monotonic()
        assert service.stop() == 0
        assert 0.9 < time.monotonic() - started_at < 10


def test_ctrl_c_of_the_terminal_reaches_the_launcher_alone_and_a_second_one_stops_at_once(
    data_dir: Path,
) -> None:
    with serving(data_dir) as service, service.begin_request():
        os.killpg(service.process.pid, signal.SIGINT)
        service.read_until("Stopping")
        time.sleep(0.5)
        assert service.process.poll() is None
        assert len(service.api_processes()) >= 1
        started_at = time.monotonic()
        os.killpg(service.process.pid, signal.SIGINT)
        service.process.wait(timeout=SECONDS_MAX)
        assert time.monotonic() - started_at < 15  # of the 30 s that requests under way are given
        assert_nothing_runs(data_dir)


def test_interrupted_while_starting(data_dir: Path) -> None:
    for seconds in (0.3, 0.5, 0.7, 0.9):
        with starting(data_dir) as service:
            time.sleep(seconds)
            service.process.send_signal(signal.SIGINT)
            said = service.read_to_the_end()
            # Before the launcher looks at signals, and so has started nothing, Python ends as it does.
            assert service.process.wait(timeout=SECONDS_MAX) in (0, 1, 130, -signal.SIGINT), said
        assert_nothing_runs(data_dir)


# The interrupt comes while an object is cleared away: Python has nobody to raise it to.
INTERRUPTED_IN_VAIN = """
import os, signal, sys
from runtime.processes import Kind, Processes, Signals
class Clearing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
signals = Signals()
Clearing()
print("goes on", flush=True)
Processes([Kind("It", ["false"], is_vital=True)], {}, 1.0, on_end=print).run(
    signals, on_ready=lambda: None, on_stop=lambda: print("stops"), is_doomed=lambda: False
)
"""


def test_an_interrupt_that_nobody_could_be_told_of_is_kept() -> None:
    with running_python(INTERRUPTED_IN_VAIN) as process:
        said, _ = process.communicate(timeout=SECONDS_MAX)
    assert said.splitlines()[-2:] == ["goes on", "stops"]
    assert process.returncode == 0


def test_killed_launcher_leaves_nothing_and_the_next_start_recovers(data_dir: Path) -> None:
    with serving(data_dir) as service:
        family = service.api_processes()
        assert family
        service.process.kill()
        service.process.wait(timeout=SECONDS_MAX)
    with serving(data_dir) as service:
        assert service.get("/health/live") == 200
        assert service.stop() == 0
    wait_until(lambda: not any(command_of(pid) for pid in family), "the API processes end")
    assert_nothing_runs(data_dir)


def test_port_in_use_is_one_line(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with starting(data_dir, PURSER_PORT=str(port)) as service:
            assert service.process.wait(timeout=SECONDS_MAX) == 1
            said = service.read_to_the_end()
    assert said.startswith(f"Error: Can't listen on 127.0.0.1 port {port}")
    assert "PURSER_PORT" in said
    assert said.count("\n") == 1


def test_no_host_name_is_one_line(data_dir: Path) -> None:
    with starting(data_dir, PURSER_HOST="a..b") as service:
        assert service.process.wait(timeout=SECONDS_MAX) == 1
        assert service.read_to_the_end().startswith("Error: Can't listen on a..b: this is no host name.")


def test_second_launcher_on_the_folder_is_one_line(data_dir: Path) -> None:
    with serving(data_dir) as first:
        with starting(data_dir) as second:
            assert second.process.wait(timeout=SECONDS_MAX) == 1
            said = second.read_to_the_end()
        assert f"process {first.process.pid}" in said
        assert said.count("\n") == 1
        assert first.get("/health/live") == 200
        assert first.stop() == 0


def test_unreachable_database_is_one_line(data_dir: Path) -> None:
    with starting(data_dir, DATABASE_URL="postgresql://someone:hunter2@127.0.0.1:1/purser") as service:
        assert service.process.wait(timeout=SECONDS_MAX) == 1
        said = service.read_to_the_end()
    assert said.startswith("Error: The database can't be used")
    assert "hunter2" not in said
    assert said.count("\n") == 1


def test_processes_that_die_at_once_end_the_service(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit(7)\n")
    with starting(data_dir, PYTHONPATH=f"{tmp_path}:{CHECKOUT}") as service:
        assert service.process.wait(timeout=SECONDS_MAX) == 1
        said = service.read_to_the_end()
    assert "Error: An API process ended 5 times" in said
    assert "Traceback" not in said
    assert_nothing_runs(data_dir)


def test_dead_postmaster_ends_the_service(data_dir: Path) -> None:
    with serving(data_dir) as service:
        os.kill(int((data_dir / "postgresql/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert service.process.wait(timeout=SECONDS_MAX) == 1
        assert "postgresql.log" in service.read_to_the_end()
    assert_nothing_runs(data_dir)


def test_commands_use_the_running_service_s_database(data_dir: Path) -> None:
    command = [sys.executable, "-P", "-m", "cli", "migrate"]
    environment = os.environ | {"PURSER_DATA_DIR": str(data_dir)}
    with serving(data_dir) as service:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=True
        )
        assert done.stdout == "The schema is up to date.\n"
        assert service.stop() == 0
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=True
    )
    assert done.stdout == "The schema is up to date.\n"
    assert_nothing_runs(data_dir)


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000]
)
def test_endless_heads_are_cut_off(data_dir: Path, data: bytes) -> None:
    with serving(data_dir, PURSER_WORKERS="1") as service:
        with socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS_MAX) as connection:
            connection.sendall(data)
            if data.endswith(b"X: "):
                with contextlib.suppress(ConnectionError):
                    for _ in range(100):
                        connection.sendall(b"x" * 10_000)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(65536)[:12] in (b"", b"HTTP/1.1 400")
        assert service.get("/health/live") == 200
        assert service.stop() == 0
