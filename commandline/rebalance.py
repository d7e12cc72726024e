"""`purser rebalance`: wallets spread over lanes."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from commandline.database import DatabaseUnusable, on_connection
from commandline.worker import LANES_MAX

if TYPE_CHECKING:
    import asyncpg

    from workers.balancing import Plan

WAIT_SECONDS = 2.0
AGAIN_SECONDS = 10.0
DURATION_MAX = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _NotTheOnlyOne(click.ClickException):
    """There is one balancer at a time."""

    exit_code = 3


class Duration(click.ParamType[timedelta]):
    """A time such as 90s, 30m, 2h or 1d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time, from a second to a year."""
        if isinstance(value, timedelta):
            return value
        parts = re.fullmatch(r"([0-9]{1,9})([smhd])", value, re.ASCII)
        found = timedelta(**{_UNITS[parts[2]]: int(parts[1])}) if parts else timedelta()
        if not timedelta() < found <= DURATION_MAX:
            self.fail("must look like 90s, 30m, 2h or 1d, and be no longer than a year", param, ctx)
        return found


@click.command()
@click.option(
    "--lanes", required=True, type=click.IntRange(1, LANES_MAX), help="How many lanes there are to be."
)
@click.option(
    "--window",
    default="30m",
    show_default=True,
    type=Duration(),
    help="The time whose operations are counted.",
)
@click.option("--every", type=Duration(), help="Do it again and again, at this interval, until Ctrl-C.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
def rebalance(lanes: int, window: timedelta, every: timedelta | None, dry_run: bool) -> None:
    """Spread wallets over lanes 1 to LANES, so that each lane has as many operations as the others.

    Counts the operations that each wallet paid or was topped up by, and what waits for it. A wallet without any stays
    where it is. Workers go on meanwhile, and `purser worker --lane` serves one lane.

    \b
    Example: four lanes, by what the last hour was like, every ten minutes
      purser rebalance --lanes 4 --window 1h --every 10m

    Exits with 0 when it is done, 1 where it could not be, 2 for options that make no sense, and 3 where another
    `purser rebalance` is at work: one at a time. With --every it waits for the other to end, and then takes over.
    """
    if every is None:
        on_connection(lambda connection: _rebalance(connection, lanes, window, is_dry=dry_run))
        return
    if dry_run:
        raise click.UsageError("--dry-run and --every don't go together.")
    try:
        _keep_on(lanes, window, every)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        raise SystemExit(130) from None


def _keep_on(lanes: int, window: timedelta, every: timedelta) -> None:
    import time

    while True:
        try:
            on_connection(lambda connection: _rebalance_every(connection, lanes, window, every))
        except DatabaseUnusable as away:
            click.echo(f"{away.message} Trying again in {AGAIN_SECONDS:g} s.", err=True)
            time.sleep(AGAIN_SECONDS)


async def _rebalance_every(
    connection: "asyncpg.Connection", lanes: int, window: timedelta, every: timedelta
) -> None:
    import asyncio

    from workers import balancing

    is_waiting = False
    while not await balancing.become_balancer(connection):
        if not is_waiting:
            click.echo("Another `purser rebalance` is at work; this one waits for it to end.")
        is_waiting = True
        await asyncio.sleep(WAIT_SECONDS)
    while True:
        await _plan_and_move(connection, lanes, window)
        await asyncio.sleep(every.total_seconds())


async def _rebalance(
    connection: "asyncpg.Connection", lanes: int, window: timedelta, *, is_dry: bool
) -> None:
    from workers import balancing

    if is_dry:
        planned = await balancing.plan(connection, lanes, window)
        _print_plan(planned)
        click.echo(f"{_wallets(planned.ids.size)} would move. Nothing was changed.")
        return
    if not await balancing.become_balancer(connection):
        raise _NotTheOnlyOne("Another `purser rebalance` is at work. Nothing was changed.")
    await _plan_and_move(connection, lanes, window)


async def _plan_and_move(connection: "asyncpg.Connection", lanes: int, window: timedelta) -> None:
    import time

    from workers import balancing

    planned = await balancing.plan(connection, lanes, window)
    _print_plan(planned)
    started_at = time.monotonic()
    moved = await balancing.move(connection, planned)
    took = time.monotonic() - started_at
    click.echo(
        f"{_wallets(moved.wallets)} moved in {took:.1f} s, with {moved.operations:,} waiting operations."
    )
    if moved.held:
        click.echo(f"{_wallets(moved.held)} left for another time: somebody holds what was to move.")


def _print_plan(planned: "Plan") -> None:
    lines = planned.lines
    click.echo(f"{'LANE':>5}  {'WALLETS NOW':>12}  {'THEN':>12}  {'OPERATIONS NOW':>14}  {'THEN':>14}")
    for lane, *counts in lines:
        wallets_now, wallets_then, operations_now, operations_then = counts
        click.echo(
            f"{lane:>5}  {wallets_now:>12,}  {wallets_then:>12,}  {operations_now:>14,}  {operations_then:>14,}"
        )
    now, then = (
        max(counts) - min(counts)
        for counts in ([line.operations_now for line in lines], [line.operations_then for line in lines])
    )
    click.echo(f"Between the fullest lane and the emptiest: {now:,} operations now, {then:,} then.")


def _wallets(count: int) -> str:
    return "1 wallet" if count == 1 else f"{count:,} wallets"
