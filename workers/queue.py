"""Carrying out what is queued, lane by lane: each wallet's operations in the order of their acceptance.

One wallet that can't be had, or one operation that can't be carried out, stops those alone that come after it for the
same wallet.
"""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ledger.commands import CarryOut
from ledger.errors import HeldElsewhere, Unavailable
from ledger.queue import Queue, Waiting
from runtime.database import lanes_connection
from runtime.tracing import span
from workers.duty import Workplace, pause

log = logging.getLogger("purser.worker")

IDLE_SECONDS = 0.15
# A wallet whose next operation failed has it tried again after this, then after twice as long, and so on.
AGAIN_SECONDS_MIN = 1.0
AGAIN_SECONDS_MAX = 60.0
# With so many wallets aside it is not their operations that are wrong: then nothing is taken up until one is due again.
ASIDE_MAX = 1000
# The first half of an advisory lock's key, the lane being the second: "lane" in ASCII.
_LOCK = int.from_bytes(b"lane", "big")


async def run(workplace: Workplace, stopping: asyncio.Event) -> None:
    """Carries out what is queued until a stop is asked for; what is under way then is finished.

    Raises Unavailable, asyncpg's errors, OSError or TimeoutError where the database is away.
    """
    queue, lane = workplace.ledger.queue, workplace.lane
    async with lanes_connection(workplace.dsn) as connection:
        server = _LaneServer(queue, connection, workplace.settings.batch_size_max)
        while not stopping.is_set():
            lanes = [found for found in await queue.lanes() if lane in (None, found)]
            # Workers that serve the same lanes don't go through them in step.
            random.shuffle(lanes)
            is_idle = True
            for each in lanes:
                if not stopping.is_set() and await server.serve(each):
                    is_idle = False
            if is_idle:
                await pause(stopping, IDLE_SECONDS)


# Each with the wallet in whose order it is.
_Commands = list[tuple[UUID, CarryOut]]


@dataclass(slots=True)
class _Aside:
    """A wallet whose next operation could not be carried out, and when it is tried again by the loop's clock."""

    seconds: float
    until: float


class _LaneServer:
    """Serves one lane after another. `connection` is for the locks of lanes alone."""

    def __init__(self, queue: Queue, connection: asyncpg.Connection, batch_size_max: int) -> None:
        self._queue = queue
        self._connection = connection
        self._batch_size_max = batch_size_max
        self._held: set[UUID] = set()
        self._aside: dict[UUID, _Aside] = {}
        # The wallets of which something was left out of what is being served, so that nothing may overtake it.
        self._stopped: set[UUID] = set()
        # The one that is being served.
        self._lane = 0

    async def serve(self, lane: int) -> bool:
        """Carries out the first of the lane; False where another worker is at it, or nothing could be done."""
        # So that no two do the same work: right it would be all the same. In a transaction, so that a worker that was
        # suspended does not keep the lane from others for longer than a transaction may idle.
        async with self._connection.transaction():
            if not await self._connection.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", _LOCK, lane):
                return False
            return await self._serve(lane)

    async def _serve(self, lane: int) -> bool:
        self._stopped.clear()
        self._lane = lane
        without = self._still_aside()
        if len(without) >= ASIDE_MAX:
            return False
        if self._held:
            self._held = await self._queue.held_of(self._held)
        waiting = await self._queue.first_of(lane, self._batch_size_max, without=without, held=self._held)
        if await self._carry_out(self._readable(waiting)):
            return True
        if len(waiting) == self._batch_size_max:
            # They can't be told from others by a look at the queue: parts of charges for a wallet that is held, say.
            for wallet_id in {one.wallet_id for one in waiting}.difference(self._still_aside()):
                self._set_aside(wallet_id)
        return False

    async def _carry_out(self, commands: _Commands) -> bool:
        """In one transaction, or where that fails in parts, down to what it fails for. Whether any was carried out."""
        commands = self._free(commands)
        if not commands:
            return False
        try:
            await self._carry_out_at_once([command for _, command in commands])
        except HeldElsewhere as held:
            self._held |= held.wallet_ids
            return await self._carry_out(commands)
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - logged once it is known whose it is
            if len(commands) > 1:
                half = len(commands) // 2
                first = await self._carry_out(commands[:half])
                return await self._carry_out(commands[half:]) or first
            ((wallet_id, command),) = commands
            self._stopped.add(wallet_id)
            self._fail(wallet_id, command.accepted.id, fault)
            return False
        for wallet_id, _ in commands:
            self._aside.pop(wallet_id, None)
        return True

    async def _carry_out_at_once(self, commands: Sequence[CarryOut]) -> None:
        began_at = time.perf_counter()
        with span("carry out queued", {"purser.lane": self._lane, "purser.requests": len(commands)}):
            await self._queue.carry_out(commands)
        duration_ms = round((time.perf_counter() - began_at) * 1000, 2)
        fields = {"lane": self._lane, "operations": len(commands), "duration_ms": duration_ms}
        log.info("queued operations carried out", extra={"fields": fields})

    def _readable(self, waiting: Sequence[Waiting]) -> _Commands:
        """Those that can be read, and come after none that can't."""
        commands = []
        unreadable = set()
        for one in waiting:
            if one.wallet_id not in unreadable:
                try:
                    commands.append((one.wallet_id, one.read()))
                except Exception as fault:  # noqa: BLE001 - logged
                    unreadable.add(one.wallet_id)
                    self._fail(one.wallet_id, one.accepted.id, fault)
        return commands

    def _free(self, commands: _Commands) -> _Commands:
        """Those that name no wallet that is held, and come after none that was left out."""
        free = []
        for wallet_id, command in commands:
            if wallet_id in self._stopped or not self._held.isdisjoint(command.wallet_ids()):
                self._stopped.add(wallet_id)
            else:
                free.append((wallet_id, command))
        return free

    def _fail(self, wallet_id: UUID, operation_id: UUID, fault: Exception) -> None:
        log.error(
            "A queued operation can't be carried out, and waits with what comes after it for its wallet",
            exc_info=fault,
            extra={"fields": {"operation_id": operation_id}},
        )
        self._set_aside(wallet_id)

    def _set_aside(self, wallet_id: UUID) -> None:
        before = self._aside.get(wallet_id)
        seconds = AGAIN_SECONDS_MIN if before is None else min(before.seconds * 2, AGAIN_SECONDS_MAX)
        self._aside[wallet_id] = _Aside(seconds, asyncio.get_running_loop().time() + seconds)

    def _still_aside(self) -> list[UUID]:
        """The wallets that are not due again yet. Those that were and did not fail again are forgotten in time."""
        now = asyncio.get_running_loop().time()
        for wallet_id in [one for one, aside in self._aside.items() if aside.until + AGAIN_SECONDS_MAX < now]:
            del self._aside[wallet_id]
        return [wallet_id for wallet_id, aside in self._aside.items() if aside.until > now]
