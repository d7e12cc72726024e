"""The simulated bank as its own process, for tests of what is paid through it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0
CALL_SECONDS_MAX = 20.0
_READY = re.compile(r"answers at (http://\S+) ")


@dataclass
class RunningBank:
    """A simulated bank: where it answers, a client to call it by, its books, and its process."""

    folder: Path
    options: dict[str, object]
    http: httpx.Client
    url: str = field(init=False)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Where it was before, if it ran already, and with the same books."""
        log = self.folder / "bank.log"
        words = [
            word
            for name, value in self.options.items()
            for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli", "bank-simulator", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while (ready := _READY.search(log.read_text())) is None:
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise AssertionError(f"The bank did not start:\n{log.read_text()}")
            time.sleep(0.02)
        self.url = ready[1]
        self.options["port"] = self.url.rpartition(":")[2]

    def stop(self) -> int:
        """Its exit status, by SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def books(self) -> dict[str, Any]:
        """GET /payments: `requests` and `payments`."""
        reply = self.http.get(f"{self.url}/payments")
        reply.raise_for_status()
        books: dict[str, Any] = reply.json()
        return books

    def payments(self) -> list[dict[str, str]]:
        """Every payment that it really made, in order: reference, amount, currency, destination and paidAt.

        A reference that was paid twice is in it twice.
        """
        payments: list[dict[str, str]] = self.books()["payments"]
        return payments


@contextmanager
def running_bank(folder: Path, **options: object) -> Iterator[RunningBank]:
    """`purser bank-simulator` until the end of the block, its books and its log in `folder`.

    Options are those of the command line, such as `success_rate=1, lost_replies=0.5`. Where they are not given it
    decides at once, on a free port.
    """
    words = {"port": 0, "latency": 0, "books": folder / "bank.jsonl", **options}
    with httpx.Client(timeout=CALL_SECONDS_MAX, trust_env=False) as http:
        bank = RunningBank(folder, words, http)
        bank.start()
        try:
            yield bank
        finally:
            if bank.process.poll() is None:
                bank.stop()
