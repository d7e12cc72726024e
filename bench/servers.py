"""The servers that are measured over HTTP: the service as an operator starts it, and a bare route."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bench.database import CHECKOUT, BenchmarkError

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 40.0


class Service(NamedTuple):
    """Where `purser serve` answers, the secret that signs its tokens, and its launcher's process."""

    port: int
    secret_key: str
    process_id: int


@contextmanager
def service(dsn: str, workers: int, **more: str) -> Iterator[Service]:
    """`purser serve` with its default settings but for `more`, such as PURSER_REQUESTS_MAX="256"."""
    port, secret_key = _free_port(), secrets.token_hex(32)
    settings = {
        "PURSER_DATABASE_URL": dsn,
        "PURSER_PORT": str(port),
        "PURSER_WORKERS": str(workers),
        "PURSER_SECRET_KEY": secret_key,
        **more,
    }
    command = [sys.executable, "-P", "-m", "cli", "serve"]
    with _running(command, settings, f"http://127.0.0.1:{port}/health/ready") as process_id:
        yield Service(port, secret_key, process_id)


@contextmanager
def bare_route(workers: int) -> Iterator[int]:
    """The bare route on as many processes; its port."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bench.bare_route:app",
        f"--port={port}",
        f"--workers={workers}",
    ]
    command += ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    with _running(command, {}, f"http://127.0.0.1:{port}/graphql"):
        yield port


@contextmanager
def _running(command: Sequence[str], settings: Mapping[str, str], url: str) -> Iterator[int]:
    # The settings of whoever runs the benchmark stay out of it: the defaults are what is measured.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PURSER_")}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env={**inherited, **settings}, cwd=CHECKOUT, stdout=log, stderr=log
        )
        try:
            if not _is_ready(process, url):
                log.seek(0)
                raise BenchmarkError(f"The server did not start:\n{log.read().decode(errors='replace')}")
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _is_ready(process: subprocess.Popen[bytes], url: str) -> bool:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError as answered:
            # The bare route answers 405 to a GET: it is up.
            if answered.code == 405:
                return True
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
