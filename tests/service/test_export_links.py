"""Who gets a link and what it opens, and what it does not."""

import re
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import jwt

from auth.signing import key_id
from tests.client import PASSWORD, Api
from tests.running import SECRET_KEY, Service
from tests.service.exports import ask_for, download, link_to, path_of
from tests.service.scene import log_in
from tests.service.shop import Shop, open_shop

NOT_FOUND = {"code": "WALLET_NOT_FOUND", "message": "There is no such wallet.", "field": ["wallet"]}


async def test_the_link_works_at_once_and_without_a_header(service: Service, shop: Shop) -> None:
    payload = await ask_for(shop.client, shop.purse)
    expires_in = datetime.fromisoformat(payload["expiresAt"]) - datetime.now(UTC)
    assert 880 < expires_in.total_seconds() <= 900
    assert payload["url"].startswith(f"{service.url}/exports/")
    answer = await download(payload["url"])
    assert answer.status_code == 200
    name = answer.headers["content-disposition"]
    assert name.startswith(f'attachment; filename="history-{shop.purse["id"]}-20')
    assert name.endswith('Z.csv"')
    assert name.isascii()
    expected = {
        "content-type": "text/csv; charset=utf-8; header=present",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "transfer-encoding": "chunked",
        "purser-rows": "1",
    }
    assert {header: answer.headers[header] for header in expected} == expected
    lines = await download(await link_to(shop.client, shop.purse, format="JSON_LINES"))
    assert lines.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert lines.headers["content-disposition"].endswith('Z.jsonl"')


async def test_csv_is_what_one_gets_without_saying(shop: Shop) -> None:
    for asked in ({}, {"format": None}, {"format": "CSV"}):
        answer = await download(await link_to(shop.client, shop.purse, **asked))
        assert answer.text.startswith("type,kind,")


async def test_other_methods(shop: Shop) -> None:
    link = await link_to(shop.client, shop.purse)
    async with httpx.AsyncClient() as http:
        head = await http.head(link)
        assert (head.status_code, head.headers["purser-rows"], head.content) == (200, "1", b"")
        assert (await http.head(link + "x")).status_code == 403
        for method in ("POST", "PUT", "DELETE"):
            assert (await http.request(method, link)).status_code == 405


async def test_anothers_wallet_is_answered_as_one_that_does_not_exist(shop: Shop, anyone: Api) -> None:
    stranger = await open_shop(anyone, "USD")
    await shop.charge("1")
    wrong_secret = shop.purse["token"][:-4] + "AAAA"
    # The company has charged the purse by that very token.
    for reader in (stranger.client, stranger.company, shop.company):
        for token in (shop.purse["token"], wrong_secret, "nothing", ""):
            payload = await ask_for(reader, {"token": token})
            assert payload == {"url": None, "expiresAt": None, "userErrors": [NOT_FOUND]}
    assert (await ask_for(shop.client, {"token": wrong_secret}))["userErrors"] == [NOT_FOUND]


async def test_an_administrator_may_export_any_wallet(administrator: Api, shop: Shop) -> None:
    assert (await download(await link_to(administrator, shop.purse))).headers["purser-rows"] == "1"
    assert (await ask_for(administrator, {"token": "nothing"}))["userErrors"] == [NOT_FOUND]


async def test_the_link_names_the_host_that_was_asked(service: Service, shop: Shop) -> None:
    port = service.url.rpartition(":")[2]
    local = Api(httpx.AsyncClient(base_url=f"http://localhost:{port}"), shop.client.token)
    async with local.http:
        link = await link_to(local, shop.purse)
        assert link.startswith(f"http://localhost:{port}/exports/")
        # Neither a link nor a file for a host that is not ours.
        foreign = {"Host": "evil.example.com"}
        assert (await local.http.get(path_of(link), headers=foreign)).status_code == 400
        assert (await local.http.post("/graphql", headers=foreign)).status_code == 400
    assert (await download(link)).status_code == 200


async def refused(service: Service, secret: str) -> None:
    """A link that is none: the answer is the same whatever is wrong with it."""
    answer = await download(f"{service.url}/exports/{secret}")
    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["message"].startswith("This link is not valid, or not any more")


def signed(claims: dict[str, Any], secret: str = SECRET_KEY) -> str:
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": key_id(SECRET_KEY)})


async def test_forged_and_expired_links(service: Service, shop: Shop) -> None:
    secret = path_of(await link_to(shop.client, shop.purse)).removeprefix("/exports/")
    claims = jwt.decode(secret, options={"verify_signature": False})
    # So that what the refusals below differ in is what refuses them.
    assert (await download(f"{service.url}/exports/{signed(claims)}")).status_code == 200
    now = int(time.time())
    for changes in (
        {"exp": now - 1},
        {"exp": now},
        {"nbf": now + 60},
        {"aud": "purser"},
        {"iss": "someone"},
        {"sid": str(uuid4())},
    ):
        await refused(service, signed(claims | changes))
    for claim in claims:
        await refused(service, signed({name: value for name, value in claims.items() if name != claim}))
    await refused(service, signed(claims, secret="another-secret-than-the-services-0123456789"))
    head, payload, signature = secret.split(".")
    other = signed(claims | {"wallet": str(uuid4())}).split(".")[1]
    for text in (
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        "x",
        "%C3%A4",
        "." * 3000,
    ):
        await refused(service, text)


async def test_a_bearer_token_is_no_link_and_a_link_no_bearer_token(service: Service, shop: Shop) -> None:
    assert shop.client.token is not None
    await refused(service, shop.client.token)
    secret = path_of(await link_to(shop.client, shop.purse)).removeprefix("/exports/")
    answer = await Api(shop.client.http, secret).ask("{ viewer { id } }")
    assert (answer.status, answer.error_codes) == (401, ["UNAUTHENTICATED"])


async def test_a_link_ends_with_its_session(anyone: Api, service: Service, shop: Shop) -> None:
    email = (await shop.client.ask("{ viewer { email } }")).data["viewer"]["email"]
    other = await log_in(anyone, email)
    link, others_link = await link_to(shop.client, shop.purse), await link_to(other, shop.purse)
    await other.ask("mutation { logOut { userErrors { code } } }")
    assert [(await download(url)).status_code for url in (link, others_link)] == [200, 403]
    another = await log_in(anyone, email)
    answer = await another.ask(
        "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }",
        input={"currentPassword": PASSWORD, "newPassword": "another-horse-7"},
    )
    assert answer.data["changePassword"]["userErrors"] == []
    assert (await download(link)).status_code == 403


async def test_a_link_ends_with_its_account(anyone: Api) -> None:
    client = await anyone.sign_up_client()
    link = await link_to(client, await client.create_wallet())
    deleted = await client.ask(
        "mutation ($password: String!) { deleteAccount(input: { password: $password }) { userErrors { code } } }",
        password=PASSWORD,
    )
    assert deleted.data["deleteAccount"]["userErrors"] == []
    assert (await download(link)).status_code == 403


async def test_a_link_outlives_its_bearer_token_but_not_its_session(
    shop: Shop, connection: asyncpg.Connection
) -> None:
    link = await link_to(shop.client, shop.purse)
    claims = jwt.decode(path_of(link).removeprefix("/exports/"), options={"verify_signature": False})
    session_id = UUID(claims["sid"])
    await connection.execute(
        "UPDATE sessions SET expires_at = now() - interval '5 min' WHERE id = $1", session_id
    )
    assert (await download(link)).status_code == 200
    await connection.execute(
        "UPDATE sessions SET ended_at = now() - interval '6 min' WHERE id = $1", session_id
    )
    assert (await download(link)).status_code == 403


async def test_no_link_reaches_the_log(service: Service, shop: Shop) -> None:
    link = await link_to(shop.client, shop.purse)
    secret = path_of(link).removeprefix("/exports/")
    assert (await download(link)).status_code == 200
    for url in (
        link + "x",
        link + "/x",
        f"{service.url}//exports/{secret}",
        f"{service.url}/exports%2F{secret}",
    ):
        await download(url)
    async with httpx.AsyncClient() as http:
        await http.get(link, headers={"Host": "evil.example.com"})
        await http.post(link)
    deadline = time.monotonic() + 5
    while '"path":"/exports/","status":405' not in (log := service.log.read_text()):
        assert time.monotonic() < deadline
    assert re.search('"path":"/exports/","status":403,.*"codes":"FORBIDDEN"', log)
    for part in secret.split("."):
        assert part[:20] not in log
