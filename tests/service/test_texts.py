"""Texts that people send: kept as they are, as long as they may be, and never more than text."""

import json
from typing import Any

import pytest

from tests.client import Api
from tests.log_lines import line_of
from tests.running import Service
from tests.service.shop import Shop, refusal, succeeded

CREATE = """
  mutation ($input: CreateWalletInput!) {
    createWallet(input: $input) { wallet { name country city } userErrors { code field } }
  }
"""
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ODD_TEXTS = [
    "",
    " two spaces  ",
    "x" * 255,
    "\U0001f36a" * 255,
    "line\nline\r\nline\ttab",
    "\x1b[31mred\x1b[0m\x07",
    "<script>alert(1)</script> & \"'`",
    "=1+1",
    "' OR 1=1; --",
    "%s {0} $1 \\n \\",
    "\u202eright to left",
    f"e\u0301 {FAMILY} \ufeff \uffff",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text)[:24])
async def test_a_summary_comes_back_as_it_was_sent(shop: Shop, text: str) -> None:
    for payload in (await shop.deposit("1", summary=text), await shop.charge("1", summary=text)):
        assert succeeded(payload)
        assert payload["operation"]["summary"] == text
    edges = (await shop.client.history(shop.purse["token"]))["edges"]
    assert [edge["node"]["summary"] for edge in edges[:2]] == [text, text]


@pytest.mark.parametrize("text", ["x" * 256, "\U0001f36a" * 256, "x" * 100_000], ids=len)
async def test_a_longer_one_is_refused_and_nothing_is_recorded(quiet_shop: Shop, text: str) -> None:
    for act in (quiet_shop.deposit, quiet_shop.charge):
        payload = await act("1", summary=text)
        assert refusal(payload) == ("TOO_LONG", ["summary"])
        assert payload["operation"] is None
    assert await quiet_shop.balances() == ("10.00", "0.00")


async def test_a_deposit_needs_no_summary_and_a_charge_does(shop: Shop) -> None:
    assert (await shop.deposit("1"))["operation"]["summary"] == ""
    for asked in ({}, {"summary": None}):
        answer = await shop.company.ask(
            "mutation ($input: ChargeInput!) { charge(input: $input) { replayed } }",
            input={"wallet": shop.purse["token"], "amount": "1"} | asked,
        )
        assert answer.error_codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("field", ["summary", "idempotencyKey", "wallet"])
@pytest.mark.parametrize(
    "escape", ["\\u0000", "a\\u0000b", "\\ud800", "\\udfff", "\\ud800\\ud800", "\\ude00\\ud83d"]
)
async def test_nul_and_lone_surrogates_are_refused(quiet_shop: Shop, field: str, escape: str) -> None:
    asked = {"wallet": quiet_shop.purse["token"], "amount": "1", "summary": "", field: "TEXT"}
    query = "mutation ($input: ChargeInput!) { charge(input: $input) { replayed } }"
    body = json.dumps({"query": query, "variables": {"input": asked}}).replace('"TEXT"', f'"{escape}"')
    await _is_refused(quiet_shop, body)
    literal = json.dumps(asked).replace('"TEXT"', f'"{escape}"')
    for name in asked:
        literal = literal.replace(f'"{name}":', f"{name}:")
    await _is_refused(
        quiet_shop, json.dumps({"query": f"mutation {{ charge(input: {literal}) {{ replayed }} }}"})
    )
    assert await quiet_shop.balances() == ("10.00", "0.00")


async def _is_refused(shop: Shop, body: str) -> None:
    response = await shop.company.http.post(
        "/graphql",
        content=body,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {shop.company.token}"},
    )
    assert response.status_code in (200, 400)
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "executed": "NO"}


@pytest.mark.parametrize("field", ["name", "country", "city"])
async def test_what_a_wallet_is_called(anyone: Api, field: str) -> None:
    client = await anyone.sign_up_client()
    for text in ODD_TEXTS:
        made = (await client.ask(CREATE, input={field: text})).data["createWallet"]
        assert made["wallet"][field] == (text.strip() or None)
    for text in ("x" * 256, "\U0001f36a" * 256):
        made = (await client.ask(CREATE, input={field: text})).data["createWallet"]
        assert made == {"wallet": None, "userErrors": [{"code": "TOO_LONG", "field": [field]}]}
    left_out = (await client.ask(CREATE, input={})).data["createWallet"]["wallet"]
    assert left_out == {"name": None, "country": None, "city": None}


async def test_no_text_of_a_users_reaches_the_log(service: Service, shop: Shop, anyone: Api) -> None:
    marker = "INFO-forged-line"
    text = f"x\n2026-01-01T00:00:00Z {marker} all is well\x1b[2K"
    await shop.charge("1", summary=text, idempotencyKey=text[:200])
    await shop.charge("100", summary=text)
    await shop.charge("1", summary=text * 10)
    await shop.company.ask(f'{{ wallet(token: "{marker}") {{ {marker.replace("-", "_")} }} }}')
    await anyone.sign_up_client(firstName=marker)
    last = await anyone.http.post("/graphql", json={"query": f"{{ {marker.replace('-', '_')} }}"})
    await line_of(service, request_id=last.headers["x-request-id"])
    log = service.log.read_text()
    assert "forged" not in log
    for secret in (shop.purse["token"], shop.company.token):
        assert secret is not None
        assert secret not in log


async def test_an_owners_name_is_shown_as_it_is_written(anyone: Api, shop: Shop) -> None:
    company = await anyone.sign_up_company(name="<b>Caf\u00e9 & S\u00f8nner</b>")
    await company.create_wallet()
    client = await anyone.sign_up_client(firstName="J\u00fcrgen", lastName="\U0001f36a\u00d8stergaard")
    purse = await client.create_wallet()
    assert succeeded(await client.deposit(purse["token"], "1"))
    assert succeeded(await company.charge(purse["token"], "1"))
    edge: Any = (await client.history(purse["token"]))["edges"][0]
    assert edge["node"]["target"]["ownerName"] == "<b>Caf\u00e9 & S\u00f8nner</b>"
    assert edge["node"]["source"]["ownerName"] == "J\u00fcrgen \U0001f36a."
