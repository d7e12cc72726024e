"""What a worker does, as duties: each keeps on until it is told to stop, and none takes the others with it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import asyncpg

from ledger.asking import AWAY
from ledger.errors import Unavailable
from ledger.service import Ledger
from runtime.settings import Settings

log = logging.getLogger("purser.worker")

PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 10.0
# A duty that was at work for so long was well, whatever came then.
WELL_SECONDS = 30.0
# What a duty may take to let go once it was cancelled.
CANCEL_SECONDS_MAX = 5.0


class Workplace(NamedTuple):
    """What duties work with. `lane`: the one whose queue is served, or None for all."""

    settings: Settings
    dsn: str
    pool: asyncpg.Pool
    ledger: Ledger
    lane: int | None


class Duty(NamedTuple):
    """One kind of work. `run` keeps on until the event is set, then takes up nothing more and finishes what it has.

    Whatever it raises is logged, and it is started again after a while.
    """

    name: str
    run: Callable[[Workplace, asyncio.Event], Awaitable[None]]


async def do_all(
    duties: Sequence[Duty], workplace: Workplace, stopping: asyncio.Event, finish_seconds_max: float
) -> None:
    """Runs the duties side by side until `stopping`, and returns once they have finished.

    What is not finished by then is cancelled. Cancelling this itself cancels them at once.
    """
    tasks = {asyncio.create_task(_keep_on(duty, workplace, stopping), name=duty.name) for duty in duties}
    try:
        await stopping.wait()
        _, late = await asyncio.wait(tasks, timeout=finish_seconds_max)
        if late:
            names = ", ".join(sorted(task.get_name() for task in late))
            log.warning("Not finished in %g seconds, and left: %s", finish_seconds_max, names)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CANCEL_SECONDS_MAX)


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Returns after that time, at once where a stop is asked for."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def _keep_on(duty: Duty, workplace: Workplace, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    failures = 0
    was_away = False
    while not stopping.is_set():
        started_at = loop.time()
        error = await _try(duty, workplace, stopping)
        if loop.time() - started_at > WELL_SECONDS:
            failures, was_away = 0, False
        is_away = isinstance(error, (*AWAY, Unavailable))
        # Said once: it is tried again many times before anyone reads this.
        if is_away and not was_away:
            log.warning("%s: the database does not answer (%s)", duty.name, type(error).__name__)
        elif error is not None and not is_away:
            log.error("%s failed", duty.name, exc_info=error)
        elif error is None and not stopping.is_set():
            log.error("%s ended by itself", duty.name)
        was_away = is_away
        # Jitter, so that workers that lost the database together don't come back together.
        await pause(stopping, _pause_seconds(failures) * random.uniform(0.5, 1))  # noqa: S311
        failures += 1


async def _try(duty: Duty, workplace: Workplace, stopping: asyncio.Event) -> Exception | None:
    # A task of its own: one that has seen its connection cut is no good for another try.
    trying = asyncio.ensure_future(duty.run(workplace, stopping))
    try:
        await trying
    except Exception as error:  # noqa: BLE001 - told by the caller
        return error
    return None


def _pause_seconds(failures: int) -> float:
    return float(min(PAUSE_SECONDS_MIN * 2 ** min(failures, 10), PAUSE_SECONDS_MAX))
