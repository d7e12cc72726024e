"""The launcher's side of the API processes: it starts them, starts them again, and stops them."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

# A process that dies within this time of its start has not served; so many of them in a row are no accident.
EARLY_DEATH_SECONDS = 10.0
EARLY_DEATHS_MAX = 5
RESTART_SECONDS_MIN = 0.1
RESTART_SECONDS_MAX = 5.0
# What a process may take past its own limit on requests under way: closing pools and the interpreter.
STOP_SECONDS_EXTRA = 5.0


class ApiProcessesError(Exception):
    """The API processes don't stay up. The message is for the operator."""


class Signals:
    """SIGINT, SIGTERM and SIGHUP of this process from now on: each raises KeyboardInterrupt, as Ctrl-C does.

    Each is counted as well: an exception that is raised in a destructor, whatever was under way, comes to nobody.
    While a loop listens they are counted only.
    """

    def __init__(self) -> None:
        self.stops_asked = 0
        self._is_listening = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_asked)

    @contextmanager
    def listened_to(self) -> Iterator[int]:
        """A descriptor that wakes the loop for each of them, and when a child has ended."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        os.set_blocking(reading, False)
        self._is_listening = True
        before = signal.signal(signal.SIGCHLD, lambda *_: None)
        waker_before = signal.set_wakeup_fd(writing)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(waker_before)
            signal.signal(signal.SIGCHLD, before)
            self._is_listening = False
            os.close(reading)
            os.close(writing)

    def _stop_asked(self, *_: object) -> None:
        self.stops_asked += 1
        if not self._is_listening:
            raise KeyboardInterrupt


@dataclass
class _Slot:
    """The place of one process: the process itself, or when the next one is due."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_due_at: float = 0.0


class ApiProcesses:
    """Keeps `count` processes of `command` up until a stop is asked for."""

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        environment: Mapping[str, str],
        listening_descriptor: int,
        stop_seconds_max: float,
    ) -> None:
        self._command = command
        self._environment = environment
        self._listening_descriptor = listening_descriptor
        self._stop_seconds_max = stop_seconds_max + STOP_SECONDS_EXTRA
        self._slots = [_Slot() for _ in range(count)]
        self._early_deaths = 0

    def run(
        self,
        signals: Signals,
        *,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
        is_doomed: Callable[[], bool],
    ) -> None:
        """Until one of the signals has stopped all processes, or `is_doomed` says that going on is no use.

        `on_ready` is called once, when the first process answers requests; `on_stop` once, before they are
        told to stop. A second signal kills what is still running. Raises ApiProcessesError when processes die
        as soon as they start.
        """
        # The processes hold the reading end, and see its end when this process dies in whatever way.
        launcher_reading, launcher_writing = os.pipe()
        ready_reading, ready_writing = os.pipe()
        os.set_blocking(ready_reading, False)
        with signals.listened_to() as wake, selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            selector.register(ready_reading, selectors.EVENT_READ)
            descriptors = (self._listening_descriptor, ready_writing, launcher_reading)
            greeted = False
            try:
                while not signals.stops_asked and not is_doomed():
                    self._start_due(descriptors)
                    woken = {key.fd for key, _ in selector.select(self._seconds_to_next_start())}
                    if wake in woken:
                        _drain(wake)
                    if ready_reading in woken:
                        _drain(ready_reading)
                        if not greeted:
                            greeted = True
                            on_ready()
                    self._bury_dead()
                on_stop()
                self._stop(signals, selector, wake)
            finally:
                self._kill()
                for descriptor in (launcher_reading, launcher_writing, ready_reading, ready_writing):
                    os.close(descriptor)

    def _start_due(self, descriptors: tuple[int, int, int]) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is None and slot.start_due_at <= now:
                slot.started_at = now
                slot.process = subprocess.Popen(
                    [*self._command, *map(str, descriptors)],
                    stdin=subprocess.DEVNULL,
                    env=self._environment,
                    pass_fds=descriptors,
                    # Ctrl-C in the terminal is for the launcher alone.
                    start_new_session=True,
                )

    def _seconds_to_next_start(self) -> float | None:
        due = [slot.start_due_at for slot in self._slots if slot.process is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _bury_dead(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is None or slot.process.poll() is None:
                continue
            status = slot.process.returncode
            lived_seconds = now - slot.started_at
            slot.process = None
            self._early_deaths = self._early_deaths + 1 if lived_seconds < EARLY_DEATH_SECONDS else 0
            if self._early_deaths >= EARLY_DEATHS_MAX:
                raise ApiProcessesError(
                    f"API processes ended {EARLY_DEATHS_MAX} times within {EARLY_DEATH_SECONDS:.0f} seconds "
                    f"of their start, the last one with status {status}. Giving up."
                )
            wait_seconds = min(RESTART_SECONDS_MIN * 2**self._early_deaths, RESTART_SECONDS_MAX)
            slot.start_due_at = now + wait_seconds
            sys.stderr.write(f"An API process ended with status {status}; starting another.\n")

    def _stop(self, signals: Signals, selector: selectors.BaseSelector, wake: int) -> None:
        for process in self._running():
            process.terminate()
        give_up_at = time.monotonic() + self._stop_seconds_max
        while self._running() and signals.stops_asked < 2 and time.monotonic() < give_up_at:
            if any(key.fd == wake for key, _ in selector.select(give_up_at - time.monotonic())):
                _drain(wake)

    def _kill(self) -> None:
        for process in self._running():
            process.kill()
        for slot in self._slots:
            if slot.process is not None:
                slot.process.wait()

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [
            slot.process for slot in self._slots if slot.process is not None and slot.process.poll() is None
        ]


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, 512):
            pass
