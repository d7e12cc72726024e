"""Sessions: what makes a bearer token stop before it expires.

Whether a session was ended is asked for every request, so it is answered from memory: each process
asks the database several times a second which sessions have ended, and keeps those that have not
expired. While the answers are fresh, a log-out anywhere is honoured here within a second. When they
are not, the database is asked about the one session, and without a database nobody is let in.
"""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import RawSQL
from uuid_utils.compat import uuid7

from ledger.asking import asking, changing
from ledger.periodic import Periodic
from models.accounts import Session
from runtime.stopping import stop

POLL_PAUSE_SECONDS = 0.4
FRESH_SECONDS_MAX = 1.0
# A transaction may commit what it dated a while ago; none of ours lasts nearly as long.
LATE_COMMIT_MAX = timedelta(seconds=60)

# FOR SHARE: a change of the password that is under way is waited for, and then seen. So no session
# begins with a password that was changed meanwhile, after the change has ended all the others.
_START = """
    INSERT INTO sessions (id, account_id, created_at, expires_at)
    SELECT $1, id, now(), $4 FROM accounts
    WHERE id = $2 AND password_hash = $3 AND deleted_at IS NULL
    FOR SHARE
    RETURNING id
"""
_END = """
    UPDATE sessions SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE id = $1 RETURNING expires_at
"""
# The clock of the database dates both what ended and how far we have read. A minute more than a
# session lasts, because tokens expire by the clock of the machine that reads them.
_ENDED_SINCE = """
    WITH ended AS (
        SELECT id, expires_at FROM sessions
        WHERE ended_at > $1 AND expires_at > now() - interval '1 minute'
        UNION
        SELECT sessions.id, sessions.expires_at
        FROM accounts JOIN sessions ON sessions.account_id = accounts.id
        WHERE accounts.deleted_at > $1 AND sessions.expires_at > now() - interval '1 minute'
    )
    SELECT now() AS read_at, ended.id, ended.expires_at
    FROM (VALUES (1)) AS always LEFT JOIN ended ON true
"""
_IS_LIVE = """
    SELECT EXISTS (
        SELECT FROM sessions JOIN accounts ON accounts.id = sessions.account_id
        WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND accounts.deleted_at IS NULL
    )
"""
# A day more than any clock is wrong by: a token without its session is as good as one that was not ended.
_DELETE_EXPIRED = """
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT $1
    )
    RETURNING id
"""


class Sessions:
    """Begins and ends sessions, and knows which have ended; memory is bounded by the unexpired ones."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._ended: set[UUID] = set()
        self._expiries: list[tuple[float, UUID]] = []
        self._read_until = datetime(1970, 1, 1, tzinfo=UTC)
        self._fresh_until_monotonic = float("-inf")
        self._last_read_began = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._poll = Periodic("reading ended sessions", self._catch_up, POLL_PAUSE_SECONDS)

    def open(self) -> None:
        """Begins to read which sessions end."""
        self._poll.open()

    async def close(self) -> None:
        """Stops reading; the pool is not ours to close."""
        await self._poll.close()
        if self._reading is not None:
            await stop(self._reading)

    async def start(self, account_id: UUID, password_hash: str, expires_at: datetime) -> UUID | None:
        """Begins a session of the account; None if that is no longer its password, or it is deleted."""
        async with changing():
            started: UUID | None = await self._pool.fetchval(
                _START, uuid7(), account_id, password_hash, expires_at
            )
        return started

    async def end(self, session_id: UUID) -> None:
        """Ends the session: here at once, in other processes within a second. Twice is no error."""
        async with changing():
            expires_at: datetime | None = await self._pool.fetchval(_END, session_id)
        if expires_at is not None:
            self._remember(session_id, expires_at)

    async def end_others(self, account_id: UUID, keep: UUID, connection: BaseDBAsyncClient) -> None:
        """Ends the account's sessions but one, in the caller's transaction; honoured a second after it."""
        others = Session.filter(account_id=account_id, ended_at=None).exclude(id=keep)
        await others.using_db(connection).update(ended_at=RawSQL("clock_timestamp()"))

    async def ended(self, session_id: UUID) -> bool:
        """Was it ended, or its account deleted? Raises Unavailable when nobody can tell."""
        if session_id in self._ended:
            return True
        if time.monotonic() <= self._fresh_until_monotonic:
            return False
        await self._catch_up()
        return session_id in self._ended

    async def is_live(self, session_id: UUID) -> bool:
        """Whether it was never ended, nor its account deleted: asks the database, which remembers it for ever.

        A session that has expired is live as well; who has its token is not let in. Raises Unavailable.
        """
        async with asking():
            return bool(await self._pool.fetchval(_IS_LIVE, session_id))

    async def _catch_up(self) -> None:
        """Waits for an answer that was asked for after this moment: of all who wait one asks. Raises Unavailable."""
        came_at = time.monotonic()
        while self._last_read_began < came_at:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read_ended())
            # Who goes away takes the answer from nobody else.
            await asyncio.shield(self._reading)

    async def _read_ended(self) -> None:
        began = time.monotonic()
        async with asking():
            rows = await self._pool.fetch(_ENDED_SINCE, self._read_until - LATE_COMMIT_MAX)
        for row in rows:
            if row["id"] is not None:
                self._remember(row["id"], row["expires_at"])
        self._read_until = rows[0]["read_at"]
        self._last_read_began = began
        self._fresh_until_monotonic = began + FRESH_SECONDS_MAX
        self._forget_expired()

    def _remember(self, session_id: UUID, expires_at: datetime) -> None:
        if session_id not in self._ended:
            self._ended.add(session_id)
            heapq.heappush(self._expiries, (expires_at.timestamp(), session_id))

    def _forget_expired(self) -> None:
        now = time.time()
        while self._expiries and self._expiries[0][0] <= now:
            self._ended.discard(heapq.heappop(self._expiries)[1])


async def delete_expired_sessions(connection: asyncpg.Connection, count_max: int) -> int:
    """Deletes so many at most of those that expired more than a day ago, and returns how many there were."""
    return len(await connection.fetch(_DELETE_EXPIRED, count_max))
