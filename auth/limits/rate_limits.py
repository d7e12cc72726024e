"""Rate limits per account and per address, shared by all processes of all instances.

What is counted, and what the answers say of it, is in docs/limits.md; the way of counting in auth/limits/window.py.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from auth.errors import LimitSpent
from auth.limits.desk import Desk, Limit
from auth.limits.leases import Leases, Standing
from auth.limits.metrics import RATE_LIMITED
from auth.limits.table import forget_old
from auth.limits.window import WINDOW_SECONDS
from auth.network import ADDRESS_CHARACTERS_MAX, network_of
from ledger.periodic import Periodic
from runtime.database import open_pool
from runtime.http.exchange import Exchange
from runtime.settings import CONNECTIONS_OF_LIMITS
from runtime.stopping import stop

# Some 10 MB in each process; of those who come after that, the longest known ask the database once more.
LEASES_MAX = 20_000
SWEEP_PAUSE_SECONDS = 60.0


class RateLimits:
    """Counts operations, each for one account or address; one whose limit is 0 is not counted."""

    def __init__(self, per_account: int, per_address: int) -> None:
        self._account = _Counted("account", per_account) if per_account else None
        self._address = _Counted("address", per_address) if per_address else None
        self._counted = [counted for counted in (self._account, self._address) if counted]
        self._desk = Desk([counted.limit for counted in self._counted])

    @asynccontextmanager
    async def open(self, dsn: str) -> AsyncIterator[None]:
        """Asks the database while entered, on a connection of its own: others must not keep the limits from working."""
        async with AsyncExitStack() as stack:
            if self._counted:
                pool = await stack.enter_async_context(open_pool(dsn, CONNECTIONS_OF_LIMITS, resets=False))
                sweep = Periodic("forgetting old rate limits", lambda: forget_old(pool), SWEEP_PAUSE_SECONDS)
                sweep.open()
                stack.push_async_callback(sweep.close)
                serving = asyncio.create_task(self._desk.run(pool), name="rate limits")
                stack.push_async_callback(stop, serving)
            yield

    async def count_address(self, address: str, operations: int, exchange: Exchange) -> None:
        """Counts operations from an address, "" where it is not known. Raises LimitSpent: none of them may run."""
        if self._address is not None:
            subject = network_of(address)[:ADDRESS_CHARACTERS_MAX]
            await self._count(self._address, subject, operations, exchange)

    async def count_account(self, account_id: UUID, operations: int, exchange: Exchange) -> None:
        """Counts operations of an account. Raises LimitSpent: none of them may run."""
        if self._account is not None:
            await self._count(self._account, account_id.hex, operations, exchange)

    async def _count(self, counted: "_Counted", subject: str, operations: int, exchange: Exchange) -> None:
        standing = counted.limit.leases.take(subject, operations, time.monotonic())
        if standing is None:
            standing = await self._desk.ask(counted.limit, subject, operations)
        counted.note(standing, exchange)


class _Counted:
    """A limit, and how it is told: by the headers of draft-ietf-httpapi-ratelimit-headers-11 and a metric."""

    def __init__(self, name: str, operations_max: int) -> None:
        self.limit = Limit(name, operations_max, Leases(LEASES_MAX))
        self.refusals = RATE_LIMITED.labels(name)
        self.policy = f'"{name}";q={operations_max};w={WINDOW_SECONDS}'.encode()
        self._item = f'"{name}";r=%d;t=%d'.encode()

    def note(self, standing: Standing | None, exchange: Exchange) -> None:
        """Has the answer tell what came of asking; None where nobody could say. Raises LimitSpent."""
        if standing is None:
            return
        exchange.limits[self.limit.name] = self.policy, self.item(standing)
        if not standing.is_allowed:
            self.refusals.inc()
            raise LimitSpent(self.limit.name, self.limit.operations_max, math.ceil(standing.frees_in_seconds))

    def item(self, standing: Standing) -> bytes:
        """The limit's item in RateLimit."""
        return self._item % (standing.remaining, math.ceil(standing.frees_in_seconds))
