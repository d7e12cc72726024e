"""The real service, started as an operator starts it, for tests that see what a user sees."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 40.0
SECRET_KEY = "a-secret-for-tests-alone-0123456789"


@dataclass(frozen=True, slots=True)
class Service:
    """A running `purser serve`: where it answers, its database, and the launcher's process."""

    url: str
    dsn: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running_service(
    folder: Path, *, workers: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """`purser serve` on a free port with its own PostgreSQL in `folder`, until the end of the block."""
    port = free_port()
    log = folder / "service.log"
    environment = {
        **os.environ,
        "PURSER_PORT": str(port),
        "PURSER_DATA_DIR": str(folder / "data"),
        "PURSER_WORKERS": str(workers),
        "PURSER_SECRET_KEY": SECRET_KEY,
        # A machine that is busy with others is no overload.
        "PURSER_QUEUE_SECONDS_MAX": "10",
        **(settings or {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "serve"], env=environment, stdout=output, stderr=output
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _await_ready(url, process, log)
            dsn = (settings or {}).get("PURSER_DATABASE_URL") or (folder / "data" / "dsn").read_text()
            yield Service(url, dsn, process, log)
        finally:
            _stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise AssertionError(f"The service did not start:\n{log.read_text()}") from None
            time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
