"""Deposits that become available later."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.service.shop import Shop, refusal, succeeded

LATER = "2100-01-01T00:00:00Z"


async def purse(shop: Shop) -> tuple[str, str, str]:
    """Balance, available and pending."""
    wallet = await shop.client.wallet(shop.purse["token"])
    return wallet["balance"]["amount"], wallet["available"]["amount"], wallet["pending"]["amount"]


async def pending(shop: Shop) -> list[tuple[str, str]]:
    """Amount and time of each deposit that is not available yet."""
    answer = await shop.client.ask(
        "query ($id: ID) { wallet(id: $id) { pendingDeposits { nodes { availableAt credited { amount } } } } }",
        id=shop.purse["id"],
    )
    nodes = answer.data["wallet"]["pendingDeposits"]["nodes"]
    return [(node["credited"]["amount"], node["availableAt"]) for node in nodes]


async def test_pending_until_then(shop: Shop) -> None:
    deposited = await shop.deposit("5", availableAt=LATER)
    assert succeeded(deposited)
    assert deposited["wallet"]["pending"]["amount"] == "5.00"
    assert await purse(shop) == ("15.00", "10.00", "5.00")
    assert refusal(await shop.charge("10.01"))[0] == "INSUFFICIENT_FUNDS"
    assert succeeded(await shop.charge("10"))
    assert await purse(shop) == ("5.00", "0.00", "5.00")
    assert await pending(shop) == [("5.00", LATER)]


async def test_available_from_its_instant_on_by_itself(shop: Shop) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    assert succeeded(await shop.deposit("5", availableAt=soon.isoformat()))
    assert succeeded(await shop.deposit("1", availableAt=LATER))
    assert await purse(shop) == ("16.00", "10.00", "6.00")
    assert len(await pending(shop)) == 2
    await asyncio.sleep(max(0.0, (soon - datetime.now(UTC)).total_seconds()) + 0.02)
    assert await purse(shop) == ("16.00", "15.00", "1.00")
    assert await pending(shop) == [("1.00", LATER)]
    assert succeeded(await shop.charge("15"))
    assert await purse(shop) == ("1.00", "0.00", "1.00")


async def test_an_instant_that_is_past_means_at_once(shop: Shop) -> None:
    deposited = await shop.deposit("5", availableAt="2020-01-01T00:00:00Z")
    assert deposited["wallet"]["available"]["amount"] == "15.00"
    assert (await shop.client.operation(deposited["operation"]["id"]))["availableAt"] is None


async def test_the_instant_is_part_of_what_a_key_stands_for(shop: Shop) -> None:
    asked = {"idempotencyKey": "salary", "availableAt": LATER}
    assert succeeded(await shop.deposit("5", **asked))
    # The same instant, written in another way.
    assert (await shop.deposit("5", **asked | {"availableAt": "2100-01-01T02:00:00+02:00"}))["replayed"]
    sooner = await shop.deposit("5", **asked | {"availableAt": "2099-01-01T00:00:00Z"})
    assert refusal(sooner) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert refusal(await shop.deposit("5", idempotencyKey="salary"))[0] == "IDEMPOTENCY_CONFLICT"
    assert await purse(shop) == ("15.00", "10.00", "5.00")
