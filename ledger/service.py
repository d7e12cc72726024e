"""The ledger as the rest of the service sees it: submit a command, read, make a wallet."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast
from uuid import UUID

import asyncpg

from ledger.asking import changing
from ledger.backlog import Backlog
from ledger.books import Currencies
from ledger.claims import Result
from ledger.coalescer import Coalescer
from ledger.commands import Authorize, Charge, Command, Enqueue
from ledger.currencies import CATCH_UP_PAUSE_SECONDS, CurrencyBook
from ledger.errors import Overloaded, Unavailable
from ledger.executor import Executor
from ledger.exports import Exports
from ledger.long_reads import LongReads
from ledger.metrics import QUEUE_DEPTH, BatchCounter
from ledger.outcomes import Outcome, Replay, WalletView
from ledger.partitions import try_to_make_partitions
from ledger.periodic import Periodic
from ledger.position import CurrencyPosition, read_position
from ledger.queue import Queue
from ledger.rates import CurrencyRow, NewRate, list_currencies, update_rates
from ledger.reads import Reads
from ledger.rejections import Rejection
from ledger.replays import first_outcomes
from ledger.reports import Reports
from ledger.system_wallets import SystemWallets
from ledger.tracing import asked_here, traced
from ledger.wallet_life import WalletLife
from ledger.wallets import NewWallet, create_wallet
from runtime.database import connect_writer
from runtime.metrics import Gathering
from runtime.settings import WRITERS_A_PROCESS, Settings

# How many wallets the outside world has in each currency, so that writers seldom meet on one.
_STRIPES = 64
_USUAL_WALLETS_MAX = 10_000


class Ledger:
    """Made by `Ledger.open`, which owns its connections and tasks."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        currencies: CurrencyBook,
        coalescer: Coalescer,
        queue: Queue,
        queued_max: int,
    ) -> None:
        self._currencies = currencies
        long_reads = LongReads(pool)
        self.reads = Reads(pool, long_reads)
        self.reports = Reports(pool, long_reads)
        self.exports = Exports(pool, self.reads)
        self.wallet_life = WalletLife(pool, self.reads)
        self.queue = queue
        self._queued_max = queued_max
        self.backlog = Backlog(pool)
        self._pool = pool
        self._coalescer = coalescer
        self._usual_wallets: dict[UUID, UUID] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, dsn: str, pool: asyncpg.Pool) -> AsyncIterator["Ledger"]:
        """A ledger that reads through the pool and writes on connections of its own.

        Leaving the context finishes what was accepted.
        """
        currencies = CurrencyBook(settings.max_amounts)
        await currencies.refresh(pool)
        batches = Gathering(BatchCounter(lambda: currencies.current).count)
        coalescer = Coalescer(
            lines=WRITERS_A_PROCESS,
            queue_length_max=settings.queue_length_max,
            queue_seconds_max=settings.queue_seconds_max,
            batch_size_max=settings.batch_size_max,
            watch=traced(batches.add),
        )

        def executor() -> Executor:
            stripe = random.randrange(_STRIPES)  # noqa: S311 - spreads load, guards nothing
            return Executor(lambda: connect_writer(dsn), currencies, SystemWallets(stripe))

        queue = Queue(pool, executor(), traced(batches.add))
        await try_to_make_partitions(pool, settings.partition_months)
        refreshing = Periodic(
            "refreshing currencies", lambda: currencies.catch_up(pool), CATCH_UP_PAUSE_SECONDS
        )
        refreshing.open()
        try:
            writers = [executor() for _ in range(WRITERS_A_PROCESS)]
            async with batches.counting(), coalescer.running(writers):
                yield cls(pool, currencies, coalescer, queue, settings.queued_operations_max)
        finally:
            await queue.close()
            await refreshing.close()

    def sample(self) -> None:
        """Tells how many commands wait in memory right now (runtime/metrics.py)."""
        QUEUE_DEPTH.set(self._coalescer.depth)

    @property
    def currencies(self) -> Currencies:
        """All currencies by code, as they are now."""
        return self._currencies.current

    async def latest_currencies(self) -> Currencies:
        """All currencies by code, with what another process has changed a moment ago. Raises Unavailable."""
        await self._currencies.catch_up(self._pool)
        return self.currencies

    async def submit(self, command: Command) -> Outcome:
        """Executes a command, exactly once for one idempotency key, and returns when it is committed.

        Raises Overloaded (never executed) or Unavailable (tells whether it may have been).
        """
        (outcome,) = await self.submit_many([command])
        return outcome

    async def submit_many(self, commands: Sequence[Command], *, is_atomic: bool = False) -> list[Outcome]:
        """Executes commands in one transaction, as `submit` does, and returns their outcomes in order.

        `is_atomic`: where one is refused none of them moves money, and the others are NOT_EXECUTED.
        """
        queues = any(isinstance(command, Enqueue) for command in commands)
        # A queue that nobody works off must not fill the disk.
        if queues and not await self.backlog.has_room(self._queued_max):
            raise Overloaded
        if queues:
            commands = asked_here(commands)
        results = await self._coalescer.submit(commands, is_atomic=is_atomic)
        for command, result in zip(commands, results, strict=True):
            if isinstance(command, Charge | Authorize) and _is_outdated(command.usual_wallet_id, result):
                self._usual_wallets.pop(command.account_id, None)
        if not any(isinstance(result, Replay) for result in results):
            return cast("list[Outcome]", results)
        try:
            return await first_outcomes(self.reads, results, commands)
        except Unavailable:
            # The first requests with these keys may well have been executed.
            raise Unavailable(executed_unknown=True) from None

    async def usual_wallet(self, owner_id: UUID) -> UUID | None:
        """The owner's wallet when there is exactly one open: where money for them goes unless they say so.

        Remembered, because every charge asks. The writer checks it again on the locked row, and looks it up once
        more where that has changed.
        """
        if (known := self._usual_wallets.get(owner_id)) is not None:
            return known
        found = await self.reads.only_wallet(owner_id)
        if found is not None:
            if len(self._usual_wallets) >= _USUAL_WALLETS_MAX:
                self._usual_wallets.clear()
            self._usual_wallets[owner_id] = found
        return found

    async def create_wallet(self, asked: NewWallet, *, wallets_max: int) -> WalletView | Rejection:
        """Makes an empty wallet, unless its owner has `wallets_max` open ones already (0: no limit)."""
        made = await create_wallet(self._pool, asked, wallets_max=wallets_max)
        if asked.currency not in self.currencies:
            await self._see_the_change()
        return made

    async def position(self) -> list[CurrencyPosition]:
        """What the operator owes and has, in each currency that there is a wallet in, by code."""
        return await read_position(self._pool)

    async def list_currencies(self) -> list[CurrencyRow]:
        """Every currency there is, by code, as the table has it now. Raises Unavailable."""
        return await list_currencies(self._pool)

    async def update_rates(
        self, asked: Sequence[NewRate], account_id: UUID
    ) -> list[CurrencyRow] | list[Rejection]:
        """Sets all of these rates, or none and says why. Every process knows them within a second."""
        updated = await update_rates(self._pool, asked, account_id)
        await self._see_the_change()
        return updated

    async def _see_the_change(self) -> None:
        # What was changed may be done already: an error now must not say that it was not.
        async with changing():
            await self._currencies.refresh(self._pool)


def _is_outdated(usual_wallet_id: UUID | None, result: Result) -> bool:
    # The money went elsewhere, or nothing came of it, which that wallet may be the reason for.
    operation = result.operation if isinstance(result, Outcome) else None
    return usual_wallet_id is not None and (operation is None or operation.target_id != usual_wallet_id)
