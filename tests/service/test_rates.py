"""Setting rates, and adding currencies."""

import asyncio
import secrets
import time
from typing import Any

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.running import Service
from tests.service.rates import new_currency, set_rates
from tests.service.shop import open_shop, succeeded


def new_code() -> str:
    return "Q" + secrets.token_hex(3).upper()


def problems(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and field of everything that is wrong; then nothing was set."""
    assert answer["currencies"] == []
    return [(error["code"], error["field"]) for error in answer["userErrors"]]


async def listed(api: Api, *codes: str) -> dict[str, Any]:
    rows = (await api.ask("{ currencies { code exponent rate rateUpdatedAt } }")).data["currencies"]
    return {row["code"]: row for row in rows if row["code"] in codes}


async def test_a_new_currency_and_its_rates(
    administrator: Api, anyone: Api, connection: asyncpg.Connection
) -> None:
    one, other = new_code(), new_code()
    answer = await set_rates(
        administrator,
        {"code": other, "rate": "0.0098030", "exponent": 9},
        {"code": one, "rate": "12", "exponent": 0},
    )
    assert [(row["code"], row["exponent"], row["rate"]) for row in answer["currencies"]] == [
        (other, 9, "0.009803"),
        (one, 0, "12"),
    ]
    assert answer["currencies"] == [(await listed(anyone, one, other))[code] for code in (other, one)]
    await set_rates(administrator, {"code": one, "rate": "13.5"})
    rows = await connection.fetch("SELECT rate::text, set_by FROM rates WHERE code = $1 ORDER BY set_at", one)
    assert [row["rate"] for row in rows] == ["12", "13.5"]
    assert all(row["set_by"] is not None for row in rows)


async def test_all_or_nothing(administrator: Api, anyone: Api) -> None:
    code, new = await new_currency(administrator, "2"), new_code()
    answer = await set_rates(
        administrator,
        {"code": code, "rate": "3"},
        {"code": new, "rate": "0", "exponent": 2},
        {"code": "USD", "rate": "1.1"},
        {"code": code, "rate": "1.234567890123"},
        {"code": new_code(), "rate": "1", "exponent": 10},
        {"code": new_code(), "rate": "1234567890123", "exponent": 0},
    )
    assert problems(answer) == [
        ("AMOUNT_NOT_POSITIVE", ["rates", "1", "rate"]),
        ("INVALID", ["rates", "2", "rate"]),
        ("INVALID", ["rates", "3", "code"]),
        ("AMOUNT_TOO_PRECISE", ["rates", "3", "rate"]),
        ("INVALID", ["rates", "4", "exponent"]),
        ("AMOUNT_TOO_PRECISE", ["rates", "5", "rate"]),
    ]
    unknown = await set_rates(administrator, {"code": code, "rate": "3"}, {"code": new, "rate": "1"})
    assert problems(unknown) == [("CURRENCY_UNKNOWN", ["rates", "1", "exponent"])]
    assert (await listed(anyone, code, new)).keys() == {code}
    assert (await listed(anyone, code))[code]["rate"] == "2"


@pytest.mark.parametrize(
    "rate",
    ["0.000000000001", "123456789012", "123456789012000", "0.00000123456789012000", "1.00000000000000000"],
)
async def test_twelve_significant_digits(administrator: Api, rate: str) -> None:
    answer = await set_rates(administrator, {"code": new_code(), "rate": rate, "exponent": 2})
    expected = [("AMOUNT_TOO_LARGE", ["rates", "0", "rate"])] if len(rate) == 15 and "." not in rate else []
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == expected


async def test_an_empty_list_and_one_that_is_too_long(administrator: Api) -> None:
    assert problems(await set_rates(administrator)) == [("INVALID", ["rates"])]
    many = [{"code": "USD", "rate": "1"}] * 501
    assert problems(await set_rates(administrator, *many)) == [("INVALID", ["rates"])]


async def test_decimals_change_as_long_as_no_wallet_has_the_currency(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "2")
    changed = await set_rates(administrator, {"code": code, "rate": "2", "exponent": 6})
    assert changed["currencies"][0]["exponent"] == 6
    shop = await open_shop(anyone, code, "1.234567")
    assert await shop.balances() == ("1.234567", "0.000000")
    refused = await set_rates(administrator, {"code": code, "rate": "9", "exponent": 2})
    assert problems(refused) == [("INVALID", ["rates", "0", "exponent"])]
    same = await set_rates(administrator, {"code": code, "rate": "9", "exponent": 6})
    assert same["userErrors"] == []


async def test_nor_once_an_operation_was_asked_for_in_it(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "2")
    shop = await open_shop(anyone, "USD")
    # Refused, and recorded in that currency.
    refused = await shop.charge("1.00", currency=code)
    assert refused["operation"]["amount"] == {"amount": "1.00", "currency": code}
    changed = await set_rates(administrator, {"code": code, "rate": "2", "exponent": 0})
    assert problems(changed) == [("INVALID", ["rates", "0", "exponent"])]


async def test_nor_once_one_without_a_wallet_to_credit_was_recorded(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "2")
    shop = await open_shop(anyone, "USD")
    company = await anyone.sign_up_company()
    refused = await company.charge(shop.purse["token"], "1.00", currency=code)
    assert refused["operation"]["failureCode"] == "WALLET_REQUIRED"
    changed = await set_rates(administrator, {"code": code, "rate": "2", "exponent": 0})
    assert problems(changed) == [("INVALID", ["rates", "0", "exponent"])]


async def test_wallets_made_while_the_decimals_change(administrator: Api, anyone: Api) -> None:
    for _ in range(3):
        code = await new_currency(administrator, "2", exponent=2)
        client = await anyone.sign_up_client()
        changed, *wallets = await asyncio.gather(
            set_rates(administrator, {"code": code, "rate": "2", "exponent": 4}),
            *(client.create_wallet(currency=code) for _ in range(4)),
        )
        decimals = 2 if changed["userErrors"] else 4
        for wallet in wallets:
            payload = await client.deposit(wallet["token"], "1.25")
            assert payload["wallet"]["balance"]["amount"] == "1.25" + "0" * (decimals - 2)


async def test_what_is_converted_goes_by_the_latest_rate(administrator: Api, service: Service) -> None:
    code = await new_currency(administrator, "2")
    ask = {"query": f'{{ convert(amount: "1", from: "{code}", to: "USD") {{ amount }} }}'}
    for rate in range(3, 20):
        await set_rates(administrator, {"code": code, "rate": str(rate)})
        # A new connection each time: any of the processes may get it.
        async with httpx.AsyncClient(base_url=service.url) as http:
            answer = (await http.post("/graphql", json=ask)).json()
        assert answer == {"data": {"convert": {"amount": f"{rate}.00"}}}


async def test_every_process_knows_within_a_second(administrator: Api, service: Service) -> None:
    code = await new_currency(administrator, "2")
    await asyncio.sleep(1)
    ask = {"query": f'{{ convert(amount: "1", from: "{code}", to: "USD") {{ amount }} }}'}
    await set_rates(administrator, {"code": code, "rate": "3"})
    set_at = time.monotonic()
    seen: set[str] = set()
    while time.monotonic() < set_at + 2:
        asked_at = time.monotonic()
        # A new connection each time: any of the processes may get it.
        async with httpx.AsyncClient(base_url=service.url) as http:
            amount = (await http.post("/graphql", json=ask)).json()["data"]["convert"]["amount"]
        if asked_at > set_at + 1:
            assert amount == "3.00"
        seen.add(amount)
    assert seen <= {"2.00", "3.00"}


async def test_no_operation_sees_half_of_a_change(administrator: Api, anyone: Api) -> None:
    one, other = await new_currency(administrator, "1"), await new_currency(administrator, "1")
    shop = await open_shop(anyone, one, "1000")
    target = await open_shop(anyone, other)
    over = asyncio.Event()

    async def change() -> None:
        for number in range(2, 30):
            # Always the same to one another.
            await set_rates(administrator, *({"code": code, "rate": str(number)} for code in (one, other)))
        over.set()

    async def pay() -> None:
        while not over.is_set():
            paid = await shop.client.transfer(shop.purse["token"], {"id": target.till["id"]}, "0.01")
            assert succeeded(paid)
            assert paid["operation"]["rate"] == "1"

    await asyncio.gather(change(), *(pay() for _ in range(4)))


async def test_administrators_alone(anyone: Api) -> None:
    company = await anyone.sign_up_company()
    answer = await company.ask(
        'mutation { updateRates(input: { rates: [{ code: "EUR", rate: "1" }] }) { userErrors { code } } }'
    )
    assert answer.error_codes == ["FORBIDDEN"]
    assert answer.body["errors"][0]["extensions"]["executed"] == "NO"
