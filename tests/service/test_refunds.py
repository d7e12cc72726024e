"""Giving back what was charged, in parts, and never more."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.client import Api
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded


async def charged(shop: Shop, amount: str, **more: Any) -> str:
    payload = await shop.charge(amount, **more)
    assert succeeded(payload)
    operation_id: str = payload["operation"]["id"]
    return operation_id


async def test_in_parts_and_then_the_rest(shop: Shop) -> None:
    charge = await charged(shop, "9.99")
    part = await shop.company.refund(charge, amount="3.33", summary="One was bruised")
    assert succeeded(part)
    operation = part["operation"]
    assert (operation["kind"], operation["summary"]) == ("REFUND", "One was bruised")
    assert (operation["source"]["id"], operation["target"]["id"]) == (shop.till["id"], shop.purse["id"])
    assert (part["wallet"]["id"], part["wallet"]["balance"]["amount"]) == (shop.till["id"], "6.66")
    assert (await shop.company.operation(operation["id"]))["origin"] == {"id": charge, "kind": "CHARGE"}
    assert (await shop.client.operation(charge))["refunded"] == {"amount": "3.33", "currency": "USD"}
    rest = await shop.company.refund(charge)
    assert rest["operation"]["amount"]["amount"] == "6.66"
    assert (await shop.client.operation(charge))["refunded"]["amount"] == "9.99"
    assert await shop.balances() == ("10.00", "0.00")
    assert refusal(await shop.company.refund(charge)) == ("REFUND_EXCEEDS_CHARGE", ["operation"])


async def test_never_more_than_was_charged(shop: Shop) -> None:
    charge = await charged(shop, "5")
    await charged(shop, "5")
    assert succeeded(await shop.company.refund(charge, amount="3"))
    assert refusal(await shop.company.refund(charge, amount="2.01")) == ("REFUND_EXCEEDS_CHARGE", ["amount"])
    assert await shop.statuses() == (
        ["REFUND_EXCEEDS_CHARGE", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"],
        ["REFUND_EXCEEDS_CHARGE", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"],
    )
    assert await shop.balances() == ("3.00", "7.00")


async def test_many_at_once_never_give_back_more(shop: Shop) -> None:
    charge = await charged(shop, "10")
    payloads = await asyncio.gather(*(shop.company.refund(charge, amount="0.70") for _ in range(40)))
    codes = Counter(payload["operation"]["failureCode"] for payload in payloads)
    assert codes == {None: 14, "REFUND_EXCEEDS_CHARGE": 26}
    assert await shop.balances() == ("9.80", "0.20")
    assert succeeded(await shop.company.refund(charge))
    assert await shop.balances() == ("10.00", "0.00")


async def test_across_currencies_the_payer_gets_back_exactly_what_left(
    administrator: Api, anyone: Api
) -> None:
    code = await new_currency(administrator, "1.093809", exponent=6)
    shop = await open_shop(anyone, code, "10")
    other = await open_shop(anyone, "USD")
    charge = await other.company.charge(shop.purse["token"], "9.999999")
    assert succeeded(charge)
    assert charge["operation"]["rate"] == "1.093809"
    assert charge["operation"]["credited"] == {"amount": "10.93", "currency": "USD"}
    # The rate of today is no matter.
    await administrator.ask(
        "mutation ($input: UpdateRatesInput!) { updateRates(input: $input) { userErrors { code } } }",
        input={"rates": [{"code": code, "rate": "7"}]},
    )
    for amount in ("1.234567", "0.000001", "3.3"):
        assert succeeded(await other.company.refund(charge["operation"]["id"], amount=amount))
    last = await other.company.refund(charge["operation"]["id"])
    assert last["wallet"]["balance"]["amount"] == "0.00"
    assert (await shop.client.wallet(shop.purse["token"]))["balance"]["amount"] == "10.000000"


async def test_a_capture_can_be_refunded(shop: Shop) -> None:
    authorization = (await shop.company.authorize(shop.purse["token"], "5"))["operation"]["id"]
    capture = await shop.company.capture(authorization)
    assert succeeded(await shop.company.refund(capture["operation"]["id"], amount="2"))
    assert await shop.balances() == ("7.00", "3.00")


async def test_what_can_not_be_refunded(shop: Shop, anyone: Api) -> None:
    charge = await charged(shop, "5")
    failed = (await shop.charge("100"))["operation"]["id"]
    deposit = (await shop.company.deposit(shop.till["token"], "1"))["operation"]["id"]
    refund = (await shop.company.refund(charge, amount="1"))["operation"]["id"]
    for operation in (failed, deposit, refund):
        assert refusal(await shop.company.refund(operation)) == ("NOT_REFUNDABLE", ["operation"])
    other = await anyone.sign_up_company()
    for operation in (charge, "nothing", "op_" + "0" * 32, shop.purse["id"]):
        payload = await other.refund(operation)
        assert refusal(payload) == ("OPERATION_NOT_FOUND", ["operation"])
        assert payload["operation"] is None
    # The one that paid sees the charge, but it is not theirs to refund.
    supplier = await open_shop(anyone, "USD")
    paid = await supplier.company.charge(shop.till["token"], "1")
    refused = await shop.company.refund(paid["operation"]["id"])
    assert refusal(refused) == ("NOT_REFUNDABLE", ["operation"])


@pytest.mark.parametrize(
    ("amount", "code"),
    [("0", "AMOUNT_NOT_POSITIVE"), ("1.001", "AMOUNT_TOO_PRECISE"), ("1000000000", "AMOUNT_TOO_LARGE")],
)
async def test_amounts(shop: Shop, amount: str, code: str) -> None:
    charge = await charged(shop, "5")
    assert refusal(await shop.company.refund(charge, amount=amount)) == (code, ["amount"])


async def test_a_till_without_money(shop: Shop) -> None:
    charge = await charged(shop, "5")
    assert succeeded(await shop.company.transfer(shop.till["token"], {"id": shop.purse["id"]}, "4"))
    assert refusal(await shop.company.refund(charge, amount="2")) == ("INSUFFICIENT_FUNDS", ["amount"])
    assert succeeded(await shop.company.refund(charge, amount="1"))


async def test_the_same_key_gives_back_once(shop: Shop) -> None:
    charge = await charged(shop, "5")
    payloads = await asyncio.gather(
        *(shop.company.refund(charge, amount="2", idempotencyKey="bruised") for _ in range(20))
    )
    assert Counter(payload["replayed"] for payload in payloads) == {False: 1, True: 19}
    assert len({payload["operation"]["id"] for payload in payloads}) == 1
    assert await shop.balances() == ("7.00", "3.00")
