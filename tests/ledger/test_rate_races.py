"""Rates set while payments convert and wallets are made, through several ledgers as several processes do it."""

import asyncio
from itertools import cycle
from uuid import UUID, uuid4

import asyncpg

from ledger.commands import Transfer
from ledger.outcomes import WalletView
from ledger.rates import CurrencyRow, NewRate
from ledger.rejections import ErrorCode, Rejection
from ledger.service import Ledger
from ledger.wallets import NewWallet
from tests.databases import until_waiting
from tests.ledger.holders import Holder, open_holder

ADMINISTRATOR = UUID(int=1)
CHANGES = 30
MAKE_WALLET = """
    INSERT INTO wallets (id, kind, owner_id, token_secret, currency, created_at)
    VALUES (uuidv7(), 'HOLDER', uuidv7(), '', $1, now())
"""


class Changes:
    """Rates of EUR and GBP whose quotient is the number of the change; that of half a change is no whole number."""

    def __init__(self) -> None:
        self.asked = self.done = 2

    async def make(self, ledger: Ledger, number: int) -> None:
        self.asked = number
        rates = [NewRate("EUR", str(number * number), None), NewRate("GBP", str(number), None)]
        rows = await ledger.update_rates(rates, ADMINISTRATOR)
        assert [isinstance(row, CurrencyRow) for row in rows] == [True, True]
        self.done = number


async def test_an_operation_goes_by_the_rates_of_its_own_moment(ledgers: list[Ledger]) -> None:
    changes = Changes()
    await changes.make(ledgers[0], 2)
    payers = [await open_holder(ledgers[0], "1000.00", currency="EUR") for _ in range(6)]
    shops = [await open_holder(ledgers[0], currency="GBP") for _ in range(3)]
    paid = 0

    async def pay(ledger: Ledger, payer: Holder, shop: Holder) -> None:
        nonlocal paid
        while changes.done < CHANGES:
            known = changes.done
            transfer = Transfer(payer.account_id, payer.wallet, shop.wallet.wallet_id, "0.01", "EUR", "")
            outcome = await ledger.submit(transfer)
            assert outcome.rejection is None
            assert outcome.operation is not None
            assert outcome.operation.rate is not None
            assert known <= int(outcome.operation.rate) <= changes.asked
            paid += 1

    async def make_wallets(ledger: Ledger) -> None:
        while changes.done < CHANGES:
            for currency in ("EUR", "GBP"):
                made = await ledger.create_wallet(NewWallet(uuid4(), currency), wallets_max=0)
                assert isinstance(made, WalletView)

    async with asyncio.TaskGroup() as group:
        for number, payer in enumerate(payers):
            group.create_task(pay(ledgers[number % 3], payer, shops[number // 2]))
        for ledger in ledgers:
            group.create_task(make_wallets(ledger))
        for number, ledger in zip(range(3, CHANGES + 1), cycle(ledgers)):
            await changes.make(ledger, number)
            already = paid
            while paid < already + 3:
                await asyncio.sleep(0.001)


async def test_a_rate_waits_for_no_wallet_that_is_being_made(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute(MAKE_WALLET, "EUR")
        rows = await ledger.update_rates([NewRate("EUR", "1.1", None)], ADMINISTRATOR)
        assert isinstance(rows[0], CurrencyRow)


async def test_nor_do_decimals_once_there_is_a_wallet(ledger: Ledger, connection: asyncpg.Connection) -> None:
    await open_holder(ledger, currency="EUR")
    async with connection.transaction():
        await connection.execute(MAKE_WALLET, "EUR")
        refused = await ledger.update_rates([NewRate("EUR", "1.1", 4)], ADMINISTRATOR)
        assert isinstance(refused[0], Rejection)
        assert refused[0].code == ErrorCode.INVALID


async def test_decimals_wait_for_the_first_wallet(ledger: Ledger, connection: asyncpg.Connection) -> None:
    await ledger.update_rates([NewRate("NEW", "1", 2)], ADMINISTRATOR)
    async with asyncio.TaskGroup() as group, connection.transaction():
        await connection.execute(MAKE_WALLET, "NEW")
        change = group.create_task(ledger.update_rates([NewRate("NEW", "1", 4)], ADMINISTRATOR))
        await until_waiting(connection, 1)
    refused = change.result()
    assert isinstance(refused[0], Rejection)
    assert refused[0].code == ErrorCode.INVALID
