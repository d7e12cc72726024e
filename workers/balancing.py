"""Spreading wallets over lanes by what they had to do, and moving them while everything goes on.

A wallet is moved with what is queued for it, in one transaction, with the wallet locked. A position in the queue is
taken, and what is queued is carried out, under the same lock: so nothing is lost, and nothing overtakes.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from ledger.locking import LOCK_FREE_WALLETS
from ledger.statements import load_statements
from workers.differencing import Integers, Lanes
from workers.lane_plan import LaneLine, plan_lanes, tell_lanes

SQL = load_statements("balancing.sql", __package__)

# Any number that nothing else on the database locks: "balancer" in ASCII.
_LOCK = int.from_bytes(b"balancer", "big")
# Wallets moved in one transaction, the operations that wait for them counted in. What needs one of them waits so long.
CHUNK = 1000
# A wallet that is held is waited for alone, and all of those together for no longer than the second.
WALLET_MILLISECONDS_MAX = 1000
HELD_SECONDS_MAX = 30.0
ROUND_SECONDS = 0.1
COUNT_SECONDS_MAX = 1800.0

# One row of the statement `activity` in COPY's binary format, which goes before each value with its length.
_ROW = np.dtype(
    [
        *(("fields", ">i2"), ("id_length", ">i4"), ("id", "V16"), ("lane_length", ">i4"), ("lane", ">i2")),
        *(("operations_length", ">i4"), ("operations", ">i8"), ("waiting_length", ">i4"), ("waiting", ">i4")),
    ]
)
_HEADER_BYTES = 19
_PART_BYTES = 1 << 22

Ids = NDArray[np.void]


class Plan(NamedTuple):
    """What is to change: `ids[i]` goes to lane `lanes[i]`, and so do the `waiting[i]` operations queued for it."""

    lines: list[LaneLine]
    ids: Ids
    lanes: Lanes
    waiting: Integers


class Moved(NamedTuple):
    """How many wallets were moved, and waiting operations with them; how many were left because somebody held them."""

    wallets: int
    operations: int
    held: int


async def become_balancer(connection: asyncpg.Connection) -> bool:
    """Whether this is the one balancer now, until the connection ends. False where there is another."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))


async def plan(connection: asyncpg.Connection, lanes: int, window: timedelta) -> Plan:
    """Which wallets are to move for `lanes` lanes to have as much to do as each other.

    By the operations of that time until now; some 150 bytes of memory for each wallet that had any.
    """
    activity = _Activity()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A sum for each wallet of many: sorted on disk it takes several times as long.
        await connection.execute("SET LOCAL work_mem = '256MB'")
        counts = {row["lane"]: row["count"] for row in await connection.fetch(SQL["lanes"])}
        await connection.copy_from_query(
            *(SQL["activity"], window, lanes),
            output=activity.add,
            format="binary",
            timeout=COUNT_SECONDS_MAX,
        )
    ids, present, operations, waiting = activity.columns()
    planned = await asyncio.to_thread(plan_lanes, present, operations, lanes)
    seen = dict(enumerate(np.bincount(present, minlength=max(counts, default=0) + 1).tolist()))
    idle = {lane: count - seen.get(lane, 0) for lane, count in counts.items()}
    moving = np.flatnonzero(planned != present)
    # In the order of ids, in which wallets lie on disk.
    moving = moving[np.lexsort(ids[moving].view(">u8").reshape(-1, 2).T[::-1])]
    lines = tell_lanes(present, planned, operations, idle)
    return Plan(lines, ids[moving], planned[moving], waiting[moving])


async def move(connection: asyncpg.Connection, planned: Plan, advance: Callable[[int], None]) -> Moved:
    """Moves wallets as planned, some at a time. Those that somebody holds come last, and are left after a while.

    `advance` is told each time how many more were moved.
    """
    mover = _Mover(connection, planned, advance)
    left = np.arange(planned.ids.size)
    while left.size:
        held = await mover.move_free(left)
        is_stuck = held.size == left.size
        left = held
        if is_stuck:
            break
        await asyncio.sleep(ROUND_SECONDS)
    await mover.move_held(left)
    return Moved(mover.wallets, mover.operations, planned.ids.size - mover.wallets)


class _Activity:
    """The rows of a binary COPY, gathered as they come."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.void]] = []
        self._bytes = bytearray()
        self._skipped = _HEADER_BYTES

    async def add(self, data: bytes) -> None:
        self._bytes += data
        if len(self._bytes) >= _PART_BYTES:
            self._parse()

    def columns(self) -> tuple[Ids, Lanes, Integers, Integers]:
        """Ids, lanes, operations, and how many of these wait."""
        self._parse()
        return (
            self._column("id"),
            self._column("lane").astype(np.int32),
            self._column("operations").astype(np.int64),
            self._column("waiting").astype(np.int64),
        )

    def _column(self, name: str) -> NDArray[np.void]:
        return np.concatenate([part[name] for part in self._parts])

    def _parse(self) -> None:
        whole = max(len(self._bytes) - self._skipped, 0) // _ROW.itemsize
        rows = np.frombuffer(bytes(self._bytes), _ROW, whole, self._skipped)
        self._parts.append(rows[["id", "lane", "operations", "waiting"]].copy())
        del self._bytes[: self._skipped + whole * _ROW.itemsize]
        self._skipped = 0


class _Mover:
    """Moves the wallets of a plan, given by their places in it. Counts what was moved."""

    def __init__(self, connection: asyncpg.Connection, planned: Plan, advance: Callable[[int], None]) -> None:
        self._connection = connection
        self._plan = planned
        self._advance = advance
        self.wallets = 0
        self.operations = 0

    async def move_free(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Moves those that nobody holds; returns the others."""
        held = [await self._move(chunk, LOCK_FREE_WALLETS) for chunk in self._chunks(places)]
        return np.concatenate([*held, places[:0]])

    async def move_held(self, places: NDArray[np.intp]) -> None:
        """Moves them one by one, each when it is let go."""
        give_up_at = time.monotonic() + HELD_SECONDS_MAX
        for place in places:
            if time.monotonic() < give_up_at:
                try:
                    await self._move(np.array([place]), SQL["lock_wallet"])
                except asyncpg.LockNotAvailableError:
                    continue

    def _chunks(self, places: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """In parts of at most CHUNK wallets and waiting operations, but for a wallet that has more by itself."""
        rows = np.cumsum(self._plan.waiting[places] + 1)
        start = 0
        while start < places.size:
            done = rows[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(rows, done + CHUNK, side="right")))
            yield places[start:end]
            start = end

    async def _move(self, places: NDArray[np.intp], lock: str) -> NDArray[np.intp]:
        ids = [UUID(bytes=one.tobytes()) for one in self._plan.ids[places]]
        lanes = dict(zip(ids, self._plan.lanes[places].tolist(), strict=True))
        async with self._connection.transaction():
            await self._connection.execute(f"SET LOCAL lock_timeout = {WALLET_MILLISECONDS_MAX}")
            locked = [row["id"] for row in await self._connection.fetch(lock, ids)]
            status = await self._connection.execute(SQL["move"], locked, [lanes[one] for one in locked])
        self.wallets += len(locked)
        self._advance(len(locked))
        self.operations += int(status.split()[-1])
        free = set(locked)
        return places[[one not in free for one in ids]]
