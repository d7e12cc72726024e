"""Starting `purser serve` as an operator does, and looking at its processes."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.runtime.processes import SECONDS_MAX, processes_naming, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
QUERY = b'{"query": "{ __typename }"}'


class Service:
    """A running `purser serve`, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str], data_dir: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self.said = ""

    def read_until(self, text: str, times: int = 1) -> str:
        assert self.process.stdout is not None
        while self.said.count(text) < times:
            line = self.process.stdout.readline()
            assert line, f"ended with {self.process.wait()}: {self.said}"
            self.said += line
        return self.said

    def read_to_the_end(self) -> str:
        """What is said until the last of its processes has ended. An interrupt that got lost must not hang here."""
        said, _ = self.process.communicate(timeout=SECONDS_MAX)
        return said

    @property
    def port(self) -> int:
        found = re.search(r":(\d+)/graphql", self.said)
        assert found, self.said
        return int(found[1])

    def processes(self, command: str) -> set[int]:
        """Those that the launcher has started with a command such as "worker-process", by process id."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {pid for pid in map(int, children) if command in command_of(pid)}

    def api_processes(self) -> set[int]:
        return self.processes("api-process")

    def get(self, path: str) -> int:
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_MAX)
        ) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def begin_request(self) -> socket.socket:
        """A request whose body is still under way."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        head = (
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(QUERY)}\r\n\r\n"
        )
        connection.sendall(head.encode() + QUERY[:5])
        # Until an API process has it in hand.
        time.sleep(0.3)
        return connection

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=SECONDS_MAX)


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return ""


def assert_nothing_runs(data_dir: Path) -> None:
    wait_until(
        lambda: not processes_naming(str(data_dir)), f"processes end: {processes_naming(str(data_dir))}"
    )


@contextlib.contextmanager
def starting(data_dir: Path, **variables: str) -> Iterator[Service]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PURSER_")}
    own.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "serve"],
        env=own | {"PURSER_DATA_DIR": str(data_dir), "PURSER_PORT": "0"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
        start_new_session=True,
        # Who runs the tests in the background of a script has them ignore interrupts, and so all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield Service(process, data_dir)
        finally:
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def serving(data_dir: Path, **variables: str) -> Iterator[Service]:
    with starting(data_dir, **variables) as service:
        service.read_until("Stop ")
        yield service
