"""`purser rebalance`: wallets spread over lanes."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from commandline.command import INTERRUPTED, Command
from commandline.database import DatabaseUnusable, on_connection
from commandline.progress import progress
from commandline.results import Refused, json_option, print_json, say
from commandline.worker import LANES_MAX

if TYPE_CHECKING:
    import asyncpg

    from workers.balancing import Moved, Plan

WAIT_SECONDS = 2.0
AGAIN_SECONDS = 10.0
DURATION_MAX = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _NotTheOnlyOne(Refused):
    """There is one balancer at a time."""

    exit_code = 3

    def __init__(self) -> None:
        super().__init__("BUSY", "Another `purser rebalance` is at work. Nothing was changed.")


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


@click.command(
    cls=Command,
    examples=[
        ("Four lanes, by what the last half hour was like", "purser rebalance --lanes 4"),
        ("What would be moved then", "purser rebalance --lanes 4 --dry-run"),
        ("By the last hour, every ten minutes", "purser rebalance --lanes 4 --window 1h --every 10m"),
    ],
    exits={
        1: "The database is away, or its schema is not current. What was moved before stays moved.",
        3: "Another `purser rebalance` is at work: nothing was changed.",
        INTERRUPTED: "Stopped by Ctrl-C. What was moved before stays moved.",
    },
)
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
@json_option
def rebalance(lanes: int, window: timedelta, every: timedelta | None, dry_run: bool, as_json: bool) -> None:
    """Spread wallets over lanes with as much to do as each other.

    Counts the operations that each wallet paid or was topped up by, and what waits for it. A wallet without any stays
    where it is. Workers go on meanwhile, and `purser worker --lane` serves one lane.

    There is one at a time. With --every it waits for another one to end, and then takes over; --json prints a line
    each time. docs/workers.md tells more of lanes.
    """
    balancer = _Balancer(lanes, window, as_json)
    if every is None:
        on_connection(balancer.plan_alone if dry_run else balancer.move_once)
    elif dry_run:
        raise click.UsageError("--dry-run and --every don't go together.")
    else:
        _keep_on(balancer, every)


def _keep_on(balancer: "_Balancer", every: timedelta) -> None:
    import time

    while True:
        try:
            on_connection(lambda connection: balancer.move_every(connection, every))
        except DatabaseUnusable as away:
            click.echo(f"{away.message} Trying again in {AGAIN_SECONDS:g} s.", err=True)
            time.sleep(AGAIN_SECONDS)


class _Balancer:
    """What is asked for, done on a connection and told as it is done."""

    def __init__(self, lanes: int, window: timedelta, as_json: bool) -> None:
        self._lanes = lanes
        self._window = window
        self._as_json = as_json

    async def plan_alone(self, connection: "asyncpg.Connection") -> None:
        """Tells the plan."""
        planned = await self._plan(connection)
        if self._as_json:
            print_json(_document(planned, None))
        else:
            say(f"{_wallets(planned.ids.size)} would move. Nothing was changed.")

    async def move_once(self, connection: "asyncpg.Connection") -> None:
        """Moves, or raises _NotTheOnlyOne."""
        from workers import balancing

        if not await balancing.become_balancer(connection):
            raise _NotTheOnlyOne
        await self._move(connection)

    async def move_every(self, connection: "asyncpg.Connection", every: timedelta) -> None:
        """Waits until it is the only one, and moves at that interval until it is cancelled."""
        import asyncio

        from workers import balancing

        is_waiting = False
        while not await balancing.become_balancer(connection):
            if not is_waiting:
                click.echo("Another `purser rebalance` is at work; this one waits for it to end.", err=True)
            is_waiting = True
            await asyncio.sleep(WAIT_SECONDS)
        while True:
            await self._move(connection, is_one_of_many=True)
            await asyncio.sleep(every.total_seconds())

    async def _plan(self, connection: "asyncpg.Connection") -> "Plan":
        from workers import balancing

        with progress("Counting operations"):
            planned = await balancing.plan(connection, self._lanes, self._window)
        if not self._as_json:
            _print_plan(planned, self._lanes)
        return planned

    async def _move(self, connection: "asyncpg.Connection", *, is_one_of_many: bool = False) -> None:
        import time

        from workers import balancing

        planned = await self._plan(connection)
        started_at = time.monotonic()
        with progress("Moving wallets", planned.ids.size) as advance:
            moved = await balancing.move(connection, planned, advance)
        took = time.monotonic() - started_at
        if self._as_json:
            print_json(_document(planned, moved), in_one_line=is_one_of_many)
            return
        say(f"{_wallets(moved.wallets)} moved in {took:.1f} s, with {moved.operations:,} waiting operations.")
        if moved.held:
            say(f"{_wallets(moved.held)} left for another time: somebody holds what was to move.")


def _document(planned: "Plan", moved: "Moved | None") -> dict[str, Any]:
    return {
        "lanes": [line._asdict() for line in planned.lines],
        "to_move": planned.ids.size,
        "moved": None if moved is None else moved._asdict(),
    }


def _print_plan(planned: "Plan", lanes: int) -> None:
    lines = planned.lines
    say(f"{'LANE':>5}  {'WALLETS NOW':>12}  {'THEN':>12}  {'OPERATIONS NOW':>14}  {'THEN':>14}")
    for lane, *counts in lines:
        wallets_now, wallets_then, operations_now, operations_then = counts
        say(
            f"{lane:>5}  {wallets_now:>12,}  {wallets_then:>12,}  {operations_now:>14,}  {operations_then:>14,}"
        )
    # Lanes without a wallet have no line of their own.
    empty = [0] * (lanes > len(lines))
    now = [line.operations_now for line in lines] + empty
    then = [line.operations_then for line in lines if line.lane <= lanes] + empty
    spread_now, spread_then = max(now) - min(now), max(then) - min(then)
    say(f"Between the fullest lane and the emptiest: {spread_now:,} operations now, {spread_then:,} then.")


def _wallets(count: int) -> str:
    return "1 wallet" if count == 1 else f"{count:,} wallets"
