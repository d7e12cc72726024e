"""Money moved in every way there is, and refused in some, for tests that look at what is left of it in the tables."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from ledger.commands import (
    Authorize,
    Capture,
    Charge,
    Command,
    Deposit,
    Enqueue,
    Refund,
    Release,
    Split,
    Transfer,
)
from ledger.rates import NewRate
from ledger.service import Ledger
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal, Withdraw
from tests.ledger.holders import Holder, open_holder
from tests.ledger.sending import send, try_later

_NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)
# Long enough to be recorded as open, short enough to be waited for.
_MOMENT = timedelta(seconds=2)


async def move_in_every_way(ledger: Ledger, connection: asyncpg.Connection) -> None:
    """Every kind of operation between a client, two companies and a friend who has euros: accepted and refused."""
    await ledger.update_rates([NewRate("EUR", "1.093809", None)], UUID(int=1))
    client, friend = await open_holder(ledger, "1000.00"), await open_holder(ledger, "100.00", currency="EUR")
    company, partner = await open_holder(ledger, "50.00"), await open_holder(ledger, currency="EUR")
    await _deposit_in_every_way(ledger, client)
    await _pay_in_every_way(ledger, client, friend, company, partner)
    await _reserve_in_every_way(ledger, client, company, partner)
    await _refuse_in_every_way(ledger, client, company)
    await _withdraw_in_every_way(ledger, connection, client)
    await _queue_in_every_way(ledger, client, company, friend)
    await _let_one_of_each_be_over(ledger, connection, client, company)


async def _deposit_in_every_way(ledger: Ledger, client: Holder) -> None:
    for key in ("salary", "salary"):
        await ledger.submit(client.deposit("10.00", key=key))
    await _succeed(ledger, Deposit(client.account_id, client.wallet, "7.00", "EUR", ""))
    for currency in ("USD", "EUR"):
        later = Deposit(client.account_id, client.wallet, "5.00", currency, "", available_at=_NEXT_YEAR)
        await _succeed(ledger, later)


async def _pay_in_every_way(
    ledger: Ledger, client: Holder, friend: Holder, company: Holder, partner: Holder
) -> None:
    await _succeed(ledger, company.charge(client, "4.00", key="soup"))
    whole = await _succeed(ledger, company.charge(client, "20.00", key="dinner"))
    converted = await _succeed(ledger, partner.charge(client, "9.99"))
    parts = (Split(partner.wallet, "3.33", None), Split(friend.wallet, None, "12.5"))
    split = await _succeed(
        ledger,
        Charge(
            *(company.account_id, client.wallet, "30.00", "USD", "A feast"),
            usual_wallet_id=company.wallet.wallet_id,
            splits=parts,
        ),
    )
    for to in (company.wallet, friend.wallet, friend.wallet.wallet_id):
        await _succeed(ledger, Transfer(client.account_id, client.wallet, to, "1.23", None, ""))
    for charge_id, who, amount in (
        (whole, company, "5.00"),
        (whole, company, None),
        (split, company, "7.77"),
        (split, company, "3.21"),
        (converted, partner, "1.00"),
    ):
        charge = await ledger.reads.earlier(charge_id, who.account_id)
        await _succeed(ledger, Refund(who.account_id, charge_id, amount, "", charge))


async def _reserve_in_every_way(ledger: Ledger, client: Holder, company: Holder, partner: Holder) -> None:
    # Left open, captured in parts and left open, captured at once and given back, captured in part, released.
    for who in (company, partner):
        account_id = who.account_id
        asked = Authorize(account_id, client.wallet, "12.00", None, "", usual_wallet_id=who.wallet.wallet_id)
        held = [await _succeed(ledger, asked) for _ in range(5)]
        earlier = [await ledger.reads.earlier(authorization, account_id) for authorization in held]
        for amount in ("1.00", "2.50"):
            await _succeed(ledger, Capture(account_id, held[1], amount, "", earlier[1], is_final=False))
        whole = await _succeed(ledger, Capture(account_id, held[2], None, "", earlier[2]))
        captured = await ledger.reads.earlier(whole, account_id)
        await _succeed(ledger, Refund(account_id, whole, "2.00", "", captured))
        await _succeed(ledger, Capture(account_id, held[3], "1.00", "", earlier[3]))
        await _succeed(ledger, Release(account_id, held[4], earlier[4]))
        await ledger.submit(Capture(account_id, held[4], "1.00", "", earlier[4]))


async def _refuse_in_every_way(ledger: Ledger, client: Holder, company: Holder) -> None:
    poor = await open_holder(ledger)
    refused: list[Command] = [
        company.charge(client, "100000.00", key="yacht"),
        company.charge(client, "0.00", key="nothing"),
        Transfer(client.account_id, client.wallet, client.wallet, "1.00", None, ""),
        Transfer(poor.account_id, poor.wallet, client.wallet, "1.00", None, "", "gift"),
        Charge(uuid4(), client.wallet, "1.00", None, "", idempotency_key="nowhere"),
        Authorize(
            company.account_id, poor.wallet, "1.00", None, "", usual_wallet_id=company.wallet.wallet_id
        ),
    ]
    for command in refused:
        assert (await ledger.submit(command)).rejection is not None
    together: list[Command] = [
        company.charge(client, "1.00", key="one of two"),
        company.charge(poor, "1.00", key="two of two"),
    ]
    outcomes = await ledger.submit_many(together, is_atomic=True)
    assert all(outcome.rejection is not None for outcome in outcomes)


async def _withdraw_in_every_way(ledger: Ledger, connection: asyncpg.Connection, client: Holder) -> None:
    # Left alone, sent and left so, paid, paid in euros at the second attempt, not paid, called back, refused at once.
    asked = Withdraw(client.account_id, client.wallet, "9.00", None, "NL91ABNA0417164300", "", "cash")
    euros = replace(asked, amount="8.00", currency="EUR", idempotency_key=None)
    keys = ("cash", "sent", "paid", None, "unpaid", "called back")
    held = [
        await _succeed(ledger, euros if key is None else replace(asked, idempotency_key=key)) for key in keys
    ]
    _, sent, paid, in_euros, unpaid, called_back = held
    for withdrawal_id in (sent, paid, in_euros, unpaid):
        await send(connection, withdrawal_id)
    await try_later(connection, in_euros)
    await send(connection, in_euros)
    for withdrawal_id, is_paid in ((paid, True), (in_euros, True), (unpaid, False)):
        earlier = await ledger.reads.earlier(withdrawal_id, client.account_id)
        assert earlier is not None
        await _succeed(ledger, SettleWithdrawal(client.account_id, earlier, is_paid))
    earlier = await ledger.reads.earlier(called_back, client.account_id)
    await _succeed(ledger, CancelWithdrawal(client.account_id, called_back, earlier, "come back"))
    assert (await ledger.submit(replace(asked, amount="100000.00", idempotency_key="dream"))).rejection


async def _queue_in_every_way(ledger: Ledger, client: Holder, company: Holder, friend: Holder) -> None:
    # Carried out, two of them in vain, and a pair that waits.
    later = Deposit(client.account_id, client.wallet, "3.00", None, "", "for later", available_at=_NEXT_YEAR)
    gift = Transfer(client.account_id, client.wallet, friend.wallet, "2.00", None, "", "second gift")
    await _enqueue(
        ledger,
        client.deposit("3.00", key="first in line"),
        later,
        company.charge(client, "2.50", key="snack"),
        company.charge(client, "100000.00", key="palace"),
        gift,
        Transfer(client.account_id, client.wallet, client.wallet, "2.00", None, ""),
    )
    await ledger.queue.carry_out([waiting.read() for waiting in await ledger.queue.first_of(1, 10)])
    assert await ledger.queue.lanes() == []
    await _enqueue(
        ledger, client.deposit("1.00", key="waits"), company.charge(client, "1.00", key="waits too")
    )


async def _enqueue(ledger: Ledger, *commands: Deposit | Charge | Transfer) -> None:
    for command in commands:
        await _succeed(ledger, Enqueue(command))


async def _let_one_of_each_be_over(
    ledger: Ledger, connection: asyncpg.Connection, client: Holder, company: Holder
) -> None:
    """Nothing happens in the wallet afterwards, so that its row still has set aside what is free again."""
    soon = datetime.now(UTC) + _MOMENT
    await _succeed(ledger, Deposit(client.account_id, client.wallet, "1.00", None, "", available_at=soon))
    till = company.wallet.wallet_id
    await _succeed(
        ledger,
        Authorize(company.account_id, client.wallet, "1.00", None, "", usual_wallet_id=till, expires_at=soon),
    )
    await asyncio.sleep(_MOMENT.total_seconds())
    over = "SELECT count(*) FROM reservations WHERE state = 'OPEN' AND ends_at <= clock_timestamp()"
    assert await connection.fetchval(over) == 2


async def _succeed(ledger: Ledger, command: Command) -> UUID:
    outcome = await ledger.submit(command)
    assert outcome.rejection is None, outcome
    assert outcome.operation is not None
    return outcome.operation.id
