"""Sending money to any wallet."""

import asyncio
from typing import Any

import asyncpg
import pytest

from schema.ids import IdKind, write_id
from tests.client import Api
from tests.service.shop import Shop, refusal, succeeded


@pytest.mark.parametrize("by", ["token", "id"])
async def test_both_owners_see_it(shop: Shop, anyone: Api, by: str) -> None:
    friend = await anyone.sign_up_client(firstName="Grace", lastName="Hopper")
    purse = await friend.create_wallet()
    sent = await shop.client.transfer(shop.purse["token"], {by: purse[by]}, "4.50", summary="For the pizza")
    assert succeeded(sent)
    operation = sent["operation"]
    assert (operation["kind"], operation["summary"], operation["rate"]) == ("TRANSFER", "For the pizza", None)
    assert operation["debited"] == operation["credited"] == {"amount": "4.50", "currency": "USD"}
    assert (operation["source"]["id"], operation["target"]["id"]) == (shop.purse["id"], purse["id"])
    # "wallet" is the sender's.
    assert (sent["wallet"]["id"], sent["wallet"]["balance"]["amount"]) == (shop.purse["id"], "5.50")
    (edge,) = (await friend.history(purse["token"]))["edges"]
    assert (edge["change"]["amount"], edge["node"]["source"]["ownerName"]) == ("4.50", "Ada L.")
    assert edge["node"]["source"]["token"] is None
    newest = (await shop.client.history(shop.purse["token"]))["edges"][0]
    assert (newest["change"]["amount"], newest["node"]["target"]["ownerName"]) == ("-4.50", "Grace H.")


async def test_between_ones_own_wallets_the_senders_is_shown(shop: Shop) -> None:
    savings = await shop.client.create_wallet()
    sent = await shop.client.transfer(shop.purse["token"], {"id": savings["id"]}, "10")
    assert (sent["wallet"]["id"], sent["wallet"]["balance"]["amount"]) == (shop.purse["id"], "0.00")


async def test_a_company_sends_money_too(shop: Shop) -> None:
    assert succeeded(await shop.charge("4"))
    assert succeeded(await shop.company.transfer(shop.till["token"], {"id": shop.purse["id"]}, "1"))
    assert await shop.balances() == ("7.00", "3.00")


async def test_refusals(shop: Shop, anyone: Api) -> None:
    purse, till = shop.purse["token"], {"token": shop.till["token"]}
    client = shop.client
    assert refusal(await client.transfer(purse, {"id": shop.purse["id"]}, "1")) == ("SAME_WALLET", ["to"])
    assert refusal(await client.transfer(purse, till, "10.01")) == ("INSUFFICIENT_FUNDS", ["amount"])
    assert refusal(await client.transfer(purse, till, "0")) == ("AMOUNT_NOT_POSITIVE", ["amount"])
    assert refusal(await client.transfer("nothing", till, "1")) == ("WALLET_NOT_FOUND", ["from"])
    # Neither another's wallet nor the id of something else is a wallet of the caller's.
    assert refusal(await shop.company.transfer(purse, till, "1")) == ("WALLET_NOT_FOUND", ["from"])
    account = (await client.ask("{ viewer { id } }")).data["viewer"]["id"]
    for to in ({"id": "nothing"}, {"id": account}, {"token": shop.till["token"][:-1] + "!"}, {"id": ""}):
        assert refusal(await client.transfer(purse, to, "1")) == ("WALLET_NOT_FOUND", ["to"])
    assert await shop.statuses() == (
        ["INSUFFICIENT_FUNDS", "SAME_WALLET", "SUCCEEDED"],
        ["INSUFFICIENT_FUNDS"],
    )
    assert await shop.balances() == ("10.00", "0.00")


@pytest.mark.parametrize("to", ["{}", '{ id: "a", token: "b" }', "{ id: null }", '{ id: "a", token: null }'])
async def test_exactly_one_of_id_and_token(shop: Shop, to: str) -> None:
    answer = await shop.client.ask(
        f'mutation {{ transfer(input: {{ from: "x", to: {to}, amount: "1" }}) {{ replayed }} }}'
    )
    assert answer.error_codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "to", [{}, {"id": "a", "token": "b"}, {"id": None}, {"id": "a", "token": None}, {"id": "a", "x": "b"}]
)
@pytest.mark.parametrize("many", [False, True])
async def test_exactly_one_of_id_and_token_in_variables(shop: Shop, to: dict[str, Any], many: bool) -> None:
    asked = {"from": shop.purse["token"], "to": to, "amount": "1"}
    if many:
        query = "mutation ($inputs: [TransferInput!]!) { transferMany(inputs: $inputs) { failedCount } }"
        answer = await shop.client.ask(query, inputs=[asked])
    else:
        query = "mutation ($input: TransferInput!) { transfer(input: $input) { replayed } }"
        answer = await shop.client.ask(query, input=asked)
    assert set(answer.error_codes) == {"BAD_USER_INPUT"}
    assert answer.body["errors"][0]["extensions"]["executed"] == "NO"


async def test_the_system_s_own_wallets_are_nobody_s(shop: Shop, dsn: str) -> None:
    """Their ids can be worked out. Naming one is answered at once, whoever uses it at that moment."""
    assert succeeded(await shop.deposit("1"))
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            (own, *_) = await connection.fetch("SELECT id FROM wallets WHERE kind <> 'HOLDER' FOR UPDATE")
            to = {"id": write_id(IdKind.WALLET, own["id"])}
            async with asyncio.timeout(0.9):
                payload = await shop.client.transfer(from_=shop.purse["token"], to=to, amount="1")
            assert refusal(payload)[0] == "WALLET_NOT_FOUND"
    finally:
        await connection.close()


async def test_the_same_key_moves_money_once(shop: Shop) -> None:
    asked = {"from_": shop.purse["token"], "to": {"id": shop.till["id"]}, "idempotencyKey": "rent"}
    first = await shop.client.transfer(**asked, amount="3")
    again = await shop.client.transfer(**asked, amount="3.00")
    assert (again["replayed"], again["operation"]) == (True, first["operation"])
    assert again["wallet"]["id"] == shop.purse["id"]
    other = await shop.client.transfer(**asked, amount="4")
    assert refusal(other) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    by_token = await shop.client.transfer(**asked | {"to": {"token": shop.till["token"]}}, amount="3")
    assert refusal(by_token) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert await shop.balances() == ("7.00", "3.00")
