"""What workers do, at a test's word."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ledger.rejections import ErrorCode
from ledger.service import Ledger
from ledger.withdrawal_commands import SettleWithdrawal
from tests.ledger.sending import send


@dataclass(frozen=True, slots=True)
class Worker:
    """Knows operations by their public ids."""

    ledger: Ledger
    connection: asyncpg.Connection

    async def send(self, withdrawal: str) -> None:
        """Takes it to the bank, which does not answer yet."""
        await send(self.connection, uuid_of(withdrawal))

    async def hear(self, withdrawal: str, *, is_paid: bool) -> ErrorCode | None:
        """Posts what the bank said; a code where that was posted before."""
        found = await self.ledger.reads.operation(uuid_of(withdrawal))
        assert found is not None
        earlier = await self.ledger.reads.earlier(uuid_of(withdrawal), found[0].account_id)
        assert earlier is not None
        outcome = await self.ledger.submit(SettleWithdrawal(found[0].account_id, earlier, is_paid))
        return None if outcome.rejection is None else outcome.rejection.code

    async def pay(self, withdrawal: str) -> None:
        """Takes it to the bank, which pays."""
        await self.send(withdrawal)
        assert await self.hear(withdrawal, is_paid=True) is None

    async def carry_out(self) -> None:
        """All that is queued."""
        while waiting := await self.ledger.queue.first_of(1, 100):
            await self.ledger.queue.carry_out([one.read() for one in waiting])


def uuid_of(public_id: str) -> UUID:
    """The operation's id in the tables."""
    return UUID(hex=public_id.removeprefix("op_"))
