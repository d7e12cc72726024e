"""The launcher's side of the processes of the service: it starts them, starts them again, and stops them."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from runtime.metrics_folder import PLACE_VARIABLE
from runtime.telling import warn

# A process that dies within this time of its start has not served; so many of them in a row are no accident.
EARLY_DEATH_SECONDS = 10.0
EARLY_DEATHS_MAX = 5
RESTART_SECONDS_MIN = 0.1
RESTART_SECONDS_MAX = 5.0
# What a process may take past its own limit on work under way: closing pools and the interpreter.
STOP_SECONDS_EXTRA = 5.0


class ProcessesError(Exception):
    """Processes that the service can't be without don't stay up. The message is for the operator."""


@dataclass(frozen=True)
class Kind:
    """One kind of process. `name` is what an operator reads of one of them: "An API process".

    To `command` are appended the descriptor of its listening socket, where it has one, and those by which it says that
    it is ready and sees that the launcher is gone (runtime/api_process.py).
    """

    name: str
    command: Sequence[str]
    count: int = 1
    listening_descriptor: int | None = None
    # Without these there is no service: others start once one of them is ready, and all end where they can't stay up.
    is_vital: bool = False
    # The others may need it until they have finished.
    stops_last: bool = False


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

    name: str
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_due_at: float = 0.0


class _Group:
    """The processes of one kind."""

    def __init__(self, kind: Kind, on_end: Callable[[str], None]) -> None:
        self.kind = kind
        self.slots = [_Slot(f"{kind.command[-1]}-{index}") for index in range(kind.count)]
        self._on_end = on_end
        self._early_deaths = 0

    def start_due(self, environment: Mapping[str, str], descriptors: tuple[int, ...]) -> None:
        if self.kind.listening_descriptor is not None:
            descriptors = (self.kind.listening_descriptor, *descriptors)
        now = time.monotonic()
        for slot in self.slots:
            if slot.process is None and slot.start_due_at <= now:
                slot.started_at = now
                slot.process = subprocess.Popen(
                    [*self.kind.command, *map(str, descriptors)],
                    stdin=subprocess.DEVNULL,
                    env={**environment, PLACE_VARIABLE: slot.name},
                    pass_fds=descriptors,
                    # Ctrl-C in the terminal is for the launcher alone.
                    start_new_session=True,
                )

    def bury_dead(self) -> None:
        """Raises ProcessesError where it is no use to start any more of them."""
        now = time.monotonic()
        for slot in self.slots:
            if slot.process is None or slot.process.poll() is None:
                continue
            status = slot.process.returncode
            lived_seconds = now - slot.started_at
            slot.process = None
            self._on_end(slot.name)
            self._early_deaths = self._early_deaths + 1 if lived_seconds < EARLY_DEATH_SECONDS else 0
            if self.kind.is_vital and self._early_deaths >= EARLY_DEATHS_MAX:
                raise ProcessesError(
                    f"{self.kind.name} ended {EARLY_DEATHS_MAX} times within {EARLY_DEATH_SECONDS:.0f} seconds "
                    f"of its start, the last time with status {status}. Giving up."
                )
            # Five doublings and more are past the longest wait.
            doublings = min(self._early_deaths, EARLY_DEATHS_MAX)
            slot.start_due_at = now + min(RESTART_SECONDS_MIN * 2**doublings, RESTART_SECONDS_MAX)
            warn(f"{self.kind.name} ended with status {status}; starting another.")


class Processes:
    """Keeps processes of these kinds up until a stop is asked for.

    Each has a place of its own, "api-process-0" say, of which it finds the name in PLACE_VARIABLE. `on_end` is called
    with it when a process has ended by itself, before another one takes the place.
    """

    def __init__(
        self,
        kinds: Sequence[Kind],
        environment: Mapping[str, str],
        stop_seconds_max: float,
        on_end: Callable[[str], None],
    ) -> None:
        self._groups = [_Group(kind, on_end) for kind in kinds]
        self._environment = environment
        self._stop_seconds_max = stop_seconds_max + STOP_SECONDS_EXTRA

    def run(
        self,
        signals: Signals,
        *,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
        is_doomed: Callable[[], bool],
    ) -> None:
        """Until one of the signals has stopped all processes, or `is_doomed` says that going on is no use.

        `on_ready` is called once, when the first vital process is ready; `on_stop` once, before they are told to stop.
        A second signal kills what is still running. Raises ProcessesError when vital ones die as soon as they start.
        """
        # The processes hold the reading end, and see its end when this process dies in whatever way.
        launcher_reading, launcher_writing = os.pipe()
        ready_reading, ready_writing = os.pipe()
        os.set_blocking(ready_reading, False)
        with signals.listened_to() as wake, selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            selector.register(ready_reading, selectors.EVENT_READ)
            # Somebody waits for the vital ones: until they are up they have the machine for themselves.
            started = [group for group in self._groups if group.kind.is_vital]
            is_ready = False
            try:
                while not signals.stops_asked and not is_doomed():
                    for group in started:
                        group.start_due(self._environment, (ready_writing, launcher_reading))
                    woken = {key.fd for key, _ in selector.select(_seconds_to_next_start(started))}
                    if wake in woken:
                        _drain(wake)
                    if ready_reading in woken:
                        _drain(ready_reading)
                        if not is_ready:
                            is_ready, started = True, self._groups
                            on_ready()
                    for group in started:
                        group.bury_dead()
                on_stop()
                # Who gets ready now comes too late.
                selector.unregister(ready_reading)
                self._stop(signals, selector, wake)
            finally:
                self._kill()
                for descriptor in (launcher_reading, launcher_writing, ready_reading, ready_writing):
                    os.close(descriptor)

    def _stop(self, signals: Signals, selector: selectors.BaseSelector, wake: int) -> None:
        give_up_at = time.monotonic() + self._stop_seconds_max
        for is_last in (False, True):
            slots = [
                slot for group in self._groups if group.kind.stops_last is is_last for slot in group.slots
            ]
            for process in _running(slots):
                process.terminate()
            while _running(slots) and signals.stops_asked < 2 and time.monotonic() < give_up_at:
                if any(key.fd == wake for key, _ in selector.select(give_up_at - time.monotonic())):
                    _drain(wake)

    def _kill(self) -> None:
        slots = [slot for group in self._groups for slot in group.slots]
        for process in _running(slots):
            process.kill()
        for slot in slots:
            if slot.process is not None:
                slot.process.wait()


def _seconds_to_next_start(groups: Sequence[_Group]) -> float | None:
    due = [slot.start_due_at for group in groups for slot in group.slots if slot.process is None]
    return max(0.0, min(due) - time.monotonic()) if due else None


def _running(slots: Sequence[_Slot]) -> list[subprocess.Popen[bytes]]:
    return [slot.process for slot in slots if slot.process is not None and slot.process.poll() is None]


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, 512):
            pass
