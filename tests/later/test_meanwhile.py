"""What happens to wallets between the acceptance of something and its turn."""

from typing import Any

from ledger.outcomes import WalletView
from ledger.wallets import NewWallet
from tests.client import Api
from tests.later.test_queued import queued
from tests.later.worker import Worker, uuid_of
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal

TOKENS = "query ($id: ID!) { operation(id: $id) { status failureCode source { token } target { token } } }"


async def rotate(owner: Api, wallet: dict[str, Any]) -> str:
    answer = await owner.change("rotateWalletToken", wallet=wallet["token"])
    assert answer["userErrors"] == []
    (node,) = (await owner.ask("{ wallets { nodes { token } } }")).data["wallets"]["nodes"]
    token: str = node["token"]
    assert token != wallet["token"]
    return token


async def test_a_charge_fails_once_the_payers_token_is_another_and_never_tells_it(
    shop: Shop, worker: Worker
) -> None:
    charge = queued(await shop.charge("4", queued=True, idempotencyKey="before"))
    token = await rotate(shop.client, shop.purse)
    for _ in range(2):
        told = (await shop.company.ask(TOKENS, id=charge)).data["operation"]
        assert told["source"] == {"token": None}
        await worker.carry_out()
    assert (told["status"], told["failureCode"]) == ("FAILED", "WALLET_NOT_FOUND")
    (edge, _) = (await shop.client.history(token))["edges"]
    assert (edge["node"]["id"], edge["change"]["amount"]) == (charge, "0.00")
    again = await shop.charge("4", queued=True, idempotencyKey="before")
    assert refusal(again)[0] == "WALLET_NOT_FOUND"


async def test_ones_own_deposits_and_transfers_need_no_token_any_more(shop: Shop, worker: Worker) -> None:
    friend = await shop.company.sign_up_client()
    to = await friend.create_wallet()
    deposit = queued(await shop.deposit("5", queued=True))
    transfer = queued(
        await shop.client.transfer(shop.purse["token"], {"token": to["token"]}, "1", queued=True)
    )
    token, friends = await rotate(shop.client, shop.purse), await rotate(friend, to)
    await worker.carry_out()
    for known in (deposit, transfer):
        assert (await shop.client.operation(known))["status"] == "SUCCEEDED"
    assert (await shop.client.wallet(token))["balance"]["amount"] == "14.00"
    assert (await friend.wallet(friends))["balance"]["amount"] == "1.00"


async def test_a_charge_goes_where_its_acceptance_said(shop: Shop, worker: Worker) -> None:
    charge = queued(await shop.charge("4", queued=True))
    owner_id = uuid_of((await shop.company.ask("{ viewer { id } }")).data["viewer"]["id"].partition("_")[2])
    assert isinstance(
        await worker.ledger.create_wallet(NewWallet(owner_id, "USD"), wallets_max=0), WalletView
    )
    await worker.carry_out()
    assert (await shop.company.operation(charge))["status"] == "SUCCEEDED"
    assert await shop.balances() == ("6.00", "4.00")


async def test_a_company_without_a_wallet_is_refused_at_once_and_that_is_recorded(anyone: Api) -> None:
    client, company = await anyone.sign_up_client(), await anyone.sign_up_company()
    purse = await client.create_wallet()
    refused = await company.charge(purse["token"], "1", queued=True)
    assert refusal(refused)[0] == "WALLET_REQUIRED"
    (edge,) = (await client.history(purse["token"]))["edges"]
    assert edge["node"]["id"] == refused["operation"]["id"]


async def test_a_converted_withdrawal_that_failed_says_no_rate_anywhere(
    shop: Shop, administrator: Api, worker: Worker
) -> None:
    code = await new_currency(administrator, "1.5")
    answer = await shop.client.withdraw(shop.purse["token"], "2", currency=code)
    withdrawal = answer["operation"]["id"]
    assert answer["operation"]["rate"] is not None
    await worker.send(withdrawal)
    assert await worker.hear(withdrawal, is_paid=False) is None
    (ended, accepted, _) = (await shop.client.history(shop.purse["token"]))["edges"]
    assert ended["node"] == accepted["node"]
    assert (await shop.client.operation(withdrawal))["rate"] is None


async def test_split_wallets_may_have_new_tokens(shop: Shop, worker: Worker) -> None:
    partner = (await open_shop(shop.client, "USD")).company
    (till,) = (await partner.ask("{ wallets { nodes { id token } } }")).data["wallets"]["nodes"]
    charge = queued(await shop.charge("4", queued=True, splits=[{"into": till["token"], "percentage": "25"}]))
    await rotate(partner, till)
    await worker.carry_out()
    assert (await shop.company.operation(charge))["status"] == "SUCCEEDED"
    assert await shop.balances() == ("6.00", "3.00")
