"""Executes a batch to the end: again after a deadlock, again on a new connection, alone after a fault.

A COMMIT that got no answer may or may not have happened. The batch then runs again with the same operation
ids, and once it holds the locks it looks whether those operations are there: nobody is told "failed" for
what was committed, and nothing is executed twice.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg

from ledger.claims import Result
from ledger.currencies import CurrencyBook
from ledger.errors import Unavailable
from ledger.requests import Bundle
from ledger.system_wallets import SystemWallets
from ledger.writer import Attempt, Results, Writer

log = logging.getLogger("purser.ledger")

Connect = Callable[[], Awaitable[asyncpg.Connection]]
# What a bundle is told: a result for each of its requests, or what went wrong.
Answer = list[Result] | Exception

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
# The connection or its server is gone, or the server may not write (any more).
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)


def _may_pass(error: Exception) -> bool:
    """Whether the same batch may well succeed when it is tried again."""
    if isinstance(error, asyncpg.DataError):  # an InterfaceError by inheritance, but a fault by nature
        return False
    if isinstance(error, asyncpg.CheckViolationError):
        # Without a name it is a row on its way into the default partition, whose own was made meanwhile.
        return error.constraint_name is None
    return isinstance(error, (*_ROLLED_BACK, *_LOST))


@dataclass(slots=True)
class _Tries:
    """What is known over all tries of a batch: until when, and the last one whose COMMIT got no answer."""

    deadline: float
    lost: Attempt | None = None


class Executor:
    """Owns one connection and executes one batch at a time on it."""

    def __init__(self, connect: Connect, currencies: CurrencyBook, system: SystemWallets) -> None:
        self._connect = connect
        self._currencies = currencies
        self._system = system
        self._connection: asyncpg.Connection | None = None

    async def execute(self, batch: Sequence[Bundle]) -> list[Answer]:
        """What came of each bundle, in order; an exception only where the service itself failed."""
        tries = _Tries(asyncio.get_running_loop().time() + BATCH_SECONDS_MAX)
        try:
            return list(await self._until_committed(batch, tries))
        except Unavailable as away:
            return [Unavailable(executed_unknown=away.executed_unknown) for _ in batch]
        except Exception:
            # A fault of ours or of the data; this try was certainly rolled back, though an earlier one may not
            # have been. The neighbours shall not suffer for it.
            log.exception("A batch of %d is executed one by one", len(batch))
            return [await self._alone(batch, index, tries) for index in range(len(batch))]

    async def _alone(self, batch: Sequence[Bundle], index: int, tries: _Tries) -> Answer:
        bundle = batch[index]
        lost = None if tries.lost is None else tries.lost.part(index, bundle)
        try:
            return (await self._until_committed([bundle], _Tries(tries.deadline, lost)))[0]
        except Exception as fault:  # noqa: BLE001 - raised again in the caller that awaits it
            return fault

    async def close(self) -> None:
        """Gives the connection back to the server."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await connection.close(timeout=1)
            except _LOST:
                connection.terminate()

    async def _until_committed(self, batch: Sequence[Bundle], tries: _Tries) -> Results:
        loop = asyncio.get_running_loop()
        pause_seconds = 0.01
        while True:
            attempt = Attempt()
            try:
                async with asyncio.timeout_at(min(tries.deadline, loop.time() + ATTEMPT_SECONDS_MAX)):
                    return await self._attempt(batch, attempt, tries.lost)
            except Exception as error:
                if attempt.commit_sent:
                    tries.lost = attempt
                if not _may_pass(error):
                    raise
                log.warning("A batch is tried again after %s", type(error).__name__)
                if not isinstance(error, _ROLLED_BACK):
                    self._drop_connection()
            # Jitter, so that two writers that ran into each other do not do so again.
            await asyncio.sleep(pause_seconds * (0.5 + random.random()))  # noqa: S311
            pause_seconds = min(pause_seconds * 2, _PAUSE_SECONDS_MAX)
            if loop.time() >= tries.deadline:
                raise Unavailable(executed_unknown=tries.lost is not None)

    async def _attempt(self, batch: Sequence[Bundle], attempt: Attempt, lost: Attempt | None) -> Results:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        try:
            return await Writer(self._connection, self._currencies, self._system).execute(
                batch, attempt, lost
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
