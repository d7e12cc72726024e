"""The operator's position: what holders are owed in each currency, and what stands on the other side of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.client import Api
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, succeeded

AMOUNTS = ("owed", "available", "held", "pending", "outside", "exchange", "sum")
QUERY = f"{{ position {{ currency {' '.join(f'{name} {{ amount currency }}' for name in AMOUNTS)} }} }}"


async def positions(administrator: Api) -> list[Any]:
    listed: list[Any] = (await administrator.ask(QUERY)).data["position"]
    return listed


async def position(administrator: Api, code: str) -> tuple[str, ...] | None:
    """The amounts in that currency, in the order of AMOUNTS."""
    for found in await positions(administrator):
        assert {found[name]["currency"] for name in AMOUNTS} == {found["currency"]}
        if found["currency"] == code:
            return tuple(found[name]["amount"] for name in AMOUNTS)
    return None


async def test_a_currency_comes_with_its_first_wallet(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "2", exponent=3)
    assert await position(administrator, code) is None
    client = await anyone.sign_up_client()
    await client.create_wallet(currency=code)
    assert await position(administrator, code) == ("0.000",) * 7


async def test_currencies_come_by_code_and_each_once(administrator: Api, quiet_shop: Shop) -> None:
    codes = [found["currency"] for found in await positions(administrator)]
    assert "USD" in codes
    assert codes == sorted(set(codes))


async def test_what_is_owed_is_available_held_or_pending(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "1")
    shop = await open_shop(anyone, code, "10")
    assert succeeded(await shop.charge("1.50"))
    assert await position(administrator, code) == ("10.00", "10.00", "0.00", "0.00", "-10.00", "0.00", "0.00")
    authorization = await shop.company.authorize(shop.purse["token"], "3")
    assert succeeded(authorization)
    assert succeeded(await shop.deposit("0.25", availableAt="2100-01-01T00:00:00Z"))
    assert await position(administrator, code) == ("10.25", "7.00", "3.00", "0.25", "-10.25", "0.00", "0.00")
    assert succeeded(await shop.company.capture(authorization["operation"]["id"], amount="1"))
    assert await position(administrator, code) == (
        *("10.25", "10.00", "0.00"),
        *("0.25", "-10.25", "0.00", "0.00"),
    )


async def test_what_is_over_is_available_at_its_instant(administrator: Api, anyone: Api) -> None:
    """Nobody comes by the wallet meanwhile: its row still says what was held and pending."""
    code = await new_currency(administrator, "1")
    shop = await open_shop(anyone, code, "10")
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    for ends_at in (soon.isoformat(), (soon + timedelta(hours=1)).isoformat()):
        assert succeeded(await shop.company.authorize(shop.purse["token"], "3", expiresAt=ends_at))
        assert succeeded(await shop.deposit("2", availableAt=ends_at))
    assert await position(administrator, code) == ("14.00", "4.00", "6.00", "4.00", "-14.00", "0.00", "0.00")
    await asyncio.sleep((soon - datetime.now(UTC)).total_seconds() + 0.1)
    assert await position(administrator, code) == ("14.00", "9.00", "3.00", "2.00", "-14.00", "0.00", "0.00")


async def test_the_exchange_has_what_was_converted_and_what_rounding_left(
    administrator: Api, anyone: Api
) -> None:
    worth_3, worth_1 = await new_currency(administrator, "3"), await new_currency(administrator, "1")
    client = await anyone.sign_up_client()
    purse = await client.create_wallet(currency=worth_3)
    # 10 of 1 are worth 3.33333… of 3.
    assert succeeded(await client.deposit(purse["token"], "10", currency=worth_1))
    assert await position(administrator, worth_3) == (
        *("3.33", "3.33", "0.00", "0.00"),
        *("0.00", "-3.33", "0.00"),
    )
    assert await position(administrator, worth_1) == (
        *("0.00", "0.00", "0.00", "0.00"),
        *("-10.00", "10.00", "0.00"),
    )


async def test_sums_may_be_more_than_any_one_balance(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "1", exponent=9)
    client = await anyone.sign_up_client()
    for _ in range(2):
        purse = await client.create_wallet(currency=code)
        deposit = {"wallet": purse["token"], "amount": "999999999.999999999"}
        assert (await client.many("depositMany", [deposit] * 9))["succeededCount"] == 9
    owed = "17999999999.999999982"
    assert await position(administrator, code) == (
        *(owed, owed, "0.000000000", "0.000000000"),
        *("-" + owed, "0.000000000", "0.000000000"),
    )


async def test_it_sums_to_zero_while_money_moves(administrator: Api, anyone: Api) -> None:
    code, other = await new_currency(administrator, "3"), await new_currency(administrator, "7")
    shops = [await open_shop(anyone, code, "100") for _ in range(4)]

    async def move(shop: Shop) -> None:
        for _ in range(12):
            assert succeeded(await shop.deposit("1", currency=other))
            assert succeeded(await shop.charge("1.01", currency=other))

    moving = asyncio.gather(*(move(shop) for shop in shops))
    seen = set()
    while not moving.done():
        for found in await positions(administrator):
            assert float(found["sum"]["amount"]) == 0, found
            if found["currency"] == code:
                seen.add(found["exchange"]["amount"])
    await moving
    assert len(seen) > 1
