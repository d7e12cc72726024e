"""An answer that takes a while: found out once for all who ask meanwhile, and remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """What `find` returns, at most `seconds` old. What it raises is told to those who wait, and not remembered."""

    def __init__(self, find: Callable[[], Awaitable[Answer]], seconds: float) -> None:
        self._find = find
        self._seconds = seconds
        self._finding: asyncio.Task[Answer] | None = None
        self._is_fresh_until = 0.0

    async def answer(self) -> Answer:
        """The answer; asking often costs nothing. Raises what finding it does."""
        now = asyncio.get_running_loop().time()
        if self._finding is None or (self._finding.done() and now >= self._is_fresh_until):
            self._finding = asyncio.create_task(self._find_and_date())
        # Who goes away takes the answer from nobody else.
        return await asyncio.shield(self._finding)

    async def _find_and_date(self) -> Answer:
        answer = await self._find()
        self._is_fresh_until = asyncio.get_running_loop().time() + self._seconds
        return answer
