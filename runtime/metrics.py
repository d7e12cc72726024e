"""What Prometheus is told of a process, whatever it does. docs/metrics.md has the table."""

import asyncio
import logging
import os
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

import asyncpg
from prometheus_client import Counter, Gauge, Histogram

from runtime.stopping import stop

# From the wait for a free event loop to the limit of the slowest request; 0.5 is the limit that alerts are about.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAMPLE_SECONDS = 0.5
GATHER_SECONDS = 0.1
# More than come in that time; where nobody counts them, the oldest are forgotten.
GATHERED_MAX = 10_000

log = logging.getLogger("purser.metrics")

_PAGES_OF_PROCESS = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class BulkHistogram(Histogram):
    """A histogram that takes many measurements at the price of a few."""

    def observe_all(self, amounts: Iterable[float]) -> None:
        """What `observe` does, with each of them."""
        ordered = sorted(amounts)
        if not ordered:
            return
        self._sum.inc(sum(ordered))
        # Sorted, so that each bucket costs one search, however many there are.
        below = 0
        for bound, bucket in zip(self._upper_bounds, self._buckets, strict=True):
            up_to = bisect_right(ordered, bound, below)
            if up_to > below:
                bucket.inc(up_to - below)
            below = up_to


MEMORY = Gauge(
    "purser_memory_bytes",
    "Memory that processes of this kind have in use (resident).",
    ["process"],
    multiprocess_mode="livesum",
)
LOOP_LAG = Histogram(
    "purser_event_loop_lag_seconds",
    "How much later than it should an event loop came to a task that was due.",
    ["loop"],
    buckets=SECONDS,
)
CONNECTIONS = Gauge(
    "purser_database_connections",
    "Open connections of a pool to the database, in use and idle.",
    ["pool", "state"],
    multiprocess_mode="livesum",
)
CONNECTIONS_MAX = Gauge(
    "purser_database_connections_max",
    "How many connections a pool may have open.",
    ["pool"],
    multiprocess_mode="livesum",
)
LOG_LINES_DROPPED = Counter(
    "purser_log_lines_dropped_total", "Log lines that nobody read in time, and that were not written."
)

Item = TypeVar("Item")


class Gathering(Generic[Item]):
    """What is to be counted, gathered for a moment and counted together.

    Each count is a store into memory that processes share, under a lock that threads share: one by one, on the way of
    a request, they cost it several per cent of its time. A process that is killed loses the counts of its last moment.
    """

    def __init__(self, count: Callable[[Sequence[Item]], None]) -> None:
        self._count = count
        self._items: deque[Item] = deque(maxlen=GATHERED_MAX)
        # From any thread.
        self.add: Callable[[Item], None] = self._items.append

    def count(self) -> None:
        """Counts what there is. A fault is logged, and stops neither further counts nor the end of the process."""
        if self._items:
            try:
                self._count([self._items.popleft() for _ in range(len(self._items))])
            except Exception:
                log.exception("Something could not be counted")

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Counts every `GATHER_SECONDS` while the context is open, and once more at its end."""
        task = asyncio.create_task(self._keep_counting())
        try:
            yield
        finally:
            await stop(task)
            self.count()

    async def _keep_counting(self) -> None:
        while True:
            await asyncio.sleep(GATHER_SECONDS)
            self.count()


Sample = Callable[[], None]


@asynccontextmanager
async def sampling(loop_name: str, *samples: Sample) -> AsyncIterator[None]:
    """Takes the samples now and every `SAMPLE_SECONDS` while the context is open, and measures the loop's lag."""
    task = asyncio.create_task(_keep_sampling(loop_name, samples))
    try:
        yield
    finally:
        await stop(task)


async def _keep_sampling(loop_name: str, samples: Sequence[Sample]) -> None:
    while True:
        for sample in samples:
            sample()
        await pause_and_measure(loop_name, SAMPLE_SECONDS)


async def pause_and_measure(loop_name: str, seconds: float) -> None:
    """Sleeps for that time, and counts by how much it was longer than asked for."""
    loop = asyncio.get_running_loop()
    due_at = loop.time() + seconds
    await asyncio.sleep(seconds)
    LOOP_LAG.labels(loop_name).observe(max(loop.time() - due_at, 0.0))


def memory_of(process: str) -> Sample:
    """Samples the memory of this process, which is of that kind. Where the system does not tell: nothing."""
    gauge = MEMORY.labels(process)

    def sample() -> None:
        with suppress(OSError):
            gauge.set(int(_PAGES_OF_PROCESS.read_bytes().split()[1]) * _PAGE_BYTES)

    return sample


def connections_of(size_max: int, **pools: Callable[[], asyncpg.Pool | None]) -> Sample:
    """Samples pools of up to that many connections by their names; one that is not there yet has none."""
    for name in pools:
        CONNECTIONS_MAX.labels(name).set(size_max)

    def sample() -> None:
        for name, find in pools.items():
            pool = find()
            size, idle = (0, 0) if pool is None else (pool.get_size(), pool.get_idle_size())
            CONNECTIONS.labels(name, "in_use").set(size - idle)
            CONNECTIONS.labels(name, "idle").set(idle)

    return sample
