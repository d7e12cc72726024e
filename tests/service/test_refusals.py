"""Business refusals over HTTP: the code and field of each, what is recorded, and that nothing moves."""

from typing import Any

import asyncpg
import pytest

from tests.client import Api
from tests.running import Service
from tests.service.at_once import at_once
from tests.service.shop import Shop, open_shop, refusal, succeeded

CREATE = """
  mutation ($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { id } userErrors { code field } }
  }
"""


async def set_status(connection: asyncpg.Connection, wallet: dict[str, Any], status: str) -> None:
    """What an administrator or owner will do by mutations of their own."""
    changed = await connection.execute(
        "UPDATE wallets SET status = $1::text::wallet_status WHERE replace(id::text, '-', '') = $2",
        status,
        wallet["id"].removeprefix("wal_"),
    )
    assert changed == "UPDATE 1"


async def test_a_currency_that_nobody_knows(shop: Shop) -> None:
    for payload in (await shop.deposit("1", currency="ZZZ"), await shop.charge("1", currency="XAU")):
        assert refusal(payload) == ("CURRENCY_UNKNOWN", ["currency"])
        assert payload["operation"] is None
    made = await shop.client.ask(CREATE, input={"currency": "ZZZ"})
    assert made.data["createWallet"] == {
        "wallet": None,
        "userErrors": [{"code": "CURRENCY_UNKNOWN", "field": ["currency"]}],
    }
    assert await shop.statuses() == (["SUCCEEDED"], [])


async def test_another_currency_than_the_wallets(anyone: Api, shop: Shop) -> None:
    # No test gives the euro a rate.
    for conversion, code in (("FORBID", "CURRENCY_MISMATCH"), ("ALLOW", "RATE_MISSING")):
        asked = {"currency": "EUR", "conversion": conversion}
        for payload in (await shop.deposit("1", **asked), await shop.charge("1", **asked)):
            assert refusal(payload) == (code, ["currency"])
            assert payload["operation"]["amount"] == {"amount": "1.00", "currency": "EUR"}
    euros = await open_shop(anyone, "EUR")
    assert refusal(await euros.company.charge(shop.purse["token"], "1")) == ("RATE_MISSING", ["currency"])
    assert await shop.statuses() == (
        ["RATE_MISSING"] * 3 + ["CURRENCY_MISMATCH"] * 2 + ["SUCCEEDED"],
        ["RATE_MISSING", "CURRENCY_MISMATCH"],
    )
    assert await shop.balances() == ("10.00", "0.00")
    assert (await euros.statuses())[1] == ["RATE_MISSING"]


async def test_the_wallets_own_currency_may_be_named(shop: Shop) -> None:
    assert succeeded(await shop.deposit("1", currency="USD"))
    assert succeeded(await shop.charge("1", currency="USD"))


async def test_every_wallet_that_is_not_the_callers_to_use_is_answered_alike(anyone: Api, shop: Shop) -> None:
    other = await open_shop(anyone, "USD", "5")
    token, till = shop.purse["token"], shop.till["token"]
    unknown = ["", "garbage", "A" * 44, "é" * 44, token[:-1], token + "A", "A" * 22 + token[22:]]
    # The right id with a wrong secret, down to the last bit.
    wrong = [token[:22] + other.purse["token"][22:], token[:-1] + ("A" if token[-1] != "A" else "B")]
    not_to_deposit = [*unknown, *wrong, other.purse["token"], till, shop.purse["id"]]
    answers = [await shop.client.deposit(named, "1") for named in not_to_deposit]
    answers += [await shop.company.charge(named, "1") for named in [*unknown, *wrong, shop.purse["id"]]]
    assert refusal(answers[0]) == ("WALLET_NOT_FOUND", ["wallet"])
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["operation"] is answers[0]["wallet"] is None

    into = [await shop.charge("1", into=named) for named in [*unknown, token, other.till["token"]]]
    assert refusal(into[0]) == ("WALLET_NOT_FOUND", ["into"])
    assert all(answer == into[0] for answer in into)

    assert await shop.statuses() == (["SUCCEEDED"], [])
    assert await other.statuses() == (["SUCCEEDED"], [])
    assert await shop.balances() == ("10.00", "0.00")


async def test_reading_another_wallet_is_answered_alike_too(anyone: Api, shop: Shop) -> None:
    other = await open_shop(anyone, "USD")
    token = shop.purse["token"]
    for named in [
        "",
        "garbage",
        other.purse["token"],
        shop.till["token"],
        token[:-1] + "A",
        token[:-1] + "B",
    ]:
        if named != token:
            assert await shop.client.wallet(named) is None
    for named in ["", "garbage", "wal_", "wal_" + "0" * 32, other.purse["id"], shop.till["id"]]:
        answer = await shop.client.ask("query ($id: ID) { wallet(id: $id) { id } }", id=named)
        assert answer.body == {"data": {"wallet": None}}
    answer = await shop.client.ask("query ($id: ID) { wallet(id: $id) { token } }", id=shop.purse["id"])
    assert answer.data["wallet"] == {"token": token}


@pytest.mark.parametrize("arguments", ["", 'id: "wal_0", token: "x"', "id: null", "token: null, id: null"])
async def test_a_wallet_is_asked_for_by_one_name(shop: Shop, arguments: str) -> None:
    query = f"{{ wallet({arguments}) {{ id }} }}" if arguments else "{ wallet { id } }"
    assert (await shop.client.ask(query)).error_codes == ["BAD_USER_INPUT"]


async def test_a_token_that_is_too_long_for_one_is_bad_user_input(shop: Shop) -> None:
    answer = await shop.client.ask("query ($t: WalletToken) { wallet(token: $t) { id } }", t="A" * 256)
    assert answer.error_codes == ["BAD_USER_INPUT"]


async def test_a_company_without_a_wallet_must_make_one_first(anyone: Api, shop: Shop) -> None:
    newcomer = await anyone.sign_up_company()
    payload = await newcomer.charge(shop.purse["token"], "1")
    assert refusal(payload) == ("WALLET_REQUIRED", ["into"])
    assert payload["operation"]["target"] is None
    assert payload["wallet"] is None
    # The refusal is not remembered beyond its reason.
    await newcomer.create_wallet()
    assert succeeded(await newcomer.charge(shop.purse["token"], "1"))
    assert await shop.balances() == ("9.00", "0.00")


async def test_a_company_with_several_wallets_says_which(elsewhere: Api) -> None:
    shop = await open_shop(elsewhere, "USD", "10")
    # The company's usual wallet is known to the service by now.
    assert succeeded(await shop.charge("1"))
    second = await shop.company.create_wallet(currency="USD")
    assert refusal(await shop.charge("1")) == ("WALLET_REQUIRED", ["into"])
    assert refusal(await shop.charge("1")) == ("WALLET_REQUIRED", ["into"])
    payload = await shop.charge("2", into=second["token"])
    assert succeeded(payload)
    assert payload["operation"]["target"] == {"id": second["id"]}
    assert payload["wallet"]["id"] == second["id"]
    assert succeeded(await shop.charge("3", into=shop.till["token"]))
    assert await shop.balances() == ("4.00", "4.00")
    assert (await shop.company.wallet(second["token"]))["balance"]["amount"] == "2.00"


async def test_into_may_name_the_only_wallet_as_well(shop: Shop) -> None:
    assert succeeded(await shop.charge("2", into=shop.till["token"]))


async def test_a_company_has_one_wallet_unless_the_setting_says_more(anyone: Api, elsewhere: Api) -> None:
    company, generous = await anyone.sign_up_company(), await elsewhere.sign_up_company()
    await company.create_wallet()
    assert await _codes(company, 1) == ["WALLET_LIMIT_REACHED"]
    assert await _codes(generous, 4) == ["", "", "", "WALLET_LIMIT_REACHED"]


async def test_a_client_has_as_many_as_the_setting_says(anyone: Api, elsewhere: Api) -> None:
    assert await _codes(await anyone.sign_up_client(), 12) == [""] * 12
    assert await _codes(await elsewhere.sign_up_client(), 3) == ["", "", "WALLET_LIMIT_REACHED"]


async def test_wallets_made_at_once_keep_to_the_limit_too(
    anyone: Api, elsewhere: Api, service: Service, second_instance: Service
) -> None:
    create = "mutation { createWallet(input: {}) { wallet { id } userErrors { code } } }"
    owners = [(service, await anyone.sign_up_company(), 1) for _ in range(4)]
    owners += [(second_instance, await elsewhere.sign_up_client(), 2) for _ in range(4)]
    for instance, owner, limit in owners:
        answers = await at_once(instance.url, owner.token, create, 12)
        payloads = [answer["data"]["createWallet"] for answer in answers]
        codes = [error["code"] for payload in payloads for error in payload["userErrors"]]
        assert codes == ["WALLET_LIMIT_REACHED"] * (12 - limit)
        listed = await owner.ask("{ wallets { totalCount } }")
        assert listed.data["wallets"]["totalCount"] == limit


async def _codes(owner: Api, count: int) -> list[str]:
    """The refusal of each of so many new wallets, or ""."""
    codes = []
    for _ in range(count):
        payload = (await owner.ask(CREATE, input={})).data["createWallet"]
        assert (payload["wallet"] is None) == bool(payload["userErrors"])
        codes.append("".join(error["code"] for error in payload["userErrors"]))
    return codes


async def test_the_default_currency_is_a_setting(anyone: Api, elsewhere: Api) -> None:
    for door, currency in ((anyone, "USD"), (elsewhere, "EUR")):
        assert (await (await door.sign_up_client()).create_wallet())["currency"] == currency


async def test_a_frozen_wallet_receives_and_does_not_pay(connection: asyncpg.Connection, shop: Shop) -> None:
    await set_status(connection, shop.purse, "FROZEN")
    await set_status(connection, shop.till, "FROZEN")
    assert refusal(await shop.charge("1")) == ("WALLET_FROZEN", ["wallet"])
    assert succeeded(await shop.deposit("1"))
    assert (await shop.client.wallet(shop.purse["token"]))["status"] == "FROZEN"
    await set_status(connection, shop.purse, "ACTIVE")
    assert succeeded(await shop.charge("1"))
    assert await shop.statuses() == (
        ["SUCCEEDED", "SUCCEEDED", "WALLET_FROZEN", "SUCCEEDED"],
        ["SUCCEEDED", "WALLET_FROZEN"],
    )
    assert await shop.balances() == ("10.00", "1.00")


async def test_nothing_moves_in_a_closed_wallet_and_its_history_stays(
    connection: asyncpg.Connection, shop: Shop
) -> None:
    closed = await shop.client.create_wallet(currency="USD")
    await set_status(connection, closed, "CLOSED")
    assert refusal(await shop.company.charge(closed["token"], "1")) == ("WALLET_CLOSED", ["wallet"])
    assert refusal(await shop.client.deposit(closed["token"], "1")) == ("WALLET_CLOSED", ["wallet"])
    await set_status(connection, shop.till, "CLOSED")
    assert refusal(await shop.charge("1", into=shop.till["token"])) == ("WALLET_CLOSED", ["into"])
    assert await shop.balances() == ("10.00", "0.00")
    assert await shop.statuses() == (["WALLET_CLOSED", "SUCCEEDED"], ["WALLET_CLOSED"] * 2)
    history = await shop.client.history(closed["token"])
    assert [edge["node"]["failureCode"] for edge in history["edges"]] == ["WALLET_CLOSED"] * 2


async def test_a_closed_wallet_does_not_count_against_the_limit(
    connection: asyncpg.Connection, shop: Shop
) -> None:
    await set_status(connection, shop.till, "CLOSED")
    new = await shop.company.create_wallet(currency="USD")
    payload = await shop.charge("1")
    assert succeeded(payload)
    assert payload["wallet"]["id"] == new["id"]
