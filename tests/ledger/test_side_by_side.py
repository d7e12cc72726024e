"""Several ledgers on one database, as several processes and machines are, and others who lock there too."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.settings import Settings
from tests.databases import copy_database, until_waiting
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants

WHOLE_NETWORK_OF_CHARGES = 600


@pytest.fixture(autouse=True)
async def _invariants_hold(connection: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await assert_invariants(connection)


async def test_money_is_spent_once_whoever_asks(ledgers: list[Ledger]) -> None:
    client, company = await open_holder(ledgers[0], "100.00"), await open_holder(ledgers[0])
    outcomes = await asyncio.gather(
        *(ledgers[number % len(ledgers)].submit(company.charge(client, "1.00")) for number in range(300))
    )
    assert Counter(outcome.rejection and outcome.rejection.code for outcome in outcomes) == {
        None: 100,
        "INSUFFICIENT_FUNDS": 200,
    }
    assert all(outcome.operation is not None for outcome in outcomes)


async def test_one_key_moves_money_once_whoever_asks(ledgers: list[Ledger]) -> None:
    client, company = await open_holder(ledgers[0], "100.00"), await open_holder(ledgers[0])
    for key in ("a", "b", "c"):
        outcomes = await asyncio.gather(
            *(
                ledgers[number % len(ledgers)].submit(company.charge(client, "1.00", key=key))
                for number in range(20)
            )
        )
        assert len({outcome.operation and outcome.operation.id for outcome in outcomes}) == 1
        assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 19
    refused = await asyncio.gather(
        *(
            ledgers[number % len(ledgers)].submit(company.charge(client, "0.00", key="d"))
            for number in range(20)
        )
    )
    assert {outcome.rejection and outcome.rejection.code for outcome in refused} == {"AMOUNT_NOT_POSITIVE"}


async def test_opposite_payments_reach_nobody_as_a_deadlock(ledgers: list[Ledger]) -> None:
    companies = [await open_holder(ledgers[0], "1000.00") for _ in range(4)]
    charges = [
        companies[number % 4].charge(
            companies[(number + 1 + number % 3) % 4], "0.10", key=f"{number % 50}-{number}"
        )
        for number in range(WHOLE_NETWORK_OF_CHARGES)
    ]
    outcomes = await asyncio.gather(
        *(ledgers[number % len(ledgers)].submit(charge) for number, charge in enumerate(charges))
    )
    assert {outcome.rejection for outcome in outcomes} == {None}


async def test_writers_that_share_a_wallet_of_the_outside_world(
    dsn: str, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.service._STRIPES", 1)
    async with (
        Ledger.open(Settings(batch_size_max=2, queue_seconds_max=30), dsn, pool) as one,
        Ledger.open(Settings(batch_size_max=2, queue_seconds_max=30), dsn, pool) as other,
    ):
        holders = [await open_holder(one) for _ in range(8)]
        outcomes = await asyncio.gather(
            *((one, other)[number % 2].submit(holders[number % 8].deposit("1.00")) for number in range(300))
        )
    assert {outcome.rejection for outcome in outcomes} == {None}


async def test_a_deadlock_with_a_stranger_is_tried_again(
    ledger: Ledger, connection: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = sorted(
        [await open_holder(ledger, "10.00"), await open_holder(ledger, "10.00")],
        key=lambda h: h.wallet.wallet_id,
    )
    # The stranger never looks for deadlocks, so the writer is the one that is sent back.
    await connection.execute("SET deadlock_timeout = '60s'")
    async with connection.transaction():
        await lock(connection, second)
        charging = asyncio.create_task(ledger.submit(first.charge(second, "4.00", key="lunch")))
        await until_waiting(connection, 1)
        await lock(connection, first)
    outcome = await charging
    assert outcome.rejection is None
    assert not outcome.replayed
    assert "DeadlockDetectedError" in caplog.text


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_a_stricter_default_isolation_changes_nothing(
    isolation: str, template_dsn: str, pool: asyncpg.Pool
) -> None:
    name = f"side_by_side_{isolation.replace(' ', '_')}"
    dsn = await asyncio.to_thread(copy_database, template_dsn, name)
    await pool.execute(f"ALTER DATABASE {name} SET default_transaction_isolation TO '{isolation}'")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as own_pool, AsyncExitStack() as stack:
        ledgers = [
            await stack.enter_async_context(
                Ledger.open(Settings(batch_size_max=5, queue_seconds_max=30), dsn, own_pool)
            )
            for _ in range(2)
        ]
        client, company = await open_holder(ledgers[0], "100.00"), await open_holder(ledgers[0])
        outcomes = await asyncio.gather(
            *(
                ledgers[number % 2].submit(company.charge(client, "1.00", key=f"{number % 150}"))
                for number in range(300)
            )
        )
        assert sum(outcome.rejection is None and not outcome.replayed for outcome in outcomes) == 100
        async with own_pool.acquire() as connection:
            await assert_invariants(connection)


async def lock(connection: asyncpg.Connection, holder: Holder) -> None:
    await connection.execute("SELECT FROM wallets WHERE id = $1 FOR UPDATE", holder.wallet.wallet_id)
