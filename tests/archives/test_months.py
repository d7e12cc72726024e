"""Old months go into files and out of the tables, and come back: what held before holds after."""

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from ledger import archives
from ledger.archiving import Reason
from ledger.commands import Refund
from ledger.partition_list import State, list_partitions
from ledger.reconciliation import CHECKS, Reconciliation
from ledger.rejections import ErrorCode
from tests.archives.old import PERIODS, SEPTEMBER, Old, Operator, Tables, file_of, refused, take_out
from tests.ledger.invariants import assert_invariants


def rows_before(tables: Tables, table: str, since: Tables) -> list[asyncpg.Record]:
    """The rows of the table but for those that were written since."""
    until = max(row["created_at"] for row in since["operations"])
    return [row for row in tables[table] if row["created_at"] <= until]


async def assert_reconciled(dsn: str) -> None:
    """What `purser reconcile` says."""
    async with Reconciliation.open(dsn) as ledger:
        findings = [await ledger.check(name) for name in CHECKS]
    assert not [finding for finding in findings if finding.fault_count]


async def test_months_go_and_come_back_as_they_were(
    old: Old, operator: Operator, dsn: str, tmp_path: Path
) -> None:
    await assert_reconciled(dsn)
    whole = await old.tables()
    stages = {}
    for period in PERIODS:
        stages[period] = await old.tables()
        await take_out(operator, tmp_path, period)
        await assert_invariants(old.connection)
        await assert_reconciled(dsn)
    assert {row["stands_in"] for row in (await old.tables())["entries"]}.isdisjoint(
        f"entries_{period}" for period in PERIODS
    )

    await old.chapter("meanwhile")
    for period in reversed(PERIODS):
        await operator(archives.restore, file_of(tmp_path, period))
        await assert_invariants(old.connection)
        tables = await old.tables()
        for table in ("operations", "entries"):
            assert rows_before(tables, table, whole) == stages[period][table]
        assert [row["wallet_id"] for row in tables["archived_openings"]] == [
            row["wallet_id"] for row in stages[period]["archived_openings"]
        ]
    await assert_reconciled(dsn)
    await old.chapter("at the end")
    await assert_invariants(old.connection)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await old.connection.execute("DELETE FROM entries_202508")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await old.connection.execute("TRUNCATE operations_202508")


async def test_at_the_edge_what_goes_is_cut_by_when_it_was_decided(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    # The other way round in places: else this test sees nothing.
    assert await old.connection.fetchval(
        "SELECT count(*) FROM operations_202508 a JOIN operations_202509 b ON a.created_at > b.created_at"
    )
    before = {holder: await old.sequences(holder) for holder in (old.client, old.friend, old.company)}
    await take_out(operator, tmp_path, "202508")
    assert await old.connection.fetchval("SELECT count(*) FROM operations_default")
    assert not await old.connection.fetchval(
        "SELECT count(*) FROM operations WHERE created_at < (SELECT decided_before FROM archives)"
    )
    for holder, sequences in before.items():
        left = await old.sequences(holder)
        assert 0 < len(left) < len(sequences)
        assert left == sequences[-len(left) :]
    await take_out(operator, tmp_path, "202509")
    assert not any(row["stands_in"].endswith("_default") for row in (await old.tables())["entries"])


async def test_an_archive_is_lines_of_json_that_anyone_can_add_up(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    rows = await old.connection.fetch("SELECT * FROM entries")
    path, _ = await operator(archives.archive, "202508", tmp_path)
    first, *operations, last = map(orjson.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert (first["format"], first["version"], first["period"]) == ("purser-archive", 1, "202508")
    assert first["decided_before"] < "2025-09-01T00:00:00"
    assert last["operations"] == len(operations)
    entries = [entry for operation in operations for entry in operation["entries"]]
    assert last["entries"] == len(entries)
    assert all(list(entry) == first["entry_columns"] for entry in entries)
    assert all(list(line) == [*first["operation_columns"], "entries"] for line in operations)
    sums: Counter[tuple[str, bool]] = Counter()
    for entry in entries:
        sums[entry["currency"], entry["amount"] > 0] += entry["amount"]
    assert last["moved"] == {
        code: {"debited_minor": sums[code, False], "credited_minor": sums[code, True]}
        for code in ("EUR", "USD")
    }
    assert all(moved["debited_minor"] == -moved["credited_minor"] for moved in last["moved"].values())
    known = {(str(row["wallet_id"]), row["sequence"]): row["balance_after"] for row in rows}
    assert all(known[entry["wallet_id"], entry["sequence"]] == entry["balance_after"] for entry in entries)


async def test_only_the_oldest_goes_only_the_newest_comes_back(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    this_month = await old.connection.fetchval("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")
    assert await refused(operator(archives.archive, "202509", tmp_path)) == Reason.OLDER_FIRST
    assert await refused(operator(archives.archive, this_month, tmp_path)) == Reason.PERIOD_NOT_OVER
    for unknown in ("default", "202507", "2025-08", "", "'; DROP TABLE"):
        assert await refused(operator(archives.archive, unknown, tmp_path)) == Reason.PERIOD_UNKNOWN
    assert not file_of(tmp_path, "202508").exists()

    await take_out(operator, tmp_path, "202508", "202509")
    assert await refused(operator(archives.archive, "202508", tmp_path)) == Reason.PERIOD_DETACHED
    assert await refused(operator(archives.restore, file_of(tmp_path, "202508"))) == Reason.NEWER_FIRST
    await operator(archives.archive, "202510", tmp_path)
    await operator(archives.restore, file_of(tmp_path, "202509"))
    assert await refused(operator(archives.detach, file_of(tmp_path, "202510"))) == Reason.OLDER_FIRST
    await assert_invariants(old.connection)


async def test_every_command_may_be_given_again(old: Old, operator: Operator, tmp_path: Path) -> None:
    path, summary = await operator(archives.archive, "202508", tmp_path)
    written = path.read_bytes()
    assert await operator(archives.archive, "202508", tmp_path) == (path, summary)
    (tmp_path / "again").mkdir()
    again, _ = await operator(archives.archive, "202508", tmp_path / "again")
    assert path.read_bytes() == written == again.read_bytes()

    await operator(archives.restore, path)
    tables = await old.tables()
    await operator(archives.detach, path)
    out = await old.tables()
    await operator(archives.detach, again)
    assert await old.tables() == out
    await operator(archives.restore, again)
    assert await old.tables() == tables
    await operator(archives.detach, path)
    assert await old.tables() == out


async def test_a_key_moves_money_once_although_its_operation_is_archived(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    await take_out(operator, tmp_path, "202508")
    tables = await old.tables()
    charge = old.company.charge(old.client, "3.00", key="august charge")
    for _ in range(2):
        again = await old.ledger.submit(charge)
        assert again.replayed
        assert again.operation is None
        assert again.rejection is not None
        assert again.rejection.code == ErrorCode.OPERATION_ARCHIVED
    refusal = await old.ledger.submit(old.company.charge(old.client, "900.00", key="august refusal"))
    assert refusal.replayed
    assert refusal.rejection is not None
    assert refusal.rejection.code == ErrorCode.INSUFFICIENT_FUNDS
    other = await old.ledger.submit(old.company.charge(old.client, "3.01", key="august charge"))
    assert other.rejection is not None
    assert other.rejection.code == ErrorCode.IDEMPOTENCY_CONFLICT
    assert await old.tables() == tables

    await operator(archives.restore, file_of(tmp_path, "202508"))
    shown = await old.ledger.submit(charge)
    assert shown.replayed
    assert shown.operation is not None
    assert shown.rejection is None


async def test_an_operation_that_is_lost_is_not_called_archived(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    await take_out(operator, tmp_path, "202508")
    async with old.connection.transaction():
        await old.connection.execute("SET LOCAL session_replication_role = replica")
        await old.connection.execute(
            "DELETE FROM operations WHERE id = (SELECT operation_id FROM idempotency_keys "
            "WHERE key = 'september charge')"
        )
    with pytest.raises(LookupError):
        await old.ledger.submit(old.company.charge(old.client, "3.00", key="september charge"))


async def test_a_refund_looked_up_before_its_charge_went_is_still_right(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    company = old.company.account_id
    charged = await old.ledger.submit(old.company.charge(old.client, "3.00", key="august charge"))
    assert charged.operation is not None
    charge = await old.earlier(charged.operation.id)
    await take_out(operator, tmp_path, "202508")
    assert await old.ledger.reads.earlier(charge.id, company) is None

    refund = await old.ledger.submit(Refund(company, charge.id, "2.00", "", charge))
    assert refund.rejection is None
    more = await old.ledger.submit(Refund(company, charge.id, "0.01", "", charge))
    assert more.rejection is not None
    assert more.rejection.code == ErrorCode.REFUND_EXCEEDS_CHARGE
    await assert_invariants(old.connection)
    await operator(archives.restore, file_of(tmp_path, "202508"))
    await assert_invariants(old.connection)


async def test_what_may_still_be_captured_stays(old: Old, operator: Operator, tmp_path: Path) -> None:
    await old.let_holds_end(datetime.now(UTC) + timedelta(hours=1))
    assert await refused(operator(archives.archive, "202508", tmp_path)) == Reason.STILL_SET_ASIDE
    await old.let_holds_end(SEPTEMBER)
    await take_out(operator, tmp_path, "202508")
    await assert_invariants(old.connection)
    held = "SELECT held FROM wallets WHERE id = $1"
    assert await old.connection.fetchval(held, old.client.wallet.wallet_id) == 200
    # Nobody had noticed yet that it is over: settling it needs no operation.
    await old.ledger.submit(old.client.deposit("1.00"))
    assert await old.connection.fetchval(held, old.client.wallet.wallet_id) == 0
    await assert_invariants(old.connection)


async def test_the_list_tells_how_each_stands(old: Old, operator: Operator, tmp_path: Path) -> None:
    await take_out(operator, tmp_path, "202508")
    await operator(archives.archive, "202509", tmp_path)
    partitions, kept = await operator(list_partitions)
    for table in ("operations", "entries"):
        own = [view for view in partitions if view.table == table]
        assert [view.state for view in own] == [
            *(State.ARCHIVED, State.OLD, State.CURRENT, State.AHEAD, State.AHEAD, State.AHEAD, State.DEFAULT)
        ]
        assert [view.period for view in own][:2] == ["202509", "202510"]
        stayed = own[-1]
        assert stayed.rows == await old.connection.fetchval(f"SELECT count(*) FROM {table}_default") > 0
        assert stayed.since is not None
        assert abs(stayed.since - SEPTEMBER) < timedelta(seconds=10)
        for view in own:
            counted = await old.connection.fetchval(f"SELECT count(*) FROM {table}_{view.period}")
            assert view.rows == counted or not view.is_counted
    assert [(view.period, view.detached_at is None) for view in kept] == [("202508", False), ("202509", True)]
