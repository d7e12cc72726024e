"""One process of the fleet: started, watched, stopped, and where it has come up."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

START_SECONDS_MAX = 60.0
# Past what the service gives itself (PURSER_DRAIN_SECONDS, PURSER_SHUTDOWN_SECONDS_MAX) it is killed.
STOP_SECONDS_MAX = 60.0
POLL_SECONDS = 0.1
# Between the death of a process and the start of the next one.
AGAIN_SECONDS = 1.0


class MemberError(Exception):
    """A process does not come up. The message is one line for who has started the fleet."""


class Member:
    """A process by the name of its log file. `health` is where it answers with 200 once it is up."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        health: str,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = {**os.environ, **environment}
        self._log = folder / "log" / f"{name}.log"
        self._folder = folder
        self._health = health
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._died_at: float | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns at once."""
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                # What has started it takes it along, however it ends.
                ["/usr/bin/setpriv", "--pdeathsig", "TERM", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env=self._environment,
                # Ctrl-C in the terminal is for the fleet as a whole.
                start_new_session=True,
            )
        self._died_at = None

    def await_ready(self) -> None:
        """Returns once it is up; MemberError where it has ended, or takes too long."""
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while not _answers(self._health):
            if not self.is_running():
                raise MemberError(f"{self.name} has ended: {self._log} may say why.")
            if time.monotonic() > give_up_at:
                raise MemberError(
                    f"{self.name} is not ready after {START_SECONDS_MAX:.0f} s: see {self._log}."
                )
            time.sleep(POLL_SECONDS)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def heal(self) -> None:
        """Starts it anew where it has died, a little later."""
        if self.is_running():
            return
        if self._died_at is None:
            self._died_at = time.monotonic()
            self._end_orphans()
        elif time.monotonic() >= self._died_at + AGAIN_SECONDS:
            self.start()

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self._stop_signal)

    def await_end(self) -> None:
        """Kills what has not ended in time."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._end_orphans()

    def _end_orphans(self) -> None:
        # nginx's workers outlive a master that was killed, and keep its port.
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own, on this machine
            return True
    except (urllib.error.URLError, OSError):
        return False
