"""The database refuses what must never be, without Python's help."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from ledger.service import Ledger
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants

REFUSED = asyncpg.IntegrityConstraintViolationError
NEW_ENTRY = """
    INSERT INTO {table} (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT wallet_id, sequence, $1, amount, 'USD', 0, now()
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS new (wallet_id, sequence, amount)
"""
NEW_OPERATION = """
    INSERT INTO operations
        (id, kind, status, failure_code, account_id, summary, amount, currency, source_id, created_at)
    VALUES ($1, 'CHARGE', $2, $3, $1, '', 1, 'USD', $1, now())
"""


class Charged(NamedTuple):
    """A client with 10.00 that was charged 4.00, by key."""

    client: Holder
    company: Holder
    operation_id: UUID


@pytest.fixture
async def charged(ledger: Ledger) -> Charged:
    client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
    outcome = await ledger.submit(company.charge(client, "4.00", key="lunch"))
    assert outcome.operation is not None
    return Charged(client, company, outcome.operation.id)


@pytest.fixture
async def attempt(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that leaves nothing behind, whatever was refused or not."""
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await assert_invariants(connection)


@pytest.mark.parametrize(
    "change",
    [
        "balance = -1",
        "held = balance + 1",
        "pending = balance + 1",
        "held = 400, pending = 201",
        "balance = 0, held = 1",
    ],
)
async def test_available_never_goes_below_zero(
    change: str, charged: Charged, attempt: asyncpg.Connection
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="wallets_available_never_below_zero"):
        await attempt.execute(f"UPDATE wallets SET {change} WHERE id = $1", charged.client.wallet.wallet_id)


@pytest.mark.parametrize(
    "change", ["held = -1", "pending = -1", "sequence = -1", "owner_id = NULL", "token_secret = NULL"]
)
async def test_a_wallet_is_never_what_makes_no_sense(
    change: str, charged: Charged, attempt: asyncpg.Connection
) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute(f"UPDATE wallets SET {change} WHERE id = $1", charged.client.wallet.wallet_id)


@pytest.mark.parametrize("amounts", [[1, 0], [1, 1], [-5, 4]])
@pytest.mark.parametrize("into", ["entries", "the partition itself"])
async def test_entries_that_do_not_sum_to_zero_are_refused(
    amounts: list[int], into: str, charged: Charged, attempt: asyncpg.Connection
) -> None:
    table = into if into == "entries" else await partition_of(attempt, charged)
    wallets = [charged.client.wallet.wallet_id, charged.company.wallet.wallet_id]
    with pytest.raises(REFUSED, match="sum to zero"):
        await attempt.execute(NEW_ENTRY.format(table=table), uuid7(), wallets, [100, 100], amounts)


async def test_entries_sum_to_zero_in_each_currency(charged: Charged, attempt: asyncpg.Connection) -> None:
    wallets = [charged.client.wallet.wallet_id, charged.company.wallet.wallet_id]
    mixed = NEW_ENTRY.format(table="entries").replace(
        "'USD'", "CASE WHEN amount < 0 THEN 'USD' ELSE 'EUR' END"
    )
    with pytest.raises(REFUSED, match="sum to zero"):
        await attempt.execute(mixed, uuid7(), wallets, [100, 100], [-5, 5])


async def test_a_sequence_number_stands_once(charged: Charged, attempt: asyncpg.Connection) -> None:
    wallets = [charged.client.wallet.wallet_id, charged.company.wallet.wallet_id]
    with pytest.raises(asyncpg.UniqueViolationError):
        await attempt.execute(NEW_ENTRY.format(table="entries"), uuid7(), wallets, [2, 100], [-5, 5])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET amount = amount WHERE operation_id = $1",
        "UPDATE {partition} SET amount = amount WHERE operation_id = $1",
        "DELETE FROM entries WHERE operation_id = $1",
        "DELETE FROM {partition} WHERE operation_id = $1",
        "UPDATE operations SET summary = 'other' WHERE id = $1",
        "UPDATE operations SET status = 'PENDING' WHERE id = $1",
        "DELETE FROM operations WHERE id = $1",
        "DELETE FROM idempotency_keys WHERE operation_id = $1",
        "UPDATE idempotency_keys SET fingerprint = '' WHERE operation_id = $1",
        "UPDATE idempotency_keys SET key = 'other' WHERE operation_id = $1",
        "DELETE FROM wallets WHERE id IN (SELECT wallet_id FROM entries WHERE operation_id = $1)",
        "UPDATE wallets SET currency = 'EUR' WHERE id IN (SELECT wallet_id FROM entries WHERE operation_id = $1)",
    ],
)
async def test_what_is_posted_never_changes(
    change: str, charged: Charged, attempt: asyncpg.Connection
) -> None:
    partition = await partition_of(attempt, charged)
    with pytest.raises(REFUSED):
        await attempt.execute(change.format(partition=partition), charged.operation_id)


@pytest.mark.parametrize("table", ["entries", "operations", "idempotency_keys", "wallets", "entries_default"])
async def test_no_table_is_emptied(table: str, charged: Charged, attempt: asyncpg.Connection) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute(f"TRUNCATE {table} CASCADE")


async def test_a_pending_operation_becomes_final_once(charged: Charged, attempt: asyncpg.Connection) -> None:
    operation_id = uuid7()
    await attempt.execute(NEW_OPERATION, operation_id, "PENDING", None)
    await attempt.execute("UPDATE operations SET status = 'SUCCEEDED' WHERE id = $1", operation_id)
    with pytest.raises(REFUSED):
        await attempt.execute("UPDATE operations SET status = 'PENDING' WHERE id = $1", operation_id)


@pytest.mark.parametrize(("status", "code"), [("FAILED", None), ("SUCCEEDED", "INSUFFICIENT_FUNDS")])
async def test_a_failure_has_its_code_and_a_success_none(
    status: str, code: str | None, charged: Charged, attempt: asyncpg.Connection
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await attempt.execute(NEW_OPERATION, uuid7(), status, code)


async def test_a_key_belongs_to_one_request(charged: Charged, attempt: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await attempt.execute(
            "INSERT INTO idempotency_keys SELECT account_id, key, '', $1 FROM idempotency_keys WHERE key = 'lunch'",
            uuid7(),
        )


async def partition_of(connection: asyncpg.Connection, charged: Charged) -> str:
    return str(
        await connection.fetchval(
            "SELECT tableoid::regclass::text FROM entries WHERE operation_id = $1 LIMIT 1",
            charged.operation_id,
        )
    )


SHARE = (
    "INSERT INTO shares (operation_id, number, wallet_id, amount, moved, refunded, returned) "
    "VALUES ($1, 0, $1, 10, 10, $2, $3)"
)
RESERVATION = (
    "INSERT INTO reservations (operation_id, kind, wallet_id, account_id, state, asked, captured, remaining, debit, "
    "credit, ends_at) VALUES ($1, 'AUTHORIZATION', $1, $1, $2, 10, $3, $4, 10, 0, now())"
)


@pytest.mark.parametrize(("refunded", "returned"), [(11, 0), (0, 11), (-1, 0), (0, -1)])
async def test_never_more_goes_back_than_was_charged(
    attempt: asyncpg.Connection, refunded: int, returned: int
) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute(SHARE, uuid7(), refunded, returned)


@pytest.mark.parametrize(
    ("state", "captured", "remaining"),
    [("OPEN", 11, 0), ("OPEN", -1, 1), ("OPEN", 0, -1), ("CAPTURED", 10, 1), ("ENDED", 0, 1), ("LOST", 0, 0)],
)
async def test_no_reservation_that_makes_no_sense(
    attempt: asyncpg.Connection, state: str, captured: int, remaining: int
) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute(RESERVATION, uuid7(), state, captured, remaining)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE shares SET refunded = 4",
        "UPDATE shares SET returned = 4",
        "UPDATE shares SET amount = 11",
        "UPDATE shares SET moved = 11",
        "UPDATE shares SET wallet_id = gen_random_uuid()",
        "DELETE FROM shares",
        "TRUNCATE shares",
        "UPDATE reservations SET remaining = 6",
        "UPDATE reservations SET captured = 4",
        "UPDATE reservations SET asked = 11",
        "UPDATE reservations SET ends_at = now() + interval '1 day'",
        "DELETE FROM reservations",
        "TRUNCATE reservations",
        "DELETE FROM rates",
        "UPDATE rates SET rate = 2",
        "TRUNCATE rates",
    ],
)
async def test_what_went_back_or_was_let_go_stays_so(attempt: asyncpg.Connection, change: str) -> None:
    operation_id = uuid7()
    await attempt.execute(SHARE, operation_id, 5, 5)
    await attempt.execute(RESERVATION, operation_id, "OPEN", 5, 5)
    with pytest.raises(REFUSED):
        await attempt.execute(f"{change} WHERE true" if change.startswith(("UPDATE", "DELETE")) else change)


async def test_what_is_over_is_not_reopened(attempt: asyncpg.Connection) -> None:
    operation_id = uuid7()
    await attempt.execute(RESERVATION, operation_id, "RELEASED", 0, 0)
    with pytest.raises(REFUSED):
        await attempt.execute("UPDATE reservations SET state = 'OPEN' WHERE operation_id = $1", operation_id)


@pytest.mark.parametrize("rate", ["0", "-1"])
async def test_rates_are_positive(attempt: asyncpg.Connection, rate: str) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute(f"UPDATE currencies SET rate = {rate} WHERE code = 'EUR'")


async def test_the_base_is_worth_itself(attempt: asyncpg.Connection) -> None:
    with pytest.raises(REFUSED):
        await attempt.execute("UPDATE currencies SET rate = 2 WHERE code = 'USD'")
