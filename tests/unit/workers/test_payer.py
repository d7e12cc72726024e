"""Calls to the bank: none begins once its time is over."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import pytest

from runtime.settings import Settings
from workers.bank import Answer, Result
from workers.conclusions import Claim
from workers.duty import Workplace
from workers.withdrawals import Payer

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_process_that_was_held_up_does_not_call_any_more(is_new: bool) -> None:
    nobody: Any = None
    bank = AsyncMock()
    bank.pay.return_value = bank.ask.return_value = Answer(Result.PAID)
    payer = Payer(Workplace(Settings(), "", nobody, nobody, None), bank)
    claim = Claim(*(UUID(int=1), UUID(int=2), 1, "DE02", 100, "USD", 2, is_new, NOW, NOW, NOW))
    now = asyncio.get_running_loop().time()
    assert await payer._call(claim, now) is None
    assert bank.mock_calls == []
    assert await payer._call(claim, now + 60) == Answer(Result.PAID)
