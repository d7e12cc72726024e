"""Many in one request: each on its own, or all or nothing."""

import asyncio
from typing import Any

import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded


def charges(shop: Shop, *amounts: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"wallet": shop.purse["token"], "amount": amount, "summary": f"Number {number}"} | more
        for number, amount in enumerate(amounts)
    ]


async def test_each_has_its_own_outcome_in_order(shop: Shop) -> None:
    answer = await shop.company.many("chargeMany", charges(shop, "4", "100", "0", "6", "0.01"))
    assert (answer["succeededCount"], answer["failedCount"]) == (2, 3)
    codes = [[error["code"] for error in outcome["userErrors"]] for outcome in answer["outcomes"]]
    assert codes == [[], ["INSUFFICIENT_FUNDS"], ["AMOUNT_NOT_POSITIVE"], [], ["INSUFFICIENT_FUNDS"]]
    balances = [
        outcome["wallet"] and outcome["wallet"]["balance"]["amount"] for outcome in answer["outcomes"]
    ]
    assert balances == ["4.00", "4.00", None, "10.00", "10.00"]
    assert await shop.balances() == ("0.00", "10.00")


async def test_all_or_nothing(shop: Shop) -> None:
    answer = await shop.company.many("chargeMany", charges(shop, "4", "5", "2", "1"), atomic=True)
    assert (answer["succeededCount"], answer["failedCount"]) == (0, 4)
    first, second, culprit, last = answer["outcomes"]
    assert refusal(culprit) == ("INSUFFICIENT_FUNDS", ["amount"])
    for outcome in (first, second, last):
        assert refusal(outcome) == ("NOT_EXECUTED", None)
        assert outcome["operation"] is None
    assert await shop.balances() == ("10.00", "0.00")
    assert await shop.statuses() == (["INSUFFICIENT_FUNDS", "SUCCEEDED"], ["INSUFFICIENT_FUNDS"])
    answer = await shop.company.many("chargeMany", charges(shop, "4", "5", "1"), atomic=True)
    assert answer["succeededCount"] == 3
    assert await shop.balances() == ("0.00", "10.00")


async def test_a_text_that_is_too_long_is_that_ones_outcome(shop: Shop) -> None:
    asked = charges(shop, "1", "2")
    asked[0]["summary"] = "x" * 256
    answer = await shop.company.many("chargeMany", asked)
    assert refusal(answer["outcomes"][0]) == ("TOO_LONG", ["summary"])
    assert succeeded(answer["outcomes"][1])
    together = await shop.company.many("chargeMany", asked, atomic=True)
    assert [refusal(outcome)[0] for outcome in together["outcomes"]] == ["TOO_LONG", "NOT_EXECUTED"]
    assert await shop.balances() == ("8.00", "2.00")


async def test_keys_are_each_ones_own(shop: Shop) -> None:
    asked = [one | {"idempotencyKey": f"key {n}"} for n, one in enumerate(charges(shop, "1", "2", "100"))]
    first = await shop.company.many("chargeMany", asked)
    again = await shop.company.many("chargeMany", asked)
    assert [outcome["replayed"] for outcome in again["outcomes"]] == [True] * 3
    ids = [[outcome["operation"]["id"] for outcome in answer["outcomes"]] for answer in (first, again)]
    assert ids[0] == ids[1]
    # One of them alone, and twice in one request.
    twice = await shop.company.many(
        "chargeMany", [asked[0], asked[0], *charges(shop, "1", idempotencyKey="new")]
    )
    assert [outcome["replayed"] for outcome in twice["outcomes"]] == [True, True, False]
    assert await shop.balances() == ("6.00", "4.00")


async def test_what_was_not_executed_stays_so_under_its_key(shop: Shop) -> None:
    asked = [one | {"idempotencyKey": f"key {n}"} for n, one in enumerate(charges(shop, "1", "100"))]
    await shop.company.many("chargeMany", asked, atomic=True)
    again = await shop.company.many("chargeMany", asked, atomic=True)
    assert [refusal(outcome)[0] for outcome in again["outcomes"]] == ["NOT_EXECUTED", "INSUFFICIENT_FUNDS"]
    assert all(outcome["replayed"] for outcome in again["outcomes"])
    assert await shop.balances() == ("10.00", "0.00")


async def test_what_succeeded_before_counts_as_done(shop: Shop) -> None:
    asked = [one | {"idempotencyKey": f"key {n}"} for n, one in enumerate(charges(shop, "1", "2"))]
    assert succeeded(await shop.charge("1", summary="Number 0", idempotencyKey="key 0"))
    answer = await shop.company.many("chargeMany", asked, atomic=True)
    assert [outcome["replayed"] for outcome in answer["outcomes"]] == [True, False]
    assert await shop.balances() == ("7.00", "3.00")


async def test_deposits_and_transfers_likewise(shop: Shop) -> None:
    purse = shop.purse["token"]
    deposits = [{"wallet": purse, "amount": "1"}, {"wallet": shop.till["token"], "amount": "1"}]
    answer = await shop.client.many("depositMany", deposits)
    assert [bool(outcome["userErrors"]) for outcome in answer["outcomes"]] == [False, True]
    transfers = [
        {"from": purse, "to": {"id": shop.till["id"]}, "amount": amount} for amount in ("5", "6", "1")
    ]
    answer = await shop.client.many("transferMany", transfers, atomic=True)
    assert answer["succeededCount"] == 0
    answer = await shop.client.many("transferMany", transfers)
    assert [bool(outcome["userErrors"]) for outcome in answer["outcomes"]] == [False, False, True]
    assert await shop.balances() == ("0.00", "11.00")


async def test_a_thousand_and_not_one_more(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD", "1000")
    asked = [
        one | {"idempotencyKey": f"{n} {'k' * 200}", "summary": "s" * 255}
        for n, one in enumerate(charges(shop, *["1"] * 1000))
    ]
    answer = await shop.company.many("chargeMany", asked)
    assert (answer["succeededCount"], answer["failedCount"]) == (1000, 0)
    assert len({outcome["operation"]["id"] for outcome in answer["outcomes"]}) == 1000
    refused = await shop.company.ask(
        "mutation ($inputs: [ChargeInput!]!) { chargeMany(inputs: $inputs) { failedCount } }",
        inputs=charges(shop, *["1"] * 1001),
    )
    assert refused.error_codes == ["BAD_USER_INPUT"]
    assert await shop.balances() == ("0.00", "1000.00")
    assert await shop.company.many("chargeMany", []) == {
        "succeededCount": 0,
        "failedCount": 0,
        "outcomes": [],
    }


async def test_what_many_answers_would_cost_is_counted(shop: Shop) -> None:
    outcome = "outcomes { wallet { history(first: 100) { edges { node { id } } } } }"
    answer = await shop.company.ask(
        f"mutation ($inputs: [ChargeInput!]!) {{ chargeMany(inputs: $inputs) {{ {outcome} }} }}",
        inputs=charges(shop, *["0.01"] * 100),
    )
    assert answer.error_codes == ["BAD_USER_INPUT"]
    assert await shop.balances() == ("10.00", "0.00")


@pytest.mark.parametrize("atomic", [False, True])
async def test_at_once_they_are_all_or_nothing_still(anyone: Api, atomic: bool) -> None:
    shop = await open_shop(anyone, "USD", "10")
    answers = await asyncio.gather(
        *(shop.company.many("chargeMany", charges(shop, *["1.50"] * 3), atomic=atomic) for _ in range(8))
    )
    # Requests of three meet a wallet that has money for six.
    assert sorted(answer["succeededCount"] for answer in answers) == [0] * 6 + [3, 3]
    assert await shop.balances() == ("1.00", "9.00")


OUTCOMES_WITH_PAGES = """
mutation ($inputs: [ChargeInput!]!) {
  chargeMany(inputs: $inputs) { outcomes { wallet { history(first: 10) { nodes { id } } } } }
}
"""


async def test_pages_of_outcomes_cost_what_they_are(shop: Shop) -> None:
    few = await shop.company.ask(OUTCOMES_WITH_PAGES, inputs=charges(shop, *["0.01"] * 10))
    assert len(few.data["chargeMany"]["outcomes"]) == 10
    many = await shop.company.ask(OUTCOMES_WITH_PAGES, inputs=charges(shop, *["0.01"] * 900))
    assert many.error_codes == ["BAD_USER_INPUT"]
    assert await shop.balances() == ("9.90", "0.10")


async def test_a_thousand_are_counted_over_all_fields(shop: Shop) -> None:
    query = """
    mutation ($inputs: [ChargeInput!]!) {
      a: chargeMany(inputs: $inputs) { failedCount } b: chargeMany(inputs: $inputs) { failedCount }
    }
    """
    refused = await shop.company.ask(query, inputs=charges(shop, *["0.01"] * 501))
    assert refused.error_codes == ["BAD_USER_INPUT"]
    assert (await shop.company.ask(query, inputs=charges(shop, *["0.01"] * 500))).data == {
        "a": {"failedCount": 0},
        "b": {"failedCount": 0},
    }
