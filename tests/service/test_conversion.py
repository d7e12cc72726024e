"""Amounts in another currency than a wallet's: the worked examples, to the last decimal."""

from typing import Any

import pytest

from tests.client import Api
from tests.service.rates import new_currency, set_rates
from tests.service.shop import Shop, open_shop, refusal, succeeded

Codes = dict[str, str]


@pytest.fixture
async def codes(administrator: Api) -> Codes:
    """Four currencies of 6 decimals at the rates of the examples, by the names they have there."""
    rates = {"USD": "1", "EUR": "1.093809", "RUB": "0.009803", "THB": "0.029758"}
    return {name: await new_currency(administrator, rate, exponent=6) for name, rate in rates.items()}


async def converted(api: Api, amount: str, from_: str, to: str) -> str:
    answer = await api.ask(
        "query ($amount: Amount!, $from: CurrencyCode!, $to: CurrencyCode!) "
        "{ convert(amount: $amount, from: $from, to: $to) { amount currency } }",
        **{"amount": amount, "from": from_, "to": to},
    )
    assert answer.data["convert"]["currency"] == to
    result: str = answer.data["convert"]["amount"]
    return result


async def test_what_currencies_are_worth(anyone: Api, codes: Codes) -> None:
    usd, eur, rub = codes["USD"], codes["EUR"], codes["RUB"]
    assert await converted(anyone, "1", eur, usd) == "1.093809"
    assert await converted(anyone, "1", eur, rub) == "111.579006"
    assert await converted(anyone, "1", rub, eur) == "0.008962"
    assert await converted(anyone, "0.000001", usd, eur) == "0.000000"
    assert await converted(anyone, "7.5", eur, eur) == "7.500000"
    assert await converted(anyone, "0", eur, usd) == "0.000000"


async def test_the_story_of_200_dollars(anyone: Api, codes: Codes) -> None:
    usd, eur = codes["USD"], codes["EUR"]
    ada, ben = await anyone.sign_up_client(), await anyone.sign_up_client()
    mine, other = await ada.create_wallet(currency=eur), await ben.create_wallet(currency=eur)
    dollars = await ben.create_wallet(currency=usd)
    deposited = await ada.deposit(mine["token"], "200", currency=usd)
    assert deposited["operation"]["amount"] == {"amount": "200.000000", "currency": usd}
    assert deposited["operation"]["credited"] == {"amount": "182.847279", "currency": eur}
    assert deposited["operation"]["rate"] == "0.914236397762"
    sent = await ada.transfer(mine["token"], {"id": other["id"]}, "1")
    assert sent["wallet"]["balance"]["amount"] == "181.847279"
    assert (await ben.wallet(other["token"]))["balance"]["amount"] == "1.000000"
    paid = await ada.transfer(mine["token"], {"id": dollars["id"]}, "1", currency=usd)
    assert paid["operation"]["debited"] == {"amount": "0.914237", "currency": eur}
    assert paid["operation"]["credited"] == {"amount": "1.000000", "currency": usd}
    assert paid["operation"]["rate"] == "1.093809"
    assert (await ben.wallet(dollars["token"]))["balance"]["amount"] == "1.000000"


async def test_a_charge_in_a_third_currency(anyone: Api, codes: Codes) -> None:
    payer = await open_shop(anyone, codes["EUR"], "10")
    company = (await open_shop(anyone, codes["RUB"])).company
    charged = await company.charge(payer.purse["token"], "1", currency=codes["THB"])
    # 1 THB is 0.0272058… EUR, which leaves rounded up, and 3.0355… RUB, which arrives rounded down.
    assert charged["operation"]["debited"] == {"amount": "0.027206", "currency": codes["EUR"]}
    assert charged["operation"]["credited"] == {"amount": "3.035601", "currency": codes["RUB"]}
    assert charged["operation"]["rate"] == "111.579006427"


async def test_what_the_exchange_holds_makes_up_the_rest(anyone: Api, codes: Codes, connection: Any) -> None:
    shop = await open_shop(anyone, codes["EUR"])
    assert succeeded(await shop.deposit("200", currency=codes["USD"]))
    rows = await connection.fetch(
        "SELECT kind::text, currency, sum(balance)::bigint FROM wallets WHERE currency = ANY ($1) "
        "GROUP BY kind, currency HAVING sum(balance) <> 0",
        list(codes.values()),
    )
    assert {(row[0], row[1]): row[2] for row in rows} == {
        ("OUTSIDE", codes["USD"]): -200_000_000,
        ("EXCHANGE", codes["USD"]): 200_000_000,
        ("EXCHANGE", codes["EUR"]): -182_847_279,
        ("HOLDER", codes["EUR"]): 182_847_279,
    }


async def test_forbidden_or_without_a_rate(anyone: Api, codes: Codes, administrator: Api) -> None:
    shop = await open_shop(anyone, codes["EUR"], "10")
    other = await open_shop(anyone, codes["USD"])
    forbid = {"conversion": "FORBID"}
    for payload in (
        await shop.charge("1", currency=codes["USD"], **forbid),
        await other.company.charge(shop.purse["token"], "1", **forbid),
        await shop.client.transfer(shop.purse["token"], {"id": other.till["id"]}, "1", **forbid),
        await other.company.authorize(shop.purse["token"], "1", **forbid),
    ):
        assert refusal(payload) == ("CURRENCY_MISMATCH", ["currency"])
        assert payload["operation"]["rate"] is None
    # No test gives the euro a rate.
    assert refusal(await shop.deposit("1", currency="EUR")) == ("RATE_MISSING", ["currency"])
    assert succeeded(await shop.charge("1", **forbid))


async def test_what_is_worth_less_than_the_smallest_unit(anyone: Api, codes: Codes) -> None:
    shop = await open_shop(anyone, codes["EUR"])
    assert refusal(await shop.deposit("0.000001", currency=codes["USD"])) == (
        "AMOUNT_NOT_POSITIVE",
        ["amount"],
    )
    assert await shop.statuses() == (["AMOUNT_NOT_POSITIVE"], [])


async def test_what_is_more_than_one_operation_moves(anyone: Api, administrator: Api) -> None:
    dear = await new_currency(administrator, "1000")
    shop = await open_shop(anyone, "USD")
    payload = await shop.deposit("1000000", currency=dear)
    assert refusal(payload) == ("AMOUNT_TOO_LARGE", ["amount"])
    assert payload["operation"]["amount"] == {"amount": "1000000.00", "currency": dear}


@pytest.mark.parametrize(("from_", "to"), [("ZZZ", "USD"), ("USD", "ZZZ"), ("USD", "EUR"), ("EUR", "USD")])
async def test_what_can_not_be_converted(anyone: Api, from_: str, to: str) -> None:
    answer = await anyone.ask(f'{{ convert(amount: "1", from: "{from_}", to: "{to}") {{ amount }} }}')
    assert answer.error_codes == ["BAD_USER_INPUT"]


async def test_an_operation_goes_by_the_rate_of_its_moment(anyone: Api, administrator: Api) -> None:
    code = await new_currency(administrator, "2")
    shop: Shop = await open_shop(anyone, "USD")
    for rate, credited in (("2", "2.00"), ("3", "3.00"), ("0.5", "0.50")):
        await set_rates(administrator, {"code": code, "rate": rate})
        # Whichever process answers.
        payloads = [await shop.deposit("1", currency=code) for _ in range(4)]
        assert {payload["operation"]["credited"]["amount"] for payload in payloads} == {credited}
        assert {payload["operation"]["rate"] for payload in payloads} == {rate}
