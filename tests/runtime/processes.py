"""Looking at real processes, and ending them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runtime.postgresql_binaries import program

SECONDS_MAX = 30.0


def wait_until(condition: Callable[[], bool], what: str, seconds_max: float = SECONDS_MAX) -> None:
    give_up_at = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < give_up_at, f"not after {seconds_max} s: {what}"
        time.sleep(0.02)


def processes_naming(text: str) -> dict[int, str]:
    """The command lines, by process id, that have `text` in them or whose working folder is below it."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            folder = os.fspath((process / "cwd").readlink())
            # A zombie has an empty command line: it runs no more.
            if command and (text in command or folder.startswith(text)):
                found[int(process.name)] = command
    return found


def psql(dsn: str, statement: str) -> str:
    done = subprocess.run(
        [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", statement],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    return done.stdout.strip()


@contextlib.contextmanager
def running_python(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process on `code`; what still runs at the end of the block is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
