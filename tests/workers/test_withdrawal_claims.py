"""Claims of withdrawals that lapse under a worker: it comes too late to change anything but what is certain."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from ledger.rejections import ErrorCode
from ledger.service import Ledger
from ledger.withdrawal_commands import SettleWithdrawal
from tests.workers.withdrawing import Sender, open_sender
from workers.conclusions import MARGIN_SECONDS, Claim
from workers.withdrawal_claims import SQL, Claims

CALL_SECONDS_MAX = 30.0


@pytest.fixture
def claims(pool: asyncpg.Pool) -> Claims:
    return Claims(pool, None, CALL_SECONDS_MAX)


@pytest.fixture
async def sender(ledger: Ledger) -> Sender:
    return await open_sender(ledger, "100.00")


async def only(claims: Claims) -> Claim:
    (claim,) = await claims.claim(10)
    return claim


async def make_due(connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE withdrawals SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")


async def row_of(connection: asyncpg.Connection, withdrawal_id: UUID) -> Sequence[object]:
    row = await connection.fetchrow(
        "SELECT state, attempts, due_at FROM withdrawals WHERE operation_id = $1", withdrawal_id
    )
    attempts = await connection.fetch(
        "SELECT number, ended_at, result FROM withdrawal_attempts WHERE operation_id = $1 ORDER BY number",
        withdrawal_id,
    )
    assert row is not None
    return (*row, *map(tuple, attempts))


async def test_a_claim_is_one_workers_until_it_lapses(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    withdrawal_id = await sender.withdraw("1.50")
    claim = await only(claims)
    assert claim[:8] == (
        *(withdrawal_id, sender.holder.account_id, 1, "DE02 1203 0000 0000 2020 51", 150, "USD", 2, True),
    )
    assert claim.not_after - claim.started_at == timedelta(seconds=CALL_SECONDS_MAX)
    assert await claims.claim(10) == []
    due_at = await connection.fetchval("SELECT due_at FROM withdrawals")
    assert due_at - claim.claimed_at == timedelta(seconds=CALL_SECONDS_MAX + MARGIN_SECONDS)

    await make_due(connection)
    other = await only(claims)
    # It is asked about, and nothing but that.
    assert (other.is_new, other.attempt) == (False, 1)
    assert (other.started_at, other.not_after) == (claim.started_at, claim.not_after)
    assert (await sender.view(withdrawal_id)).state == "SENT"


async def test_a_payment_that_is_written_down_is_posted_without_another_question(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    withdrawal_id = await sender.withdraw("1")
    await claims.end_attempt(await only(claims), "PAID: at once")
    await make_due(connection)
    assert (await only(claims)).was_paid
    await connection.execute(
        "UPDATE withdrawal_attempts SET ended_at = NULL WHERE operation_id = $1", withdrawal_id
    )
    await make_due(connection)
    assert not (await only(claims)).was_paid


async def test_whoever_is_late_changes_nothing(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    withdrawal_id = await sender.withdraw("1")
    late = await only(claims)
    await make_due(connection)
    await claims.pay_again(await only(claims), "NOT_KNOWN", 0)
    waiting = await row_of(connection, withdrawal_id)
    assert waiting[0] == "PENDING"
    await claims.ask_again([late], "NO_ANSWER", 0)
    await claims.pay_again(late, "FAILED", 60)
    assert await row_of(connection, withdrawal_id) == waiting

    assert (await only(claims)).attempt == 2
    sent = await row_of(connection, withdrawal_id)
    assert sent[0] == "SENT"
    await claims.ask_again([late], "NO_ANSWER", 0)
    await claims.pay_again(late, "FAILED", 0)
    assert await row_of(connection, withdrawal_id) == sent


async def test_a_late_no_gives_nothing_back_that_is_at_the_bank_again(
    claims: Claims, connection: asyncpg.Connection, ledger: Ledger, sender: Sender
) -> None:
    withdrawal_id = await sender.withdraw("1")
    late = await only(claims)
    await claims.pay_again(late, "FAILED", 0)
    assert (await only(claims)).attempt == 2
    earlier = await ledger.reads.earlier(withdrawal_id, late.account_id)
    assert earlier is not None
    outcome = await ledger.submit(SettleWithdrawal(late.account_id, earlier, is_paid=False, attempts=1))
    assert outcome.rejection is not None
    assert outcome.rejection.code == ErrorCode.NOT_EXECUTED
    assert (await sender.view(withdrawal_id)).state == "SENT"
    assert await sender.money() == (10_000, 100)


async def test_a_late_yes_keeps_others_from_paying_and_is_posted(
    claims: Claims, connection: asyncpg.Connection, ledger: Ledger, sender: Sender
) -> None:
    withdrawal_id = await sender.withdraw("1")
    late = await only(claims)
    await make_due(connection)
    await claims.pay_again(await only(claims), "NOT_KNOWN", 0)
    await claims.end_attempt(late, "PAID")
    assert await claims.claim(10) == []
    assert await sender.cancel(withdrawal_id) == ErrorCode.NOT_CANCELLABLE
    earlier = await ledger.reads.earlier(withdrawal_id, late.account_id)
    assert earlier is not None
    outcome = await ledger.submit(SettleWithdrawal(late.account_id, earlier, is_paid=True, attempts=1))
    assert outcome.rejection is None
    view = await sender.view(withdrawal_id)
    assert (view.state, view.attempts[0].result) == ("SUCCEEDED", "PAID")
    assert await sender.money() == (9_900, 0)


async def test_the_database_refuses_what_could_pay_twice(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    await sender.withdraw("1")
    await only(claims)
    for statement in (
        "UPDATE withdrawals SET attempts = 2",
        "UPDATE withdrawals SET attempts = 2, state = 'UNKNOWN'",
        "INSERT INTO withdrawal_attempts SELECT operation_id, 2, now(), now() FROM withdrawal_attempts",
        "UPDATE withdrawals SET state = 'CANCELLED', due_at = NULL",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(statement)


async def test_what_is_claimed_by_many_is_claimed_once(
    pool: asyncpg.Pool, claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    """What somebody has in hand is passed over, not waited for."""
    withdrawal_ids = [await sender.withdraw("1") for _ in range(3)]
    async with connection.transaction():
        await connection.execute(
            "SELECT FROM withdrawals WHERE operation_id = $1 FOR UPDATE", withdrawal_ids[0]
        )
        claimed = await claims.claim(10)
    assert [claim.operation_id for claim in claimed] == withdrawal_ids[1:]
    assert [claim.operation_id for claim in await claims.claim(10)] == withdrawal_ids[:1]


async def test_the_longest_due_comes_first(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    withdrawal_ids = [await sender.withdraw("1") for _ in range(3)]
    await connection.execute(
        "UPDATE withdrawals SET due_at = due_at - interval '1 hour' WHERE operation_id = $1",
        withdrawal_ids[2],
    )
    claimed = [(await claims.claim(1))[0].operation_id for _ in range(3)]
    assert claimed == [withdrawal_ids[2], *withdrawal_ids[:2]]


async def test_looking_for_what_is_due_reads_no_more_than_that(
    claims: Claims, connection: asyncpg.Connection, sender: Sender
) -> None:
    await sender.withdraw("1")
    await connection.execute("UPDATE withdrawals SET due_at = due_at + interval '1 hour'")
    await connection.execute("SET enable_seqscan = off")
    seconds = timedelta(seconds=1)
    plan = await connection.fetch(f"EXPLAIN {SQL['claim']}", 10, None, seconds, seconds)
    assert "Index Cond: (due_at <= statement_timestamp())" in "\n".join(row[0] for row in plan)
