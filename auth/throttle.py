"""Guessing passwords is slow, and nobody can lock an owner out by guessing badly on purpose.

The rule, over failures that lie at most 15 minutes apart, counted for all processes together:

- One e-mail from one address: after 5 failures the next attempt is refused for 15 s, then 30, 60 ...
  up to 15 minutes. This stops the plain guesser, and only from that address: the owner, who sits
  elsewhere, is not touched.
- One address, whatever the e-mail: after 50 failures the same pauses. This stops one machine that
  tries a few passwords on many accounts; it is higher because a whole office may share an address.
- One e-mail from anywhere: from 20 failures on, an attempt from an address that never got in is
  delayed, half a second more each time up to 5 s, but not refused. Refusing would let anyone lock the
  owner out from many addresses; waiting costs the owner seconds and the guessers most of their rate.
  An address from which the owner logged in within 30 days does not wait.

A success forgets the failures of its pair of e-mail and address. E-mails without an account are
counted like any other, so that the throttle does not tell which ones have one. Attempts on one pair
go one after the other in each process, so that a burst is counted before it is through.
An IPv6 address counts as its /64: whoever has one address there has them all.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from auth.errors import RateLimited
from auth.network import network_of
from ledger.asking import asking, changing
from ledger.periodic import Periodic

WINDOW_SECONDS = 15 * 60
PAIR_FAILURES_MAX = 5
ADDRESS_FAILURES_MAX = 50
EMAIL_FAILURES_MAX = 20
PAUSE_SECONDS_FIRST = 15.0
DELAY_SECONDS_STEP = 0.5
DELAY_SECONDS_MAX = 5.0
DELAYED_MAX = 100
KNOWN_SECONDS = 30 * 86_400
KNOWN_RENEWED_AFTER_SECONDS = 86_400
IN_TURN_MAX = 50
TURN_SECONDS_MAX = 30.0
SWEEP_PAUSE_SECONDS = 60.0

_READ = """
    SELECT subject, failures, extract(epoch FROM now() - last_failed_at)::float8 AS age_seconds
    FROM login_failures WHERE subject = ANY($1::text[])
"""
# In the order of the subjects, so that two failures at once never wait for each other.
_FAILED = """
    INSERT INTO login_failures AS known (subject, failures, last_failed_at)
    SELECT subject, 1, now() FROM unnest($1::text[]) AS subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET
        failures = CASE WHEN known.last_failed_at < now() - make_interval(secs => $2) THEN 1
                        ELSE least(known.failures + 1, 1000000) END,
        last_failed_at = now()
"""
_SUCCEEDED = """
    WITH cleared AS (DELETE FROM login_failures WHERE subject = $1)
    INSERT INTO login_failures (subject, failures, last_failed_at) VALUES ($2, 1, now())
    ON CONFLICT (subject) DO UPDATE SET last_failed_at = now()
"""
# Everything but the addresses that got in is over after the window.
_SWEEP = """
    DELETE FROM login_failures WHERE subject IN (
        SELECT subject FROM login_failures
        WHERE last_failed_at < now() - CASE WHEN subject LIKE 'known:%'
              THEN make_interval(secs => $1) ELSE make_interval(secs => $2) END
        LIMIT 10000 FOR UPDATE SKIP LOCKED
    )
"""


@dataclass(frozen=True, slots=True)
class _Subjects:
    pair: str
    address: str
    email: str
    known: str


@dataclass(frozen=True, slots=True)
class _Count:
    failures: int
    age_seconds: float


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    takers: int = 0


class Attempt:
    """One log-in that may be tried now; say how it ended."""

    def __init__(self, pool: asyncpg.Pool, subjects: _Subjects, counts: dict[str, _Count]) -> None:
        self._pool = pool
        self._subjects = subjects
        self._counts = counts

    async def failed(self) -> None:
        """Counts it. Raises Unavailable."""
        subjects = [self._subjects.pair, self._subjects.address, self._subjects.email]
        async with changing():
            await self._pool.execute(_FAILED, subjects, float(WINDOW_SECONDS))

    async def succeeded(self) -> None:
        """Forgets the failures of this e-mail from this address. Raises Unavailable."""
        known = self._counts.get(self._subjects.known)
        is_known = known is not None and known.age_seconds < KNOWN_RENEWED_AFTER_SECONDS
        if is_known and self._subjects.pair not in self._counts:
            return
        async with changing():
            await self._pool.execute(_SUCCEEDED, self._subjects.pair, self._subjects.known)


class Throttle:
    """Decides whether a log-in may be tried now; the rule and its reasons stand at the head of this file."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._turns: dict[str, _Turn] = {}
        self._delayed = 0
        self._sweep = Periodic("forgetting old log-in failures", self._forget_old, SWEEP_PAUSE_SECONDS)

    def open(self) -> None:
        """Begins to forget what is old."""
        self._sweep.open()

    async def close(self) -> None:
        """Stops forgetting; the pool is not ours to close."""
        await self._sweep.close()

    @asynccontextmanager
    async def attempt(self, email_key: str, address: str) -> AsyncIterator[Attempt]:
        """Holds the turn of this e-mail and address. Instead of entering: RateLimited or Unavailable."""
        subjects = _subjects(email_key, address)
        async with self._turn(subjects.pair):
            counts = await self._read(subjects)
            _refuse_in_pause(counts.get(subjects.pair), PAIR_FAILURES_MAX)
            _refuse_in_pause(counts.get(subjects.address), ADDRESS_FAILURES_MAX)
            if subjects.known not in counts:
                await self._delay(counts.get(subjects.email))
            yield Attempt(self._pool, subjects, counts)

    @asynccontextmanager
    async def _turn(self, pair: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(pair, _Turn())
        if turn.takers >= IN_TURN_MAX:
            raise RateLimited(PAUSE_SECONDS_FIRST)
        turn.takers += 1
        try:
            try:
                await asyncio.wait_for(turn.lock.acquire(), TURN_SECONDS_MAX)
            except TimeoutError:
                raise RateLimited(PAUSE_SECONDS_FIRST) from None
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            turn.takers -= 1
            if turn.takers == 0:
                del self._turns[pair]

    async def _read(self, subjects: _Subjects) -> dict[str, _Count]:
        asked = [subjects.pair, subjects.address, subjects.email, subjects.known]
        async with asking():
            rows = await self._pool.fetch(_READ, asked)
        counts = {row["subject"]: _Count(row["failures"], row["age_seconds"]) for row in rows}
        return {
            subject: count
            for subject, count in counts.items()
            if count.age_seconds < (KNOWN_SECONDS if subject == subjects.known else WINDOW_SECONDS)
        }

    async def _delay(self, email: _Count | None) -> None:
        if email is None or email.failures < EMAIL_FAILURES_MAX:
            return
        if self._delayed >= DELAYED_MAX:
            raise RateLimited(DELAY_SECONDS_MAX)
        self._delayed += 1
        try:
            steps = email.failures - EMAIL_FAILURES_MAX + 1
            await asyncio.sleep(min(DELAY_SECONDS_STEP * steps, DELAY_SECONDS_MAX))
        finally:
            self._delayed -= 1

    async def _forget_old(self) -> None:
        async with asking():
            await self._pool.execute(_SWEEP, float(KNOWN_SECONDS), float(WINDOW_SECONDS))


def _refuse_in_pause(count: _Count | None, failures_max: int) -> None:
    if count is None or count.failures < failures_max:
        return
    # The exponent is bounded before it is used: a count may have grown for a long time.
    doublings = min(count.failures - failures_max, 10)
    remaining_seconds = min(PAUSE_SECONDS_FIRST * 2**doublings, WINDOW_SECONDS) - count.age_seconds
    if remaining_seconds > 0:
        raise RateLimited(remaining_seconds)


def _subjects(email_key: str, address: str) -> _Subjects:
    network = network_of(address)
    return _Subjects(
        pair=_digest("pair", email_key, network),
        address=_digest("address", network),
        email=_digest("email", email_key),
        known=_digest("known", email_key, network),
    )


def _digest(kind: str, *parts: str) -> str:
    text = "\0".join([kind, *parts])
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    # The column has room for 64 characters; the kind in front tells the sweep how long a row counts.
    return f"known:{digest[:58]}" if kind == "known" else digest
