"""Which worker has which withdrawal, and for how long: the database's side of paying out.

Whoever claims a withdrawal has it until the claim lapses, and says what came of it before. Nothing is told to anybody
but by a row: a worker that dies leaves a claim that lapses, and a withdrawal of which nothing is known but that the
bank may have been asked to pay. What a worker says late, after another one took over, changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from ledger.asking import changing
from ledger.statements import load_statements
from workers.conclusions import Claim, claim_seconds

SQL = load_statements("withdrawals.sql", __package__)

RESULT_CHARACTERS_MAX = 255


class Claims:
    """The claims of one worker. Everything here raises Unavailable when no answer comes in time."""

    def __init__(self, pool: asyncpg.Pool, lane: int | None, call_seconds_max: float) -> None:
        self._pool = pool
        self._lane = lane
        self._call_limit = timedelta(seconds=call_seconds_max)
        self._limit = timedelta(seconds=claim_seconds(call_seconds_max))

    async def claim(self, count_max: int) -> list[Claim]:
        """Withdrawals that are due, committed as claimed: some to be paid, some to be asked about."""
        async with changing():
            rows = await self._pool.fetch(SQL["claim"], count_max, self._lane, self._call_limit, self._limit)
        return [Claim(*row) for row in rows]

    async def pay_again(self, claim: Claim, result: str, pause_seconds: float) -> None:
        """The attempt has certainly paid nothing, and there is to be another one after the pause."""
        pause = timedelta(seconds=pause_seconds)
        async with changing():
            await self._pool.execute(
                SQL["pay_again"], claim.operation_id, claim.attempt, pause, result[:RESULT_CHARACTERS_MAX]
            )

    async def ask_again(self, claims: Sequence[Claim], result: str, pause_seconds: float) -> None:
        """What came of the attempts is not known; the bank is to be asked after the pause."""
        ids, attempts = [claim.operation_id for claim in claims], [claim.attempt for claim in claims]
        async with changing():
            await self._pool.execute(
                SQL["ask_again"],
                ids,
                attempts,
                timedelta(seconds=pause_seconds),
                result[:RESULT_CHARACTERS_MAX],
            )

    async def end_attempt(self, claim: Claim, result: str) -> None:
        """The bank has spoken its last word on the attempt, and the withdrawal is about to be settled."""
        async with changing():
            await self._pool.execute(
                SQL["end_attempt"],
                claim.operation_id,
                claim.attempt,
                result[:RESULT_CHARACTERS_MAX],
                self._limit,
            )
