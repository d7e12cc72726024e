"""The queue: what was accepted, and is carried out by workers, lane by lane and in order.

Each operation leaves the queue in the transaction that carries it out, so that a worker may die at any line. Whoever
reads a lane gets the beginning of what waits for each wallet: carried out twice, by two workers that both believe the
lane to be theirs, the second finds nothing left to do, and the order of each wallet is kept all the same.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.asking import asking
from ledger.commands import Accepted, CarryOut
from ledger.executor import Executor
from ledger.ids import new_id
from ledger.queued_commands import read_command
from ledger.requests import Bundle, Request
from ledger.statements import load_statements

SQL = load_statements("queue.sql")


class Depth(NamedTuple):
    """How many operations wait, and for how long the first of them has; None where none does."""

    depth: int
    oldest_seconds: float | None


class Queue:
    """Reads the queue through the pool, and carries out what is in it on a connection of its own."""

    def __init__(self, pool: asyncpg.Pool, executor: Executor) -> None:
        self._pool = pool
        self._executor = executor

    async def depth(self) -> Depth:
        """How much there is to do. Raises Unavailable."""
        async with asking():
            (row,) = await self._pool.fetch(SQL["depth"])
            return Depth(*row)

    async def lanes(self) -> list[int]:
        """The lanes in which something waits. Raises Unavailable."""
        async with asking():
            return [row["lane"] for row in await self._pool.fetch(SQL["lanes"])]

    async def first_of(self, lane: int, limit: int) -> list[CarryOut]:
        """What is to be carried out next in that lane, in order. Raises Unavailable."""
        async with asking():
            rows = await self._pool.fetch(SQL["first_of_lane"], lane, limit)
        return [
            CarryOut(
                Accepted(*row[:7]),
                read_command(row["kind"], row["account_id"], row["summary"], row["command"]),
            )
            for row in rows
        ]

    async def carry_out(self, commands: Sequence[CarryOut]) -> list[Exception]:
        """Carries them out in one transaction, but for those whose wallets somebody else holds.

        Those stay in the queue, with all that comes after them for the same wallets; what was in their way is
        returned, such as Unavailable.
        """
        bundles = [
            Bundle(tuple(Request(command, new_id()) for command in together)) for together in _apart(commands)
        ]
        answers = await self._executor.execute(bundles)
        return [answer for answer in answers if isinstance(answer, Exception)]

    async def close(self) -> None:
        """Gives the connection back."""
        await self._executor.close()


def _apart(commands: Sequence[CarryOut]) -> list[list[CarryOut]]:
    """In groups that have no wallet in common, each in order: a wallet that can't be had stops its own group alone."""
    leaders: dict[UUID, UUID] = {}

    def leader(wallet_id: UUID) -> UUID:
        while leaders.setdefault(wallet_id, wallet_id) != wallet_id:
            wallet_id = leaders[wallet_id] = leaders[leaders[wallet_id]]
        return wallet_id

    for command in commands:
        first, *others = command.wallet_ids()
        for other in others:
            leaders[leader(other)] = leader(first)
    groups: dict[UUID, list[CarryOut]] = {}
    for command in commands:
        groups.setdefault(leader(next(command.wallet_ids())), []).append(command)
    return list(groups.values())
