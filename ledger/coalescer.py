"""The queue before the writers: what gathers while one batch commits is the next batch.

Bounded in length and in time: what can't be taken soon is refused as Overloaded and never executed. Once
taken, a request is executed to the end, whatever becomes of its caller.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from ledger.commands import Command, anchor
from ledger.errors import Overloaded
from ledger.executor import Executor
from ledger.ids import new_id
from ledger.writer import Request, Result

_TOLD_AT_ONCE = 16


class _Waiting(NamedTuple):
    request: Request
    result: asyncio.Future[Result]
    refuse_at: float


class Coalescer:
    """Gathers requests into batches for its executors, each of which has one batch under way at a time.

    Requests wait in as many lanes as there are executors, those with the same anchor in the same lane, so that
    two batches seldom wait for each other's wallets. An executor whose lane is empty serves the longest.
    """

    def __init__(
        self, *, lanes: int, queue_length_max: int, queue_seconds_max: float, batch_size_max: int
    ) -> None:
        self._lanes: list[deque[_Waiting]] = [deque() for _ in range(lanes)]
        self._queue_length_max = queue_length_max
        self._queue_seconds_max = queue_seconds_max
        self._batch_size_max = batch_size_max
        self._arrived = asyncio.Event()
        self._closing = False

    async def submit(self, command: Command) -> Result:
        """The result, once committed. Raises Overloaded or Unavailable, or what is a fault of ours."""
        if self._closing or self.depth >= self._queue_length_max:
            raise Overloaded
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        waiting = _Waiting(Request(command, new_id()), result, loop.time() + self._queue_seconds_max)
        self._lanes[hash(anchor(command)) % len(self._lanes)].append(waiting)
        self._arrived.set()
        return await result

    @property
    def depth(self) -> int:
        """How many requests wait to be taken."""
        return sum(map(len, self._lanes))

    @asynccontextmanager
    async def running(self, executors: Sequence[Executor]) -> AsyncIterator[None]:
        """Serves the queue, each executor its lane, while the context is open; then finishes what was accepted."""
        assert len(executors) == len(self._lanes)
        sweeper = asyncio.create_task(self._refuse_late())
        serving = [
            asyncio.create_task(self._serve(executor, lane))
            for executor, lane in zip(executors, self._lanes, strict=True)
        ]
        try:
            yield
        finally:
            self._closing = True
            self._arrived.set()
            await asyncio.gather(*serving)
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)

    async def _serve(self, executor: Executor, own: deque[_Waiting]) -> None:
        async with asyncio.TaskGroup() as telling:
            while self.depth or not self._closing:
                batch = self._take(own or max(self._lanes, key=len))
                if batch:
                    # A task of its own: one that has seen its connection cut is no good for the next batch.
                    requests = [waiting.request for waiting in batch]
                    results = await asyncio.create_task(executor.execute(requests))
                    telling.create_task(_tell(batch, results))
                elif not self._closing:
                    self._arrived.clear()
                    await self._arrived.wait()
        await executor.close()

    def _take(self, lane: deque[_Waiting]) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while lane and len(batch) < self._batch_size_max:
            waiting = lane.popleft()
            # Its caller went away before it was taken: then it was never asked for.
            if not waiting.result.done():
                batch.append(waiting)
        return batch

    async def _refuse_late(self) -> None:
        """Refuses what has waited too long, also while every writer hangs."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._queue_seconds_max / 20)
            for lane in self._lanes:
                while lane and lane[0].refuse_at <= loop.time():
                    waiting = lane.popleft()
                    if not waiting.result.done():
                        waiting.result.set_exception(Overloaded())


async def _tell(batch: Sequence[_Waiting], results: Sequence[Result | Exception]) -> None:
    """Answers the callers, a few at a time: between them the writers' sockets get their turn."""
    for index, (waiting, result) in enumerate(zip(batch, results, strict=True), start=1):
        if not waiting.result.done():
            if isinstance(result, Exception):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)
        if index % _TOLD_AT_ONCE == 0:
            await asyncio.sleep(0)
