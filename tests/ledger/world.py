"""A ledger on a loop of its own, for tests that are not asynchronous."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

import asyncpg

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """The ledger under test and the loop that it lives on."""

    runner: asyncio.Runner
    ledger: Ledger
    pool: asyncpg.Pool


@contextmanager
def opened_world(dsn: str) -> Iterator[World]:
    """A ledger on a loop of its own, because Hypothesis is not asynchronous. It refuses nothing on a slow machine."""
    settings = Settings(queue_seconds_max=30)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            pool = runner.run(stack.enter_async_context(open_pool(dsn, 4)))
            # Time passes by moving the ends of what is set aside, which nobody else may.
            runner.run(pool.execute("ALTER TABLE reservations DISABLE TRIGGER reservations_never_reopen"))
            ledger = runner.run(stack.enter_async_context(Ledger.open(settings, dsn, pool)))
            yield World(runner, ledger, pool)
        finally:
            runner.run(stack.aclose())
