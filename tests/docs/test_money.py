"""Every number of docs/money.md is what the ledger comes to."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from ledger.commands import SPLITS_MAX
from ledger.conversion import RATE_DIGITS, arriving
from ledger.money import decimal_text, minor_units
from ledger.rates import EXPONENT_MAX, RATES_MAX, NewRate
from ledger.service import Ledger
from ledger.splitting import apportion
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database
from tests.docs.tables import Table, table_of, tables_of
from tests.docs.telling import Telling
from tests.ledger.invariants import Connection, assert_invariants

PAGE = "money.md"
SCENE = ("Currency", "Decimals", "Rate")
STORY = "What happens"

Scene = list[NewRate]
OpenLedger = Callable[[Scene], AbstractAsyncContextManager[tuple[Ledger, Connection]]]


def _with_scenes() -> list[tuple[Scene, Table]]:
    """Each table with the currencies that stand before it in its section."""
    scene: Scene = []
    section = ""
    found = []
    for table in tables_of(PAGE):
        if table.section != section:
            section, scene = table.section, []
        if table.headings == SCENE:
            scene = [NewRate(code, rate, int(decimals)) for code, decimals, rate in table.rows]
        found.append((scene, table))
    return found


STORIES = [(scene, table) for scene, table in _with_scenes() if table.headings[0] == STORY]


@pytest.fixture
def open_ledger(template_dsn: str, request: pytest.FixtureRequest) -> OpenLedger:
    """A ledger on a database of its own, where these currencies have these decimals and rates."""
    dsn = copy_database(template_dsn, f"docs {request.node.name}"[:60])

    @asynccontextmanager
    async def opened(scene: Scene) -> AsyncIterator[tuple[Ledger, Connection]]:
        async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
            if scene:
                updated = await ledger.update_rates(scene, UUID(int=1))
                assert len(updated) == len(scene), updated
            async with pool.acquire() as connection:
                yield ledger, connection
                await assert_invariants(connection)

    return opened


@pytest.mark.parametrize(("scene", "table"), STORIES, ids=[table.section for _, table in STORIES])
async def test_an_example_comes_out_exactly_so(scene: Scene, table: Table, open_ledger: OpenLedger) -> None:
    async with open_ledger(scene) as (ledger, connection):
        told = await Telling(ledger, connection).tell(table)
    # As it should stand on the page.
    assert told == list(table.rows), "\n" + "\n".join(f"| {' | '.join(row)} |" for row in told)


async def test_what_amounts_are_worth(open_ledger: OpenLedger) -> None:
    ((scene, table),) = ((s, t) for s, t in _with_scenes() if t.headings == ("Amount", "Is worth"))
    async with open_ledger(scene) as (ledger, _):
        for given, worth in table.rows:
            amount, code = given.split()
            _, to = worth.split()
            source, target = ledger.currencies[code], ledger.currencies[to]
            amount_minor = minor_units(amount, source.exponent)
            assert amount_minor is not None
            arrives = decimal_text(arriving(amount_minor, source, target), target.exponent)
            assert worth == f"{arrives} {to}"


async def test_units_and_limits_of_currencies(open_ledger: OpenLedger) -> None:
    table = table_of(PAGE, "Currency", "Decimals", "Smallest unit")
    async with open_ledger([]) as (ledger, _):
        known = [ledger.currencies[row[0]] for row in table.rows]
    assert list(table.rows) == [
        (
            currency.code,
            str(currency.exponent),
            decimal_text(1, currency.exponent),
            f"{Decimal(decimal_text(currency.amount_minor_max, currency.exponent)):,}",
        )
        for currency in known
    ]


def test_the_other_limits() -> None:
    assert table_of(PAGE, "Limit").by_name() == {
        "Decimals of a currency": (str(EXPONENT_MAX),),
        "Significant digits of a rate": (str(RATE_DIGITS),),
        "Rates in one updateRates": (str(RATES_MAX),),
        "Wallets that a charge is split with": (str(SPLITS_MAX),),
    }


def test_the_largest_remainders() -> None:
    """The quotas of the charge that stands below them, and what becomes of each."""
    table = table_of(PAGE, "Part", "Exactly")
    quotas = [Fraction(row[1]) * 100 for row in table.rows]
    assert list(table.rows) == [
        (
            name,
            exactly,
            decimal_text(quota // 1, 2),
            f"{float(quota % 1):g}",
            decimal_text(share, 2),
        )
        for (name, exactly, *_), quota, share in zip(table.rows, quotas, apportion(quotas), strict=True)
    ]
