"""Setting money aside, and taking it later, or not."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import Api
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded


async def authorized(shop: Shop, amount: str, **more: Any) -> str:
    payload = await shop.company.authorize(shop.purse["token"], amount, **more)
    assert succeeded(payload)
    operation_id: str = payload["operation"]["id"]
    return operation_id


async def purse(shop: Shop) -> tuple[str, str, str]:
    """Balance, available and held."""
    wallet = await shop.client.wallet(shop.purse["token"])
    return wallet["balance"]["amount"], wallet["available"]["amount"], wallet["held"]["amount"]


async def state(api: Api, authorization: str) -> tuple[str, str, str, str]:
    """State, captured, remaining and held."""
    found = (await api.operation(authorization))["authorization"]
    return found["state"], *(found[name]["amount"] for name in ("captured", "remaining", "held"))


async def test_what_is_held_can_not_be_spent(shop: Shop) -> None:
    authorization = await authorized(shop, "6")
    assert await purse(shop) == ("10.00", "4.00", "6.00")
    assert await state(shop.client, authorization) == ("OPEN", "0.00", "6.00", "6.00")
    assert refusal(await shop.charge("4.01"))[0] == "INSUFFICIENT_FUNDS"
    assert refusal(await shop.company.authorize(shop.purse["token"], "4.01"))[0] == "INSUFFICIENT_FUNDS"
    assert succeeded(await shop.charge("4"))
    assert await purse(shop) == ("6.00", "0.00", "6.00")


async def test_a_part_is_captured_and_the_rest_released(shop: Shop) -> None:
    authorization = await authorized(shop, "6")
    captured = await shop.company.capture(authorization, amount="2.50", summary="A puncture")
    assert succeeded(captured)
    assert captured["operation"]["kind"] == "CAPTURE"
    assert captured["operation"]["debited"] == {"amount": "2.50", "currency": "USD"}
    assert (captured["wallet"]["id"], captured["wallet"]["balance"]["amount"]) == (shop.till["id"], "2.50")
    assert await purse(shop) == ("7.50", "7.50", "0.00")
    assert await state(shop.company, authorization) == ("CAPTURED", "2.50", "0.00", "0.00")
    origin = (await shop.client.operation(captured["operation"]["id"]))["origin"]
    assert origin == {"id": authorization, "kind": "AUTHORIZATION"}
    for payload in (await shop.company.capture(authorization), await shop.company.release(authorization)):
        assert refusal(payload) == ("AUTHORIZATION_CLOSED", ["authorization"])


async def test_several_captures(shop: Shop) -> None:
    authorization = await authorized(shop, "6")
    assert succeeded(await shop.company.capture(authorization, amount="1", final=False))
    assert await state(shop.client, authorization) == ("OPEN", "1.00", "5.00", "5.00")
    exceeded = await shop.company.capture(authorization, amount="5.01", final=False)
    assert refusal(exceeded) == ("AUTHORIZATION_EXCEEDED", ["amount"])
    assert succeeded(await shop.company.capture(authorization, amount="2", final=False))
    assert await purse(shop) == ("7.00", "4.00", "3.00")
    # Without an amount all that is left, and then it is over, final or not.
    assert succeeded(await shop.company.capture(authorization, final=False))
    assert await state(shop.client, authorization) == ("CAPTURED", "6.00", "0.00", "0.00")
    assert await shop.balances() == ("4.00", "6.00")
    assert (await shop.statuses())[0][:2] == ["SUCCEEDED", "SUCCEEDED"]


async def test_a_release(shop: Shop) -> None:
    authorization = await authorized(shop, "6")
    assert succeeded(await shop.company.capture(authorization, amount="1", final=False))
    released = await shop.company.release(authorization)
    assert succeeded(released)
    assert released["operation"]["amount"]["amount"] == "5.00"
    assert released["operation"]["debited"] is released["operation"]["credited"] is None
    assert await purse(shop) == ("9.00", "9.00", "0.00")
    assert await state(shop.client, authorization) == ("RELEASED", "1.00", "0.00", "0.00")


async def test_it_expires_at_its_instant_by_itself(shop: Shop) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    authorization = await authorized(shop, "6", expiresAt=soon.isoformat())
    lasting = await authorized(shop, "1")
    assert await purse(shop) == ("10.00", "3.00", "7.00")
    await asyncio.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.02)
    assert await purse(shop) == ("10.00", "9.00", "1.00")
    assert await state(shop.client, authorization) == ("EXPIRED", "0.00", "0.00", "0.00")
    late = await shop.company.capture(authorization, amount="1")
    assert refusal(late) == ("AUTHORIZATION_CLOSED", ["authorization"])
    assert succeeded(await shop.charge("9"))
    assert await purse(shop) == ("1.00", "0.00", "1.00")
    assert await state(shop.client, lasting) == ("OPEN", "0.00", "1.00", "1.00")


@pytest.mark.parametrize("days", [-1, 367])
async def test_when_it_may_expire(shop: Shop, days: int) -> None:
    expires_at = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    payload = await shop.company.authorize(shop.purse["token"], "1", expiresAt=expires_at)
    assert refusal(payload) == ("INVALID", ["expiresAt"])


async def test_seven_days_when_nothing_is_said(shop: Shop) -> None:
    found = (await shop.client.operation(await authorized(shop, "1")))["authorization"]
    left = datetime.fromisoformat(found["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7)


async def test_captures_at_once_never_take_more_than_is_held(shop: Shop) -> None:
    authorization = await authorized(shop, "9")
    payloads = await asyncio.gather(
        *(shop.company.capture(authorization, amount="0.70", final=False) for _ in range(30))
    )
    codes = Counter(payload["operation"]["failureCode"] for payload in payloads)
    assert codes == {None: 12, "AUTHORIZATION_EXCEEDED": 18}
    assert await purse(shop) == ("1.60", "1.00", "0.60")


async def test_of_a_capture_and_a_release_at_once_one_comes_first(shop: Shop) -> None:
    authorization = await authorized(shop, "9")
    done = await asyncio.gather(
        shop.company.capture(authorization, amount="4"), shop.company.release(authorization)
    )
    assert sorted(bool(payload["userErrors"]) for payload in done) == [False, True]
    assert (await purse(shop))[2] == "0.00"


async def test_in_another_currency_at_the_rate_of_its_own_moment(administrator: Api, anyone: Api) -> None:
    code = await new_currency(administrator, "2")
    shop = await open_shop(anyone, "USD", "10")
    authorization = await authorized(shop, "3.33", currency=code)
    assert await purse(shop) == ("10.00", "3.34", "6.66")
    await administrator.ask(
        "mutation ($input: UpdateRatesInput!) { updateRates(input: $input) { userErrors { code } } }",
        input={"rates": [{"code": code, "rate": "9"}]},
    )
    assert await state(shop.client, authorization) == ("OPEN", "0.00", "3.33", "6.66")
    assert succeeded(await shop.company.capture(authorization, amount="1.11", final=False))
    assert succeeded(await shop.company.capture(authorization))
    assert await shop.balances() == ("3.34", "6.66")


async def test_lists_of_authorizations(shop: Shop, anyone: Api) -> None:
    ids = [await authorized(shop, "1") for _ in range(3)]
    await shop.company.release(ids[1])
    listing = "authorizations(first: 2{}) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}"
    for api, before, after in (
        (shop.company, "", ""),
        (shop.client, f'wallet(id: "{shop.purse["id"]}") {{ ', " }"),
    ):
        answer = await api.ask(f"{{ {before}{listing.format('')}{after} }}")
        page = answer.data.get("wallet", answer.data)["authorizations"]
        assert [node["id"] for node in page["nodes"]] == ids[:0:-1]
        cursor = page["pageInfo"]["endCursor"]
        rest = await api.ask(f"{{ {before}{listing.format(f', after: {chr(34)}{cursor}{chr(34)}')}{after} }}")
        page = rest.data.get("wallet", rest.data)["authorizations"]
        assert [node["id"] for node in page["nodes"]] == ids[:1]
        is_open = await api.ask(f"{{ {before}{listing.format(', states: [OPEN]')}{after} }}")
        page = is_open.data.get("wallet", is_open.data)["authorizations"]
        assert [node["id"] for node in page["nodes"]] == [ids[2], ids[0]]
    # The client made none; another company neither.
    for api in (shop.client, await anyone.sign_up_company()):
        assert (await api.ask("{ authorizations { nodes { id } } }")).data["authorizations"]["nodes"] == []


async def test_refusals(shop: Shop, anyone: Api) -> None:
    other = await open_shop(anyone, "USD", "5")
    authorization = await authorized(shop, "5")
    for payload in (
        await other.company.capture(authorization),
        await other.company.release(authorization),
        await shop.company.capture("nothing"),
        await shop.company.capture((await shop.charge("1"))["operation"]["id"]),
    ):
        assert refusal(payload) == ("OPERATION_NOT_FOUND", ["authorization"])
    failed = (await shop.company.authorize(shop.purse["token"], "100"))["operation"]["id"]
    assert refusal(await shop.company.capture(failed)) == ("AUTHORIZATION_CLOSED", ["authorization"])
    assert refusal(await shop.company.authorize(shop.till["token"], "1")) == ("SAME_WALLET", ["wallet"])
    assert refusal(await shop.company.capture(authorization, amount="0")) == (
        "AMOUNT_NOT_POSITIVE",
        ["amount"],
    )


async def test_the_same_key_does_it_once(shop: Shop) -> None:
    asked = {"wallet": shop.purse["token"], "amount": "3", "idempotencyKey": "bicycle"}
    first = await shop.company.authorize(**asked)
    again = await shop.company.authorize(**asked)
    assert (again["replayed"], again["operation"]["id"]) == (True, first["operation"]["id"])
    authorization = first["operation"]["id"]
    for _ in range(2):
        captured = await shop.company.capture(authorization, amount="1", final=False, idempotencyKey="one")
    assert captured["replayed"]
    final = await shop.company.capture(authorization, amount="1", idempotencyKey="one")
    assert refusal(final) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    for _ in range(2):
        released = await shop.company.release(authorization, idempotencyKey="over")
    assert released["replayed"]
    assert await purse(shop) == ("9.00", "9.00", "0.00")
