"""`purser reconcile` is worth as much as its sight: each kind of damage, planted past all guards, is named exactly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import asyncpg
import pytest

from ledger.commands import Authorize, Capture, Refund
from ledger.reconciliation import CHECKS, FAULTS_SHOWN_MAX, Fault, Finding, Reconciliation
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database
from tests.ledger.damages import DAMAGES, SOUP, THERE, TILL, UNGUARD
from tests.ledger.damages_later import DAMAGES_LATER
from tests.ledger.holders import Holder, open_holder

ALL_DAMAGES = DAMAGES | DAMAGES_LATER


@pytest.fixture
def dsn(lived_in_dsn: str, request: pytest.FixtureRequest) -> str:
    """A copy for each test: it damages it."""
    return copy_database(lived_in_dsn, f"reconciled {hash(request.node.name)}")


async def prove(dsn: str) -> list[Finding]:
    async with Reconciliation.open(dsn) as ledger:
        return [await ledger.check(name) for name in CHECKS]


def faults(findings: list[Finding]) -> set[tuple[str, str]]:
    return {
        (finding.check, fault.what.split(" of account")[0])
        for finding in findings
        for fault in finding.faults
    }


async def test_all_is_well_where_money_moved_in_every_way(dsn: str) -> None:
    findings = await prove(dsn)
    assert [finding.check for finding in findings] == list(CHECKS)
    assert faults(findings) == set()


@pytest.mark.parametrize("damage", ALL_DAMAGES)
async def test_damage_is_named_exactly(damage: str, dsn: str, connection: asyncpg.Connection) -> None:
    statement, expected = ALL_DAMAGES[damage]
    await connection.execute(UNGUARD)
    await connection.execute(statement)
    assert faults(await prove(dsn)) == expected


def test_every_check_is_seen_to_find_something() -> None:
    assert {check for _, expected in ALL_DAMAGES.values() for check, _ in expected} == set(CHECKS)


async def test_a_fault_says_where_what_was_expected_and_what_was_found(
    dsn: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(UNGUARD)
    soup, till = await connection.fetchval(f"SELECT {SOUP}"), await connection.fetchval(f"SELECT {TILL}")
    await connection.execute("UPDATE operations SET credited = 1005 WHERE id = $1", soup)
    await connection.execute("UPDATE wallets SET held = -250 WHERE id = $1", till)
    found = {fault for finding in await prove(dsn) for fault in finding.faults}
    assert found == {
        Fault(till, soup, None, "credited", "USD", "4.00", "10.05"),
        Fault(till, None, None, "held", "USD", "0.00", "-2.50"),
        Fault(till, None, None, "held", "USD", "not below zero", "-2.50"),
    }


async def test_all_faults_are_counted_and_the_first_ones_shown(
    dsn: str, connection: asyncpg.Connection
) -> None:
    await connection.execute(UNGUARD)
    entries = await connection.fetchval("SELECT count(*) FROM entries")
    assert entries > FAULTS_SHOWN_MAX
    await connection.execute("UPDATE entries SET created_at = created_at + interval '1 day'")
    (finding,) = [finding for finding in await prove(dsn) if finding.fault_count]
    assert (finding.check, finding.fault_count) == (THERE, entries)
    assert len(finding.faults) == FAULTS_SHOWN_MAX
    assert list(finding.faults) == sorted(finding.faults, key=lambda fault: (fault.wallet_id, fault.entry))


@pytest.fixture
async def busy(dsn: str) -> AsyncIterator[Ledger]:
    """A ledger at work: people deposit, charge, hold, capture and refund all the time."""
    async with open_pool(dsn, 8) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        clients = [await open_holder(ledger, "20.00") for _ in range(4)]
        company = await open_holder(ledger)
        work = [asyncio.create_task(keep_working(ledger, company, client)) for client in clients]
        yield ledger
        assert not any(task.done() for task in work)
        for task in work:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def keep_working(ledger: Ledger, company: Holder, client: Holder) -> None:
    account_id, till = company.account_id, company.wallet.wallet_id
    for number in count():
        soon = datetime.now(UTC) + timedelta(milliseconds=20 * (1 + number % 3))
        hold = Authorize(account_id, client.wallet, "0.40", None, "", usual_wallet_id=till, expires_at=soon)
        charged, held, *_ = await asyncio.gather(
            ledger.submit(company.charge(client, "0.50", key=f"{client.account_id} {number}")),
            ledger.submit(hold),
            ledger.submit(client.deposit("0.60")),
            ledger.submit(replace(client.deposit("0.20"), available_at=soon)),
        )
        for operation in (charged.operation, held.operation):
            if operation is None:  # the hold would have been over before it began
                continue
            earlier = await ledger.reads.earlier(operation.id, account_id)
            goes_back = Refund if operation.kind == "CHARGE" else Capture
            await ledger.submit(goes_back(account_id, operation.id, "0.10", "", earlier))


async def test_work_beside_it_is_never_taken_for_damage(dsn: str, busy: Ledger) -> None:
    counts = set()
    for _ in range(5):
        async with Reconciliation.open(dsn) as ledger:
            counts.add(ledger.figures.entries)
            findings = [await ledger.check(name) for name in CHECKS]
        assert faults(findings) == set()
    assert len(counts) == 5


async def test_nothing_is_written_and_all_is_one_snapshot(dsn: str, connection: asyncpg.Connection) -> None:
    await connection.execute(UNGUARD)
    async with Reconciliation.open(dsn) as ledger:
        await connection.execute("UPDATE wallets SET balance = balance + 1")
        findings = [await ledger.check(name) for name in CHECKS]
    assert faults(findings) == set()
    assert faults(await prove(dsn)) != set()
