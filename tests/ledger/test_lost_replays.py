"""A repeated request whose first outcome can't be read is never told that nothing was executed."""

import pytest

from ledger import asking
from ledger.errors import Unavailable
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.ledger.holders import open_holder


async def test_executed_is_unknown_where_the_first_outcome_can_not_be_read(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(dsn, 1) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        holder = await open_holder(ledger, "1.00")
        first = await ledger.submit(holder.deposit("7.00", key="a key"))
        monkeypatch.setattr(asking, "SECONDS_MAX", 0.5)
        async with pool.acquire():
            with pytest.raises(Unavailable) as refused:
                await ledger.submit(holder.deposit("7.00", key="a key"))
        assert refused.value.executed_unknown
        monkeypatch.undo()
        again = await ledger.submit(holder.deposit("7.00", key="a key"))
    assert again.replayed
    assert (again.operation, again.wallet) == (first.operation, first.wallet)
