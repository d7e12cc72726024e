"""Taking turns at what there is too little of, with a bound on how many wait and on how long."""

import asyncio


class NoTurn(TimeoutError):
    """Too many wait already, or the turn did not come in time. Nothing was done."""


class Turns:
    """So many at once, so many who wait, and so long. Used by `async with`, which raises NoTurn."""

    def __init__(self, at_once: int, waiting_max: int, wait_seconds_max: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._waiting_max = waiting_max
        self._wait_seconds_max = wait_seconds_max

    async def __aenter__(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._waiting_max:
            raise NoTurn
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await self._free.acquire()
        except TimeoutError:
            raise NoTurn from None
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()
