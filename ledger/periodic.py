"""Work that is done again and again while the service runs, and whose failure must not end it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ledger.errors import Unavailable
from runtime.stopping import stop

log = logging.getLogger("purser.periodic")


class Periodic:
    """Does `work` every `pause_seconds`, beginning at once, from `open` to `close`."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        self._name = name
        self._work = work
        self._pause_seconds = pause_seconds
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def close(self) -> None:
        """Stops, in the middle of the work if need be."""
        if self._task is not None:
            await stop(self._task)

    async def _run(self) -> None:
        failing = False
        while True:
            try:
                await self._work()
            except Unavailable:
                # Once is enough: it is tried again many times before anyone reads this.
                if not failing:
                    log.warning("%s: the database does not answer", self._name)
                failing = True
            except Exception:
                # A bug in one round must not stop all later ones.
                log.exception("%s failed", self._name)
                failing = True
            else:
                failing = False
            await asyncio.sleep(self._pause_seconds)
