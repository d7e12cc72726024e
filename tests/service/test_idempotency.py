"""One key from one account moves money at most once, and everyone who asks again gets the first outcome."""

import asyncio
import secrets
from typing import Any

import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded


def new_key() -> str:
    return secrets.token_hex(8)


def replay_of(first: Any, again: Any) -> bool:
    """Whether `again` tells the outcome of `first`, and says that it does."""
    assert not first["replayed"]
    same = {name: first[name] == again[name] for name in ("operation", "userErrors")}
    return bool(again["replayed"]) and all(same.values())


async def test_a_success_is_answered_again_and_moves_nothing_more(shop: Shop) -> None:
    key = new_key()
    first = await shop.charge("4", idempotencyKey=key)
    assert succeeded(first)
    for _ in range(3):
        again = await shop.charge("4", idempotencyKey=key)
        assert replay_of(first, again)
        assert again["wallet"] == first["wallet"]
    assert await shop.balances() == ("6.00", "4.00")
    assert await shop.statuses() == (["SUCCEEDED"] * 2, ["SUCCEEDED"])


async def test_so_is_a_deposit(shop: Shop) -> None:
    key = new_key()
    first = await shop.deposit("4", idempotencyKey=key)
    assert replay_of(first, await shop.deposit("4", idempotencyKey=key))
    assert await shop.balances() == ("14.00", "0.00")


async def test_a_recorded_refusal_is_answered_again_although_the_money_is_there_by_now(shop: Shop) -> None:
    key = new_key()
    first = await shop.charge("11", idempotencyKey=key)
    assert refusal(first) == ("INSUFFICIENT_FUNDS", ["amount"])
    assert succeeded(await shop.deposit("100"))
    assert replay_of(first, await shop.charge("11", idempotencyKey=key))
    assert await shop.balances() == ("110.00", "0.00")
    assert await shop.statuses() == (["SUCCEEDED", "INSUFFICIENT_FUNDS", "SUCCEEDED"], ["INSUFFICIENT_FUNDS"])


async def test_a_refusal_of_two_currencies_is_answered_again_word_for_word(anyone: Api, shop: Shop) -> None:
    key = new_key()
    forbid = {"currency": "EUR", "conversion": "FORBID", "idempotencyKey": key}
    first = await shop.charge("1", **forbid)
    assert refusal(first) == ("CURRENCY_MISMATCH", ["currency"])
    assert replay_of(first, await shop.charge("1", **forbid))
    allowed = await shop.charge("1", currency="EUR", idempotencyKey=key)
    assert refusal(allowed) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"wallet": "no such wallet"}, "WALLET_NOT_FOUND"),
        ({"amount": "0"}, "AMOUNT_NOT_POSITIVE"),
        ({"amount": "1.001"}, "AMOUNT_TOO_PRECISE"),
        ({"amount": "1000000000"}, "AMOUNT_TOO_LARGE"),
        ({"currency": "ZZZ"}, "CURRENCY_UNKNOWN"),
        ({"into": "no such wallet"}, "WALLET_NOT_FOUND"),
    ],
)
async def test_so_is_a_refusal_that_could_not_be_recorded(
    quiet_shop: Shop, changes: dict[str, str], code: str
) -> None:
    asked = {"wallet": quiet_shop.purse["token"], "amount": "1"} | changes | {"idempotencyKey": new_key()}
    first = await quiet_shop.company.charge(**asked)
    assert refusal(first)[0] == code
    assert first["operation"] is None
    assert replay_of(first, await quiet_shop.company.charge(**asked))
    corrected = {
        "wallet": quiet_shop.purse["token"],
        "amount": "1",
        "idempotencyKey": asked["idempotencyKey"],
    }
    assert refusal(await quiet_shop.company.charge(**corrected)) == (
        "IDEMPOTENCY_CONFLICT",
        ["idempotencyKey"],
    )
    assert await quiet_shop.balances() == ("10.00", "0.00")


async def test_what_was_refused_for_want_of_a_wallet_stays_refused_for_that_key(
    anyone: Api, shop: Shop
) -> None:
    newcomer, key = await anyone.sign_up_company(), new_key()
    first = await newcomer.charge(shop.purse["token"], "1", idempotencyKey=key)
    assert refusal(first)[0] == "WALLET_REQUIRED"
    await newcomer.create_wallet()
    assert replay_of(first, await newcomer.charge(shop.purse["token"], "1", idempotencyKey=key))
    assert succeeded(await newcomer.charge(shop.purse["token"], "1", idempotencyKey=new_key()))


async def test_the_same_key_for_another_request_is_a_conflict(anyone: Api, shop: Shop) -> None:
    key = new_key()
    other = await open_shop(anyone, "USD", "10")
    assert succeeded(await shop.charge("4", summary="Soup", idempotencyKey=key))
    conflicts = [
        await shop.charge("4.01", summary="Soup", idempotencyKey=key),
        await shop.charge("4", summary="soup", idempotencyKey=key),
        await shop.charge("4", summary="Soup", currency="EUR", idempotencyKey=key),
        await shop.charge("4", summary="Soup", into=shop.till["token"], idempotencyKey=key),
        await shop.company.charge(other.purse["token"], "4", summary="Soup", idempotencyKey=key),
        await shop.company.deposit(shop.till["token"], "4", summary="Soup", idempotencyKey=key),
    ]
    for payload in conflicts:
        assert refusal(payload) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
        assert (payload["operation"], payload["wallet"], payload["replayed"]) == (None, None, False)
    assert await shop.balances() == ("6.00", "4.00")
    assert await other.balances() == ("10.00", "0.00")
    assert await shop.statuses() == (["SUCCEEDED"] * 2, ["SUCCEEDED"])


async def test_a_key_is_the_accounts_own(anyone: Api, shop: Shop) -> None:
    key = new_key()
    other = await open_shop(anyone, "USD")
    payloads = [
        await shop.charge("1", idempotencyKey=key),
        await other.company.charge(shop.purse["token"], "1", idempotencyKey=key),
        await shop.deposit("1", idempotencyKey=key),
    ]
    assert all(succeeded(payload) and not payload["replayed"] for payload in payloads)
    assert await shop.balances() == ("9.00", "1.00")


@pytest.mark.parametrize("spelling", ["5", "5.0", "5.00", "05", 5])
async def test_one_amount_in_another_spelling_is_the_same_request(shop: Shop, spelling: object) -> None:
    key = new_key()
    first = await shop.charge("5.00", idempotencyKey=key)
    assert replay_of(first, await shop.charge(spelling, idempotencyKey=key))
    assert await shop.balances() == ("5.00", "5.00")


async def test_what_is_left_out_and_what_is_null_are_the_same_request(shop: Shop) -> None:
    key = new_key()
    first = await shop.deposit("5", idempotencyKey=key)
    assert replay_of(first, await shop.deposit("5", idempotencyKey=key, currency=None, summary=None))


async def test_without_a_key_each_request_is_one_of_its_own(shop: Shop) -> None:
    assert succeeded(await shop.charge("1"))
    assert succeeded(await shop.charge("1", idempotencyKey=None))
    assert await shop.balances() == ("8.00", "2.00")


async def test_another_instance_answers_with_the_first_outcome_too(shop: Shop, elsewhere: Api) -> None:
    there = Api(elsewhere.http, shop.company.token)
    token = shop.purse["token"]
    for amount, wallet in (("4", token), ("11", token), ("1", "no such wallet")):
        key = new_key()
        first = await shop.company.charge(wallet, amount, idempotencyKey=key)
        again = await there.charge(wallet, amount, idempotencyKey=key)
        assert replay_of(first, again)
        conflict = await there.charge(wallet, "2", idempotencyKey=key)
        assert refusal(conflict)[0] == "IDEMPOTENCY_CONFLICT"
    assert await shop.balances() == ("6.00", "4.00")


@pytest.mark.parametrize(("amount", "left"), [("4", "6.00"), ("11", "10.00")])
async def test_of_twenty_at_once_through_every_process_exactly_one_is_executed(
    shop: Shop, elsewhere: Api, amount: str, left: str
) -> None:
    key = new_key()
    doors = [shop.company, Api(elsewhere.http, shop.company.token)]
    payloads = await asyncio.gather(
        *(doors[n % 2].charge(shop.purse["token"], amount, idempotencyKey=key) for n in range(20))
    )
    (first,) = [payload for payload in payloads if not payload["replayed"]]
    assert all(replay_of(first, payload) for payload in payloads if payload is not first)
    assert (await shop.balances())[0] == left
    assert [len(told) for told in await shop.statuses()] == [2, 1]


async def test_of_twenty_different_ones_at_once_one_is_executed_and_the_others_conflict(
    shop: Shop, elsewhere: Api
) -> None:
    key = new_key()
    doors = [shop.company, Api(elsewhere.http, shop.company.token)]
    payloads = await asyncio.gather(
        *(doors[n % 2].charge(shop.purse["token"], f"0.{n + 10}", idempotencyKey=key) for n in range(20))
    )
    (first,) = [payload for payload in payloads if payload["operation"] is not None]
    assert succeeded(first)
    others = [refusal(payload)[0] for payload in payloads if payload is not first]
    assert others == ["IDEMPOTENCY_CONFLICT"] * 19
    assert (await shop.balances())[1] == first["operation"]["amount"]["amount"]


async def test_a_batch_may_ask_twice_with_one_key(shop: Shop) -> None:
    key = new_key()
    fields = "operation { id } replayed userErrors { code }"
    asked = f'{{ wallet: "{shop.purse["token"]}", amount: "1", summary: "twice", idempotencyKey: "{key}" }}'
    answer = await shop.company.ask(
        f"mutation {{ a: charge(input: {asked}) {{ {fields} }} b: charge(input: {asked}) {{ {fields} }} }}"
    )
    a, b = answer.data["a"], answer.data["b"]
    assert (a["replayed"], b["replayed"]) == (False, True)
    assert a["operation"] == b["operation"]
    assert await shop.balances() == ("9.00", "1.00")


@pytest.mark.parametrize(
    "key", ["k", "k" * 255, "\U0001f36a" * 255, " ", "\n", "'; DROP TABLE wallets; --", "Ä"]
)
async def test_a_key_is_1_to_255_characters_of_any_kind(shop: Shop, key: str) -> None:
    first = await shop.charge("1", idempotencyKey=key)
    assert succeeded(first)
    assert replay_of(first, await shop.charge("1", idempotencyKey=key))


async def test_keys_are_told_apart_to_the_character(shop: Shop) -> None:
    for key in ("k", "K", "k ", " k", "k" * 255, "k" * 254):
        assert not (await shop.charge("1", idempotencyKey=key))["replayed"]
    assert await shop.balances() == ("4.00", "6.00")


@pytest.mark.parametrize(
    ("key", "code"), [("", "BLANK"), ("k" * 256, "TOO_LONG"), ("k" * 10_000, "TOO_LONG")]
)
async def test_any_other_key_is_refused(quiet_shop: Shop, key: str, code: str) -> None:
    for payload in (
        await quiet_shop.charge("1", idempotencyKey=key),
        await quiet_shop.deposit("1", idempotencyKey=key),
    ):
        assert refusal(payload) == (code, ["idempotencyKey"])
        assert payload["operation"] is None
    assert await quiet_shop.balances() == ("10.00", "0.00")
