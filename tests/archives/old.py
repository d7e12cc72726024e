"""A ledger that has been at work for months, and what its operator does with them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger import archives
from ledger.archiving import ArchiveRefused, Reason
from ledger.commands import Authorize, Capture, Enqueue, Refund
from ledger.earlier import Earlier
from ledger.reads import SEQUENCE_MAX, Span
from ledger.service import Ledger
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw
from tests.archives.aging import DUE, add_partitions, age
from tests.ledger.holders import Holder, open_holder
from tests.ledger.sending import send

AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (datetime(2025, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11))
PERIODS = ("202508", "202509", "202510")

Operator = Callable[..., Awaitable[Any]]

_ALL = Span(0, SEQUENCE_MAX, descending=False, limit=10_000)
# With the partition that each row stands in.
_WHOLE = "SELECT {0}.*, {0}.tableoid::regclass::text AS stands_in FROM {0} ORDER BY {1}"
_TABLES = {
    "operations": "id",
    "entries": "operation_id, wallet_id",
    "wallets": "id",
    "archived_openings": "wallet_id",
    "reservations": "operation_id",
    "shares": "operation_id, number",
    "idempotency_keys": "account_id, key",
    "withdrawals": "operation_id",
    "withdrawal_attempts": "operation_id, number",
}

Tables = dict[str, list[asyncpg.Record]]


class Old:
    """Operations of August to October 2025 and of now, by a client, a friend with euros and a company."""

    client: Holder
    friend: Holder
    company: Holder

    def __init__(self, ledger: Ledger, connection: asyncpg.Connection) -> None:
        self.ledger, self.connection = ledger, connection

    async def fill(self) -> None:
        """Months of work, with the turn of August to September under load."""
        await self.begin()
        await self.chapter("august")
        await self.later_chapter("august")
        await self.authorize("2.00")
        await age(self.connection, AUGUST + timedelta(days=3))
        for number in range(10):
            await self.chapter(f"edge {number}")
            await self.later_chapter(f"edge {number}")
        # By processes whose clocks are a second late or early: ids and decisions are in another order.
        await age(
            self.connection, SEPTEMBER - timedelta(seconds=4), timedelta(seconds=0.1), timedelta(seconds=1)
        )
        await self.chapter("september")
        await self.later_chapter("september")
        await age(self.connection, SEPTEMBER + timedelta(days=20))
        await self.chapter("october")
        await age(self.connection, OCTOBER + timedelta(days=20))
        await self.chapter("now")
        await self.let_holds_end(SEPTEMBER)

    async def begin(self) -> None:
        """Three wallets, and partitions of old months."""
        self.client = await open_holder(self.ledger, "100.00")
        self.friend = await open_holder(self.ledger, "50.00", currency="EUR")
        self.company = await open_holder(self.ledger)
        await add_partitions(self.connection, [AUGUST, SEPTEMBER, OCTOBER, NOVEMBER])

    async def let_holds_end(self, moment: datetime) -> None:
        """What is held is so until then, whether or not anyone has noticed."""
        async with self.connection.transaction():
            await self.connection.execute("SET LOCAL session_replication_role = replica")
            await self.connection.execute(
                "UPDATE reservations SET ends_at = $1 WHERE state = 'OPEN' AND kind <> 'WITHDRAWAL'", moment
            )
            await self.connection.execute(DUE)

    async def chapter(self, name: str) -> None:
        """One of each kind, and a refusal."""
        ledger, client, company = self.ledger, self.client, self.company
        await ledger.submit(client.deposit("5.00", key=f"{name} deposit"))
        charged = await ledger.submit(company.charge(client, "3.00", key=f"{name} charge"))
        await ledger.submit(company.charge(client, "900.00", key=f"{name} refusal"))
        await ledger.submit(company.charge(self.friend, "1.00", key=f"{name} conversion"))
        assert charged.operation is not None
        charge = await self.earlier(charged.operation.id)
        await ledger.submit(Refund(company.account_id, charge.id, "1.00", "", charge))
        held = await self.authorize("2.00")
        await ledger.submit(Capture(company.account_id, held.id, "1.50", "", held))

    async def later_chapter(self, name: str) -> None:
        """One withdrawal that is paid and one that is called back, and a deposit that waits for its turn."""
        client, company = self.client, self.company
        paid, called_back = [await self.withdraw(key=f"{name} {end}") for end in ("paid", "called back")]
        await self.ledger.submit(Enqueue(client.deposit("2.00", key=f"{name} queued")))
        await self.ledger.submit(Enqueue(company.charge(client, "900.00", key=f"{name} queued refusal")))
        await self.ledger.submit(CancelWithdrawal(client.account_id, called_back.id, called_back))
        await self.settle(paid)
        await self.ledger.queue.carry_out(
            [waiting.read() for waiting in await self.ledger.queue.first_of(1, 2)]
        )

    async def withdraw(self, *, key: str | None = None) -> Earlier:
        """The client asks for a dollar of cash."""
        done = await self.ledger.submit(self.withdrawal(key))
        assert done.operation is not None
        earlier = await self.ledger.reads.earlier(done.operation.id, self.client.account_id)
        assert earlier is not None
        return earlier

    def withdrawal(self, key: str | None) -> Withdraw:
        """What is asked for then."""
        client = self.client
        return Withdraw(client.account_id, client.wallet, "1.00", None, "NL91ABNA0417164300", "", key)

    async def settle(self, withdrawal: Earlier) -> None:
        """The bank has paid."""
        await send(self.connection, withdrawal.id)
        settled = SettleWithdrawal(self.client.account_id, withdrawal, is_paid=True)
        assert (await self.ledger.submit(settled)).rejection is None

    async def authorize(self, amount: str) -> Earlier:
        """The company has that much held in the client's wallet."""
        company, till = self.company.account_id, self.company.wallet.wallet_id
        done = await self.ledger.submit(
            Authorize(company, self.client.wallet, amount, None, "", usual_wallet_id=till)
        )
        assert done.operation is not None
        return await self.earlier(done.operation.id)

    async def earlier(self, operation_id: Any) -> Earlier:
        """What the company finds of one of its operations."""
        found = await self.ledger.reads.earlier(operation_id, self.company.account_id)
        assert found is not None
        return found

    async def sequences(self, holder: Holder) -> list[int]:
        """What the history of the holder's wallet has."""
        return [item.sequence for item in await self.ledger.reads.history(holder.wallet.wallet_id, _ALL)]

    async def tables(self) -> Tables:
        """All that is in the ledger's tables, and where each row stands."""
        return {
            table: await self.connection.fetch(_WHOLE.format(table, order))
            for table, order in _TABLES.items()
        }


def file_of(folder: Path, period: str) -> Path:
    """The archive of that period in the folder."""
    return folder / f"purser-{period}.jsonl.gz"


async def take_out(operator: Operator, folder: Path, *periods: str) -> None:
    """Archives and detaches them in that order."""
    for period in periods:
        await operator(archives.archive, period, folder)
        await operator(archives.detach, file_of(folder, period))


async def refused(command: Awaitable[object]) -> Reason:
    """Why the command is refused."""
    with pytest.raises(ArchiveRefused) as refusal:
        await command
    return refusal.value.reason
