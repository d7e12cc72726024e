"""Amounts that are none, too fine or too large: each has its code, and nothing is recorded of any."""

import json
import time
from typing import Any

import asyncpg
import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded

CHARGE = "mutation ($input: ChargeInput!) { charge(input: $input) { operation { id } userErrors { code } } }"
DEPOSIT = (
    "mutation ($input: DepositInput!) { deposit(input: $input) { operation { id } userErrors { code } } }"
)

NO_AMOUNTS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "1E2",
    "-0",
    "-1",
    "-0.01",
    " 1 ",
    " 1",
    "1 ",
    "1\n",
    "+5",
]
NO_AMOUNTS += ["1_000", "1,5", "1,000.00", "", ".", ".5", "5.", "1.2.3", "0x10", "1\u00a0", "1\u200b"]
NO_AMOUNTS += ["\uff11\uff12", "\u0661\u0662", "\u0967", "\u00b2", "\u00bd", "five", "5 USD", "$5", "9" * 41]
NO_AMOUNTS += ["1" + "0" * 10_000]
WRONG_TYPES: list[Any] = [1.5, 5.0, 1e2, -1, True, False, None, [], ["5"], [5], {}, {"amount": "5"}, 10**40]


@pytest.mark.parametrize("amount", [*NO_AMOUNTS, *WRONG_TYPES], ids=lambda amount: repr(amount)[:20])
async def test_what_is_no_amount_is_bad_user_input(quiet_shop: Shop, amount: object) -> None:
    asked = {"wallet": quiet_shop.purse["token"], "amount": amount}
    began = time.monotonic()
    deposit = await quiet_shop.client.ask(DEPOSIT, input=asked)
    charge = await quiet_shop.company.ask(CHARGE, input=asked | {"summary": ""})
    assert time.monotonic() - began < 5
    for answer in (deposit, charge):
        assert answer.status in (200, 400)
        (error,) = answer.body["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "executed": "NO"}
        assert "Traceback" not in error["message"]
    assert await quiet_shop.balances() == ("10.00", "0.00")
    assert await quiet_shop.statuses() == (["SUCCEEDED"], [])


@pytest.mark.parametrize(
    "literal", ["1.5", "5.0", "1e2", "-1", "true", "null", "[5]", '["5"]', "{}", "NaN", '"1e2"', '"""5 """']
)
async def test_so_it_is_as_a_literal_of_the_document(quiet_shop: Shop, literal: str) -> None:
    answer = await quiet_shop.client.ask(
        f'mutation {{ deposit(input: {{ wallet: "{quiet_shop.purse["token"]}", amount: {literal} }}) '
        "{ operation { id } } }"
    )
    assert set(answer.error_codes) == {"BAD_USER_INPUT"}
    assert await quiet_shop.balances() == ("10.00", "0.00")


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1e400", "0x1", "01", "1" * 5000])
async def test_numbers_that_json_does_not_have_refuse_the_whole_body(quiet_shop: Shop, raw: str) -> None:
    body = json.dumps(
        {"query": DEPOSIT, "variables": {"input": {"wallet": quiet_shop.purse["token"], "amount": 1}}}
    )
    response = await quiet_shop.client.http.post(
        "/graphql",
        content=body.replace('"amount": 1', f'"amount": {raw}'),
        headers={"Authorization": f"Bearer {quiet_shop.client.token}", "Content-Type": "application/json"},
    )
    _is_refused_clearly(response)
    assert await quiet_shop.balances() == ("10.00", "0.00")


def _is_refused_clearly(response: httpx.Response) -> None:
    assert response.status_code in (200, 400)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("amount", [5, "5", "5.0", "5.00", "05.00", "0000000005"])
async def test_what_is_an_amount_is_taken_as_it_is(shop: Shop, amount: object) -> None:
    assert succeeded(await shop.deposit(amount))
    assert await shop.balances() == ("15.00", "0.00")


@pytest.mark.parametrize("literal", ["5", '"5"', '"5.00"', '"""5"""'])
async def test_so_are_literals(shop: Shop, literal: str) -> None:
    answer = await shop.client.ask(
        f'mutation {{ deposit(input: {{ wallet: "{shop.purse["token"]}", amount: {literal} }}) '
        "{ wallet { balance { amount } } userErrors { code } } }"
    )
    assert answer.data["deposit"] == {"wallet": {"balance": {"amount": "15.00"}}, "userErrors": []}


@pytest.mark.parametrize("amount", ["0", "0.00", "000", "0.000000", 0])
async def test_zero_is_not_positive_in_any_spelling(quiet_shop: Shop, amount: object) -> None:
    for payload in (await quiet_shop.deposit(amount), await quiet_shop.charge(amount)):
        assert refusal(payload) == ("AMOUNT_NOT_POSITIVE", ["amount"])
        assert payload["operation"] is payload["wallet"] is None
    assert await quiet_shop.statuses() == (["SUCCEEDED"], [])


# The usual limit is the same digits in every currency.
@pytest.mark.parametrize(
    ("currency", "too_precise", "finest", "largest", "too_large"),
    [
        ("USD", "0.001", "0.01", "999999999.99", "1000000000.00"),
        ("JPY", "1.0", "1", "999999999", "1000000000"),
        ("BHD", "0.0001", "0.001", "999999999.999", "1000000000"),
        ("BTC", "0.000000001", "0.00000001", "999999999.99999999", "1000000000.00000000"),
    ],
)
async def test_decimals_and_limits_are_the_currencys(
    anyone: Api, currency: str, too_precise: str, finest: str, largest: str, too_large: str
) -> None:
    shop = await open_shop(anyone, currency)
    for act in (shop.deposit, shop.charge):
        for amount, code in [
            (too_precise, "AMOUNT_TOO_PRECISE"),
            (too_large, "AMOUNT_TOO_LARGE"),
            ("9" * 19, "AMOUNT_TOO_LARGE"),
            ("9" * 40, "AMOUNT_TOO_LARGE"),
            (10**18, "AMOUNT_TOO_LARGE"),
        ]:
            payload = await act(amount)
            assert refusal(payload) == (code, ["amount"])
            assert payload["operation"] is None
    assert await shop.statuses() == ([], [])

    assert succeeded(await shop.deposit(largest))
    assert succeeded(await shop.charge(largest))
    assert succeeded(await shop.deposit(finest))
    assert await shop.balances() == (finest, largest)


async def test_more_decimals_are_refused_even_when_they_are_zeros(quiet_shop: Shop) -> None:
    assert refusal(await quiet_shop.deposit("5.000")) == ("AMOUNT_TOO_PRECISE", ["amount"])


async def test_limits_are_a_setting_for_each_currency(elsewhere: Api) -> None:
    usd, jpy, eur = [await open_shop(elsewhere, currency) for currency in ("USD", "JPY", "EUR")]
    assert refusal(await usd.deposit("5000.01")) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert refusal(await usd.charge("5000.01")) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert refusal(await jpy.deposit("701")) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert succeeded(await usd.deposit("5000.00"))
    assert succeeded(await jpy.deposit("700"))
    assert succeeded(await eur.deposit("999999999.99"))


async def test_answers_have_exactly_the_currencys_decimals(anyone: Api) -> None:
    for currency, zero, one in [("JPY", "0", "1"), ("USD", "0.00", "1.00"), ("BHD", "0.000", "1.000")]:
        shop = await open_shop(anyone, currency, "1")
        assert await shop.balances() == (one, zero)
        wallet = await shop.client.wallet(shop.purse["token"])
        parts = [wallet[name]["amount"] for name in ("balance", "available", "held", "pending")]
        assert parts == [one, one, zero, zero]


FORGED_DEPOSIT = """
  WITH purse AS (
    UPDATE wallets SET balance = balance + $2, sequence = sequence + 1
    WHERE replace(id::text, '-', '') = $1 RETURNING *
  ), world AS (
    INSERT INTO wallets (id, kind, currency, balance, sequence, created_at)
    SELECT $3, 'OUTSIDE', currency, -$2::bigint, 1, now() FROM purse RETURNING *
  ), posted AS (
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT id, sequence, $3, $2, currency, balance, now() FROM purse
    UNION ALL SELECT id, sequence, $3, -$2::bigint, currency, balance, now() FROM world
  )
  INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, target_id, credited, created_at)
  SELECT $3, 'DEPOSIT', 'SUCCEEDED', owner_id, '', $2, currency, id, $2, now() FROM purse
"""


async def test_no_balance_overflows(anyone: Api, connection: asyncpg.Connection) -> None:
    shop = await open_shop(anyone, "BTC", "1")
    # More than deposits could bring without using up the outside world's own balance, which all tests share.
    almost_all = 2**63 - 1 - 100_000_000 - 1
    await connection.execute(FORGED_DEPOSIT, shop.purse["id"].removeprefix("wal_"), almost_all, uuid7())
    assert (await shop.balances())[0] == "92233720368.54775806"
    assert refusal(await shop.deposit("0.00000002")) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert succeeded(await shop.deposit("0.00000001"))
    assert refusal(await shop.deposit("0.00000001")) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert (await shop.balances())[0] == "92233720368.54775807"
    assert (await shop.statuses())[0] == [
        "AMOUNT_TOO_LARGE",
        "SUCCEEDED",
        "AMOUNT_TOO_LARGE",
        "SUCCEEDED",
        "SUCCEEDED",
    ]
