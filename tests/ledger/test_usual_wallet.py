"""Where a company's money goes unless it says so: remembered, and never wrong for long."""

from uuid import uuid4

import asyncpg

from ledger.commands import Charge
from ledger.outcomes import Outcome, WalletView
from ledger.service import Ledger
from ledger.wallets import NewWallet
from tests.ledger.holders import Holder, open_holder


async def charge_usual(ledger: Ledger, company: Holder, client: Holder) -> Outcome:
    usual = await ledger.usual_wallet(company.account_id)
    return await ledger.submit(
        Charge(company.account_id, client.wallet, "1.00", None, "A coffee", usual_wallet_id=usual)
    )


async def open_another(ledger: Ledger, company: Holder) -> WalletView:
    made = await ledger.create_wallet(NewWallet(company.account_id, "USD"), wallets_max=0)
    assert isinstance(made, WalletView)
    return made


async def test_who_has_no_wallet_has_no_usual_one(ledger: Ledger) -> None:
    assert await ledger.usual_wallet(uuid4()) is None


async def test_a_second_wallet_ends_the_habit(ledger: Ledger) -> None:
    client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
    assert (await charge_usual(ledger, company, client)).rejection is None
    await open_another(ledger, company)
    for _ in range(2):
        refused = await charge_usual(ledger, company, client)
        assert refused.rejection is not None
        assert refused.rejection.code == "WALLET_REQUIRED"


async def test_a_closed_wallet_is_forgotten_for_the_new_one(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
    assert (await charge_usual(ledger, company, client)).rejection is None
    await connection.execute("UPDATE wallets SET balance = 0 WHERE id = $1", company.wallet.wallet_id)
    await connection.execute("UPDATE wallets SET status = 'CLOSED' WHERE id = $1", company.wallet.wallet_id)
    refused = await charge_usual(ledger, company, client)
    assert refused.rejection is not None
    assert refused.rejection.code == "WALLET_CLOSED"

    opened = await open_another(ledger, company)
    charged = await charge_usual(ledger, company, client)
    assert charged.rejection is None
    assert charged.wallet is not None
    assert charged.wallet.id == opened.id


async def test_a_wallet_that_was_replaced_elsewhere_refuses_nobody(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    client, company = await open_holder(ledger, "10.00"), await open_holder(ledger)
    assert (await charge_usual(ledger, company, client)).rejection is None
    # As another process does it, so that this one remembers the old wallet.
    await connection.execute("UPDATE wallets SET balance = 0 WHERE id = $1", company.wallet.wallet_id)
    await connection.execute("UPDATE wallets SET status = 'CLOSED' WHERE id = $1", company.wallet.wallet_id)
    opened = await open_another(ledger, company)
    for _ in range(2):
        charged = await charge_usual(ledger, company, client)
        assert charged.rejection is None
        assert charged.operation is not None
        assert charged.operation.target_id == opened.id
    assert await ledger.usual_wallet(company.account_id) == opened.id
