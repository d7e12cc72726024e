"""A worker that is asked to carry out nothing."""

import pytest

from ledger.service import Ledger
from ledger.watching import BatchReport


async def test_nothing_is_no_transaction_and_is_not_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[BatchReport] = []
    monkeypatch.setattr(ledger.queue, "_watch", reports.append)
    await ledger.queue.carry_out([])
    assert reports == []
