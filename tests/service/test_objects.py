"""Objects by their ids, the currencies, and instants as they are written."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.client import Api
from tests.service.shop import Shop, open_shop

NODE = """
  query ($id: ID!) {
    node(id: $id) {
      __typename id
      ... on Account { email }
      ... on Wallet { token balance { amount } history { nodes { id } } }
      ... on Operation { kind amount { amount currency } }
    }
  }
"""


async def node(reader: Api, node_id: str) -> Any:
    answer = await reader.ask(NODE, id=node_id)
    assert answer.error_codes == []
    return answer.data["node"]


async def viewer_id(reader: Api) -> str:
    found: str = (await reader.ask("{ viewer { id } }")).data["viewer"]["id"]
    return found


async def test_everything_with_an_id_is_found_by_it(shop: Shop) -> None:
    operation = (await shop.charge("4"))["operation"]
    wallet = await node(shop.client, shop.purse["id"])
    assert (wallet["__typename"], wallet["token"]) == ("Wallet", shop.purse["token"])
    assert wallet["balance"] == {"amount": "6.00"}
    assert wallet["history"]["nodes"][0] == {"id": operation["id"]}
    expected = {
        "__typename": "Operation",
        "id": operation["id"],
        "kind": "CHARGE",
        "amount": {"amount": "4.00", "currency": "USD"},
    }
    for party in (shop.client, shop.company):
        assert await node(party, operation["id"]) == expected
    for reader, kind in ((shop.client, "Client"), (shop.company, "Company")):
        found = await node(reader, await viewer_id(reader))
        assert (found["__typename"], found["id"]) == (kind, await viewer_id(reader))


async def test_what_is_anothers_is_answered_as_what_does_not_exist(anyone: Api, shop: Shop) -> None:
    stranger = await open_shop(anyone, "USD")
    operation = (await shop.charge("4"))["operation"]
    accounts = [await viewer_id(shop.client), await viewer_id(shop.company)]
    for reader in (stranger.client, stranger.company):
        for foreign in (shop.purse["id"], shop.till["id"], operation["id"], *accounts):
            assert await node(reader, foreign) is None
            kind, _, number = foreign.partition("_")
            assert await node(reader, f"{kind}_{number[:-8]}00000000") is None
        answer = await reader.ask("query ($id: ID!) { operation(id: $id) { id } }", id=operation["id"])
        assert answer.body == {"data": {"operation": None}}


async def test_a_party_to_a_refused_charge_sees_it(shop: Shop) -> None:
    refused = (await shop.charge("11"))["operation"]
    for party in (shop.client, shop.company):
        answer = await party.ask(
            "query ($id: ID!) { operation(id: $id) { success failureCode debited { amount } } }",
            id=refused["id"],
        )
        assert answer.data["operation"] == {
            "success": False,
            "failureCode": "INSUFFICIENT_FUNDS",
            "debited": None,
        }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "wal_",
        "wal_x",
        "WAL_",
        "xyz_" + "0" * 32,
        "op_" + "g" * 32,
        "wal_" + "0" * 33,
        "\u0661",
        "a" * 9999,
    ],
)
async def test_what_is_no_id_is_nothing(quiet_shop: Shop, text: str) -> None:
    assert await node(quiet_shop.client, text) is None
    answer = await quiet_shop.client.ask("query ($id: ID!) { operation(id: $id) { id } }", id=text)
    assert answer.body == {"data": {"operation": None}}


async def test_an_id_has_one_spelling_and_one_kind(quiet_shop: Shop) -> None:
    purse, account = quiet_shop.purse["id"], await viewer_id(quiet_shop.client)
    number = purse.removeprefix("wal_")
    spelled = [
        purse.upper(),
        f" {purse}",
        f"{purse}\n",
        f"op_{number}",
        f"cli_{number}",
        f"wal_{number.upper()}",
    ]
    # A client is no company, although the number is the same.
    spelled += [account.replace("cli_", prefix) for prefix in ("com_", "adm_", "wal_", "op_")]
    for text in spelled:
        if text != purse:
            assert await node(quiet_shop.client, text) is None, text


async def test_the_currencies_of_the_world_and_bitcoin(anyone: Api) -> None:
    answer = await anyone.ask("{ currencies { code exponent rate rateUpdatedAt } }")
    currencies = {currency["code"]: currency for currency in answer.data["currencies"]}
    assert list(currencies) == sorted(currencies)
    exponents = {code: currencies[code]["exponent"] for code in ("BTC", "JPY", "USD", "EUR", "BHD", "CLF")}
    assert exponents == {"BTC": 8, "JPY": 0, "USD": 2, "EUR": 2, "BHD": 3, "CLF": 4}
    # Those that other tests add have longer codes.
    assert 150 < sum(len(code) == 3 for code in currencies) < 200
    assert not {"XAU", "XTS", "XXX", "XDR"} & set(currencies)
    assert currencies["EUR"]["rate"] is currencies["EUR"]["rateUpdatedAt"] is None
    assert float(currencies["USD"]["rate"]) == 1
    assert currencies["USD"]["rateUpdatedAt"] is not None


async def test_times_are_told_in_utc_and_are_those_of_the_clock(shop: Shop) -> None:
    operation = (await shop.charge("1"))["operation"]
    created_at = operation["createdAt"]
    assert created_at.endswith("Z")
    age = datetime.now().astimezone() - datetime.fromisoformat(created_at)
    assert timedelta(seconds=-1) < age < timedelta(seconds=20)
    answer = await shop.client.ask("{ viewer { createdAt } wallets { nodes { createdAt } } }")
    assert answer.data["viewer"]["createdAt"] < answer.data["wallets"]["nodes"][0]["createdAt"] < created_at


FROM = "query ($from: DateTime) { operations(filter: { from: $from }) { nodes { id } } }"


@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01T12:00:00.123456+05:30",
        "2026-03-01T12:00:00.1-12:00",
        "2024-02-29T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2026-03-01T12:00:00-00:00",
    ],
)
async def test_an_instant_is_taken_in_every_form_of_rfc_3339(quiet_shop: Shop, instant: str) -> None:
    assert (await quiet_shop.client.ask(FROM, **{"from": instant})).error_codes == []
    literal = FROM.replace("($from: DateTime)", "").replace("$from", f'"{instant}"')
    assert (await quiet_shop.client.ask(literal)).error_codes == []


@pytest.mark.parametrize(
    "instant",
    [
        *(
            "",
            "now",
            "2026-03-01",
            "12:00:00Z",
            "2026-03-01T12:00:00",
            "2026-03-01 12:00:00Z",
            "20260301T120000Z",
        ),
        *("2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z", "2026-03-01T24:00:01Z", "2026-03-01T12:60:00Z"),
        *(
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:00+0530",
            "2026-03-01T12:00:00+25:00",
            "2026-W09-1T12:00:00Z",
        ),
        *(
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "2026-03-01T12:00:00Z\n",
        ),
        *(
            "9999-12-31T23:59:59-01:00",
            "\uff12026-03-01T12:00:00Z",
            "-2026-03-01T12:00:00Z",
            "infinity",
            "epoch",
        ),
        *(0, 1772366400, 1772366400.5, True, [], {}),
    ],
)
async def test_anything_else_is_no_instant(quiet_shop: Shop, instant: object) -> None:
    answer = await quiet_shop.client.ask(FROM, **{"from": instant})
    assert answer.error_codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "code", ["", "US", "usd", "USD ", "US$", "TOOLONGCODE", "U\u0405D", 840, None, True, ["USD"]]
)
async def test_what_can_be_no_currencys_code(quiet_shop: Shop, code: object) -> None:
    answer = await quiet_shop.client.ask(
        "mutation ($code: CurrencyCode!) { createWallet(input: { currency: $code }) { wallet { id } } }",
        code=code,
    )
    assert answer.error_codes == ["BAD_USER_INPUT"]
