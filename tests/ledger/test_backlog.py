"""What waits for workers has a bound."""

import asyncio

import pytest

from ledger.backlog import REMEMBERED_SECONDS
from ledger.commands import Enqueue
from ledger.errors import Overloaded
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.databases import copy_database
from tests.ledger.holders import open_holder


async def test_a_full_queue_takes_no_more_and_direct_work_goes_on(template_dsn: str) -> None:
    dsn = await asyncio.to_thread(copy_database, template_dsn, "full_queue")
    settings = Settings(database_url=dsn, queued_operations_max=2)
    async with open_pool(dsn, 4) as pool, Ledger.open(settings, dsn, pool) as ledger:
        client = await open_holder(ledger, "10.00")
        for key in ("first", "second"):
            await ledger.submit(Enqueue(client.deposit("1.00", key=key)))
        await asyncio.sleep(REMEMBERED_SECONDS)
        with pytest.raises(Overloaded):
            await ledger.submit(Enqueue(client.deposit("1.00", key="third")))
        assert (await ledger.submit(client.deposit("1.00", key="at once"))).rejection is None

        await ledger.queue.carry_out([waiting.read() for waiting in await ledger.queue.first_of(1, 2)])
        await asyncio.sleep(REMEMBERED_SECONDS)
        accepted = await ledger.submit(Enqueue(client.deposit("1.00", key="third")))
        assert not accepted.replayed
        assert len(await ledger.queue.first_of(1, 9)) == 1
