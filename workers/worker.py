"""One worker process: all duties on one event loop, from the first connection to the last finished piece of work."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

import uvloop

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.exposition import Exposition
from runtime.listening import listen, url_of
from runtime.logging import configure_logging, log_unhandled
from runtime.metrics import connections_of, memory_of, sampling
from runtime.readiness import tell_ready
from runtime.settings import Settings
from runtime.tracing import tracing
from workers import queue, upkeep, withdrawals
from workers.answering import answering
from workers.duty import Duty, Workplace, do_all

log = logging.getLogger("purser.worker")

# For letting go of what was not finished: a batch of the ledger that is under way, connections.
END_SECONDS_MAX = 15.0

DUTIES = (Duty("Queue", queue.run), Duty("Withdrawals", withdrawals.run), Duty("Upkeep", upkeep.run))


def run(
    settings: Settings,
    dsn: str,
    *,
    lane: int | None = None,
    ready_descriptor: int | None = None,
    launcher_descriptor: int | None = None,
) -> None:
    """Works until SIGTERM, SIGINT or SIGHUP, or until the launcher's end of the pipe `launcher_descriptor` closes.

    What was begun is finished, within `settings.shutdown_seconds_max`; a second signal leaves it, and raises
    CancelledError. One byte is written to `ready_descriptor` once the duties are at work.

    Raises OSError, TimeoutError or asyncpg's errors where the database is away at the start, and ListenError.
    """
    configure_logging(settings.log_level)
    with asyncio.Runner(debug=settings.debug, loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, dsn, lane, ready_descriptor, launcher_descriptor))


async def _work(
    settings: Settings,
    dsn: str,
    lane: int | None,
    ready_descriptor: int | None,
    launcher_descriptor: int | None,
) -> None:
    asyncio.get_running_loop().set_exception_handler(log_unhandled)
    stopping = asyncio.Event()
    stop = _listen_to_signals(stopping, settings.shutdown_seconds_max)
    if launcher_descriptor is not None:
        _listen_to_launcher(launcher_descriptor, stop)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(tracing(settings, "worker"))
        pool = await stack.enter_async_context(open_pool(dsn, settings.database_pool_max))
        ledger = await stack.enter_async_context(Ledger.open(settings, dsn, pool))
        await stack.enter_async_context(
            sampling(
                "duties",
                memory_of("worker"),
                connections_of(settings.database_pool_max, ledger=lambda: pool),
                ledger.sample,
            )
        )
        if ready_descriptor is None:
            if settings.worker_port is not None:
                await _answer(stack, settings, settings.worker_port, ledger)
            log.info("Worker started, for %s", "all lanes" if lane is None else f"lane {lane}")
        else:
            tell_ready(ready_descriptor)
        workplace = Workplace(settings, dsn, pool, ledger, lane)
        await do_all(DUTIES, workplace, stopping, settings.shutdown_seconds_max)


async def _answer(stack: AsyncExitStack, settings: Settings, port: int, ledger: Ledger) -> None:
    listening = stack.enter_context(listen(settings.host, port, port_setting="PURSER_WORKER_PORT"))
    await stack.enter_async_context(answering(listening, Exposition(ledger.backlog.metrics)))
    log.info("The worker tells how it is on %s", url_of(*listening.getsockname()[:2]))


def _listen_to_signals(stopping: asyncio.Event, finish_seconds_max: float) -> Callable[[], None]:
    """Returns what each of the signals does."""
    working = asyncio.current_task()
    assert working is not None

    def stop() -> None:
        if stopping.is_set():
            working.cancel()
            _end_within(END_SECONDS_MAX)
        else:
            stopping.set()
            _end_within(finish_seconds_max + END_SECONDS_MAX)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stop


def _end_within(seconds: float) -> None:
    """Ends the process by then, whatever an adapter does: a call in a thread, or one that won't be cancelled."""
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    log.error("Something does not end; the worker leaves it")
    logging.shutdown()
    os._exit(1)


def _listen_to_launcher(descriptor: int, on_death: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def died() -> None:
        loop.remove_reader(descriptor)
        on_death()

    loop.add_reader(descriptor, died)
