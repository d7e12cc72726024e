"""A service on a seeded world: everybody can log in, what they read agrees with the entries, and life goes on."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest

from ledger.tokens import write_token
from tests.client import Api
from tests.databases import copy_database
from tests.running import Service, running_service
from tests.seeding.seeds import Seeded, reconcile, seed

READING = """
query ($token: WalletToken!, $from: DateTime!, $to: DateTime!) { wallet(token: $token) {
  balance { amount } balanceAt(at: $to) { amount }
  totals(from: $from, to: $to) { moneyIn { amount } moneyOut { amount } }
  statement(from: $from, to: $to) { opening { amount } closing { amount } }
  refused: history(first: 100, filter: {statuses: [FAILED]}) { totalCount edges { node { status failureCode } } }
  all: history(first: 1) { totalCount edges { balanceAfter { amount } } }
} }
"""
ENTRIES = """
    SELECT count(*), sum(entries.amount), count(*) FILTER (WHERE status = 'FAILED')
    FROM entries JOIN operations ON operations.id = operation_id WHERE wallet_id = $1
"""
# An online order that a company charged with a key, and all that it asked for.
ORDER = """
    SELECT key, summary, amount, o.id, email, wallets.id AS wallet_id, token_secret
    FROM idempotency_keys k
    JOIN operations o ON o.id = k.operation_id JOIN accounts ON accounts.id = k.account_id
    JOIN wallets ON wallets.id = o.source_id
    WHERE o.kind = 'CHARGE' AND o.status = $1::text::operation_status AND accepted_at IS NULL AND o.currency = 'USD'
      AND (failure_code IS NULL OR failure_code = 'INSUFFICIENT_FUNDS')
      AND NOT EXISTS (SELECT FROM shares WHERE shares.operation_id = o.id)
    ORDER BY o.id DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def own(template_dsn: str) -> Seeded:
    """A world of this module's own, with enough in it for every kind of order."""
    return seed(copy_database(template_dsn, "living_on"))


@pytest.fixture(scope="module")
def dsn(own: Seeded) -> str:
    return own.dsn


@pytest.fixture(scope="module")
def service(own: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("living_on")
    with running_service(folder, workers=1, settings={"PURSER_DATABASE_URL": own.dsn}) as service:
        yield service


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield Api(http)


async def log_in(anyone: Api, email: str, password: str) -> Api:
    answer = await anyone.ask(
        "mutation ($input: LogInInput!) { logIn(input: $input) { token userErrors { code } } }",
        input={"email": email, "password": password},
    )
    payload = answer.data["logIn"]
    assert payload["userErrors"] == []
    return Api(anyone.http, payload["token"])


async def test_what_a_client_reads_agrees_with_the_entries(
    anyone: Api, own: Seeded, connection: asyncpg.Connection
) -> None:
    told = own.told
    client = await log_in(anyone, told["client"]["email"], told["password"])
    token = told["client"]["wallet"]
    answer = await client.ask(READING, token=token, **{"from": told["begins"], "to": told["until"]})
    wallet = answer.data["wallet"]
    wallet_id = (await client.wallet(token))["id"].removeprefix("wal_")
    ((count, balance_minor, refused),) = await connection.fetch(ENTRIES, wallet_id)
    balance = await in_words(connection, wallet_id, balance_minor)
    assert count > 20
    assert wallet["balance"]["amount"] == wallet["balanceAt"]["amount"] == balance
    assert wallet["statement"] == {"opening": {"amount": zero(balance)}, "closing": {"amount": balance}}
    moved = Decimal(wallet["totals"]["moneyIn"]["amount"]) - Decimal(wallet["totals"]["moneyOut"]["amount"])
    assert moved == Decimal(balance)
    assert wallet["all"]["totalCount"] == count
    assert wallet["all"]["edges"][0]["balanceAfter"]["amount"] == balance
    assert wallet["refused"]["totalCount"] == refused
    assert len(await export(client, token)) == count


async def test_orders_that_are_sent_again_are_told_again(
    anyone: Api, own: Seeded, connection: asyncpg.Connection
) -> None:
    for status in ("SUCCEEDED", "FAILED"):
        (order,) = await connection.fetch(ORDER, status)
        company = await log_in(anyone, order["email"], own.told["password"])
        payload = await company.charge(
            write_token(order["wallet_id"], order["token_secret"]),
            str(Decimal(order["amount"]) / 100),
            currency="USD",
            summary=order["summary"],
            idempotencyKey=order["key"],
        )
        assert payload["replayed"], payload
        assert payload["operation"]["id"] == f"op_{order['id'].hex}"
        assert payload["operation"]["status"] == status


async def test_life_goes_on(anyone: Api, own: Seeded) -> None:
    told = own.told
    client = await log_in(anyone, told["client"]["email"], told["password"])
    company = await log_in(anyone, told["company"]["email"], told["password"])
    token = told["client"]["wallet"]
    assert (await client.deposit(token, "100"))["userErrors"] == []
    sold = await company.charge(token, "30")
    assert sold["userErrors"] == []
    assert (await company.refund(sold["operation"]["id"], amount="10"))["userErrors"] == []
    held = await company.authorize(token, "5")
    assert (await company.capture(held["operation"]["id"]))["userErrors"] == []
    assert (await client.withdraw(token, "1"))["userErrors"] == []
    reconcile(own.dsn)


async def test_the_administrator_sees_everybody(anyone: Api, own: Seeded) -> None:
    administrator = await log_in(anyone, own.told["administrator"]["email"], own.told["password"])
    answer = await administrator.ask(
        "query ($text: String!) { accounts(first: 1, filter: {text: $text}) { totalCount } }",
        text=own.told["client"]["email"].upper(),
    )
    assert answer.data["accounts"]["totalCount"] == 1


async def export(client: Api, token: str) -> list[Any]:
    answer = await client.ask(
        "mutation ($input: ExportHistoryInput!) { exportHistory(input: $input) { url } }",
        input={"wallet": token},
    )
    url = httpx.URL(answer.data["exportHistory"]["url"])
    response = await client.http.get(url.raw_path.decode())
    return list(csv.DictReader(io.StringIO(response.text)))


async def in_words(connection: asyncpg.Connection, wallet_id: str, amount_minor: Any) -> str:
    exponent = await connection.fetchval(
        "SELECT exponent FROM currencies JOIN wallets ON code = currency WHERE id = $1", wallet_id
    )
    return f"{Decimal(amount_minor).scaleb(-exponent):.{exponent}f}"


def zero(like: str) -> str:
    return f"{Decimal(0):.{-int(Decimal(like).as_tuple().exponent)}f}"
