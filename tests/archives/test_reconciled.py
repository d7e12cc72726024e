"""Reconciling goes on where the archives end, and a history that begins too late without one is damage."""

from pathlib import Path

import asyncpg
import pytest

from ledger import archives
from ledger.reconciliation import CHECKS, Reconciliation
from tests.archives.old import PERIODS, Old, Operator, file_of, take_out
from tests.ledger.damages import AGREE, BACK, FOLLOW, KEYS, RESERVED

TILL = "(SELECT target_id FROM operations WHERE kind = 'CHARGE' LIMIT 1)"
DAMAGES = {
    "what is archived is forgotten": (
        f"DELETE FROM archived_openings WHERE wallet_id = {TILL}",
        {
            (AGREE, "balance"),
            (AGREE, "sequence (the number of its entries)"),
            (FOLLOW, "sequence"),
        },
    ),
    "an archive left another balance": (
        f"UPDATE archived_openings SET balance = balance + 1 WHERE wallet_id = {TILL}",
        {(AGREE, "balance"), (FOLLOW, "balance_after")},
    ),
    "more is missing than was archived": (
        f"UPDATE archived_openings SET sequence = sequence - 1 WHERE wallet_id = {TILL}",
        {(AGREE, "sequence (the number of its entries)"), (FOLLOW, "sequence")},
    ),
    "the archive is forgotten": (
        "DELETE FROM archives",
        {
            (KEYS, "operation of a key"),
            (RESERVED, "operation"),
            (BACK, "operation of its shares"),
            ("withdrawals_agree_with_their_operation", "operation of a withdrawal"),
            ("withdrawals_ended_once", "number of its ends"),
        },
    ),
}


async def found(dsn: str) -> set[tuple[str, str]]:
    async with Reconciliation.open(dsn) as ledger:
        findings = [await ledger.check(name) for name in CHECKS]
    return {
        (finding.check, fault.what.split(" of account")[0])
        for finding in findings
        for fault in finding.faults
    }


@pytest.fixture
async def reconcilable(old: Old) -> Old:
    """The old ledger, whose holds were made to end without their operations' knowing."""
    await plant(
        old.connection,
        "UPDATE operations SET due_at = ends_at FROM reservations WHERE operation_id = operations.id",
    )
    return old


async def plant(connection: asyncpg.Connection, statement: str) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)


async def test_all_is_well_while_months_go_and_come_back(
    reconcilable: Old, dsn: str, operator: Operator, tmp_path: Path
) -> None:
    assert await found(dsn) == set()
    for period in PERIODS:
        await take_out(operator, tmp_path, period)
        assert await found(dsn) == set()
    for period in reversed(PERIODS):
        await operator(archives.restore, file_of(tmp_path, period))
        assert await found(dsn) == set()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damage_beside_an_archive_is_named(
    damage: str, reconcilable: Old, dsn: str, operator: Operator, tmp_path: Path
) -> None:
    await take_out(operator, tmp_path, *PERIODS[:2])
    assert await found(dsn) == set()
    statement, expected = DAMAGES[damage]
    await plant(reconcilable.connection, statement)
    assert await found(dsn) == expected
