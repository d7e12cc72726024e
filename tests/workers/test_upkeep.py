"""The upkeep, by real workers: what is over is put away in the tables, and one worker leads at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from auth import sessions
from ledger import settling
from ledger.commands import Authorize, Capture, Command, Deposit
from ledger.service import Ledger
from ledger.settling import CHUNK
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants
from tests.workers.running import SECONDS_MAX, running_worker, until

LEADER = """
    SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND application_name = 'purser-leader' AND granted AND datname = current_database()
"""
SET_ASIDE = "SELECT held, pending FROM wallets WHERE id = $1"
SHOWN = "SELECT balance, held, pending FROM holders_now WHERE id = $1"
OPEN_COUNT = "SELECT count(*) FROM reservations WHERE state = 'OPEN'"


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=0.5)


def hold(company: Holder, payer: Holder, amount: str, expires_at: datetime | None = None) -> Authorize:
    return Authorize(
        *(company.account_id, payer.wallet, amount, None, ""),
        usual_wallet_id=company.wallet.wallet_id,
        expires_at=expires_at,
    )


async def do(ledger: Ledger, command: Command) -> UUID:
    outcome = await ledger.submit(command)
    assert outcome.operation is not None
    assert outcome.rejection is None
    return outcome.operation.id


async def first_row(connection: asyncpg.Connection, query: str, wallet: Holder) -> list[int]:
    (row,) = await connection.fetch(query, wallet.wallet.wallet_id)
    return list(row)


async def until_settled(connection: asyncpg.Connection, open_count: int = 0) -> None:
    async def is_settled() -> object:
        return await connection.fetchval(OPEN_COUNT) == open_count

    await until(is_settled, f"{open_count} reservations are open")


async def until_led(connection: asyncpg.Connection, *, past: int | None = None) -> int:
    """The server's process of the leader's connection, another one than `past`."""
    give_up_at = asyncio.get_running_loop().time() + SECONDS_MAX
    while (leader := await connection.fetchval(LEADER)) in (None, past):
        assert asyncio.get_running_loop().time() < give_up_at
        await asyncio.sleep(0.05)
    assert isinstance(leader, int)
    return leader


async def test_what_is_over_ends_in_the_tables_and_nothing_else_does(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
    expires_at = soon()
    expired = await do(ledger, hold(company, client, "10.00", expires_at))
    in_parts = await do(ledger, hold(company, client, "20.00", expires_at))
    lasting = await do(ledger, hold(company, client, "5.00"))
    earlier = await ledger.reads.earlier(in_parts, company.account_id)
    await do(ledger, Capture(company.account_id, in_parts, "7.00", "", earlier, is_final=False))
    later = Deposit(client.account_id, client.wallet, "3.00", None, "", available_at=expires_at)
    matured = await do(ledger, later)
    assert await first_row(connection, SET_ASIDE, client) == [2800, 300]

    with running_worker(tmp_path, DATABASE_URL=dsn) as worker:
        await until_settled(connection, open_count=1)
        assert worker.stop() == 0

    assert await first_row(connection, SET_ASIDE, client) == [500, 0]
    assert await first_row(connection, SHOWN, client) == [9600, 500, 0]
    rows = await connection.fetch("SELECT operation_id, state, remaining, captured FROM reservations")
    assert {row[0]: tuple(row)[1:] for row in rows} == {
        expired: ("ENDED", 0, 0),
        in_parts: ("ENDED", 0, 700),
        lasting: ("OPEN", 500, 0),
        matured: ("ENDED", 0, 0),
    }
    await assert_invariants(connection)
    # An end is an end: what ended by itself is captured no more, and the money is there to be spent.
    late = await ledger.submit(Capture(company.account_id, in_parts, "1.00", "", earlier, is_final=False))
    assert late.rejection is not None
    assert late.rejection.code == "AUTHORIZATION_CLOSED"
    await do(ledger, company.charge(client, "91.00"))
    await assert_invariants(connection)


async def test_a_locked_wallet_stops_no_other_and_has_its_turn_later(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    payers = [await open_holder(ledger, "10.00") for _ in range(50)]
    stuck = payers[0]
    expires_at = soon()
    # More than is settled in one transaction, in each wallet as many.
    each = 2 * CHUNK // len(payers)
    commands: list[Command] = [
        hold(company, payer, "0.01", expires_at) for payer in payers for _ in range(each)
    ]
    for outcome in await ledger.submit_many(commands):
        assert outcome.rejection is None

    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM wallets WHERE id = $1 FOR NO KEY UPDATE", stuck.wallet.wallet_id)
        with running_worker(tmp_path, DATABASE_URL=dsn):
            await until_settled(connection, open_count=each)
            await assert_invariants(connection)
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_settled(connection)
    await assert_invariants(connection)


async def test_another_worker_leads_when_the_leader_is_killed(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
    with running_worker(tmp_path, DATABASE_URL=dsn) as first:
        leader = await until_led(connection)
        with running_worker(tmp_path, DATABASE_URL=dsn) as second:

            async def waits() -> object:
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'purser-leader'"
                return await connection.fetchval(f"{waiting} AND datname = current_database()") == 2

            await until(waits, "the second worker asks to lead")
            await do(ledger, hold(company, client, "1.00", soon()))
            await until_settled(connection)
            assert await connection.fetchval(LEADER) == leader
            # The next leader begins by making what partitions are missing.
            partition = await connection.fetchval(
                "SELECT max(inhrelid::regclass::text) FROM pg_inherits "
                "WHERE inhparent = 'entries'::regclass AND inhrelid::regclass::text <> 'entries_default'"
            )
            await connection.execute(f"DROP TABLE {partition}")
            first.kill()
            await until_led(connection, past=leader)
            await do(ledger, hold(company, client, "1.00", soon()))
            await until_settled(connection)

            async def is_made() -> object:
                return await connection.fetchval("SELECT to_regclass($1)", partition)

            await until(is_made, "the partition is made")
            assert second.stop() == 0
    assert await connection.fetchval(LEADER) is None
    await assert_invariants(connection)


async def test_a_leader_whose_connection_is_cut_leads_no_more_and_goes_on_working(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
    with running_worker(tmp_path, DATABASE_URL=dsn) as worker:
        leader = await until_led(connection)
        await connection.execute("SELECT pg_terminate_backend($1)", leader)
        await until_led(connection, past=leader)
        await do(ledger, hold(company, client, "1.00", soon()))
        await until_settled(connection)
        assert worker.stop() == 0
        assert worker.said.count("the database does not answer") == 1


async def test_sessions_are_deleted_a_day_after_they_expired(
    dsn: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    account_id = uuid4()
    await connection.execute(
        "INSERT INTO accounts (id, email, email_key, password_hash, role, created_at) "
        "VALUES ($1, 'ada@example.com', 'ada@example.com', 'none', 'CLIENT', now())",
        account_id,
    )
    ages = [*(f"{25 + number % 100} hours" for number in range(2500)), "23 hours", "1 minute", "-2 hours"]
    await connection.execute(
        "INSERT INTO sessions (id, account_id, created_at, expires_at) "
        "SELECT gen_random_uuid(), $1, now() - interval '9 days', now() - age::interval FROM unnest($2::text[]) AS age",
        account_id,
        ages,
    )
    with running_worker(tmp_path, DATABASE_URL=dsn):

        async def are_gone() -> object:
            return await connection.fetchval("SELECT count(*) FROM sessions") == 3

        await until(are_gone, "the old sessions are gone")
    young = "SELECT count(*) FROM sessions WHERE expires_at > now() - interval '1 day'"
    assert await connection.fetchval(young) == 3


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (settling.SQL["due"], [*settling.START, CHUNK], "reservations_over"),
        (sessions._DELETE_EXPIRED, [CHUNK], "sessions_expiring"),
    ],
)
async def test_what_is_due_is_found_by_an_index(
    connection: asyncpg.Connection, query: str, arguments: list[Any], index: str
) -> None:
    await connection.execute("SET enable_seqscan = off")
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}", *arguments))
    assert index in plan
    assert "Sort" not in plan
