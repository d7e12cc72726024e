"""The queue before the writers: bounded in length and time, and fair to those who share a batch."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from ledger.commands import Charge, Command
from ledger.decisions import decide
from ledger.errors import Overloaded, Unavailable
from ledger.outcomes import Outcome
from ledger.service import Ledger
from runtime.settings import WRITERS_A_PROCESS as WRITERS
from runtime.settings import Settings
from tests.databases import until_waiting
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants


@pytest.fixture(autouse=True)
async def _invariants_hold(connection: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await assert_invariants(connection)


@asynccontextmanager
async def locked(connection: asyncpg.Connection, *holders: Holder) -> AsyncIterator[None]:
    """The wallets' rows are another's: for a writer, a database that hangs."""
    async with connection.transaction():
        for holder in holders:
            await connection.execute("SELECT FROM wallets WHERE id = $1 FOR UPDATE", holder.wallet.wallet_id)
        yield


async def charges_of(connection: asyncpg.Connection, payer: Holder) -> int:
    found = await connection.fetchval(
        "SELECT count(*) FROM operations WHERE source_id = $1 AND status = 'SUCCEEDED'",
        payer.wallet.wallet_id,
    )
    return int(found)


async def test_a_full_queue_refuses_at_once_and_for_ever(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    async with Ledger.open(
        Settings(queue_length_max=5, queue_seconds_max=30, batch_size_max=1), dsn, pool
    ) as ledger:
        client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
        async with locked(connection, client):
            taken = [
                asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(WRITERS)
            ]
            await until_waiting(connection, WRITERS)
            queued = [asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(5)]
            await asyncio.sleep(0)
            asked_at = time.monotonic()
            for _ in range(50):
                with pytest.raises(Overloaded):
                    await ledger.submit(company.charge(client, "1.00"))
            assert time.monotonic() - asked_at < 10  # of the 30 s that one may wait
        outcomes = await asyncio.gather(*taken, *queued)
    assert [outcome.rejection for outcome in outcomes] == [None] * 7
    assert await charges_of(connection, client) == 7


async def test_an_empty_queue_takes_more_than_it_holds(dsn: str, pool: asyncpg.Pool) -> None:
    async with Ledger.open(Settings(queue_length_max=5), dsn, pool) as ledger:
        client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
        outcomes = await ledger.submit_many([company.charge(client, "1.00") for _ in range(20)])
    assert [outcome.rejection for outcome in outcomes] == [None] * 20


async def test_who_waits_too_long_is_refused_in_time_and_for_ever(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    async with Ledger.open(Settings(queue_seconds_max=0.5, batch_size_max=1), dsn, pool) as ledger:
        client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
        async with locked(connection, client):
            taken = [
                asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(WRITERS)
            ]
            await until_waiting(connection, WRITERS)
            asked_at = time.monotonic()
            late = await asyncio.gather(
                *(ledger.submit(company.charge(client, "1.00")) for _ in range(20)), return_exceptions=True
            )
            assert 0.45 < time.monotonic() - asked_at < 20
        assert {type(refused) for refused in late} == {Overloaded}
        assert [outcome.rejection for outcome in await asyncio.gather(*taken)] == [None] * WRITERS
        assert (await ledger.submit(company.charge(client, "1.00"))).rejection is None
    assert await charges_of(connection, client) == WRITERS + 1


async def test_a_caller_that_goes_away_cancels_only_what_was_not_taken(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    async with Ledger.open(Settings(batch_size_max=3, queue_seconds_max=30), dsn, pool) as ledger:
        client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
        async with locked(connection, client):
            taken = [
                asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(3 * WRITERS)
            ]
            await until_waiting(connection, WRITERS)
            queued = [asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(2)]
            await asyncio.sleep(0)
            for gone in (taken[0], taken[4], queued[0]):
                gone.cancel()
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(*taken, *queued, return_exceptions=True)
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, Outcome) and outcome.rejection is None for outcome in outcomes) == 5
    # Taken is executed, whoever is still listening; not taken was never asked for.
    assert await charges_of(connection, client) == 3 * WRITERS + 1


async def test_closing_finishes_what_was_accepted(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection
) -> None:
    async with Ledger.open(Settings(batch_size_max=7, queue_seconds_max=30), dsn, pool) as ledger:
        client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
        accepted = [asyncio.create_task(ledger.submit(company.charge(client, "1.00"))) for _ in range(100)]
        await asyncio.sleep(0)
    assert all(task.done() and task.result().rejection is None for task in accepted)
    assert await charges_of(connection, client) == 100
    with pytest.raises(Overloaded):
        await ledger.submit(company.charge(client, "1.00"))


async def test_a_fault_of_ours_hits_its_own_command_alone(
    ledger: Ledger, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)

    def stumble(command: Command, *known: object) -> object:
        if isinstance(command, Charge) and command.amount == "6.66":
            raise ZeroDivisionError
        return decide(command, *known)  # type: ignore[arg-type]

    monkeypatch.setattr("ledger.batch.decide", stumble)
    await poison(ledger, connection, client, company, ZeroDivisionError)


async def test_what_the_database_refuses_hits_its_own_command_alone(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(ledger, "100.00"), await open_holder(ledger)
    await connection.execute("ALTER TABLE operations ADD CONSTRAINT planted CHECK (amount <> 666)")
    try:
        await poison(ledger, connection, client, company, asyncpg.CheckViolationError)
    finally:
        await connection.execute("ALTER TABLE operations DROP CONSTRAINT planted")


async def poison(
    ledger: Ledger, connection: asyncpg.Connection, client: Holder, company: Holder, fault: type[Exception]
) -> None:
    """One batch of ten in which the third fails: with a key, so that the key must be free afterwards."""
    amounts = ["1.00", "1.00", "6.66", *["1.00"] * 7]
    batch: list[Charge] = [company.charge(client, amount, key=f"{i}") for i, amount in enumerate(amounts)]
    outcomes = await asyncio.gather(*(ledger.submit(charge) for charge in batch), return_exceptions=True)
    assert isinstance(outcomes.pop(2), fault)
    assert [isinstance(outcome, Outcome) and outcome.rejection for outcome in outcomes] == [None] * 9
    assert await charges_of(connection, client) == 9
    keys = await connection.fetchval(
        "SELECT count(*) FROM idempotency_keys WHERE account_id = $1", company.account_id
    )
    assert keys == 9


async def test_writers_that_die_leave_nobody_waiting_and_end_the_process(
    dsn: str, pool: asyncpg.Pool, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals: list[int] = []
    monkeypatch.setattr("ledger.coalescer.signal.raise_signal", signals.append)

    async def dies(*_: object) -> None:
        raise SystemExit

    async with Ledger.open(Settings(), dsn, pool) as ledger:
        holder = await open_holder(ledger)
        monkeypatch.setattr("ledger.executor.Executor.execute", dies)
        with pytest.raises(Unavailable) as told:
            await asyncio.wait_for(ledger.submit(holder.deposit("1")), 5)
        assert told.value.executed_unknown
        await asyncio.sleep(0.1)
        with pytest.raises(Overloaded):
            await ledger.submit(holder.deposit("1"))
    assert signals == [signal.SIGTERM]
