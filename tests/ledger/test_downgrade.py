"""Going back to the version before withdrawals and queued operations: only where there have never been any."""

from collections.abc import Awaitable, Callable
from importlib import import_module

import asyncpg
import pytest

from ledger.commands import Enqueue
from ledger.service import Ledger
from ledger.withdrawal_commands import Withdraw
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants

LATER = import_module("migrations.models.8_20261121_later")


@pytest.fixture
def dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    return copy_database(template_dsn, f"downgraded {hash(request.node.name)}")


async def queue_and_carry_out(ledger: Ledger, holder: Holder) -> None:
    await ledger.submit(Enqueue(holder.deposit("1.00", key="later")))
    await ledger.queue.carry_out([waiting.read() for waiting in await ledger.queue.first_of(1, 1)])


async def queue(ledger: Ledger, holder: Holder) -> None:
    await ledger.submit(Enqueue(holder.deposit("1.00")))


async def withdraw_too_much(ledger: Ledger, holder: Holder) -> None:
    refused = await ledger.submit(Withdraw(holder.account_id, holder.wallet, "11.00", None, "NL91", ""))
    assert refused.rejection is not None


async def withdraw(ledger: Ledger, holder: Holder) -> None:
    await ledger.submit(Withdraw(holder.account_id, holder.wallet, "1.00", None, "NL91", ""))


@pytest.mark.parametrize("work", [queue, queue_and_carry_out, withdraw, withdraw_too_much])
async def test_what_the_version_before_does_not_know_is_not_lost(
    work: Callable[[Ledger, Holder], Awaitable[None]], dsn: str, connection: asyncpg.Connection
) -> None:
    async with open_pool(dsn, 2) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        await work(ledger, await open_holder(ledger, "10.00"))
    with pytest.raises(asyncpg.RaiseError, match="does not know"):
        await connection.execute(await LATER.downgrade(None))
    await assert_invariants(connection)


async def test_there_and_back(dsn: str, connection: asyncpg.Connection) -> None:
    async with open_pool(dsn, 2) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        await open_holder(ledger, "10.00")
    await connection.execute(await LATER.downgrade(None))
    assert await connection.fetchval("SELECT to_regclass('withdrawals') IS NULL")
    await connection.execute(await LATER.upgrade(None))
    async with open_pool(dsn, 2) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        holder = await open_holder(ledger, "10.00")
        await queue_and_carry_out(ledger, holder)
        await withdraw(ledger, holder)
    await assert_invariants(connection)
