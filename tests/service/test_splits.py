"""One charge for several wallets."""

from typing import Any

import pytest

from tests.client import Api
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded


async def sellers(anyone: Api, count: int, currency: str = "USD") -> list[tuple[Api, dict[str, Any]]]:
    """Clients with a wallet each."""
    apis = [await anyone.sign_up_client() for _ in range(count)]
    return [(api, await api.create_wallet(currency=currency)) for api in apis]


async def balance(seller: tuple[Api, dict[str, Any]]) -> str:
    api, wallet = seller
    amount: str = (await api.wallet(wallet["token"]))["balance"]["amount"]
    return amount


async def test_amounts_and_percentages_and_the_rest_to_the_company(shop: Shop, anyone: Api) -> None:
    one, other = await sellers(anyone, 2)
    charged = await shop.charge(
        "9.99",
        splits=[{"into": one[1]["token"], "percentage": "12.5"}, {"into": other[1]["token"], "amount": "3"}],
    )
    assert succeeded(charged)
    # 12.5 % of 9.99 is 1.24875: rounded up, because the company's 5.74125 loses less by rounding down.
    assert [await balance(one), await balance(other)] == ["1.25", "3.00"]
    assert await shop.balances() == ("0.01", "5.74")
    assert charged["operation"]["debited"]["amount"] == "9.99"
    assert charged["operation"]["credited"]["amount"] == "5.74"
    (edge,) = (await one[0].history(one[1]["token"]))["edges"]
    assert (edge["change"]["amount"], edge["node"]["kind"]) == ("1.25", "CHARGE")


async def test_percentages_leave_no_remainder(anyone: Api) -> None:
    shop = await open_shop(anyone, "JPY", "100")
    three = await sellers(anyone, 3, "JPY")
    thirds = [{"into": wallet["token"], "percentage": "33.3333"} for _, wallet in three]
    assert succeeded(await shop.charge("100", splits=thirds))
    assert [await balance(seller) for seller in three] == ["34", "33", "33"]
    assert await shop.balances() == ("0", "0")


async def test_who_sees_which_part(shop: Shop, anyone: Api) -> None:
    one, other = await sellers(anyone, 2)
    charged = await shop.charge(
        "4", splits=[{"into": seller[1]["token"], "amount": "1"} for seller in (one, other)]
    )
    operation = charged["operation"]["id"]
    seen = {
        name: [split["wallet"]["id"] for split in (await api.operation(operation))["splits"]]
        for name, api in (("company", shop.company), ("payer", shop.client), ("one", one[0]))
    }
    assert seen == {"company": [one[1]["id"], other[1]["id"]], "payer": [], "one": [one[1]["id"]]}
    (mine,) = (await one[0].operation(operation))["splits"]
    assert mine["credited"] == {"amount": "1.00", "currency": "USD"}
    assert (await anyone.sign_up_client()).operation is not None
    assert await (await anyone.sign_up_client()).operation(operation) is None


async def test_a_refund_takes_back_in_proportion(shop: Shop, anyone: Api) -> None:
    one, other = await sellers(anyone, 2)
    splits = [{"into": one[1]["token"], "amount": "5"}, {"into": other[1]["token"], "amount": "2"}]
    charge = (await shop.charge("10", splits=splits))["operation"]["id"]
    refunded = await shop.company.refund(charge, amount="1")
    assert refunded["operation"]["debited"]["amount"] == "0.30"
    assert [await balance(one), await balance(other)] == ["4.50", "1.80"]
    assert await shop.balances() == ("1.00", "2.70")
    # A cent goes to the one whose part it is the most of.
    assert succeeded(await shop.company.refund(charge, amount="0.01"))
    assert [await balance(one), await balance(other), *(await shop.balances())] == [
        "4.49",
        "1.80",
        "1.01",
        "2.70",
    ]
    assert succeeded(await shop.company.refund(charge))
    assert [await balance(one), await balance(other), *(await shop.balances())] == [
        "0.00",
        "0.00",
        "10.00",
        "0.00",
    ]


async def test_one_without_money_refuses_the_whole_refund(shop: Shop, anyone: Api) -> None:
    (seller,) = await sellers(anyone, 1)
    charge = await shop.charge("10", splits=[{"into": seller[1]["token"], "percentage": 50}])
    assert succeeded(await seller[0].transfer(seller[1]["token"], {"id": shop.till["id"]}, "5"))
    refused = await shop.company.refund(charge["operation"]["id"], amount="2")
    assert refusal(refused) == ("INSUFFICIENT_FUNDS", ["amount"])
    assert await shop.balances() == ("0.00", "10.00")


async def test_parts_in_other_currencies(administrator: Api, anyone: Api, shop: Shop) -> None:
    code = await new_currency(administrator, "0.009803", exponent=6)
    (seller,) = await sellers(anyone, 1, code)
    charge = await shop.charge("1", splits=[{"into": seller[1]["token"], "percentage": "50"}])
    assert succeeded(charge)
    assert await balance(seller) == "51.004794"
    assert succeeded(await shop.company.refund(charge["operation"]["id"]))
    assert (await balance(seller), *(await shop.balances())) == ("0.000000", "10.00", "0.00")


@pytest.mark.parametrize(
    ("splits", "code", "field"),
    [
        ([{"into": "nothing", "amount": "1"}], "WALLET_NOT_FOUND", ["splits", "0", "into"]),
        ([{"amount": "1", "percentage": "1"}], "INVALID", ["splits", "0"]),
        ([{}], "INVALID", ["splits", "0"]),
        ([{"amount": "0"}], "AMOUNT_NOT_POSITIVE", ["splits", "0", "amount"]),
        ([{"amount": "0.001"}], "AMOUNT_TOO_PRECISE", ["splits", "0", "amount"]),
        ([{"percentage": "0"}], "INVALID", ["splits", "0", "percentage"]),
        ([{"percentage": "100.0001"}], "INVALID", ["splits", "0", "percentage"]),
        ([{"amount": "4.01"}], "INVALID", ["splits"]),
        ([{"amount": "1"}, {"amount": "1"}], "INVALID", ["splits", "1", "into"]),
        ([{"amount": "0.01"}] * 21, "INVALID", ["splits"]),
        ([{"into": "till", "amount": "1"}], "INVALID", ["splits", "0", "into"]),
        ([{"into": "purse", "amount": "1"}], "SAME_WALLET", ["splits", "0", "into"]),
    ],
)
async def test_refusals(
    shop: Shop, anyone: Api, splits: list[dict[str, str]], code: str, field: list[str]
) -> None:
    ((_, wallet),) = await sellers(anyone, 1)
    tokens = {"till": shop.till["token"], "purse": shop.purse["token"], "nothing": "nothing"}
    named = [split | {"into": tokens.get(split.get("into", ""), wallet["token"])} for split in splits]
    assert refusal(await shop.charge("4", splits=named)) == (code, field)
    assert await shop.balances() == ("10.00", "0.00")


@pytest.mark.parametrize("percentage", ["1e1", "-1", "1.00001", "", "1000", 1.5, "\u0661"])
async def test_malformed_percentages(shop: Shop, percentage: Any) -> None:
    answer = await shop.company.ask(
        "mutation ($input: ChargeInput!) { charge(input: $input) { replayed } }",
        input={
            "wallet": shop.purse["token"],
            "amount": "1",
            "summary": "",
            "splits": [{"into": shop.till["token"], "percentage": percentage}],
        },
    )
    assert answer.error_codes == ["BAD_USER_INPUT"]


async def test_the_splits_are_part_of_what_a_key_stands_for(shop: Shop, anyone: Api) -> None:
    ((_, wallet),) = await sellers(anyone, 1)
    asked = {"idempotencyKey": "order", "splits": [{"into": wallet["token"], "amount": "1.0"}]}
    assert succeeded(await shop.charge("4", **asked))
    assert (await shop.charge("4", **asked | {"splits": [{"into": wallet["token"], "amount": "1.00"}]}))[
        "replayed"
    ]
    for other in ([{"into": wallet["token"], "percentage": "25"}], []):
        assert refusal(await shop.charge("4", **asked | {"splits": other}))[0] == "IDEMPOTENCY_CONFLICT"
