"""`purser seed`: a believable world to try Purser with."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from commandline.database import load_settings, on_database, reach_database, upgrade
from runtime.settings import Settings

if TYPE_CHECKING:
    from seeding.plan import Plan
    from seeding.world import Progress, World

_BAR_CHARACTERS = 30
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 5.0
_CLEAR_LINE = "\r\033[K"
# Earlier than that nobody had a prepaid balance.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Day(click.ParamType[datetime]):
    """A day such as 2026-11-21, that has begun."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Its first instant in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.fail("must look like 2026-11-21", param, ctx)
        if day > datetime.now(UTC):
            self.fail("is in the future", param, ctx)
        return day


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@click.command(context_settings={"show_default": True})
@click.option("--clients", default=1_000, type=click.IntRange(1, 10_000_000), help="How many clients.")
@click.option("--companies", default=50, type=click.IntRange(1, 1_000_000), help="How many companies.")
@click.option(
    "--operations",
    default=100_000,
    type=click.IntRange(1, 1_000_000_000),
    help="About how many operations they have behind them.",
)
@click.option(
    "--days", default=365, type=click.IntRange(1, 3660), help="How many days their history is long."
)
@click.option("--seed", default=1, type=click.IntRange(0), help="Another number is another world.")
@click.option(
    "--until", default=_today, show_default="today", type=Day(), help="The day before which it ends, in UTC."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")
def seed(
    clients: int, companies: int, operations: int, days: int, seed: int, until: datetime, *, as_json: bool
) -> None:
    """Fill an empty database with a world to try Purser with: clients, companies, and a year of history.

    The same options are the same world, to the last byte, tokens of wallets included; and everybody has the same
    password. So a production service refuses, and so does a database that has accounts already. Ctrl-C leaves nothing.

    \b
    Example: a small world that is the same on every machine
      purser seed --clients 100 --companies 12 --operations 5000 --until 2026-11-21

    Exits with 0 when it is done, 1 where it could not be, and 2 for options that make no sense.
    """
    from seeding.plan import Plan

    settings = load_settings()
    if settings.environment == "production":
        raise click.ClickException(
            "Seeded accounts have a password that everybody knows: not where PURSER_ENVIRONMENT is production."
        )
    if until - timedelta(days=days) < _EARLIEST:
        raise click.UsageError(f"The history would begin before {_EARLIEST:%Y-%m-%d}.")
    plan = Plan(clients, companies, operations, days, seed, until)
    started_at = time.monotonic()
    try:
        world = _make(settings, plan)
    except KeyboardInterrupt:
        click.echo("Stopped. Nothing was written.", err=True)
        raise SystemExit(130) from None
    seconds = time.monotonic() - started_at
    click.echo(_document(plan, world, seconds) if as_json else _summary(plan, world, seconds))


def _make(settings: Settings, plan: "Plan") -> "World":
    import asyncio

    from seeding.world import NotEmpty

    with reach_database(settings) as dsn:
        if settings.auto_migrate:
            upgrade(dsn)
        try:
            return on_database(lambda: asyncio.run(_run(settings, plan, dsn)))
        except NotEmpty:
            raise click.ClickException(
                "There are accounts in this database already: a world is made in an empty one. For another, set "
                "PURSER_DATA_DIR to a new folder, or DATABASE_URL."
            ) from None


async def _run(settings: Settings, plan: "Plan", dsn: str) -> "World":
    import asyncpg

    from ledger.partitions import make_partitions, make_past_partitions
    from runtime.database import CONNECT_SECONDS_MAX, OPERATOR_SETTINGS, hang_up, open_pool
    from runtime.garbage import collect_rarely
    from runtime.migrations import is_current
    from seeding.world import make_world, refuse_unless_empty

    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX, server_settings=OPERATOR_SETTINGS)
    try:
        if not await is_current(connection):
            raise click.ClickException("The database's schema is not current: run `purser migrate`.")
        await refuse_unless_empty(connection)
        async with open_pool(dsn, 1) as pool:
            await make_partitions(pool, settings.partition_months)
            await make_past_partitions(pool, plan.begins, settings.partition_months)
        collect_rarely()
        with _Telling() as telling:
            return await make_world(connection, plan, telling.tell)
    finally:
        await hang_up(connection)


class _Telling:
    """A bar for a person who looks on; for everybody else a line every few seconds."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._started_at = self._told_at = time.monotonic()

    def __enter__(self) -> "_Telling":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_watched:
            click.echo(_CLEAR_LINE, err=True, nl=False)

    def tell(self, progress: "Progress") -> None:
        """Shows how far it is, where the last time was long enough ago."""
        now = time.monotonic()
        if now - self._told_at < (_REDRAW_SECONDS if self._is_watched else _LINE_SECONDS):
            return
        self._told_at = now
        line = f"{progress.done:,} of {progress.total:,} {progress.what}"
        if progress.at is not None:
            line += f", up to {progress.at:%Y-%m-%d}, in {now - self._started_at:.0f} s"
        if self._is_watched:
            filled = min(1.0, progress.done / progress.total)
            bar = "#" * round(filled * _BAR_CHARACTERS)
            line = f"{_CLEAR_LINE}[{bar:-<{_BAR_CHARACTERS}}] {line}"
        click.echo(line, err=True, nl=not self._is_watched)


def _summary(plan: "Plan", world: "World", seconds: float) -> str:
    from seeding.world import PASSWORD

    rows = world.rows
    return "\n".join(
        [
            f"{plan.clients:,} clients and {plan.companies:,} companies with {rows['wallets']:,} wallets, "
            f"{rows['operations']:,} operations and {rows['entries']:,} entries from {plan.begins:%Y-%m-%d} to "
            f"{plan.until:%Y-%m-%d}, in {seconds:.1f} s ({rows['operations'] / seconds:,.0f} operations a second).",
            f"Everybody's password is {PASSWORD}. Log in as",
            f"  client         {world.client}, wallet {world.client_wallet}",
            f"  company        {world.company}, wallet {world.company_wallet}",
            f"  administrator  {world.administrator}",
        ]
    )


def _document(plan: "Plan", world: "World", seconds: float) -> str:
    import orjson

    from seeding.world import PASSWORD

    document = {
        "seed": plan.seed,
        "begins": plan.begins,
        "until": plan.until,
        "seconds": round(seconds, 3),
        "rows": world.rows,
        "password": PASSWORD,
        "client": {"email": world.client, "wallet": world.client_wallet},
        "company": {"email": world.company, "wallet": world.company_wallet},
        "administrator": {"email": world.administrator},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
