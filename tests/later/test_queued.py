"""What was queued, as clients see it by the id that they were told: while it waits, and once it is carried out."""

from typing import Any

from tests.client import Api
from tests.later.worker import Worker
from tests.service.exports import csv_rows
from tests.service.shop import Shop, open_shop, refusal, succeeded

LATER = "2100-01-01T00:00:00Z"
LISTED = "{ operations(first: 100) { nodes { id status } } }"


async def listed(reader: Api) -> list[str]:
    return [node["id"] for node in (await reader.ask(LISTED)).data["operations"]["nodes"]]


def queued(payload: Any) -> str:
    """The id that was told."""
    assert payload["userErrors"] == []
    assert (payload["operation"]["status"], payload["operation"]["success"]) == ("PENDING", False)
    operation_id: str = payload["operation"]["id"]
    return operation_id


async def test_found_by_one_id_before_and_after(shop: Shop, worker: Worker) -> None:
    answer = await shop.charge("4", queued=True, summary="Lunch", idempotencyKey="lunch")
    charge = queued(answer)
    for reader in (shop.client, shop.company):
        found = await reader.operation(charge)
        assert (found["id"], found["status"], found["debited"]) == (charge, "PENDING", None)
    stranger = await shop.company.sign_up_company()
    assert await stranger.operation(charge) is None
    assert await shop.balances() == ("10.00", "0.00")
    # It is in no history yet.
    assert len((await shop.client.history(shop.purse["token"]))["edges"]) == 1

    await worker.carry_out()
    assert await shop.balances() == ("6.00", "4.00")
    for reader in (shop.client, shop.company):
        found = await reader.operation(charge)
        assert (found["id"], found["status"], found["debited"]["amount"]) == (charge, "SUCCEEDED", "4.00")
        assert found["origin"] is None
        assert charge in await listed(reader)
    assert await stranger.operation(charge) is None
    (edge, _) = (await shop.client.history(shop.purse["token"]))["edges"]
    assert (edge["node"]["id"], edge["change"]["amount"]) == (charge, "-4.00")
    assert [row["operation"] for row in await csv_rows(shop.client, shop.purse)][1] == charge
    again = await shop.charge("4", queued=True, summary="Lunch", idempotencyKey="lunch")
    assert (again["replayed"], again["operation"]["id"], succeeded(again)) == (True, charge, True)


async def test_what_fails_in_its_turn(shop: Shop, worker: Worker) -> None:
    first = queued(await shop.charge("8", queued=True, idempotencyKey="first"))
    second = queued(await shop.charge("8", queued=True, idempotencyKey="second"))
    await worker.carry_out()
    assert (await shop.client.operation(first))["status"] == "SUCCEEDED"
    assert (await shop.client.operation(second))["status"] == "FAILED"
    assert (await shop.statuses())[0] == ["INSUFFICIENT_FUNDS", "SUCCEEDED", "SUCCEEDED"]
    again = await shop.charge("8", queued=True, idempotencyKey="second")
    assert again["replayed"]
    assert refusal(again)[0] == "INSUFFICIENT_FUNDS"
    assert again["operation"]["id"] == second


async def test_a_deposit_for_later(shop: Shop, worker: Worker) -> None:
    deposit = queued(await shop.deposit("5", queued=True, availableAt=LATER))
    pending = "query ($token: WalletToken!) { wallet(token: $token) { pendingDeposits { nodes { id availableAt } } } }"

    async def waiting() -> Any:
        answer = await shop.client.ask(pending, token=shop.purse["token"])
        return answer.data["wallet"]["pendingDeposits"]["nodes"]

    assert await waiting() == []
    await worker.carry_out()
    assert await waiting() == [{"id": deposit, "availableAt": LATER}]
    assert (await shop.client.operation(deposit))["availableAt"] == LATER
    wallet = await shop.client.wallet(shop.purse["token"])
    assert (wallet["available"]["amount"], wallet["pending"]["amount"]) == ("10.00", "5.00")


async def test_a_charge_is_given_back_in_parts(shop: Shop, worker: Worker) -> None:
    charge = queued(await shop.charge("4", queued=True))
    early = await shop.company.refund(charge)
    assert refusal(early) == ("NOT_REFUNDABLE", ["operation"])
    await worker.carry_out()
    first = await shop.company.refund(charge, amount="1", idempotencyKey="sorry")
    assert succeeded(first)
    again = await shop.company.refund(charge, amount="1", idempotencyKey="sorry")
    assert (again["replayed"], again["operation"]["id"]) == (True, first["operation"]["id"])
    assert (await shop.client.operation(first["operation"]["id"]))["origin"] == {
        "id": charge,
        "kind": "CHARGE",
    }
    assert succeeded(await shop.company.refund(charge))
    assert refusal(await shop.company.refund(charge, amount="0.01"))[0] == "REFUND_EXCEEDS_CHARGE"
    assert (await shop.company.operation(charge))["refunded"]["amount"] == "4.00"
    assert await shop.balances() == ("10.00", "0.00")


async def test_a_split_charge_is_given_back_in_parts(shop: Shop, worker: Worker) -> None:
    partner = await open_shop(shop.company, "USD")
    splits = [{"into": partner.till["token"], "percentage": "25"}]
    charge = queued(await shop.charge("4", queued=True, splits=splits))
    # Who gets a part of it may see it once it has got it.
    assert await partner.company.operation(charge) is None
    await worker.carry_out()
    (part,) = (await partner.company.operation(charge))["splits"]
    assert part["credited"]["amount"] == "1.00"
    for amount in ("1", "2", None):
        back = {} if amount is None else {"amount": amount}
        assert succeeded(await shop.company.refund(charge, **back))
    assert await shop.balances() == ("10.00", "0.00")
    assert (await partner.company.wallet(partner.till["token"]))["balance"]["amount"] == "0.00"


async def test_a_transfer_reaches_the_other_side(shop: Shop, worker: Worker) -> None:
    sent = queued(
        await shop.client.transfer(
            shop.purse["token"], {"id": shop.till["id"]}, "2", queued=True, summary="Hi"
        )
    )
    assert (await shop.company.operation(sent))["status"] == "PENDING"
    await worker.carry_out()
    (edge,) = (await shop.company.history(shop.till["token"]))["edges"]
    assert (edge["node"]["id"], edge["node"]["summary"], edge["change"]["amount"]) == (sent, "Hi", "2.00")


async def test_an_authorization_in_between_is_as_ever(shop: Shop, worker: Worker) -> None:
    charge = queued(await shop.charge("8", queued=True))
    held = await shop.company.authorize(shop.purse["token"], "5")
    assert succeeded(held)
    await worker.carry_out()
    assert (await shop.client.operation(charge))["status"] == "FAILED"
    assert succeeded(await shop.company.capture(held["operation"]["id"]))
    assert await shop.balances() == ("5.00", "5.00")
