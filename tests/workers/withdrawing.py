"""Holders who withdraw money, and what they see of it."""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

import asyncpg

from ledger.outcomes import Operation, Outcome
from ledger.rejections import ErrorCode
from ledger.service import Ledger
from ledger.views import WithdrawalView
from ledger.withdrawal_commands import CancelWithdrawal, Withdraw
from tests.ledger.holders import Holder, open_holder

SECONDS_MAX = 60.0
DESTINATION = "DE02 1203 0000 0000 2020 51"


class Sender:
    """A holder with one wallet, made by `open_sender`."""

    def __init__(self, ledger: Ledger, holder: Holder) -> None:
        self.holder = holder
        self._ledger = ledger

    async def try_to_withdraw(self, amount: str, destination: str = DESTINATION) -> Outcome:
        holder = self.holder
        return await self._ledger.submit(
            Withdraw(holder.account_id, holder.wallet, amount, None, destination, "rent")
        )

    async def withdraw(self, amount: str, destination: str = DESTINATION) -> UUID:
        outcome = await self.try_to_withdraw(amount, destination)
        assert outcome.rejection is None
        assert outcome.operation is not None
        assert outcome.operation.status == "PENDING"
        return outcome.operation.id

    async def cancel(self, withdrawal_id: UUID) -> ErrorCode | None:
        """Why it could not be called back, None where it was."""
        account_id = self.holder.account_id
        earlier = await self._ledger.reads.earlier(withdrawal_id, account_id)
        outcome = await self._ledger.submit(CancelWithdrawal(account_id, withdrawal_id, earlier))
        return None if outcome.rejection is None else outcome.rejection.code

    async def view(self, withdrawal_id: UUID) -> WithdrawalView:
        return (await self._ledger.reads.withdrawals([withdrawal_id]))[withdrawal_id]

    async def operation(self, withdrawal_id: UUID) -> Operation:
        found = await self._ledger.reads.operation(withdrawal_id)
        assert found is not None
        return found[0]

    async def until_state(self, withdrawal_id: UUID, *states: str) -> WithdrawalView:
        give_up_at = time.monotonic() + SECONDS_MAX
        while (view := await self.view(withdrawal_id)).state not in states:
            assert time.monotonic() < give_up_at, view
            await asyncio.sleep(0.02)
        return view

    async def until_ended(self, withdrawal_ids: Iterable[UUID]) -> list[WithdrawalView]:
        return [
            await self.until_state(withdrawal_id, "SUCCEEDED", "FAILED", "CANCELLED")
            for withdrawal_id in withdrawal_ids
        ]

    async def money(self) -> tuple[int, int]:
        """The balance and what of it is held, in minor units."""
        wallet = await self._ledger.reads.wallet(self.holder.wallet.wallet_id)
        assert wallet is not None
        return wallet.balance, wallet.held


async def open_sender(ledger: Ledger, amount: str, *, currency: str = "USD") -> Sender:
    """A new holder with that amount."""
    return Sender(ledger, await open_holder(ledger, amount, currency=currency))


async def count_of(connection: asyncpg.Connection, state: str) -> int:
    """How many withdrawals are in that state."""
    return int(await connection.fetchval("SELECT count(*) FROM withdrawals WHERE state = $1", state))
