"""Executes a batch to the end: again after a deadlock, again on a new connection, alone after a fault.

A COMMIT that got no answer may or may not have happened. The batch then runs again with the same operation
ids, and once it holds the locks it looks whether those operations are there: nobody is told "failed" for
what was committed, and nothing is executed twice. A wallet that somebody else holds stops those alone who name it.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ledger.currencies import CurrencyBook
from ledger.errors import HeldElsewhere, Unavailable
from ledger.requests import Bundle
from ledger.statements import load_statements
from ledger.system_wallets import SystemWallets
from ledger.watching import Answer, BatchReport
from ledger.writer import Attempt, Results, Writer
from runtime.database import LOST

log = logging.getLogger("purser.ledger")

Connect = Callable[[], Awaitable[asyncpg.Connection]]

HELD_WALLETS = load_statements("statements.sql")["held_wallets"]

# How long a batch is tried before its callers are told that the database is away.
BATCH_SECONDS_MAX = 10.0
# One attempt gets less, so that a connection that hangs leaves time for another.
ATTEMPT_SECONDS_MAX = 4.0
_PAUSE_SECONDS_MAX = 0.5

# The transaction was rolled back for the sake of others; the connection lives.
_ROLLED_BACK = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)


def _may_pass(error: Exception) -> bool:
    """Whether the same batch may well succeed when it is tried again."""
    if isinstance(error, asyncpg.DataError):  # an InterfaceError by inheritance, but a fault by nature
        return False
    if isinstance(error, asyncpg.CheckViolationError):
        # Without a name it is a row on its way into the default partition, whose own was made meanwhile.
        return error.constraint_name is None
    return isinstance(error, (*_ROLLED_BACK, *LOST))


@dataclass(slots=True)
class _Tries:
    """What is known over all tries of a batch: until when, and the last one whose COMMIT got no answer."""

    report: BatchReport
    deadline: float
    lost: Attempt | None = None


class Executor:
    """Owns one connection and executes one batch at a time on it."""

    def __init__(self, connect: Connect, currencies: CurrencyBook, system: SystemWallets) -> None:
        self._connect = connect
        self._currencies = currencies
        self._system = system
        self._connection: asyncpg.Connection | None = None

    async def execute(self, report: BatchReport) -> None:
        """Executes the bundles of a report, and tells it what each was told: an exception only where we failed."""
        tries = _Tries(report, asyncio.get_running_loop().time() + BATCH_SECONDS_MAX)
        report.end(await self._answers(report.bundles, tries))

    async def _answers(self, batch: Sequence[Bundle], tries: _Tries) -> list[Answer]:
        try:
            return list(await self._until_committed(batch, tries))
        except HeldElsewhere as held:
            return await self._without(held.wallet_ids, batch, tries)
        except Unavailable as away:
            return [Unavailable(executed_unknown=away.executed_unknown) for _ in batch]
        except Exception:
            # A fault of ours or of the data; this try was certainly rolled back, though an earlier one may not
            # have been. The neighbours shall not suffer for it.
            log.exception("A batch of %d is executed one by one", len(batch))
            return [await self._alone(batch, index, tries) for index in range(len(batch))]

    async def _without(
        self, wallet_ids: frozenset[UUID], batch: Sequence[Bundle], tries: _Tries
    ) -> list[Answer]:
        """The neighbours of a wallet that can't be had shall not wait for it."""
        are_free = [wallet_ids.isdisjoint(_wallet_ids(bundle)) for bundle in batch]
        free = [bundle for bundle, is_free in zip(batch, are_free, strict=True) if is_free]
        answers = iter(await self._answers(free, tries) if free else [])
        return [next(answers) if is_free else HeldElsewhere(wallet_ids) for is_free in are_free]

    async def _alone(self, batch: Sequence[Bundle], index: int, tries: _Tries) -> Answer:
        bundle = batch[index]
        lost = None if tries.lost is None else tries.lost.part(index, bundle)
        try:
            return (await self._until_committed([bundle], _Tries(tries.report, tries.deadline, lost)))[0]
        except Exception as fault:  # noqa: BLE001 - raised again in the caller that awaits it
            return fault

    async def close(self) -> None:
        """Gives the connection back to the server."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await connection.close(timeout=1)
            except LOST:
                connection.terminate()

    async def _until_committed(self, batch: Sequence[Bundle], tries: _Tries) -> Results:
        loop = asyncio.get_running_loop()
        pause_seconds = 0.01
        while True:
            attempt = Attempt()
            try:
                async with asyncio.timeout_at(min(tries.deadline, loop.time() + ATTEMPT_SECONDS_MAX)):
                    return await self._attempt(batch, attempt, tries)
            except Exception as error:
                if attempt.commit_sent:
                    tries.lost = attempt
                if not _may_pass(error):
                    raise
                log.warning("A batch is tried again after %s", type(error).__name__)
                if not isinstance(error, _ROLLED_BACK):
                    self._drop_connection()
                if isinstance(error, asyncpg.LockNotAvailableError) and tries.lost is None:
                    await self._look_for_held(batch)
            # Jitter, so that two writers that ran into each other do not do so again.
            await asyncio.sleep(pause_seconds * (0.5 + random.random()))  # noqa: S311
            pause_seconds = min(pause_seconds * 2, _PAUSE_SECONDS_MAX)
            if loop.time() >= tries.deadline:
                raise Unavailable(executed_unknown=tries.lost is not None)

    async def _look_for_held(self, batch: Sequence[Bundle]) -> None:
        """Raises HeldElsewhere where it is a wallet that could not be had in time."""
        wallet_ids = {wallet_id for bundle in batch for wallet_id in _wallet_ids(bundle)}
        if self._connection is not None:
            with suppress(*LOST):
                rows = await self._connection.fetch(HELD_WALLETS, list(wallet_ids))
                if rows:
                    raise HeldElsewhere(frozenset(row["id"] for row in rows))

    async def _attempt(self, batch: Sequence[Bundle], attempt: Attempt, tries: _Tries) -> Results:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        try:
            tries.report.begin_try()
            return await Writer(self._connection, self._currencies, self._system).execute(
                batch, attempt, tries.lost, tries.report
            )
        except asyncpg.PostgresError:
            if self._connection.is_in_transaction():
                await self._connection.execute("ROLLBACK")
            raise
        except BaseException:
            # Cut off in the middle: what the connection would say next is anyone's guess.
            self._drop_connection()
            raise

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _wallet_ids(bundle: Bundle) -> set[UUID]:
    return {wallet_id for request in bundle.requests for wallet_id in request.command.wallet_ids()}
