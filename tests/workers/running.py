"""Real worker processes, started as an operator starts them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_MAX = 30.0
CHECKOUT = Path(__file__).resolve().parents[2]


class Worker:
    """A `purser worker` and what it logs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """As `kill -9` does: it hears nothing of it."""
        self.process.kill()
        self.process.wait(SECONDS_MAX)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)


@contextmanager
def running_worker(folder: Path, *arguments: str, **variables: str) -> Iterator[Worker]:
    """A worker with these arguments and variables, which logs to a file in `folder`; killed at the end of the block."""
    log = folder / f"worker-{time.monotonic_ns()}.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("PURSER_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "worker", *arguments],
            env=own | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=CHECKOUT,
        )
    with process:
        try:
            yield Worker(process, log)
        finally:
            process.kill()


async def until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    """Returns once that is so."""
    give_up_at = time.monotonic() + SECONDS_MAX
    while not await condition():
        assert time.monotonic() < give_up_at, f"not after {SECONDS_MAX} s: {what}"
        await asyncio.sleep(0.05)
