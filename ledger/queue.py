"""The queue: what was accepted, and is carried out by workers, lane by lane and in order.

Each operation leaves the queue in the transaction that carries it out, so that a worker may die at any line. Whoever
reads a lane gets the beginning of what waits for each wallet: carried out twice, by two workers that both believe the
lane to be theirs, the second finds nothing left to do, and the order of each wallet is kept all the same.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.asking import asking
from ledger.commands import Accepted, CarryOut
from ledger.executor import HELD_WALLETS, Executor
from ledger.ids import new_id
from ledger.queued_commands import read_command
from ledger.requests import Bundle, Request
from ledger.statements import load_statements
from ledger.watching import BatchReport, Watch
from runtime import tracing

SQL = load_statements("queue.sql")


class Waiting(NamedTuple):
    """One operation of the queue. `wallet_id`: the wallet in whose order it is carried out."""

    wallet_id: UUID
    accepted: Accepted
    account_id: UUID
    summary: str
    written: str

    def read(self) -> CarryOut:
        """The command that carries it out. What this raises is a fault of ours."""
        return read_command(self.accepted, self.account_id, self.summary, self.written)


class Queue:
    """Reads the queue through the pool, and carries out what is in it on a connection of its own."""

    def __init__(self, pool: asyncpg.Pool, executor: Executor, watch: Watch) -> None:
        self._pool = pool
        self._executor = executor
        self._watch = watch

    async def lanes(self) -> list[int]:
        """The lanes in which something waits. Raises Unavailable."""
        async with asking():
            return [row["lane"] for row in await self._pool.fetch(SQL["lanes"])]

    async def first_of(
        self, lane: int, limit: int, *, without: Collection[UUID] = (), held: Collection[UUID] = ()
    ) -> list[Waiting]:
        """What is to be carried out next in that lane, in order: for each wallet the beginning of what waits for it.

        `without`: wallets whose operations are left out. `held`: wallets that can't be had, so that what pays from
        them or to them is left out, with all that comes after it for the same wallet. Raises Unavailable.
        """
        async with asking():
            if held:
                arguments = (lane, limit, list(without), list(held))
                rows = await self._pool.fetch(SQL["first_free_of_lane"], *arguments)
            else:
                rows = await self._pool.fetch(SQL["first_of_lane"], lane, limit, list(without))
        return [Waiting(row[0], Accepted(*row[1:8]), *row[8:]) for row in rows]

    async def held_of(self, wallet_ids: Collection[UUID]) -> set[UUID]:
        """Those of the wallets that somebody holds right now. Raises Unavailable."""
        async with asking():
            return {row["id"] for row in await self._pool.fetch(HELD_WALLETS, list(wallet_ids))}

    async def carry_out(self, commands: Sequence[CarryOut]) -> None:
        """Carries them out in one transaction, in their order, but for what was carried out before.

        Raises HeldElsewhere where somebody holds a wallet, Unavailable, or what is a fault of ours. Then they are
        still in the queue, unless an Unavailable says that this is not known.
        """
        if not commands:
            return
        bundle = Bundle(tuple(Request(command, new_id()) for command in commands))
        report = BatchReport([bundle], [time.monotonic_ns()], 0, [tracing.current()])
        # A task of its own: one that has seen its connection cut is no good for another try.
        await asyncio.create_task(self._executor.execute(report))
        self._watch(report)
        (answer,) = report.answers
        if isinstance(answer, Exception):
            raise answer

    async def close(self) -> None:
        """Gives the connection back."""
        await self._executor.close()
