"""What workers have yet to do, in figures for whoever watches."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from ledger.partitioning import period_of
from ledger.statements import load_statements
from runtime.database import TROUBLE
from runtime.remembered import Remembered

SQL = load_statements("backlog.sql")

COUNT_SECONDS_MAX = 2.0
REMEMBERED_SECONDS = 1.0
OPEN_STATES = ("PENDING", "SENT", "UNKNOWN")


class Pile(NamedTuple):
    """How many things wait, and how long the first of them has; None where there is none."""

    depth: int
    oldest_seconds: float | None


class Figures(NamedTuple):
    """The queue, the open withdrawals by their states, and for how long there are partitions from now on."""

    queue: Pile
    withdrawals: Mapping[str, Pile]
    partitions_ahead_seconds: float


class Backlog:
    """Counts, and remembers it: asking often costs the database nothing."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._figures = Remembered(self._count, REMEMBERED_SECONDS)

    async def has_room(self, queued_max: int) -> bool:
        """Whether the queue may grow, as far as is known: counted a second ago, or not at all."""
        figures = await self.figures()
        return figures is None or figures.queue.depth < queued_max

    async def told(self) -> dict[str, Any]:
        """`queue` and `withdrawals` as JSON has them, each with the age of its oldest; None for both where the
        database does not answer.
        """
        figures = await self.figures()
        if figures is None:
            return {"queue": None, "withdrawals": None}
        queue, piles = figures.queue, figures.withdrawals
        ages = [pile.oldest_seconds for pile in piles.values() if pile.oldest_seconds is not None]
        counts = {state: pile.depth for state, pile in piles.items()}
        return {
            "queue": {"depth": queue.depth, "oldest_seconds": queue.oldest_seconds},
            "withdrawals": counts | {"oldest_seconds": max(ages, default=None)},
        }

    async def metrics(self) -> Iterable[Metric]:
        """The same for Prometheus (docs/metrics.md); nothing where the database does not answer."""
        figures = await self.figures()
        return [] if figures is None else _metrics(figures)

    async def figures(self) -> Figures | None:
        """The figures, at most a second old; None where the database does not answer."""
        return await self._figures.answer()

    async def _count(self) -> Figures | None:
        with suppress(*TROUBLE):
            async with asyncio.timeout(COUNT_SECONDS_MAX), self._pool.acquire() as connection:
                return await _read(connection)
        return None


async def _read(connection: PoolConnectionProxy) -> Figures:
    (queue,) = await connection.fetch(SQL["queue"])
    piles = dict.fromkeys(OPEN_STATES, Pile(0, None))
    for state, *pile in await connection.fetch(SQL["withdrawals"]):
        piles[state] = Pile(*pile)
    return Figures(Pile(*queue), piles, _seconds_ahead(await connection.fetch(SQL["partitions"])))


def _seconds_ahead(partitions: Iterable[asyncpg.Record]) -> float:
    """Of the table whose partitions end first; 0 where there are none but the default ones."""
    ahead: dict[str, float] = {}
    for table, bound, now in partitions:
        period = period_of(bound)
        seconds = 0.0 if period is None else (period.ends_at - now).total_seconds()
        ahead[table] = max(ahead.get(table, 0.0), seconds)
    return min(ahead.values(), default=0.0)


def _metrics(figures: Figures) -> Iterable[Metric]:
    count = GaugeMetricFamily(
        "purser_queued_operations",
        "Operations that are queued in the database for workers.",
        figures.queue.depth,
    )
    oldest = GaugeMetricFamily(
        "purser_queued_operations_oldest_seconds",
        "For how long the first of the queued operations has waited; 0 where there is none.",
        figures.queue.oldest_seconds or 0.0,
    )
    withdrawals = GaugeMetricFamily(
        "purser_withdrawals", "Withdrawals that have not ended.", labels=["state"]
    )
    withdrawals_oldest = GaugeMetricFamily(
        "purser_withdrawals_oldest_seconds",
        "How long ago the first withdrawal in that state was accepted; 0 where there is none.",
        labels=["state"],
    )
    for state, pile in figures.withdrawals.items():
        withdrawals.add_metric([state], pile.depth)
        withdrawals_oldest.add_metric([state], pile.oldest_seconds or 0.0)
    ahead = GaugeMetricFamily(
        "purser_partitions_ahead_seconds",
        "For how long from now on the ledger's tables have partitions made.",
        figures.partitions_ahead_seconds,
    )
    return count, oldest, withdrawals, withdrawals_oldest, ahead
