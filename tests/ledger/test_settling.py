"""Settling what is over while others capture, release and spend it: every sum stays in step, whoever comes first."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ledger.commands import Authorize, Capture, Command, Deposit, Release
from ledger.service import Ledger
from ledger.settling import START, Position, settle_some
from ledger.withdrawal_commands import Withdraw
from runtime.settings import Settings
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants

WALLETS = 6
SECONDS = 6.0


@pytest.fixture(scope="module")
async def other_ledger(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    """As another process has it."""
    async with Ledger.open(Settings(), dsn, pool) as ledger:
        yield ledger


async def settle_until(stopped: asyncio.Event, dsn: str) -> int:
    """Settles without a pause on a connection of its own; returns how many times."""
    connection = await asyncpg.connect(dsn)
    rounds = 0
    while not stopped.is_set():
        position: Position | None = START
        while position is not None:
            position = await settle_some(connection, position)
        rounds += 1
    await connection.close()
    return rounds


async def live(ledger: Ledger, payers: list[Holder], company: Holder, until: datetime) -> Counter[str | None]:
    """Sets aside for moments, and captures, releases and spends around the instant when that is over."""
    told: Counter[str | None] = Counter()
    while datetime.now(UTC) < until:
        payer = random.choice(payers)
        soon = datetime.now(UTC) + timedelta(seconds=random.uniform(0.005, 0.05))
        held = await ledger.submit(
            Authorize(
                *(company.account_id, payer.wallet, "5.00", None, ""),
                usual_wallet_id=company.wallet.wallet_id,
                expires_at=soon,
            )
        )
        commands: list[Command] = [
            Deposit(payer.account_id, payer.wallet, "0.50", None, "", available_at=soon),
            company.charge(payer, "0.40"),
        ]
        if held.rejection is None and held.operation is not None:
            authorization = held.operation.id
            earlier = await ledger.reads.earlier(authorization, company.account_id)
            commands += [
                Capture(company.account_id, authorization, "1.00", "", earlier, is_final=False),
                Capture(company.account_id, authorization, "1.00", "", earlier, is_final=False),
                Release(company.account_id, authorization, earlier),
            ]
        for command in random.sample(commands, len(commands)):
            await asyncio.sleep(random.uniform(0, 0.02))
            rejection = (await ledger.submit(command)).rejection
            told[None if rejection is None else rejection.code] += 1
    return told


async def test_settling_beside_everything_else_keeps_all_sums(
    dsn: str, ledger: Ledger, other_ledger: Ledger, connection: asyncpg.Connection
) -> None:
    payers = [await open_holder(ledger, "200.00") for _ in range(WALLETS)]
    company = await open_holder(ledger)
    stopped = asyncio.Event()
    settling = [asyncio.create_task(settle_until(stopped, dsn)) for _ in range(2)]
    until = datetime.now(UTC) + timedelta(seconds=SECONDS)
    told = await asyncio.gather(
        *(live(one, payers, company, until) for one in (ledger, other_ledger) for _ in range(8))
    )
    # Past the last instant.
    await asyncio.sleep(0.2)
    stopped.set()
    assert min(await asyncio.gather(*settling)) > 10
    # Both came first often enough.
    assert sum(told, Counter())[None] > 100
    assert sum(told, Counter())["AUTHORIZATION_CLOSED"] > 100
    await assert_invariants(connection)
    open_ones = "SELECT count(*) FROM reservations WHERE state = 'OPEN'"
    assert await connection.fetchval(open_ones) == 0
    assert await connection.fetchval("SELECT sum(held + pending) FROM wallets") == 0


async def test_what_has_no_end_by_time_is_left_alone(ledger: Ledger, connection: asyncpg.Connection) -> None:
    client = await open_holder(ledger, "10.00")
    held = await ledger.submit(Withdraw(client.account_id, client.wallet, "4.00", None, "DE89 3704", ""))
    assert held.rejection is None
    assert await settle_some(connection, START) is None
    row = await connection.fetchrow(
        "SELECT held, pending FROM wallets WHERE id = $1", client.wallet.wallet_id
    )
    assert row is not None
    assert tuple(row) == (400, 0)
