"""Withdrawals and what was queued, when their months go into files and come back."""

import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ledger import archives
from ledger.archiving import ArchiveRefused, Reason
from ledger.outcomes import Operation
from ledger.reads import ID_MAX, ID_MIN, Span
from ledger.reconciliation import CHECKS, Reconciliation
from ledger.rejections import ErrorCode
from ledger.service import Ledger
from ledger.withdrawal_commands import CancelWithdrawal
from runtime.database import open_pool
from runtime.settings import Settings
from tests.archives.aging import age
from tests.archives.old import AUGUST, PERIODS, SEPTEMBER, Old, Operator, file_of, take_out
from tests.ledger.invariants import assert_invariants

_ALL = Span(ID_MIN, ID_MAX, descending=False, limit=10_000)


@pytest.fixture
async def young(dsn: str, connection: asyncpg.Connection) -> AsyncIterator[Old]:
    """Partitions of old months, in which nothing is yet."""
    async with open_pool(dsn, 8) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        young = Old(ledger, connection)
        await young.begin()
        yield young


async def assert_reconciled(dsn: str) -> None:
    async with Reconciliation.open(dsn) as ledger:
        findings = [await ledger.check(name) for name in CHECKS]
    assert not [finding for finding in findings if finding.fault_count]


async def key_of(old: Old, key: str) -> UUID:
    operation_id: UUID = await old.connection.fetchval(
        "SELECT operation_id FROM idempotency_keys WHERE key = $1", key
    )
    return operation_id


async def found(old: Old, operation_id: UUID) -> Operation | None:
    known = await old.ledger.reads.operation(operation_id)
    return None if known is None else known[0]


async def test_a_month_with_a_withdrawal_under_way_stays(
    young: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    await young.withdraw(key="holiday")
    await age(young.connection, AUGUST + timedelta(days=3))
    withdrawal_id = await key_of(young, "holiday")
    with pytest.raises(ArchiveRefused) as refusal:
        await operator(archives.archive, "202508", tmp_path)
    assert refusal.value.reason == Reason.STILL_PENDING
    assert f"op_{withdrawal_id.hex}: a withdrawal must have been paid" in str(refusal.value)
    assert not file_of(tmp_path, "202508").exists()

    asked = await young.ledger.reads.earlier(withdrawal_id, young.client.account_id)
    assert asked is not None
    await young.settle(asked)
    await take_out(operator, tmp_path, "202508")
    await assert_reconciled(dsn)
    await assert_invariants(young.connection)

    # How it ended is a month's that is kept, and is what is found by the id of what is gone.
    left = await found(young, withdrawal_id)
    assert left is not None
    assert (left.known_id, left.status) == (withdrawal_id, "SUCCEEDED")
    assert left.id != withdrawal_id
    (item,) = await young.ledger.reads.history(young.client.wallet.wallet_id, Span(0, 99, False, 9))
    assert (item.operation.kind, item.operation.status, item.change) == ("WITHDRAWAL", "SUCCEEDED", -100)
    assert item.operation.known_id == withdrawal_id
    assert await young.ledger.reads.operations(young.client.account_id, _ALL) == []
    again = await young.ledger.submit(young.withdrawal("holiday"))
    assert (again.replayed, again.rejection, again.operation) == (True, None, left)
    late = await young.ledger.submit(CancelWithdrawal(young.client.account_id, withdrawal_id, asked))
    assert late.rejection is not None
    assert late.rejection.code == ErrorCode.NOT_CANCELLABLE

    await operator(archives.restore, file_of(tmp_path, "202508"))
    await assert_reconciled(dsn)
    operation = await found(young, withdrawal_id)
    assert operation is not None
    assert (operation.status, operation.debited) == ("SUCCEEDED", 100)


async def test_what_was_queued_is_found_by_the_id_that_was_told(
    old: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    known = {
        period: await key_of(old, f"{name} queued")
        for period, name in zip(PERIODS[:2], ("august", "september"), strict=True)
    }
    before = {period: await found(old, operation_id) for period, operation_id in known.items()}
    assert all(operation is not None for operation in before.values())
    await take_out(operator, tmp_path, "202508")
    assert await found(old, known["202508"]) is None
    assert await old.ledger.reads.never_archived(known.values()) == [known["202509"]]
    assert await found(old, known["202509"]) == before["202509"]
    await operator(archives.restore, file_of(tmp_path, "202508"))
    assert {period: await found(old, operation_id) for period, operation_id in known.items()} == before
    # By an index of the restored partition's own, as of every other.
    partitions = await old.connection.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'operations_accepted'::regclass"
    )
    tables = await old.connection.fetch(
        "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'operations'::regclass"
    )
    assert len(partitions) == len(tables)


def as_before_this_release(written: bytes) -> bytes:
    """The file as it was written when operations had no `accepted_at`."""
    lines = gzip.decompress(written).splitlines(keepends=True)
    head, *operations, last = [re.sub(rb',"accepted_at"(:null)?', b"", line) for line in lines]
    digest = hashlib.sha256(b"".join([head, *operations])).hexdigest()
    return gzip.compress(b"".join([head, *operations, re.sub(rb"[0-9a-f]{64}", digest.encode(), last)]))


async def test_a_file_of_before_this_release_is_brought_back(
    young: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    await young.chapter("august")
    await age(young.connection, AUGUST + timedelta(days=3))
    await young.let_holds_end(SEPTEMBER)
    before = await young.tables()
    await take_out(operator, tmp_path, "202508")
    path = file_of(tmp_path, "202508")
    earlier = as_before_this_release(path.read_bytes())
    assert b"accepted_at" in gzip.decompress(path.read_bytes())
    assert b"accepted_at" not in gzip.decompress(earlier)
    path.write_bytes(earlier)
    digest = hashlib.sha256(b"".join(gzip.decompress(earlier).splitlines(keepends=True)[:-1])).digest()
    await young.connection.execute("UPDATE archives SET sha256 = $1", digest)

    await operator(archives.restore, path)
    assert await young.tables() == before
    await assert_reconciled(dsn)
    await young.chapter("now")
    await young.later_chapter("now")
    await assert_reconciled(dsn)
