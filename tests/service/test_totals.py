"""Totals, balances at an instant and statements: what a wallet's history adds up to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.client import Api
from tests.service.rates import new_currency, set_rates
from tests.service.shop import Shop, open_shop, refusal, succeeded

SUMS = "moneyIn { amount currency } moneyOut { amount currency } operationCount"
TOTALS = f"""
query ($token: WalletToken!, $from: DateTime, $to: DateTime, $currency: CurrencyCode) {{
  wallet(token: $token) {{
    totals(from: $from, to: $to, currency: $currency) {{ {SUMS} from to byKind {{ kind {SUMS} }} }}
  }}
}}
"""
BALANCE = """
query ($token: WalletToken!, $at: DateTime!) { wallet(token: $token) { balanceAt(at: $at) { amount currency } } }
"""
STATEMENT = """
query ($token: WalletToken!, $from: DateTime, $to: DateTime, $first: Int, $after: String) {
  wallet(token: $token) {
    statement(from: $from, to: $to) {
      from to opening { amount } closing { amount }
      totals { moneyIn { amount } moneyOut { amount } operationCount }
      history(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        edges { sequence change { amount } balanceAfter { amount } }
      }
    }
  }
}
"""


async def busy(anyone: Api) -> Shop:
    """A purse with six entries: 20 in, 3 out, too much, 1 back, 2 held, and 4 out of what is held."""
    shop = await open_shop(anyone, "USD", "20")
    charged = await shop.charge("3")
    assert refusal(await shop.charge("100"))[0] == "INSUFFICIENT_FUNDS"
    assert succeeded(await shop.company.refund(charged["operation"]["id"], amount="1"))
    held = await shop.company.authorize(shop.purse["token"], "5")
    assert succeeded(await shop.company.capture(held["operation"]["id"], amount="4"))
    return shop


async def entries(shop: Shop) -> list[tuple[datetime, str, str]]:
    """When, change and balance after of each entry, oldest first."""
    answer = await shop.client.ask(
        """query ($token: WalletToken!) { wallet(token: $token) { history(first: 100, orderBy: OLDEST_FIRST) {
            edges { change { amount } balanceAfter { amount } node { createdAt } } } } }""",
        token=shop.purse["token"],
    )
    return [
        (
            datetime.fromisoformat(edge["node"]["createdAt"]),
            edge["change"]["amount"],
            edge["balanceAfter"]["amount"],
        )
        for edge in answer.data["wallet"]["history"]["edges"]
    ]


async def totals(api: Api, token: str, **asked: Any) -> Any:
    return (await api.ask(TOTALS, token=token, **asked)).data["wallet"]["totals"]


def sums(told: Any) -> tuple[str, str, int]:
    return told["moneyIn"]["amount"], told["moneyOut"]["amount"], told["operationCount"]


async def test_what_came_in_and_what_went_out(anyone: Api) -> None:
    shop = await busy(anyone)
    told = await totals(shop.client, shop.purse["token"])
    assert sums(told) == ("21.00", "7.00", 4)
    assert {part["kind"]: sums(part) for part in told["byKind"]} == {
        "DEPOSIT": ("20.00", "0.00", 1),
        "CHARGE": ("0.00", "3.00", 1),
        "REFUND": ("1.00", "0.00", 1),
        "CAPTURE": ("0.00", "4.00", 1),
    }
    # The last month, up to now by the database's clock.
    begins, ends = datetime.fromisoformat(told["from"]), datetime.fromisoformat(told["to"])
    assert timedelta(days=28) <= ends - begins <= timedelta(days=31)
    assert sums(await totals(shop.company, shop.till["token"])) == ("7.00", "1.00", 3)


async def test_a_window_has_its_first_instant_and_not_its_last(anyone: Api) -> None:
    shop = await busy(anyone)
    moments = [when.isoformat() for when, _, _ in await entries(shop)]
    token = shop.purse["token"]
    assert sums(await totals(shop.client, token, **{"from": moments[1], "to": moments[3]})) == (
        "0.00",
        "3.00",
        1,
    )
    assert sums(await totals(shop.client, token, **{"from": moments[3]})) == ("1.00", "4.00", 2)
    assert sums(await totals(shop.client, token, to=moments[0])) == ("0.00", "0.00", 0)
    wide = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}
    assert sums(await totals(shop.client, token, **wide)) == ("21.00", "7.00", 4)
    refused = await shop.client.ask(TOTALS, token=token, **{"from": moments[3], "to": moments[1]})
    assert refused.error_codes == ["BAD_USER_INPUT"]


async def test_in_another_currency_at_the_rates_of_now(anyone: Api, administrator: Api) -> None:
    shop = await busy(anyone)
    code = await new_currency(administrator, "3", exponent=2)
    told = await totals(shop.client, shop.purse["token"], currency=code)
    assert told["moneyIn"] == {"amount": "7.00", "currency": code}
    assert told["moneyOut"] == {"amount": "2.33", "currency": code}
    await set_rates(administrator, {"code": code, "rate": "7"})
    for wrong in ("ZZZ", "EUR"):  # nobody knows it; it has no rate
        refused = await shop.client.ask(TOTALS, token=shop.purse["token"], currency=wrong)
        assert refused.error_codes == ["BAD_USER_INPUT"]


async def test_the_balance_of_any_instant(anyone: Api) -> None:
    shop = await busy(anyone)

    async def balance_at(instant: datetime) -> str:
        answer = await shop.client.ask(BALANCE, token=shop.purse["token"], at=instant.isoformat())
        balance = answer.data["wallet"]["balanceAt"]
        assert balance["currency"] == "USD"
        return str(balance["amount"])

    before = "0.00"
    for when, _, after in await entries(shop):
        assert await balance_at(when - timedelta(microseconds=1)) == before
        assert await balance_at(when) == after
        before = after
    assert await balance_at(datetime(1, 1, 1, tzinfo=UTC)) == "0.00"
    assert await balance_at(datetime(9999, 12, 31, tzinfo=UTC)) == before == "14.00"


async def test_a_statement_agrees_with_itself(anyone: Api) -> None:
    shop = await busy(anyone)
    moments = [when for when, _, _ in await entries(shop)]
    asked = {
        "token": shop.purse["token"],
        "from": moments[1].isoformat(),
        "to": moments[5].isoformat(),
        "first": 2,
    }
    pages = []
    after = None
    while True:
        statement = (await shop.client.ask(STATEMENT, **asked, after=after)).data["wallet"]["statement"]
        assert (statement["opening"]["amount"], statement["closing"]["amount"]) == ("20.00", "18.00")
        assert statement["totals"] == {
            "moneyIn": {"amount": "1.00"},
            "moneyOut": {"amount": "3.00"},
            "operationCount": 2,
        }
        assert statement["history"]["totalCount"] == 4
        pages += statement["history"]["edges"]
        if not statement["history"]["pageInfo"]["hasNextPage"]:
            break
        after = statement["history"]["pageInfo"]["endCursor"]
    assert [edge["sequence"] for edge in pages] == [2, 3, 4, 5]
    assert [edge["change"]["amount"] for edge in pages] == ["-3.00", "0.00", "1.00", "0.00"]
    assert pages[-1]["balanceAfter"]["amount"] == "18.00"


async def test_a_cursor_from_outside_leads_no_further_than_the_statement(anyone: Api) -> None:
    shop = await busy(anyone)
    moments = [when for when, _, _ in await entries(shop)]
    history = await shop.client.history(shop.purse["token"], "first: 100 orderBy: OLDEST_FIRST")
    first = history["edges"][0]["cursor"]
    asked = {"token": shop.purse["token"], "from": moments[2].isoformat(), "to": moments[4].isoformat()}
    statement = (await shop.client.ask(STATEMENT, **asked, after=first)).data["wallet"]["statement"]
    assert [edge["sequence"] for edge in statement["history"]["edges"]] == [3, 4]


async def test_a_wallet_without_history(anyone: Api) -> None:
    client = await anyone.sign_up_client()
    wallet = await client.create_wallet()
    statement = (await client.ask(STATEMENT, token=wallet["token"])).data["wallet"]["statement"]
    assert (statement["opening"]["amount"], statement["closing"]["amount"]) == ("0.00", "0.00")
    assert statement["history"]["edges"] == []
    assert sums(await totals(client, wallet["token"])) == ("0.00", "0.00", 0)
