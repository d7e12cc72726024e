"""The queue before the writers: what gathers while one batch commits is the next batch.

Bounded in length and in time: what can't be taken soon is refused as Overloaded and never executed. Once
taken, a request is executed to the end, whatever becomes of its caller.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from uuid_utils.compat import uuid7

from ledger.commands import Command
from ledger.errors import Overloaded
from ledger.executor import Executor
from ledger.writer import Request, Result


class _Waiting(NamedTuple):
    request: Request
    result: asyncio.Future[Result]
    refuse_at: float


class Coalescer:
    """Gathers requests into batches for its executors, each of which has one batch under way at a time."""

    def __init__(self, *, queue_length_max: int, queue_seconds_max: float, batch_size_max: int) -> None:
        self._queue: deque[_Waiting] = deque()
        self._queue_length_max = queue_length_max
        self._queue_seconds_max = queue_seconds_max
        self._batch_size_max = batch_size_max
        self._arrived = asyncio.Event()
        self._closing = False

    async def submit(self, command: Command) -> Result:
        """The result, once committed. Raises Overloaded or Unavailable, or what is a fault of ours."""
        if self._closing or len(self._queue) >= self._queue_length_max:
            raise Overloaded
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        request = Request(command, uuid7())
        self._queue.append(_Waiting(request, result, loop.time() + self._queue_seconds_max))
        self._arrived.set()
        return await result

    @property
    def depth(self) -> int:
        """How many requests wait to be taken."""
        return len(self._queue)

    @asynccontextmanager
    async def running(self, executors: Sequence[Executor]) -> AsyncIterator[None]:
        """Serves the queue while the context is open; leaving it finishes what was accepted."""
        sweeper = asyncio.create_task(self._refuse_late())
        workers = [asyncio.create_task(self._serve(executor)) for executor in executors]
        try:
            yield
        finally:
            self._closing = True
            self._arrived.set()
            await asyncio.gather(*workers)
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)

    async def _serve(self, executor: Executor) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    break
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch = self._take()
            if batch:
                # A task of its own: one that has seen its connection cut is no good for the next batch.
                await asyncio.create_task(self._execute(executor, batch))
        await executor.close()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < self._batch_size_max:
            waiting = self._queue.popleft()
            # Its caller went away before it was taken: then it was never asked for.
            if not waiting.result.done():
                batch.append(waiting)
        return batch

    async def _execute(self, executor: Executor, batch: list[_Waiting]) -> None:
        results = await executor.execute([waiting.request for waiting in batch])
        for waiting, result in zip(batch, results, strict=True):
            if waiting.result.done():
                continue
            if isinstance(result, Exception):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)

    async def _refuse_late(self) -> None:
        """Refuses what has waited too long, also while every writer hangs."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._queue_seconds_max / 20)
            while self._queue and self._queue[0].refuse_at <= loop.time():
                waiting = self._queue.popleft()
                if not waiting.result.done():
                    waiting.result.set_exception(Overloaded())
