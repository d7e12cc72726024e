"""Where deposits come from: the outside world's wallets have a bound, and nobody may use it up for others."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.settings import Settings
from tests.ledger.holders import open_holder
from tests.ledger.invariants import assert_invariants

LARGEST = "999999999.99999999"


async def test_one_holder_does_not_use_up_the_world(
    dsn: str, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One stripe instead of 64 makes it quick: the sum that fills it is the same.
    monkeypatch.setattr("ledger.service._STRIPES", 1)
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        greedy, other = [await open_holder(ledger, currency="BTC") for _ in range(2)]
        await asyncio.gather(*(ledger.submit(greedy.deposit(LARGEST)) for _ in range(92)))
        await ledger.submit(greedy.deposit("233720368"))
        assert (await ledger.submit(other.deposit("1"))).rejection is None


async def test_a_balance_that_would_not_fit_is_refused_and_recorded(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    greedy = await open_holder(ledger, currency="BTC")
    outcomes = [await ledger.submit(greedy.deposit(LARGEST)) for _ in range(93)]
    assert [outcome.rejection for outcome in outcomes[:92]] == [None] * 92
    refused = outcomes[92]
    assert refused.rejection is not None
    assert refused.rejection.code == "AMOUNT_TOO_LARGE"
    assert refused.operation is not None
    assert refused.wallet == outcomes[91].wallet
    await assert_invariants(connection)


async def test_who_deposits_into_anothers_wallet_does_not_come_as_far_as_the_world(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    # What that wallet's currency takes to lock and write would tell by its time that there is such a wallet.
    owner, stranger = [await open_holder(ledger, currency="KWD") for _ in range(2)]
    outcome = await ledger.submit(replace(stranger.deposit("1"), wallet=owner.wallet))
    assert outcome.rejection is not None
    assert outcome.rejection.code == "WALLET_NOT_FOUND"
    statement = "SELECT count(*) FROM wallets WHERE kind = 'OUTSIDE' AND currency = 'KWD'"
    assert await connection.fetchval(statement) == 0
    assert (await ledger.submit(owner.deposit("1"))).rejection is None
    assert await connection.fetchval(statement) == 1


async def test_a_batch_that_no_single_outside_wallet_has_room_for(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    holders = [await open_holder(ledger, currency="BTC") for _ in range(5)]
    outcomes = await asyncio.gather(
        *(ledger.submit(holder.deposit(LARGEST)) for holder in holders for _ in range(60))
    )
    assert [outcome.rejection for outcome in outcomes] == [None] * 300
    await assert_invariants(connection)
