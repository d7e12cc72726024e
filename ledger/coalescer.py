"""The queue before the writers: what gathers while one batch commits is the next batch.

Bounded in length and in time: what can't be taken soon is refused as Overloaded and never executed. Once
taken, a request is executed to the end, whatever becomes of its caller.

The writers have a thread and an event loop of their own. On the loop that answers HTTP each of their steps would
wait for all requests that arrived meanwhile, with the wallets of a batch locked (docs/adr/0005).
"""

import asyncio
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from ledger.claims import Result
from ledger.commands import Command
from ledger.errors import Overloaded, Unavailable
from ledger.executor import Executor
from ledger.ids import new_id
from ledger.requests import Bundle, Request
from ledger.watching import Answer, BatchReport, Watch
from runtime import tracing
from runtime.metrics import SAMPLE_SECONDS, pause_and_measure

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

log = logging.getLogger("purser.ledger")


class _Waiting(NamedTuple):
    bundle: Bundle
    results: asyncio.Future[list[Result]]
    queued_at: int
    refuse_at: float
    asked_in: "SpanContext | None"


class Coalescer:
    """Gathers requests into batches for its executors, each of which has one batch under way at a time.

    Requests wait in as many lines as there are executors, those with the same anchor in the same line, so that
    two batches seldom wait for each other's wallets. An executor serves another line when its own is empty, or
    when somebody has waited there for so long that the line's own executor must be stuck.

    Callers append to the lines, on their own event loop; everything else happens on the writers'.
    """

    def __init__(
        self,
        *,
        lines: int,
        queue_length_max: int,
        queue_seconds_max: float,
        batch_size_max: int,
        watch: Watch,
    ) -> None:
        self._lines: list[deque[_Waiting]] = [deque() for _ in range(lines)]
        self._queue_length_max = queue_length_max
        self._queue_seconds_max = queue_seconds_max
        self._batch_size_max = batch_size_max
        self._watch = watch
        self._callers = asyncio.get_running_loop()
        self._writers = uvloop.new_event_loop()
        self._arrived = asyncio.Event()
        self._asleep = False
        self._closing = False
        # Each is counted on one thread alone.
        self._added_count = 0
        self._left_count = 0

    async def submit(self, commands: Sequence[Command], *, is_atomic: bool = False) -> list[Result]:
        """The results in order, once committed. Raises Overloaded or Unavailable, or what is a fault of ours.

        Several commands are executed in one transaction. `is_atomic`: where one is refused, none moves money.
        """
        depth = self.depth
        # An empty queue takes any number, or more than it holds would be refused for ever.
        if self._closing or (depth and depth + len(commands) > self._queue_length_max):
            raise Overloaded
        bundle = Bundle(tuple([Request(command, new_id()) for command in commands]), is_atomic)
        results: asyncio.Future[list[Result]] = self._callers.create_future()
        queued_at = time.monotonic_ns()
        refuse_at = queued_at / 1e9 + self._queue_seconds_max
        waiting = _Waiting(bundle, results, queued_at, refuse_at, tracing.current())
        self._added_count += len(commands)
        self._lines[hash(commands[0].anchor()) % len(self._lines)].append(waiting)
        if self._asleep:
            self._wake()
        return await results

    @property
    def depth(self) -> int:
        """How many requests wait to be taken."""
        return self._added_count - self._left_count

    @asynccontextmanager
    async def running(self, executors: Sequence[Executor]) -> AsyncIterator[None]:
        """Serves the queue, each executor its line, while the context is open; then finishes what was accepted."""
        assert len(executors) == len(self._lines)
        ended = asyncio.Event()
        thread = threading.Thread(target=self._run_writers, args=(executors, ended), name="writers")
        thread.start()
        try:
            yield
        finally:
            self._closing = True
            # They may have ended by themselves.
            with suppress(RuntimeError):
                self._wake()
            # Bounded by what one batch may take, and by what is still queued.
            await ended.wait()
            thread.join()

    def _wake(self) -> None:
        self._asleep = False
        self._writers.call_soon_threadsafe(self._arrived.set)

    def _run_writers(self, executors: Sequence[Executor], ended: asyncio.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._writers) as runner:
                runner.run(self._serve_all(executors))
        except BaseException:
            log.critical("The writers ended", exc_info=True)
        finally:
            self._callers.call_soon_threadsafe(self._writers_ended, ended)

    def _writers_ended(self, ended: asyncio.Event) -> None:
        ended.set()
        if not self._closing:
            # Nobody is left to serve the queue: this process is no good any more, and says so by ending.
            self._closing = True
            for line in self._lines:
                _tell(line, [Overloaded() for _ in line])
            signal.raise_signal(signal.SIGTERM)

    async def _serve_all(self, executors: Sequence[Executor]) -> None:
        pairs = zip(executors, self._lines, strict=True)
        serving = asyncio.gather(*(self._serve(executor, line) for executor, line in pairs))
        sweeping = asyncio.create_task(self._refuse_late())
        measuring = asyncio.create_task(_measure_lag())
        # Without the one or the other the queue has no bound in time.
        await asyncio.wait((serving, sweeping), return_when=asyncio.FIRST_COMPLETED)
        if sweeping.done():
            sweeping.result()
        sweeping.cancel()
        measuring.cancel()
        await serving

    async def _serve(self, executor: Executor, own: deque[_Waiting]) -> None:
        while True:
            batch = self._take(self._line_to_serve(own))
            if batch:
                # A task of its own: one that has seen its connection cut is no good for the next batch.
                report = self._report(batch)
                report.answers = [Unavailable(executed_unknown=True) for _ in batch]
                try:
                    await asyncio.create_task(executor.execute(report))
                finally:
                    self._callers.call_soon_threadsafe(_tell, batch, report.answers)
                    self._watch(report)
                continue
            self._arrived.clear()
            # From here on whoever appends wakes us; what was appended before is seen now.
            self._asleep = True
            if self.depth:
                continue
            if self._closing:
                break
            await self._arrived.wait()
        await executor.close()

    def _line_to_serve(self, own: deque[_Waiting]) -> deque[_Waiting]:
        first = min((line for line in self._lines if line), key=lambda line: line[0].refuse_at, default=own)
        if not own or (first and first[0].refuse_at - time.monotonic() < self._queue_seconds_max / 2):
            return first
        return own

    def _take(self, line: deque[_Waiting]) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        # A bundle is never cut: the last one may make the batch larger.
        while line and size < self._batch_size_max:
            waiting = self._pop(line)
            # Its caller went away before it was taken: then it was never asked for.
            if not waiting.results.done():
                batch.append(waiting)
                size += len(waiting.bundle.requests)
        return batch

    def _report(self, batch: Sequence[_Waiting]) -> BatchReport:
        return BatchReport(
            [waiting.bundle for waiting in batch],
            [waiting.queued_at for waiting in batch],
            self.depth,
            [waiting.asked_in for waiting in batch] if tracing.is_on() else (),
        )

    def _pop(self, line: deque[_Waiting]) -> _Waiting:
        waiting = line.popleft()
        self._left_count += len(waiting.bundle.requests)
        return waiting

    async def _refuse_late(self) -> None:
        """Refuses what has waited too long, also while every writer hangs."""
        while True:
            await asyncio.sleep(self._queue_seconds_max / 20)
            late: list[_Waiting] = []
            for line in self._lines:
                while line and line[0].refuse_at <= time.monotonic():
                    late.append(self._pop(line))
            if late:
                self._callers.call_soon_threadsafe(_tell, late, [Overloaded() for _ in late])


async def _measure_lag() -> None:
    while True:
        await pause_and_measure("writers", SAMPLE_SECONDS)


def _tell(batch: Iterable[_Waiting], answers: Iterable[Answer]) -> None:
    for waiting, answer in zip(batch, answers, strict=True):
        # A caller that went away has cancelled its future.
        if waiting.results.done():
            continue
        if isinstance(answer, Exception):
            waiting.results.set_exception(answer)
        else:
            waiting.results.set_result(answer)
