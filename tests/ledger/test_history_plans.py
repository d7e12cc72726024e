"""A page of a long history is read where it stands, by plans for any wallet and for this one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from bench.years import MERCHANT, PAYER, load_years
from ledger.reads import SEQUENCE_MAX, Filter, Reads, Span
from ledger.statements import load_statements
from runtime.database import open_pool

CHARGES = 30_000
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
async def years(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    await load_years(dsn, CHARGES, NOW)
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def scans(years: asyncpg.Connection, statement: str, arguments: str) -> list[tuple[str, str]]:
    """Kind and table of each scan that was done, not only planned."""
    await years.execute(f"PREPARE asked AS {statement}")
    plan = await years.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({arguments})")
    await years.execute("DEALLOCATE asked")
    return list(_scans(orjson.loads(plan)[0]["Plan"]))


def _scans(node: dict[str, Any]) -> Any:
    if "Relation Name" in node and node["Actual Loops"]:
        yield node["Node Type"], node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from _scans(below)


def arguments(low: int, high: int, since: datetime | None, until: datetime | None, more: str) -> str:
    instants = ", ".join("NULL" if at is None else f"'{at.isoformat()}'" for at in (since, until))
    return f"'{MERCHANT}', {low}, {high}, NULL, NULL, {instants}, {more}, 21"


STATEMENT = load_statements("reads.sql")["history"]
ANY, OF_PAYER, BY_TEXT = "NULL, NULL, NULL, NULL", f"NULL, NULL, '{PAYER}', NULL", "0.5, 2, NULL, 'table 7'"


@pytest.mark.parametrize("plan_for", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("more", [ANY, OF_PAYER, BY_TEXT], ids=["all", "payer", "text"])
async def test_nothing_is_gone_through_from_end_to_end(
    years: asyncpg.Connection, plan_for: str, more: str
) -> None:
    await years.execute(f"SET plan_cache_mode = {plan_for}")
    for high in (SEQUENCE_MAX, CHARGES // 2):
        found = await scans(years, STATEMENT, arguments(0, high, None, None, more))
        wrong = [table for kind, table in found if kind == "Seq Scan" and table[-6:].isdecimal()]
        assert wrong == [], found


@pytest.mark.parametrize("plan_for", ["force_generic_plan", "force_custom_plan"])
async def test_a_month_is_looked_for_in_its_partitions(years: asyncpg.Connection, plan_for: str) -> None:
    await years.execute(f"SET plan_cache_mode = {plan_for}")
    until = NOW - timedelta(days=300)
    asked = arguments(0, SEQUENCE_MAX, until - timedelta(days=20), until, ANY)
    entries = {table for _, table in await scans(years, STATEMENT, asked) if table.startswith("entries")}
    assert 1 <= len(entries) <= 3, entries


async def test_the_pages_are_those_of_the_numbers(dsn: str, years: asyncpg.Connection) -> None:
    async with open_pool(dsn, 1) as pool:
        reads = Reads(pool)

        async def page(high: int, wanted: Filter) -> list[int]:
            found = await reads.history(MERCHANT, Span(0, high, True, 5, wanted))
            return [item.sequence for item in found]

        assert await page(SEQUENCE_MAX, Filter()) == [30_000, 29_999, 29_998, 29_997, 29_996]
        assert await page(12_345, Filter(statuses=["FAILED"])) == [12_340, 12_330, 12_320, 12_310, 12_300]
        assert await page(12_345, Filter(text="TABLE 7")) == [12_327, 12_287, 12_247, 12_207, 12_167]
        assert await page(12_345, Filter(counterparty_id=PAYER)) == [12_008, 11_008, 10_008, 9_008, 8_008]
