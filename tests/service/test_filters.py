"""What a filter lets through, of a wallet's history and of all operations."""

from typing import Any

import pytest

from tests.client import Api
from tests.service.rates import new_currency
from tests.service.shop import Shop, open_shop, refusal, succeeded

HISTORY = """
query ($token: WalletToken!, $filter: HistoryFilter) {
  wallet(token: $token) { history(first: 100, orderBy: OLDEST_FIRST, filter: $filter) {
    totalCount edges { sequence } } }
}
"""
OPERATIONS = """
query ($filter: HistoryFilter) { operations(first: 100, orderBy: OLDEST_FIRST, filter: $filter) { nodes { summary } } }
"""


async def listed(api: Api, token: str, **wanted: Any) -> list[int]:
    """The sequences that the filter lets through, and as many as it counts."""
    history = (await api.ask(HISTORY, token=token, filter=wanted)).data["wallet"]["history"]
    assert history["totalCount"] == len(history["edges"])
    return [edge["sequence"] for edge in history["edges"]]


@pytest.fixture
async def town(anyone: Api, administrator: Api) -> tuple[Shop, Shop, str]:
    """A purse with 1: a deposit of 10, 2: a charge of 2 by a baker, 3: one of 100, refused, 4: one of 3 by a
    butcher, 5: one of 1.5 by the baker in a currency of 3 decimals that is worth 2."""
    baker, butcher = await open_shop(anyone, "USD", "10"), await open_shop(anyone, "USD")
    code = await new_currency(administrator, "2", exponent=3)
    purse = baker.purse["token"]
    assert succeeded(await baker.charge("2", summary="Rye BREAD"))
    assert refusal(await baker.charge("100", summary="All bread"))
    assert succeeded(await butcher.company.charge(purse, "3", summary="Straße 5 %_\\"))
    assert succeeded(await baker.charge("1.500", summary="Cake", currency=code))
    return baker, butcher, code


async def test_by_amount_in_the_currency_asked_for(town: tuple[Shop, Shop, str]) -> None:
    baker, _, _ = town
    token = baker.purse["token"]
    assert await listed(baker.client, token, minAmount="2") == [1, 2, 3, 4]
    assert await listed(baker.client, token, maxAmount="2") == [2, 5]
    assert await listed(baker.client, token, minAmount="1.5", maxAmount="3") == [2, 4, 5]
    assert await listed(baker.client, token, minAmount="1.5001", maxAmount="2") == [2]
    assert await listed(baker.client, token, minAmount="99999999999999999999999999999999999999") == []


async def test_by_the_wallet_on_the_other_side(town: tuple[Shop, Shop, str]) -> None:
    baker, butcher, _ = town
    token = baker.purse["token"]
    assert await listed(baker.client, token, counterparty=baker.till["id"]) == [2, 3, 5]
    assert await listed(baker.client, token, counterparty=butcher.till["id"]) == [4]
    for nobody in (baker.purse["id"], butcher.purse["id"], "nothing", ""):
        assert await listed(baker.client, token, counterparty=nobody) == []
    assert await listed(baker.company, baker.till["token"], counterparty=baker.purse["id"]) == [1, 2, 3]


async def test_by_text_in_the_summary(town: tuple[Shop, Shop, str]) -> None:
    baker, _, _ = town
    token = baker.purse["token"]
    assert await listed(baker.client, token, summary="bread") == [2, 3]
    assert await listed(baker.client, token, summary="STRASSE") == []
    assert await listed(baker.client, token, summary="straße 5 %_\\") == [4]
    # Nothing in it is a pattern.
    assert await listed(baker.client, token, summary="%") == [4]
    assert await listed(baker.client, token, summary="") == [1, 2, 3, 4, 5]


async def test_all_conditions_together(town: tuple[Shop, Shop, str]) -> None:
    baker, _, _ = town
    token = baker.purse["token"]
    wanted = {"kinds": ["CHARGE"], "statuses": ["SUCCEEDED"], "counterparty": baker.till["id"]}
    assert await listed(baker.client, token, **wanted) == [2, 5]
    assert await listed(baker.client, token, **wanted, summary="cake", maxAmount="1.5") == [5]
    assert await listed(baker.client, token, kinds=["REFUND"]) == []
    assert await listed(baker.client, token) == [1, 2, 3, 4, 5]


async def test_of_all_operations(town: tuple[Shop, Shop, str]) -> None:
    baker, butcher, _ = town

    async def summaries(**wanted: Any) -> list[str]:
        answer = await baker.client.ask(OPERATIONS, filter=wanted)
        return [node["summary"] for node in answer.data["operations"]["nodes"]]

    assert await summaries(summary="BREAD", minAmount="50") == ["All bread"]
    assert await summaries(counterparty=butcher.till["id"]) == ["Straße 5 %_\\"]
    assert await summaries(maxAmount="1.5") == ["Cake"]


async def test_bad_conditions_are_told(shop: Shop) -> None:
    for wrong in ({"minAmount": "-1"}, {"maxAmount": 1.5}, {"summary": "x\0"}, {"counterparty": 1.5}):
        answer = await shop.client.ask(HISTORY, token=shop.purse["token"], filter=wrong)
        assert answer.error_codes == ["BAD_USER_INPUT"], wrong
