"""Withdrawals as their owners see them, at each stage."""

from typing import Any

import pytest

from ledger.rejections import ErrorCode
from tests.client import PASSWORD, Api
from tests.later.worker import Worker, uuid_of
from tests.ledger.sending import try_later
from tests.running import Service
from tests.service.at_once import at_once
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded

LIST = """
query ($states: [WithdrawalState!], $first: Int, $after: String, $last: Int, $before: String) {
  withdrawals(states: $states, first: $first, after: $after, last: $last, before: $before) {
    nodes { id withdrawal { state destination } }
    edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
  }
}
"""
STATES = ("PENDING", "SENT", "SUCCEEDED", "FAILED", "CANCELLED")


async def listed(reader: Api, **asked: Any) -> list[str]:
    """The ids that the list has."""
    page = (await reader.ask(LIST, **asked)).data["withdrawals"]
    return [node["id"] for node in page["nodes"]]


async def purse(shop: Shop) -> tuple[str, str, str]:
    """Balance, available and held."""
    wallet = await shop.client.wallet(shop.purse["token"])
    return wallet["balance"]["amount"], wallet["available"]["amount"], wallet["held"]["amount"]


async def begun(shop: Shop, amount: str = "4", **more: Any) -> str:
    """The id of a withdrawal that was accepted."""
    answer = await shop.client.withdraw(shop.purse["token"], amount, **more)
    assert answer["userErrors"] == []
    withdrawal_id: str = answer["operation"]["id"]
    return withdrawal_id


async def told(reader: Api, withdrawal: str) -> tuple[str, str, str | None]:
    """Status, state, and what left the wallet."""
    operation = await reader.operation(withdrawal)
    debited = operation["debited"]
    return operation["status"], operation["withdrawal"]["state"], debited and debited["amount"]


async def test_accepted_at_once_and_held(shop: Shop) -> None:
    answer = await shop.client.withdraw(shop.purse["token"], "4", summary="Rent", idempotencyKey="rent")
    operation = answer["operation"]
    assert (answer["userErrors"], answer["replayed"]) == ([], False)
    assert (operation["kind"], operation["status"], operation["success"]) == ("WITHDRAWAL", "PENDING", False)
    assert operation["amount"] == {"amount": "4.00", "currency": "USD"}
    assert (
        operation["failureCode"] is operation["debited"] is operation["credited"] is operation["rate"] is None
    )
    assert (operation["source"]["id"], operation["target"]) == (shop.purse["id"], None)
    assert answer["wallet"]["held"]["amount"] == "4.00"
    assert await purse(shop) == ("10.00", "6.00", "4.00")
    assert (await shop.client.operation(operation["id"]))["withdrawal"] == {
        "state": "PENDING",
        "destination": "NL91ABNA0417164300",
        "attempts": [],
    }
    assert refusal(await shop.charge("6.01"))[0] == "INSUFFICIENT_FUNDS"
    assert succeeded(await shop.charge("6"))


async def test_paid(shop: Shop, worker: Worker) -> None:
    withdrawal = await begun(shop)
    await worker.send(withdrawal)
    assert await told(shop.client, withdrawal) == ("PENDING", "SENT", None)
    assert await purse(shop) == ("10.00", "6.00", "4.00")
    assert await worker.hear(withdrawal, is_paid=True) is None
    assert await told(shop.client, withdrawal) == ("SUCCEEDED", "SUCCEEDED", "4.00")
    assert await purse(shop) == ("6.00", "6.00", "0.00")
    # Heard twice, and something else at that: posted once.
    for is_paid in (True, False):
        assert await worker.hear(withdrawal, is_paid=is_paid) == ErrorCode.NOT_EXECUTED
    assert await purse(shop) == ("6.00", "6.00", "0.00")


async def test_not_paid(shop: Shop, worker: Worker) -> None:
    withdrawal = await begun(shop)
    await worker.send(withdrawal)
    await try_later(worker.connection, uuid_of(withdrawal))
    assert await told(shop.client, withdrawal) == ("PENDING", "PENDING", None)
    await worker.send(withdrawal)
    await worker.connection.execute(
        "UPDATE withdrawals SET state = 'UNKNOWN' WHERE operation_id = $1", uuid_of(withdrawal)
    )
    assert await told(shop.client, withdrawal) == ("PENDING", "UNKNOWN", None)
    assert await worker.hear(withdrawal, is_paid=False) is None
    operation = await shop.client.operation(withdrawal)
    assert (operation["status"], operation["debited"]) == ("FAILED", None)
    attempts = operation["withdrawal"]["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1, 2]
    assert [attempt["result"] for attempt in attempts] == ["FAILED", None]
    assert [attempt["endedAt"] is None for attempt in attempts] == [False, True]
    assert await purse(shop) == ("10.00", "10.00", "0.00")


async def test_called_back(shop: Shop) -> None:
    withdrawal = await begun(shop)
    for is_replayed in (False, True):
        answer = await shop.client.cancel_withdrawal(withdrawal, idempotencyKey="no")
        assert (answer["userErrors"], answer["replayed"]) == ([], is_replayed)
        operation = answer["operation"]
        assert (operation["id"], operation["status"], operation["failureCode"]) == (
            *(withdrawal, "FAILED"),
            "CANCELLED",
        )
        assert answer["wallet"]["available"]["amount"] == "10.00"
    again = await shop.client.cancel_withdrawal(withdrawal)
    assert refusal(again) == ("NOT_CANCELLABLE", ["withdrawal"])
    assert await told(shop.client, withdrawal) == ("FAILED", "CANCELLED", None)
    assert await purse(shop) == ("10.00", "10.00", "0.00")


async def test_not_called_back_once_it_is_with_the_bank(shop: Shop, worker: Worker) -> None:
    withdrawal = await begun(shop)
    await worker.send(withdrawal)
    assert refusal(await shop.client.cancel_withdrawal(withdrawal)) == ("NOT_CANCELLABLE", ["withdrawal"])
    assert await purse(shop) == ("10.00", "6.00", "4.00")
    assert await worker.hear(withdrawal, is_paid=True) is None
    assert refusal(await shop.client.cancel_withdrawal(withdrawal)) == ("NOT_CANCELLABLE", ["withdrawal"])


async def test_what_can_not_be_called_back(shop: Shop) -> None:
    deposited = (await shop.deposit("1"))["operation"]["id"]
    refused = await shop.client.withdraw(shop.purse["token"], "100")
    for operation, code in (
        (deposited, "OPERATION_NOT_FOUND"),
        ("op_nothing", "OPERATION_NOT_FOUND"),
        (f"op_{0:032x}", "OPERATION_NOT_FOUND"),
        (shop.purse["id"], "OPERATION_NOT_FOUND"),
        (refused["operation"]["id"], "NOT_CANCELLABLE"),
    ):
        assert refusal(await shop.client.cancel_withdrawal(operation)) == (code, ["withdrawal"])


async def test_the_first_answer_again(shop: Shop, worker: Worker) -> None:
    asked: dict[str, Any] = {"idempotencyKey": "rent", "summary": "Rent"}
    first = await shop.client.withdraw(shop.purse["token"], "4", **asked)
    again = await shop.client.withdraw(shop.purse["token"], "4.00", **asked)
    assert again == first | {"replayed": True}
    for change in ({"destination": "DE02120300000000202051"}, {"summary": "Other"}):
        other = await shop.client.withdraw(shop.purse["token"], "4", **asked | change)
        assert refusal(other) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    await worker.pay(first["operation"]["id"])
    later = await shop.client.withdraw(shop.purse["token"], "4", **asked)
    assert succeeded(later)
    assert (later["replayed"], later["operation"]["id"]) == (True, first["operation"]["id"])
    assert await purse(shop) == ("6.00", "6.00", "0.00")


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_the_first_answer_again_where_nothing_came_of_it(
    shop: Shop, worker: Worker, is_cancelled: bool
) -> None:
    withdrawal = await begun(shop, idempotencyKey="rent")
    if is_cancelled:
        await shop.client.cancel_withdrawal(withdrawal)
    else:
        await worker.send(withdrawal)
        await worker.hear(withdrawal, is_paid=False)
    again = await shop.client.withdraw(shop.purse["token"], "4", idempotencyKey="rent")
    assert again["replayed"]
    assert refusal(again)[0] == ("CANCELLED" if is_cancelled else "BANK_REFUSED")
    assert again["operation"]["id"] == withdrawal
    assert await purse(shop) == ("10.00", "10.00", "0.00")


async def test_two_of_everything_there_is(shop: Shop, service: Service) -> None:
    assert succeeded(await shop.deposit("990"))
    query = (
        f'mutation {{ withdraw(input: {{ wallet: "{shop.purse["token"]}", amount: "1000", destination: "NL91" }}) '
        "{ operation { status } userErrors { code } } }"
    )
    answers = await at_once(service.url, shop.client.token, query, 2)
    payloads = [answer["data"]["withdraw"] for answer in answers]
    assert sorted(payload["operation"]["status"] for payload in payloads) == ["FAILED", "PENDING"]
    assert sorted(error["code"] for payload in payloads for error in payload["userErrors"]) == [
        "INSUFFICIENT_FUNDS"
    ]
    assert await purse(shop) == ("1000.00", "0.00", "1000.00")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"destination": ""}, "BLANK", ["destination"]),
        ({"destination": " \n"}, "BLANK", ["destination"]),
        ({"destination": "x" * 141}, "TOO_LONG", ["destination"]),
        ({"destination": "NL91\nABNA"}, "INVALID", ["destination"]),
        ({"summary": "x" * 256}, "TOO_LONG", ["summary"]),
        ({"idempotencyKey": ""}, "BLANK", ["idempotencyKey"]),
        ({"amount": "0"}, "AMOUNT_NOT_POSITIVE", ["amount"]),
        ({"amount": "1.001"}, "AMOUNT_TOO_PRECISE", ["amount"]),
        ({"amount": "1000000000"}, "AMOUNT_TOO_LARGE", ["amount"]),
        ({"currency": "XYZ"}, "CURRENCY_UNKNOWN", ["currency"]),
        ({"wallet": "nothing"}, "WALLET_NOT_FOUND", ["wallet"]),
    ],
)
async def test_what_is_refused(shop: Shop, changes: Any, code: str, field: list[str]) -> None:
    asked = {"wallet": shop.purse["token"], "amount": "1"} | changes
    answer = await shop.client.withdraw(asked.pop("wallet"), asked.pop("amount"), **asked)
    assert refusal(answer) == (code, field)
    assert answer["operation"] is None
    assert await purse(shop) == ("10.00", "10.00", "0.00")
    assert await listed(shop.client) == []


@pytest.mark.parametrize("destination", ["NL91\0", None, 5])
async def test_what_is_no_destination(shop: Shop, destination: Any) -> None:
    answer = await shop.client.ask(
        "mutation ($input: WithdrawInput!) { withdraw(input: $input) { operation { id } } }",
        input={"wallet": shop.purse["token"], "amount": "1", "destination": destination},
    )
    (error,) = answer.body["errors"]
    assert error["extensions"]["executed"] == "NO"
    assert answer.body.get("data") is None
    assert await purse(shop) == ("10.00", "10.00", "0.00")


async def test_the_longest_destination(shop: Shop) -> None:
    destination = "é" * 140
    withdrawal = await begun(shop, destination=destination)
    assert (await shop.client.operation(withdrawal))["withdrawal"]["destination"] == destination


async def test_refusals_are_recorded(shop: Shop, administrator: Api) -> None:
    answer = await shop.client.withdraw(shop.purse["token"], "10.01")
    assert refusal(answer) == ("INSUFFICIENT_FUNDS", ["amount"])
    operation = await shop.client.operation(answer["operation"]["id"])
    assert (operation["kind"], operation["withdrawal"]) == ("WITHDRAWAL", None)
    frozen = await administrator.change("freezeWallet", wallet={"id": shop.purse["id"]})
    assert frozen["userErrors"] == []
    assert refusal(await shop.client.withdraw(shop.purse["token"], "1")) == ("WALLET_FROZEN", ["wallet"])
    assert (await shop.statuses())[0] == ["WALLET_FROZEN", "INSUFFICIENT_FUNDS", "SUCCEEDED"]
    empty = await open_shop(Api(shop.client.http), "USD")
    assert (await empty.client.change("closeWallet", wallet=empty.purse["token"]))["userErrors"] == []
    closed = await empty.client.withdraw(empty.purse["token"], "1")
    assert refusal(closed) == ("WALLET_CLOSED", ["wallet"])


async def test_what_the_bank_paid_leaves_a_wallet_that_was_frozen_meanwhile(
    shop: Shop, administrator: Api, worker: Worker
) -> None:
    withdrawal = await begun(shop)
    await worker.send(withdrawal)
    await administrator.change("freezeWallet", wallet={"id": shop.purse["id"]})
    assert await worker.hear(withdrawal, is_paid=True) is None
    assert await purse(shop) == ("6.00", "6.00", "0.00")


async def test_a_wallet_with_a_withdrawal_under_way_is_not_closed(shop: Shop, worker: Worker) -> None:
    withdrawal = await begun(shop, "10")
    (error,) = (await shop.client.change("closeWallet", wallet=shop.purse["token"]))["userErrors"]
    assert error["code"] == "WALLET_NOT_EMPTY"
    await worker.pay(withdrawal)
    assert (await shop.client.change("closeWallet", wallet=shop.purse["token"]))["userErrors"] == []


async def test_in_another_currency_at_the_rate_of_its_acceptance(
    shop: Shop, administrator: Api, worker: Worker
) -> None:
    code = await new_currency(administrator, "1.5", exponent=3)
    answer = await shop.client.withdraw(shop.purse["token"], "2.001", currency=code)
    operation = answer["operation"]
    assert operation["amount"] == {"amount": "2.001", "currency": code}
    assert float(operation["rate"]) == pytest.approx(1 / 1.5)
    # 3.0015 USD, rounded up.
    assert await purse(shop) == ("10.00", "6.99", "3.01")
    changed = await administrator.ask(
        "mutation ($rates: [RateInput!]!) { updateRates(input: { rates: $rates }) { userErrors { code } } }",
        rates=[{"code": code, "rate": "3"}],
    )
    assert changed.data == {"updateRates": {"userErrors": []}}
    await worker.pay(operation["id"])
    paid = await shop.client.operation(operation["id"])
    assert paid["debited"] == {"amount": "3.01", "currency": "USD"}
    assert paid["rate"] == operation["rate"]
    assert await purse(shop) == ("6.99", "6.99", "0.00")


async def test_the_list_by_state_and_page(shop: Shop, worker: Worker) -> None:
    assert await listed(shop.client) == []
    made = [await begun(shop, "1") for _ in STATES]
    _, sent, paid, unpaid, called_back = made
    await worker.send(sent)
    await worker.pay(paid)
    await worker.send(unpaid)
    await worker.hear(unpaid, is_paid=False)
    await shop.client.cancel_withdrawal(called_back)
    assert refusal(await shop.client.withdraw(shop.purse["token"], "100"))[0] == "INSUFFICIENT_FUNDS"

    newest_first = made[::-1]
    assert await listed(shop.client) == newest_first
    for state, withdrawal in zip(STATES, made, strict=True):
        assert await listed(shop.client, states=[state]) == [withdrawal]
    assert await listed(shop.client, states=["SENT", "PENDING"]) == [sent, made[0]]
    assert await listed(shop.client, states=["UNKNOWN"]) == await listed(shop.client, states=[]) == []
    assert await listed(shop.company) == []

    page = (await shop.client.ask(LIST, first=2)).data["withdrawals"]
    assert page["pageInfo"]["hasNextPage"]
    seen = [node["id"] for node in page["nodes"]]
    after = page["pageInfo"]["endCursor"]
    rest = (await shop.client.ask(LIST, first=3, after=after)).data["withdrawals"]
    assert not rest["pageInfo"]["hasNextPage"]
    assert [*seen, *(node["id"] for node in rest["nodes"])] == newest_first
    assert await listed(shop.client, last=2) == newest_first[-2:]
    assert await listed(shop.client, last=2, before=rest["edges"][0]["cursor"]) == newest_first[:2]


async def test_a_company_withdraws_too(shop: Shop, administrator: Api, worker: Worker) -> None:
    assert succeeded(await shop.charge("5"))
    answer = await shop.company.withdraw(shop.till["token"], "5")
    await worker.pay(answer["operation"]["id"])
    assert (await shop.company.wallet(shop.till["token"]))["balance"]["amount"] == "0.00"
    assert await listed(shop.company) == [answer["operation"]["id"]]
    assert answer["operation"]["id"] in await listed(administrator, first=100)


async def test_a_deleted_accounts_bank_account_is_forgotten(
    shop: Shop, administrator: Api, worker: Worker
) -> None:
    withdrawal = await begun(shop, "10")
    await worker.pay(withdrawal)
    deleted = await shop.client.ask(
        "mutation ($password: String!) { deleteAccount(input: { password: $password }) { userErrors { code } } }",
        password=PASSWORD,
    )
    assert deleted.data == {"deleteAccount": {"userErrors": []}}
    operation = await administrator.operation(withdrawal)
    assert (operation["status"], operation["withdrawal"]["destination"]) == ("SUCCEEDED", "(deleted)")
