"""`python -m bench.history`: a page of a long history costs the same at any depth."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import median

import asyncpg
import click

from bench.database import BenchmarkError, empty_database
from bench.machine import describe
from bench.years import DAYS, MERCHANT, PAYER, load_years
from ledger.reads import SEQUENCE_MAX, Filter, Reads, Span
from ledger.reports import Reports
from runtime.database import open_pool

PAGE = 20
# Where page 100,000 begins: after so many entries, of ten million.
DEPTH = 2_000_000 / 10_000_000
RATIO_MAX = 1.5

Ask = Callable[[], Awaitable[object]]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--entries", default=10_000_000, show_default=True, type=click.IntRange(10_000))
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(1))
def main(entries: int, rounds: int) -> None:
    """Page 1 beside page 100,000 of a wallet with so many entries, with and without filters; and its reports."""
    for name, value in describe().items():
        print(f"{name}: {value}", flush=True)
    with empty_database() as dsn:
        asyncio.run(_measure(dsn, entries, rounds))


async def _measure(dsn: str, entries: int, rounds: int) -> None:
    now = datetime.now(UTC)
    began = time.perf_counter()
    await load_years(dsn, entries, now)
    print(f"{entries:,} charges loaded in {time.perf_counter() - began:.0f} s\n", flush=True)
    async with open_pool(dsn, 1) as pool:
        worst = await _pages(pool, entries, rounds, now)
        await _reports(pool, rounds, now)
    if worst > RATIO_MAX:
        raise BenchmarkError(f"A deep page takes {worst:.2f} times the first one, more than {RATIO_MAX}.")


async def _pages(pool: asyncpg.Pool, entries: int, rounds: int, now: datetime) -> float:
    print("| Page of 20 | first, ms | deep, ms | ratio | spread |\n|---|---|---|---|---|")
    worst = 0.0
    for name, (first, deep) in _places(entries, now).items():
        taken = await _alternate(
            {"first": partial(_page, pool, first), "deep": partial(_page, pool, deep)}, rounds
        )
        ratios = sorted(b / a for a, b in zip(taken["first"], taken["deep"], strict=True))
        worst = max(worst, median(ratios))
        print(
            f"| {name} | {median(taken['first']):.2f} | {median(taken['deep']):.2f} | {median(ratios):.2f} | "
            f"{ratios[len(ratios) // 4]:.2f} to {ratios[len(ratios) * 3 // 4]:.2f} |",
            flush=True,
        )
    return worst


async def _page(pool: asyncpg.Pool, span: Span[int]) -> None:
    found = await Reads(pool).history(MERCHANT, span)
    if len(found) <= PAGE:
        raise BenchmarkError(f"A page has {len(found)} entries: {span}")


def _places(entries: int, now: datetime) -> dict[str, tuple[Span[int], Span[int]]]:
    """By each filter a first page, and a page deep in the history."""
    filters = {
        "all": Filter(),
        "refused (one in 10)": Filter(statuses=["FAILED"]),
        "by kind and amount": Filter(kinds=["CHARGE"], amount_min=Decimal("0.5"), amount_max=Decimal(2)),
        "table 7 in the summary (one in 40)": Filter(text="TABLE 7"),
        "one payer (one in 1,000)": Filter(counterparty_id=PAYER),
    }
    deep = entries - int(entries * DEPTH)
    places = {name: (_span(SEQUENCE_MAX, wanted), _span(deep, wanted)) for name, wanted in filters.items()}
    long_ago = now - timedelta(days=DAYS * 3 / 4)
    month = timedelta(days=30)
    places["of one month, now and long ago"] = (
        _span(SEQUENCE_MAX, Filter(now - month, now)),
        _span(SEQUENCE_MAX, Filter(long_ago - month, long_ago)),
    )
    return places


def _span(high: int, wanted: Filter) -> Span[int]:
    return Span(0, high, descending=True, limit=PAGE + 1, wanted=wanted)


async def _reports(pool: asyncpg.Pool, rounds: int, now: datetime) -> None:
    reports = Reports(pool)
    chance = iter(range(1, 10**6))

    async def balance() -> object:
        return await reports.balance_at(MERCHANT, now - timedelta(hours=next(chance) * 37 % (DAYS * 24)))

    async def totals(days: int) -> object:
        return await reports.totals(await reports.window(MERCHANT, now - timedelta(days=days), now))

    async def by_kind(days: int) -> object:
        return await reports.totals_by_kind(await reports.window(MERCHANT, now - timedelta(days=days), now))

    print("\n| Report | ms |\n|---|---|")
    for name, ask in {
        "balance at an instant": balance,
        "totals of a day": lambda: totals(1),
        "totals of a month": lambda: totals(30),
        "totals of a month by kind": lambda: by_kind(30),
    }.items():
        taken = await _alternate({name: ask}, min(rounds, 7))
        print(f"| {name} | {median(taken[name]):.1f} |", flush=True)


async def _alternate(asked: Mapping[str, Ask], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each, in turn; the first round, which warms up, is not among them."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, ask in asked.items():
            began = time.perf_counter()
            await ask()
            if number:
                taken[name].append((time.perf_counter() - began) * 1000)
    return taken


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
