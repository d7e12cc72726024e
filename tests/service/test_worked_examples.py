"""The examples that the product is described by, each to the last decimal."""

import asyncio
import random
from collections import Counter
from typing import Any

import asyncpg
import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded

CHARGE = "mutation ($input: ChargeInput!) { charge(input: $input) { operation { id } userErrors { code } } }"


async def test_deposit_10_charge_5_leaves_5_and_5(shop: Shop) -> None:
    payload = await shop.charge("5")
    assert succeeded(payload)
    operation = payload["operation"]
    five = {"amount": "5.00", "currency": "USD"}
    assert (operation["kind"], operation["amount"]) == ("CHARGE", five)
    assert operation["debited"] == operation["credited"] == five
    assert operation["refunded"] == {"amount": "0.00", "currency": "USD"}
    assert operation["rate"] is None
    assert await shop.balances() == ("5.00", "5.00")


async def test_a_charge_above_the_balance_is_refused_and_both_histories_say_so(shop: Shop) -> None:
    payload = await shop.charge("10.01")
    assert refusal(payload) == ("INSUFFICIENT_FUNDS", ["amount"])
    assert payload["operation"]["amount"] == {"amount": "10.01", "currency": "USD"}
    assert payload["wallet"]["balance"]["amount"] == "0.00"
    assert await shop.balances() == ("10.00", "0.00")
    assert await shop.statuses() == (["INSUFFICIENT_FUNDS", "SUCCEEDED"], ["INSUFFICIENT_FUNDS"])
    edge = (await shop.client.history(shop.purse["token"]))["edges"][0]
    assert (edge["node"]["status"], edge["change"]["amount"]) == ("FAILED", "0.00")
    assert (edge["balanceAfter"]["amount"], edge["sequence"]) == ("10.00", 2)


@pytest.mark.parametrize(
    ("deposited", "charged", "left", "arrived"),
    [
        ("1000", "500.1", "499.90000000", "500.10000000"),
        ("500", "250.00000001", "249.99999999", "250.00000001"),
        ("1", "0.00000001", "0.99999999", "0.00000001"),
    ],
)
async def test_bitcoin_has_eight_decimals(
    anyone: Api, deposited: str, charged: str, left: str, arrived: str
) -> None:
    shop = await open_shop(anyone, "BTC", deposited)
    assert succeeded(await shop.charge(charged))
    assert await shop.balances() == (left, arrived)


async def test_to_itself_of_nothing_and_of_less_than_nothing_each_have_a_code(shop: Shop) -> None:
    itself = await shop.company.charge(shop.till["token"], "1")
    assert refusal(itself) == ("SAME_WALLET", ["wallet"])
    nothing = await shop.charge("0")
    assert refusal(nothing) == ("AMOUNT_NOT_POSITIVE", ["amount"])
    assert nothing["operation"] is None
    less = await shop.company.ask(
        CHARGE, input={"wallet": shop.purse["token"], "amount": "-1", "summary": ""}
    )
    assert less.error_codes == ["BAD_USER_INPUT"]
    assert less.body["errors"][0]["extensions"]["executed"] == "NO"
    assert await shop.balances() == ("10.00", "0.00")
    assert await shop.statuses() == (["SUCCEEDED"], ["SAME_WALLET"])


async def test_a_company_charges_a_companys_wallet_too(anyone: Api, shop: Shop) -> None:
    supplier = await anyone.sign_up_company()
    warehouse = await supplier.create_wallet()
    assert succeeded(await shop.charge("8"))
    assert succeeded(await supplier.charge(shop.till["token"], "3"))
    assert await shop.balances() == ("2.00", "5.00")
    assert (await supplier.wallet(warehouse["token"]))["balance"]["amount"] == "3.00"


async def test_a_company_tops_up_its_own_wallet(shop: Shop) -> None:
    assert succeeded(await shop.company.deposit(shop.till["token"], "7"))
    assert await shop.balances() == ("10.00", "7.00")


async def test_of_two_charges_at_once_both_succeed_only_if_the_money_suffices(shop: Shop) -> None:
    two = await asyncio.gather(shop.charge("6"), shop.charge("6"))
    assert sorted(payload["operation"]["status"] for payload in two) == ["FAILED", "SUCCEEDED"]
    assert await shop.balances() == ("4.00", "6.00")


async def test_100_clients_at_once_make_100_random_payments_each(
    anyone: Api, connection: asyncpg.Connection
) -> None:
    """99 wallets, one with 500 USD and one with 600 RUB; whoever charges, no money is made or lost."""
    companies, wallets = await _ninety_nine_wallets(anyone)
    chance = random.Random(20261120)
    codes: Counter[str] = Counter()

    async def pay() -> None:
        for _ in range(10):
            company = chance.choice(companies)
            batch = [
                {
                    "query": CHARGE,
                    "variables": {
                        "input": {
                            "wallet": chance.choice(wallets)["token"],
                            "amount": f"{chance.randrange(10)}.{chance.randrange(100):02}",
                            "summary": "at random",
                            "conversion": "FORBID",
                        }
                    },
                }
                for _ in range(10)
            ]
            headers = {"Authorization": f"Bearer {company.token}"}
            response = await company.http.post("/graphql", json=batch, headers=headers, timeout=60)
            for answer in response.json():
                errors = answer["data"]["charge"]["userErrors"]
                codes[errors[0]["code"] if errors else "SUCCEEDED"] += 1

    await asyncio.gather(*(pay() for _ in range(100)))

    assert codes.total() == 10_000
    assert codes["SUCCEEDED"] > 100
    expected = {"SUCCEEDED", "INSUFFICIENT_FUNDS", "AMOUNT_NOT_POSITIVE", "SAME_WALLET", "CURRENCY_MISMATCH"}
    assert set(codes) == expected, "the run met every outcome that it can meet"
    assert await _sums(connection, wallets) == {"USD": (50_000, 0), "RUB": (60_000, 0)}


async def _ninety_nine_wallets(anyone: Api) -> tuple[list[Api], list[dict[str, Any]]]:
    signing_up = [anyone.sign_up_client(), *(anyone.sign_up_company() for _ in range(20))]
    client, *companies = await asyncio.gather(*signing_up)
    currencies = ["USD"] * 15 + ["RUB"] * 5
    tills = [
        await company.create_wallet(currency=code)
        for company, code in zip(companies, currencies, strict=True)
    ]
    purses = [await client.create_wallet(currency="USD" if n < 40 else "RUB") for n in range(79)]
    assert succeeded(await client.deposit(purses[0]["token"], "500"))
    assert succeeded(await client.deposit(purses[-1]["token"], "600"))
    return companies, [*tills, *purses]


async def _sums(connection: asyncpg.Connection, wallets: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """By currency: the sum of the balances in minor units, and how many are below zero."""
    rows = await connection.fetch(
        "SELECT currency, sum(balance)::bigint AS total, count(*) FILTER (WHERE balance < 0) AS below FROM wallets "
        "WHERE replace(id::text, '-', '') = ANY ($1) GROUP BY currency",
        [wallet["id"].removeprefix("wal_") for wallet in wallets],
    )
    return {row["currency"]: (row["total"], row["below"]) for row in rows}
