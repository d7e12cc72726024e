"""What withdrawals leave in histories, lists, sums, exports and the operator's position."""

from datetime import datetime, timedelta
from typing import Any

from tests.client import Api
from tests.later.worker import Worker
from tests.service.exports import csv_rows, json_rows
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded

HISTORY = """
query ($token: WalletToken!, $filter: HistoryFilter) { wallet(token: $token) {
  history(first: 100, filter: $filter, orderBy: OLDEST_FIRST) {
    totalCount edges { sequence change { amount } balanceAfter { amount } node { id kind status createdAt } }
  }
} }
"""
SUMS = """
query ($token: WalletToken!, $at: DateTime!) { wallet(token: $token) {
  totals { moneyIn { amount } moneyOut { amount } operationCount
           byKind { kind moneyIn { amount } moneyOut { amount } operationCount } }
  statement {
    opening { amount } closing { amount } totals { moneyOut { amount } operationCount } history { totalCount }
  }
  balanceAt(at: $at) { amount }
} }
"""
OPERATIONS = """
query ($filter: HistoryFilter, $first: Int, $after: String) {
  operations(filter: $filter, first: $first, after: $after) { edges { cursor node { id kind } } }
}
"""
POSITION = "{ position { currency owed { amount } held { amount } outside { amount } sum { amount } } }"


async def played(shop: Shop, worker: Worker) -> list[str]:
    """Paid, called back, not paid, under way, refused; between them two charges."""
    ids = []
    for amount in ("3", "1", "2", "0.50", "100"):
        answer = await shop.client.withdraw(shop.purse["token"], amount, summary=f"Rent of {amount}")
        ids.append(answer["operation"]["id"])
        if amount == "1":
            assert succeeded(await shop.charge("0.25"))
    paid, called_back, unpaid, _, _ = ids
    await worker.pay(paid)
    assert succeeded(await shop.charge("0.25"))
    await shop.client.cancel_withdrawal(called_back)
    await worker.send(unpaid)
    await worker.hear(unpaid, is_paid=False)
    return ids


async def history(shop: Shop, **wanted: Any) -> list[tuple[str, str, str]]:
    """Id, status and change of each entry."""
    answer = await shop.client.ask(HISTORY, token=shop.purse["token"], filter=wanted)
    found = answer.data["wallet"]["history"]
    assert found["totalCount"] == len(found["edges"])
    return [(edge["node"]["id"], edge["node"]["status"], edge["change"]["amount"]) for edge in found["edges"]]


async def operations(reader: Api, **asked: Any) -> list[str]:
    answer = await reader.ask(OPERATIONS, **asked)
    return [edge["node"]["id"] for edge in answer.data["operations"]["edges"]]


async def test_the_history_tells_when_it_was_accepted_and_how_it_ended(shop: Shop, worker: Worker) -> None:
    paid, called_back, unpaid, under_way, refused = await played(shop, worker)
    told = await history(shop, kinds=["WITHDRAWAL"])
    # The row of what was accepted says by now what came of it.
    assert told == [
        (paid, "SUCCEEDED", "0.00"),
        (called_back, "FAILED", "0.00"),
        (unpaid, "FAILED", "0.00"),
        (under_way, "PENDING", "0.00"),
        (refused, "FAILED", "0.00"),
        (paid, "SUCCEEDED", "-3.00"),
        (called_back, "FAILED", "0.00"),
        (unpaid, "FAILED", "0.00"),
    ]
    assert [entry for entry in told if entry[1] == "PENDING"] == await history(shop, statuses=["PENDING"])
    assert [entry[0] for entry in await history(shop, summary="rent of 3")] == [paid, paid]
    assert await history(shop, kinds=["WITHDRAWAL"], counterparty=shop.till["id"]) == []
    assert len(await history(shop, counterparty=shop.till["id"])) == 2


async def test_each_is_listed_once(shop: Shop, administrator: Api, worker: Worker) -> None:
    made = await played(shop, worker)
    withdrawals = {"kinds": ["WITHDRAWAL"]}
    assert await operations(shop.client, filter=withdrawals) == made[::-1]
    everyones = await operations(administrator, filter=withdrawals, first=100)
    assert [listed for listed in everyones if listed in made] == made[::-1]
    everything = await operations(shop.client)
    assert len(everything) == len(set(everything)) == 8
    # Page by page, by cursors that are those of the rows.
    seen: list[str] = []
    after = None
    while edges := (await shop.client.ask(OPERATIONS, first=2, after=after)).data["operations"]["edges"]:
        seen += [edge["node"]["id"] for edge in edges]
        after = edges[-1]["cursor"]
    assert seen == everything
    assert await operations(shop.company) == [
        listed for listed in everything if listed not in made and listed != everything[-1]
    ]
    for withdrawal in made:
        found = await shop.client.ask(
            "query ($id: ID!) { operation(id: $id) { id } node(id: $id) { id } }", id=withdrawal
        )
        assert found.data == {"operation": {"id": withdrawal}, "node": {"id": withdrawal}}
        hidden = await shop.company.ask("query ($id: ID!) { operation(id: $id) { id } }", id=withdrawal)
        assert hidden.data == {"operation": None}


async def test_sums_count_what_moved_once(shop: Shop, worker: Worker) -> None:
    await played(shop, worker)
    now = datetime.now().astimezone() + timedelta(seconds=1)
    wallet = (await shop.client.ask(SUMS, token=shop.purse["token"], at=now.isoformat())).data["wallet"]
    totals, statement = wallet["totals"], wallet["statement"]
    # The deposit, two charges and the one withdrawal that was paid.
    assert (totals["moneyIn"]["amount"], totals["moneyOut"]["amount"]) == ("10.00", "3.50")
    assert totals["operationCount"] == 4
    by_kind = {kind["kind"]: kind for kind in totals["byKind"]}
    assert by_kind["WITHDRAWAL"] == {
        "kind": "WITHDRAWAL",
        "moneyIn": {"amount": "0.00"},
        "moneyOut": {"amount": "3.00"},
        "operationCount": 1,
    }
    assert (statement["opening"]["amount"], statement["closing"]["amount"]) == ("0.00", "6.50")
    assert statement["totals"] == {"moneyOut": {"amount": "3.50"}, "operationCount": 4}
    assert statement["history"]["totalCount"] == 11
    assert wallet["balanceAt"]["amount"] == "6.50"


async def test_the_balance_falls_when_it_is_paid(shop: Shop, worker: Worker) -> None:
    withdrawal = (await shop.client.withdraw(shop.purse["token"], "3"))["operation"]["id"]
    await worker.pay(withdrawal)
    rows = await worker.connection.fetch(
        "SELECT e.created_at FROM entries e JOIN operations o ON o.id = e.operation_id "
        "WHERE $1::uuid IN (o.id, o.origin_id) AND e.wallet_id = o.source_id ORDER BY e.sequence",
        withdrawal.removeprefix("op_"),
    )
    accepted_at, paid_at = (row["created_at"] for row in rows)
    for instant, balance in (
        (accepted_at, "10.00"),
        (paid_at - timedelta(microseconds=1), "10.00"),
        (paid_at, "7.00"),
    ):
        asked = {"token": shop.purse["token"], "at": instant.isoformat()}
        assert (await shop.client.ask(SUMS, **asked)).data["wallet"]["balanceAt"]["amount"] == balance
    # The operation is of the moment when it was accepted, in both entries.
    answer = await shop.client.ask(HISTORY, token=shop.purse["token"], filter={"kinds": ["WITHDRAWAL"]})
    nodes = [edge["node"] for edge in answer.data["wallet"]["history"]["edges"]]
    assert len(nodes) == 2
    assert {datetime.fromisoformat(node["createdAt"]) for node in nodes} == {accepted_at}


async def test_exports_have_both_rows_under_one_id(shop: Shop, worker: Worker) -> None:
    paid, called_back, unpaid, under_way, refused = await played(shop, worker)
    for rows in (await csv_rows(shop.client, shop.purse), await json_rows(shop.client, shop.purse)):
        withdrawals = [row for row in rows if row["kind"] == "WITHDRAWAL"]
        assert [(row["operation"], row["status"], row["amount"]) for row in withdrawals] == [
            (paid, "SUCCEEDED", "0.00"),
            (called_back, "FAILED", "0.00"),
            (unpaid, "FAILED", "0.00"),
            (under_way, "PENDING", "0.00"),
            (refused, "FAILED", "0.00"),
            (paid, "SUCCEEDED", "3.00"),
            (called_back, "FAILED", "0.00"),
            (unpaid, "FAILED", "0.00"),
        ]
        assert {row["type"] for row in withdrawals} == {"out"}
        assert {row["counterparty"] or "" for row in withdrawals} == {""}
        assert withdrawals[5]["summary"] == "Rent of 3"
        assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
        assert rows[-1]["balance_after"] == "6.50"


async def test_the_position_shows_what_is_held_and_what_has_left(
    administrator: Api, anyone: Api, worker: Worker
) -> None:
    code = await new_currency(administrator, "1")
    shop = await open_shop(anyone, code, "10")
    withdrawal = (await shop.client.withdraw(shop.purse["token"], "4"))["operation"]["id"]

    async def position() -> tuple[str, ...]:
        listed = (await administrator.ask(POSITION)).data["position"]
        (own,) = (found for found in listed if found["currency"] == code)
        return tuple(own[name]["amount"] for name in ("owed", "held", "outside", "sum"))

    assert await position() == ("10.00", "4.00", "-10.00", "0.00")
    await worker.pay(withdrawal)
    assert await position() == ("6.00", "0.00", "-6.00", "0.00")
    assert refusal(await shop.client.withdraw(shop.purse["token"], "7"))[0] == "INSUFFICIENT_FUNDS"
    assert await position() == ("6.00", "0.00", "-6.00", "0.00")


async def test_authorizations_and_withdrawals_are_held_side_by_side(shop: Shop, worker: Worker) -> None:
    held = await shop.company.authorize(shop.purse["token"], "2")
    withdrawal = (await shop.client.withdraw(shop.purse["token"], "3"))["operation"]["id"]
    assert (await shop.client.wallet(shop.purse["token"]))["held"]["amount"] == "5.00"
    listed = await shop.client.ask(
        "query ($token: WalletToken!) { wallet(token: $token) { authorizations { nodes { id } } } }",
        token=shop.purse["token"],
    )
    assert listed.data["wallet"]["authorizations"]["nodes"] == [{"id": held["operation"]["id"]}]
    assert (await shop.client.operation(withdrawal))["authorization"] is None
    # A company can't take what is held for the bank, nor the bank's part be released.
    assert refusal(await shop.company.capture(withdrawal)) == ("OPERATION_NOT_FOUND", ["authorization"])
    assert refusal(await shop.company.release(withdrawal)) == ("OPERATION_NOT_FOUND", ["authorization"])
    assert refusal(await shop.company.refund(withdrawal)) == ("OPERATION_NOT_FOUND", ["operation"])
    assert succeeded(await shop.company.capture(held["operation"]["id"], amount="1"))
    await worker.pay(withdrawal)
    wallet = await shop.client.wallet(shop.purse["token"])
    assert (wallet["balance"]["amount"], wallet["held"]["amount"]) == ("6.00", "0.00")
