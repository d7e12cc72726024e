"""`purser seed`: a believable world to try Purser with."""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from commandline.command import INTERRUPTED, Command
from commandline.database import load_settings, on_database, reach_database, upgrade
from commandline.progress import progress
from commandline.results import Refused, json_option, print_json, say

if TYPE_CHECKING:
    from runtime.settings import Settings
    from seeding.plan import Plan
    from seeding.world import World

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


@click.command(
    cls=Command,
    context_settings={"show_default": True},
    examples=[
        ("A thousand clients and their last year, in some seconds", "purser seed"),
        (
            "A small world that is the same on every machine",
            "purser seed --clients 100 --companies 12 --operations 5000 --until 2025-06-30",
        ),
        ("Whom to log in as, in a script", "purser seed --operations 1000 --json | jq -r .client.email"),
    ],
    exits={
        0: "The world is there.",
        1: "Nothing was written, and standard error says why: in production, say, or where there are accounts.",
        INTERRUPTED: "Stopped by Ctrl-C. Nothing was written.",
    },
)
@click.option("--clients", default=1_000, type=click.IntRange(1, 10_000_000), help="How many clients.")
@click.option("--companies", default=50, type=click.IntRange(1, 1_000_000), help="How many companies.")
@click.option(
    "--operations", default=100_000, type=click.IntRange(1, 1_000_000_000), help="About how many operations."
)
@click.option(
    "--days", default=365, type=click.IntRange(1, 3660), help="How many days their history is long."
)
@click.option("--seed", "number", default=1, type=click.IntRange(0), help="Another number is another world.")
@click.option(
    "--until", default=_today, show_default="today", type=Day(), help="The day before which it ends, in UTC."
)
@json_option
def seed(
    clients: int, companies: int, operations: int, days: int, number: int, until: datetime, as_json: bool
) -> None:
    """Fill an empty database with a world to try Purser with.

    Clients, companies, and a year of what they did. The same options are the same world, to the last byte, tokens of
    wallets included, and everybody has the same password. So production refuses, and so does a database with accounts.
    docs/seed.md tells what there is then.
    """
    from seeding.plan import Plan

    settings = load_settings()
    if settings.environment == "production":
        message = (
            "Everybody knows the password of seeded accounts: not where PURSER_ENVIRONMENT is production."
        )
        raise Refused("IN_PRODUCTION", message)
    if until - _EARLIEST < timedelta(days=days):
        raise click.UsageError(f"The history would begin before {_EARLIEST:%Y-%m-%d}.")
    plan = Plan(clients, companies, operations, days, number, until)
    started_at = time.monotonic()
    world = _make(settings, plan)
    seconds = time.monotonic() - started_at
    if as_json:
        print_json(_document(plan, world, seconds))
    else:
        say(_summary(plan, world, seconds))


def _make(settings: "Settings", plan: "Plan") -> "World":
    import asyncio

    from seeding.world import NotEmpty

    with reach_database(settings) as dsn:
        if settings.auto_migrate:
            upgrade(dsn)
        try:
            return on_database(lambda: asyncio.run(_run(settings, plan, dsn)))
        except NotEmpty:
            message = (
                "There are accounts in this database already: a world is made in an empty one. For another, set "
                "PURSER_DATA_DIR to a new folder, or DATABASE_URL."
            )
            raise Refused("NOT_EMPTY", message) from None


async def _run(settings: "Settings", plan: "Plan", dsn: str) -> "World":
    from ledger.partitions import make_partitions, make_past_partitions
    from runtime.current import current_connection
    from runtime.database import OPERATOR_SETTINGS, open_pool
    from runtime.garbage import collect_rarely
    from seeding.world import make_world, refuse_unless_empty

    async with current_connection(dsn, settings=OPERATOR_SETTINGS) as connection:
        await refuse_unless_empty(connection)
        async with open_pool(dsn, 1) as pool:
            await make_partitions(pool, settings.partition_months)
            await make_past_partitions(pool, plan.begins, settings.partition_months)
        collect_rarely()
        return await make_world(connection, plan, progress)


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


def _document(plan: "Plan", world: "World", seconds: float) -> dict[str, Any]:
    from seeding.world import PASSWORD

    return {
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
