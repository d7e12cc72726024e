"""Asks the database for one process's loans: all that wait at the same time together.

So a flood of new addresses takes one connection, and nobody waits for long: where the database does not answer, the
operation is let through, and fails by itself or does not.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import asyncpg

from auth.limits.leases import Leases, Standing
from auth.limits.table import Request, digest_of, lend
from auth.limits.window import ANY_NUMBER
from runtime.database import TROUBLE

log = logging.getLogger("purser.limits")

# Longer than PostgreSQL takes on a bad day, and much less than a request may.
WAIT_SECONDS_MAX = 1.0
WAITING_MAX = 10_000
SUBJECTS_AT_ONCE = 500
# For so long those who come while others are asked for wait for each other: the database is asked for all of them.
GATHER_SECONDS = 0.01
# While the database is away nobody waits for it, but for one who tries.
AWAY_PAUSE_SECONDS = 1.0
# How often to look for leases that are over, if nobody whose lease is over comes first.
LOOK_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, of accounts or of addresses: so many operations in a minute, and what this process has of it."""

    name: str
    operations_max: int
    leases: Leases


@dataclass(frozen=True, slots=True)
class Waiter:
    """One who waits for so many operations; the answer is None where the database did not say."""

    count: int
    answer: asyncio.Future[Standing | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


Key = tuple[str, str]


class Desk:
    """Where requests queue whose process has nothing left to hand out. `run` serves them."""

    def __init__(self, limits: list[Limit]) -> None:
        self._limits = {limit.name: limit for limit in limits}
        # By the limit's name and the subject, in the order in which they came.
        self._asked: dict[Key, list[Waiter]] = {}
        self._woken = asyncio.Event()
        self._waiting = 0
        self._away_until = self._looks_at = 0.0
        self._is_away = False

    async def ask(self, limit: Limit, subject: str, count: int) -> Standing | None:
        """What came of asking for so many operations; None where the database does not answer in time."""
        if self._waiting >= WAITING_MAX or time.monotonic() < self._away_until:
            return None
        waiter = Waiter(count)
        self._enqueue((limit.name, subject), waiter)
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                return await waiter.answer
        except TimeoutError:
            self._note_away()
            return None
        finally:
            self._waiting -= 1

    async def run(self, pool: asyncpg.Pool) -> None:
        """Serves until it is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_PAUSE_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            await self._serve(pool)
            await asyncio.sleep(GATHER_SECONDS)

    def _enqueue(self, key: Key, waiter: Waiter) -> None:
        self._asked.setdefault(key, []).append(waiter)
        self._woken.set()

    async def _serve(self, pool: asyncpg.Pool) -> None:
        asked = {key: self._asked.pop(key) for key in list(self._asked)[:SUBJECTS_AT_ONCE]}
        if self._asked:
            self._woken.set()
        asked_at = time.monotonic()
        requests = self._requests(asked, asked_at)
        if not requests:
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                loans = await lend(pool, list(requests.values()))
        except Exception as reason:  # noqa: BLE001 - a fault of ours must not end all limiting
            self._give_up(reason, asked)
            return
        self._is_away = False
        now = time.monotonic()
        for (name, subject), request in requests.items():
            # Who only gave something back has no use for a lease.
            if request.wanted or request.expected:
                self._limits[name].leases.add(subject, loans[request.digest], asked_at, now)
        for key, waiters in asked.items():
            self._answer(key, waiters, now)

    def _requests(self, asked: dict[Key, list[Waiter]], now: float) -> dict[Key, Request]:
        """For those who ask, for those whose lease is over and who will go on asking, and for what is unused."""
        expected = {
            (name, subject): ANY_NUMBER
            for name, subject in asked
            if self._limits[name].leases.is_live(subject, now)
        }
        if now >= self._looks_at or any(
            self._limits[name].leases.is_over(subject, now) for name, subject in asked
        ):
            self._looks_at = now + LOOK_PAUSE_SECONDS
            expected |= self._renewals(asked, now)
            if any(limit.leases.has_old for limit in self._limits.values()):
                # Others are not refused until then what those leases have left.
                self._looks_at = now
                self._woken.set()
        keys = dict.fromkeys([*asked, *expected, *self._with_unused()])
        return {key: self._request(key, asked.get(key, []), expected.get(key, 0)) for key in keys}

    def _renewals(self, asked: Iterable[Key], now: float) -> dict[Key, int]:
        expected = {}
        for limit in self._limits.values():
            first = [subject for name, subject in asked if name == limit.name]
            for subject, count in limit.leases.end_old(now, first).items():
                expected[limit.name, subject] = count
        return expected

    def _with_unused(self) -> list[Key]:
        return [
            (limit.name, subject)
            for limit in self._limits.values()
            for subject in limit.leases.with_unused(SUBJECTS_AT_ONCE)
        ]

    def _request(self, key: Key, waiters: list[Waiter], expected: int) -> Request:
        name, subject = key
        limit = self._limits[name]
        wanted = sum(waiter.count for waiter in waiters)
        unused = limit.leases.unused_of(subject)
        return Request(digest_of(name, subject), limit.operations_max, wanted, expected, unused)

    def _answer(self, key: Key, waiters: list[Waiter], now: float) -> None:
        name, subject = key
        for waiter in waiters:
            if waiter.answer.done():
                # Gone meanwhile; what was meant for it is left to others.
                continue
            standing = self._limits[name].leases.take(subject, waiter.count, now)
            if standing is None:
                # The slot is over already, or another one was quicker: once more.
                self._enqueue(key, waiter)
            else:
                waiter.answer.set_result(standing)

    def _give_up(self, reason: Exception, asked: dict[Key, list[Waiter]]) -> None:
        if not isinstance(reason, TROUBLE):
            log.error("rate limits failed", exc_info=reason)
        self._note_away()
        for waiter in (waiter for waiters in asked.values() for waiter in waiters):
            if not waiter.answer.done():
                waiter.answer.set_result(None)

    def _note_away(self) -> None:
        self._away_until = time.monotonic() + AWAY_PAUSE_SECONDS
        # Once is enough, however many are let through.
        if not self._is_away:
            log.warning("rate limits: no answer from the database, so operations are let through")
        self._is_away = True
