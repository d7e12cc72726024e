"""A wallet that somebody holds for long stops those alone who name it."""

import asyncio

import asyncpg
import pytest

from ledger.errors import Unavailable
from ledger.service import Ledger
from tests.ledger.holders import Holder, open_holder


async def test_the_neighbours_of_a_held_wallet_go_on(
    ledger: Ledger, dsn: str, connection: asyncpg.Connection
) -> None:
    company = await open_holder(ledger)
    held, *others = [await open_holder(ledger, "10.00") for _ in range(6)]
    holder = await asyncpg.connect(dsn)
    try:
        async with holder.transaction():
            await holder.execute("SELECT FROM wallets WHERE id = $1 FOR UPDATE", held.wallet.wallet_id)
            stuck = [asyncio.create_task(ledger.submit(company.charge(held, "1.00"))) for _ in range(3)]
            async with asyncio.timeout(4):  # of the 10 s that a batch is tried for
                for _ in range(3):
                    done = await asyncio.gather(*(_charge(ledger, company, other) for other in others))
                    assert all(done)
            for waiting in stuck:
                with pytest.raises(Unavailable) as told:
                    await waiting
                assert not told.value.executed_unknown
    finally:
        await holder.close()
    assert (await ledger.submit(company.charge(held, "1.00"))).rejection is None
    row = await connection.fetchrow(
        "SELECT balance, sequence FROM wallets WHERE id = $1", company.wallet.wallet_id
    )
    assert row is not None
    assert tuple(row) == (1600, 16)


async def _charge(ledger: Ledger, company: Holder, payer: Holder) -> bool:
    return (await ledger.submit(company.charge(payer, "1.00"))).rejection is None
