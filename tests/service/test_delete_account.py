"""The end of an account: empty wallets closed, the owner forgotten, the ledger kept."""

import asyncio
import secrets
from typing import Any

import asyncpg

from tests.client import PASSWORD, Api
from tests.service.scene import log_in
from tests.service.shop import Shop, open_shop, refusal, succeeded

DELETE = "mutation ($password: String!) { deleteAccount(input: { password: $password }) { userErrors { code field } } }"


async def delete(api: Api, password: str = PASSWORD) -> list[Any]:
    errors: list[Any] = (await api.ask(DELETE, password=password)).data["deleteAccount"]["userErrors"]
    return errors


async def test_the_wallets_must_be_empty(shop: Shop) -> None:
    assert await delete(shop.client) == [{"code": "WALLET_NOT_EMPTY", "field": None}]
    assert succeeded(await shop.deposit("1"))


async def test_what_is_held_is_let_go_of_first(shop: Shop) -> None:
    held = (await shop.company.authorize(shop.purse["token"], "4"))["operation"]
    assert await delete(shop.company) == [{"code": "AUTHORIZATION_OPEN", "field": None}]
    assert (await shop.company.wallet(shop.till["token"]))["status"] == "ACTIVE"
    assert succeeded(await shop.company.release(held["id"]))
    assert await delete(shop.company) == []


async def test_the_password_is_asked_for_once_a_request(shop: Shop) -> None:
    query = """
    mutation ($input: DeleteAccountInput!) {
      a: deleteAccount(input: $input) { userErrors { code } }
      b: deleteAccount(input: $input) { userErrors { code } }
    }
    """
    answer = await shop.company.ask(query, input={"password": PASSWORD})
    assert (answer.status, answer.error_codes) == (400, ["BAD_USER_INPUT"])


async def test_the_password_is_asked_for_again(shop: Shop) -> None:
    assert await delete(shop.company, "wrong") == [{"code": "BAD_CREDENTIALS", "field": ["password"]}]
    assert succeeded(await shop.charge("1"))


async def test_everything_personal_is_erased_and_the_ledger_stays(
    anyone: Api, connection: asyncpg.Connection
) -> None:
    mark = "Zz" + secrets.token_hex(8)
    details = {"email": f"{mark}@example.com", "firstName": mark, "lastName": mark}
    client = await anyone.sign_up_client(**details)
    shop = await open_shop(anyone, "USD")
    purse = await client.create_wallet(name=mark, country=mark, city=mark)
    assert succeeded(await client.deposit(purse["token"], "5"))
    charge = (await shop.company.charge(purse["token"], "5"))["operation"]["id"]
    account_id = (await client.ask("{ viewer { id } }")).data["viewer"]["id"]

    assert await delete(client) == []

    for table in ("accounts", "clients", "companies", "wallets"):
        rows = await connection.fetch(f"SELECT * FROM {table} AS rows WHERE rows::text ILIKE $1", f"%{mark}%")
        assert rows == [], table
    seen = await shop.company.operation(charge)
    assert (seen["status"], seen["source"]["ownerName"]) == ("SUCCEEDED", "(deleted)")
    wallet = await connection.fetchrow(
        "SELECT status::text, sequence FROM wallets WHERE id = $1::text::uuid",
        purse["id"].removeprefix("wal_"),
    )
    assert wallet is not None
    assert tuple(wallet) == ("CLOSED", 2)
    # A refund finds nobody to give the money back to.
    assert refusal(await shop.company.refund(charge)) == ("WALLET_CLOSED", ["operation"])
    # The address is free again, and the old account is not to be had.
    login = await anyone.ask(
        "mutation ($input: LogInInput!) { logIn(input: $input) { userErrors { code } } }",
        input={"email": details["email"], "password": PASSWORD},
    )
    assert login.data["logIn"]["userErrors"] == [{"code": "BAD_CREDENTIALS"}]
    again = await anyone.sign_up_client(**details)
    assert (await again.ask("{ wallets { nodes { id } } }")).data["wallets"]["nodes"] == []
    assert (await again.ask("query ($id: ID!) { node(id: $id) { id } }", id=account_id)).data["node"] is None


async def test_every_session_ends_everywhere_within_a_second(anyone: Api) -> None:
    email = f"leaving-{secrets.token_hex(6)}@example.com"
    client = await anyone.sign_up_client(email=email)
    other = await log_in(anyone, email)
    assert await delete(client) == []
    await asyncio.sleep(1)
    for api in (client, other):
        for _ in range(6):
            assert (await api.ask("{ viewer { id } }")).error_codes == ["UNAUTHENTICATED"]


async def test_against_wallets_deposits_and_another_deletion(
    anyone: Api, connection: asyncpg.Connection
) -> None:
    for _ in range(4):
        client = await anyone.sign_up_client()
        purse = await client.create_wallet()
        account = (await client.ask("{ viewer { id } }")).data["viewer"]["id"].removeprefix("cli_")
        create = "mutation { createWallet(input: {}) { wallet { id } userErrors { code } } }"
        deposit = (
            f'mutation {{ deposit(input: {{ wallet: "{purse["token"]}", amount: "1" }}) {{ replayed }} }}'
        )
        answers = await asyncio.gather(
            *(client.ask(document) for document in (create, deposit)),
            *(client.ask(DELETE, password=PASSWORD) for _ in range(2)),
        )
        assert {code for answer in answers for code in answer.error_codes} <= {"UNAUTHENTICATED"}
        rows = await connection.fetch(
            "SELECT status::text, balance, deleted_at FROM wallets JOIN accounts ON accounts.id = owner_id "
            "WHERE owner_id = $1::text::uuid",
            account,
        )
        if any(row["deleted_at"] for row in rows):
            assert {(row["status"], row["balance"]) for row in rows} == {("CLOSED", 0)}
        else:
            assert sum(row["balance"] for row in rows) == 100


async def test_an_administrator_stays(administrator: Api) -> None:
    assert (await administrator.ask(DELETE, password=PASSWORD)).error_codes == ["FORBIDDEN"]
