"""Secrets, and what people say and send, are planted in every kind of request; what the service writes has none of it.

docs/observability.md says what may stand there: ids of requests, accounts and operations, and the names that documents
give their operations.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.leaks.odd_bank import REPLIES, odd_bank
from tests.leaks.planting import MARK, Plants, written_below
from tests.log_lines import lines_of
from tests.running import Service, running_service
from tests.traces.receiver import Receiver, running_receiver

SECONDS_MAX = 60.0
PASSWORD = f"{MARK}-Correct-Horse-9"
OTHER_PASSWORD = f"{MARK}-Battery-Staple-8"
ADMINISTRATOR = f"{MARK}-administrator@example.com"


@pytest.fixture(scope="module")
def plants() -> Plants:
    return Plants()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def service(
    plants: Plants, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """It tells all that it ever tells."""
    with odd_bank() as bank:
        settings = {
            "PURSER_LOG_LEVEL": "DEBUG",
            "PURSER_DEBUG": "true",
            "PURSER_SECRET_KEY": plants.plant("key") * 3,
            "PURSER_ADMIN_EMAIL": ADMINISTRATOR,
            "PURSER_ADMIN_PASSWORD": PASSWORD,
            "PURSER_ALLOWED_ORIGINS": "https://shop.example.com",
            "PURSER_BANK_URL": f"http://user:{plants.plant('bankpassword')}@{bank}/{plants.plant('bankpath')}",
            "PURSER_WITHDRAWAL_SECONDS_MAX": "1",
            "PURSER_WITHDRAWAL_ATTEMPTS_MAX": "1",
            "PURSER_TRACES": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={plants.plant('header')},{plants.plant('malformed')}",
        }
        with running_service(tmp_path_factory.mktemp("leaks"), workers=1, settings=settings) as service:
            yield service


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        yield http


class Planter:
    """People whose every word is planted."""

    def __init__(self, http: httpx.AsyncClient, plants: Plants) -> None:
        self.anyone = Api(http)
        self.plants = plants
        self._count = 0

    def email(self) -> str:
        return f"{self.plants.plant('mail')}@example.com"

    async def client(self) -> Api:
        plant = self.plants.plant
        api = await self.anyone.sign_up_client(
            email=self.email(), password=PASSWORD, firstName=plant("first"), lastName=plant("last")
        )
        assert api.token is not None
        self.plants.keep("bearer token of a client", api.token.rpartition(".")[2])
        return api

    async def company(self) -> Api:
        api = await self.anyone.sign_up_company(
            email=self.email(),
            password=PASSWORD,
            name=self.plants.plant("company"),
            url=f"https://{self.plants.plant('host')}.example.com",
        )
        assert api.token is not None
        self.plants.keep("bearer token of a company", api.token.rpartition(".")[2])
        return api

    async def wallet(self, owner: Api) -> str:
        made = await owner.create_wallet(name=self.plants.plant("wallet"))
        return self.plants.keep("wallet token", made["token"])


@pytest.fixture
def planter(http: httpx.AsyncClient, plants: Plants) -> Planter:
    return Planter(http, plants)


def said(plants: Plants) -> dict[str, str]:
    return {"summary": plants.plant("summary"), "idempotencyKey": plants.plant("key")}


async def test_what_goes_well(planter: Planter, plants: Plants, http: httpx.AsyncClient) -> None:
    client, company = await planter.client(), await planter.company()
    purse, till = await planter.wallet(client), await planter.wallet(company)
    await client.deposit(purse, "100.00", **said(plants))
    charged = await company.charge(purse, "10.00", **said(plants))
    await company.refund(charged["operation"]["id"], **said(plants))
    await company.many("chargeMany", [{"wallet": purse, "amount": "1.00", **said(plants)} for _ in range(3)])
    await client.transfer(purse, {"token": till}, "1.00", idempotencyKey=plants.plant("key"))
    held = await company.authorize(purse, "5.00", **said(plants))
    await company.capture(held["operation"]["id"], amount="1.00", idempotencyKey=plants.plant("key"))
    await company.charge(purse, "1.00", queued=True, **said(plants))
    await client.history(purse)
    await client.change("renameWallet", wallet=till, name=plants.plant("name"))
    rotated = await client.change("rotateWalletToken", wallet=purse)
    purse = plants.keep("rotated token", rotated["wallet"]["token"])
    exported = await client.ask(
        "mutation ($input: ExportHistoryInput!) { exportHistory(input: $input) { url } }",
        input={"wallet": purse},
    )
    link = urlsplit(exported.data["exportHistory"]["url"]).path
    plants.keep("link", link.rpartition(".")[2])
    assert (await http.get(link)).status_code == 200
    for broken in (
        f"{link}x",
        f"/{link}",
        f"{link}/",
        f"/export{link[8:]}",
        f"/graphql{link}",
        f"{link}?a={link}",
    ):
        await http.get(broken)
    changed = await client.ask(
        "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { code } } }",
        input={"currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD},
    )
    assert changed.data["changePassword"]["userErrors"] == []
    await client.ask("mutation { logOut { userErrors { code } } }")


async def test_log_ins_and_what_administrators_look_for(planter: Planter, plants: Plants) -> None:
    log_in = "mutation ($input: LogInInput!) { logIn(input: $input) { token userErrors { code } } }"
    told = await planter.anyone.ask(log_in, input={"email": ADMINISTRATOR, "password": PASSWORD})
    administrator = Api(planter.anyone.http, told.data["logIn"]["token"])
    assert administrator.token is not None
    plants.keep("bearer token of an administrator", administrator.token.rpartition(".")[2])
    for _ in range(8):
        await planter.anyone.ask(log_in, input={"email": planter.email(), "password": plants.plant("guess")})
        await planter.anyone.ask(log_in, input={"email": ADMINISTRATOR, "password": plants.plant("guess")})
    await administrator.ask(
        "query ($s: String) { wallets(search: $s) { edges { node { id } } } }", s=plants.plant("s")
    )
    await administrator.ask(f'{{ accounts(search: "{plants.plant("s")}") {{ edges {{ node {{ id }} }} }} }}')
    client = await planter.client()
    again = await planter.anyone.ask(
        "mutation ($input: SignUpClientInput!) { signUpClient(input: $input) { userErrors { code } } }",
        input={
            "email": ADMINISTRATOR,
            "password": PASSWORD,
            "firstName": MARK,
            "lastName": MARK,
            "phoneNumber": MARK,
        },
    )
    assert again.data["signUpClient"]["userErrors"] != []
    deleted = await client.ask(
        "mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { userErrors { code } } }",
        input={"password": plants.plant("wrong")},
    )
    assert deleted.data["deleteAccount"]["userErrors"] != []


async def test_what_is_refused(planter: Planter, plants: Plants) -> None:
    client, company = await planter.client(), await planter.company()
    purse = await planter.wallet(client)
    await planter.wallet(company)
    key = plants.plant("key")
    for amount in ("1.00", "2.00", plants.plant("amount")):
        await company.ask(
            "mutation ($input: ChargeInput!) { charge(input: $input) { userErrors { code } } }",
            input={
                "wallet": purse,
                "amount": amount,
                "summary": plants.plant("summary"),
                "idempotencyKey": key,
            },
        )
    await company.charge(plants.plant("token"), "1.00", **said(plants))
    await company.charge(purse, "1.00", summary=plants.plant("summary") * 100)
    await client.withdraw(purse, "1.00", destination=f"{plants.plant('destination')}\x07")
    stranger = Api(planter.anyone.http, plants.plant("bearer"))
    assert (await stranger.ask("{ viewer { id } }")).status == 401


DOCUMENTS = (
    "query { wallets { %s } }",
    "query ($%s: String) { viewer { id } }",
    'mutation { charge(input: { wallet: "%s", amount: 1, sum: "%s" }) { userErrors { code } } }',
    'query { wallet(token: "%s") { id } } # %s',
    'query { viewer(%s: "%s") { id } ',
    '"%s',
    "%s",
    "query { ...%s }",
    'query { node(id: "%s") { id } }',
    "query { viewer { ... on %s { id } } }",
)


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_documents_that_are_wrong(planter: Planter, plants: Plants, document: str) -> None:
    client = await planter.client()
    text = document.replace("%s", plants.plant("document"))
    assert (await client.ask(text, s=plants.plant("variable"))).status in (200, 400)
    await client.http.get("/graphql", params={"query": text, "variables": plants.plant("variables")})
    await client.http.get("/graphql", params={"query": "{ __typename }", "token": plants.plant("query")})


async def test_bodies_and_heads_that_are_wrong(http: httpx.AsyncClient, plants: Plants) -> None:
    plant = plants.plant
    json = {"Content-Type": "application/json"}
    for body in (
        plant("body").encode(),
        f'{{"query": "{plant("body")}'.encode(),
        f'["{plant("body")}"]'.encode(),
        f'{{"query": {{"{plant("body")}": 1}}}}'.encode(),
        f'{{"query": "{{ __typename }}", "operationName": "{plant("operation")}"}}'.encode(),
        f'{{"query": "{{ __typename }}", "variables": "{plant("variables")}"}}'.encode(),
        f'{{"query": "{{ __typename }}", "extensions": "{plant("extensions")}"}}'.encode(),
        plant("body").encode() + b"\xff\xfe",
        plant("body").encode() * 300_000,
    ):
        # What is too long is not read to its end.
        with suppress(httpx.TransportError):
            await http.post("/graphql", content=body, headers=json)
    for name in (
        "Authorization",
        "Cookie",
        "Content-Type",
        "Origin",
        "Host",
        "Accept",
        "Traceparent",
    ):
        for value in (plant("header"), f"Basic {plant('header')}", f"{plant('header')} {plant('header')}"):
            await http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=json | {name: value})
    # A sane one is what the client wants to find in the log.
    for value in (f"{plant('id')} {plant('id')}", plant("id") * 10, f"{plant('id')}@example.com"):
        await http.post("/graphql", content=b"{}", headers=json | {"X-Request-ID": value})
    await http.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers=json | {"Tracestate": f"a={plant('s')}"}
    )
    for path in (
        f"/{plant('path')}",
        f"/graphql/{plant('path')}",
        f"/static/{plant('path')}",
        f"/exports/{plant('p')}",
    ):
        await http.get(path, params={"a": plant("query")})
        await http.options(
            path, headers={"Origin": "https://shop.example.com", "Access-Control-Request-Method": "GET"}
        )


def test_what_is_no_http(service: Service, plants: Plants) -> None:
    address = urlsplit(service.url)
    for head in (
        f"{plants.plant('method')} /graphql HTTP/1.1\r\n\r\n",
        f"GET /{plants.plant('path')} HTTP/9.9\r\n\r\n",
        f"GET /graphql HTTP/1.1\r\n{plants.plant('name')}\r\n\r\n",
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: {plants.plant('length')}\r\n\r\n",
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{plants.plant('half')}",
        f"GET /graphql HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: {plants.plant('upgrade')}\r\n\r\n",
        plants.plant("garbage"),
    ):
        assert address.hostname is not None
        with socket.create_connection((address.hostname, address.port or 80), timeout=10) as connection:
            connection.sendall(head.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


async def test_what_is_our_own_fault(planter: Planter, plants: Plants, service: Service) -> None:
    client, company = await planter.client(), await planter.company()
    purse = await planter.wallet(client)
    await planter.wallet(company)
    connection = await asyncpg.connect(service.dsn)
    charge = "mutation ($input: ChargeInput!) { charge(input: $input) { userErrors { code } } }"
    try:
        # PostgreSQL quotes the row that it refuses, and the message of asyncpg's exception does so too.
        await connection.execute(
            f"ALTER TABLE operations ADD CONSTRAINT x CHECK (summary NOT LIKE '{MARK}fault%') NOT VALID"
        )
        asked = {"wallet": purse, "amount": "1.00", "summary": plants.plant("fault")}
        failed = await company.ask(charge, input=asked | {"idempotencyKey": plants.plant("key")})
        assert failed.error_codes == ["INTERNAL"]
        await connection.execute("ALTER TABLE operations DROP CONSTRAINT x")
        await connection.execute("ALTER TABLE accounts RENAME TO elsewhere")
        failed = await client.ask(
            "query ($p: String) { viewer { id } wallets(search: $p) { totalCount } }", p=MARK
        )
        failed = await planter.anyone.ask(
            "mutation ($input: LogInInput!) { logIn(input: $input) { token } }",
            input={"email": planter.email(), "password": plants.plant("password")},
        )
        assert failed.error_codes == ["INTERNAL"]
    finally:
        await connection.execute("ALTER TABLE IF EXISTS elsewhere RENAME TO accounts")
    # The connections are lost in the middle, and what is queued can't be carried out.
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND datname = 'purser'"
    )
    await connection.close()
    await company.ask(
        charge, input=asked | {"idempotencyKey": plants.plant("key"), "summary": plants.plant("lost")}
    )


async def test_withdrawals_through_a_bank_that_answers_oddly(
    planter: Planter, plants: Plants, service: Service
) -> None:
    client = await planter.client()
    purse = await planter.wallet(client)
    await client.deposit(purse, "100.00")
    for manner in REPLIES:
        withdrawn = await client.withdraw(
            purse, "1.00", destination=f"{plants.plant('destination')} {manner}", **said(plants)
        )
        assert withdrawn["userErrors"] == []
    give_up_at = time.monotonic() + SECONDS_MAX
    while {"paid", "not_paid", "unknown"} - (outcomes := outcomes_of(service)):
        assert time.monotonic() < give_up_at, outcomes
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)


def outcomes_of(service: Service) -> set[str]:
    """What the log says of withdrawals."""
    return {line["outcome"] for line in lines_of(service) if line["event"] == "withdrawal"}


async def test_nothing_of_it_was_written(
    plants: Plants, receiver: Receiver, service: Service, http: httpx.AsyncClient
) -> None:
    """The last one: it reads what those before it have left."""
    metrics = (await http.get("/metrics")).text
    status = (await http.get("/status")).text
    await asyncio.sleep(6)  # until the exporter's thread has sent what it has
    written = written_below(service.log.parent)
    assert set(written) >= {"service.log", "data/postgresql.log"}
    assert len(written["service.log"].splitlines()) > 100
    assert len(receiver.spans) > 100
    assert len(plants.tokens) > 10
    traces = b"".join(receiver.bodies).decode("latin-1")
    for name, text in {**written, "metrics": metrics, "status": status, "traces": traces}.items():
        assert plants.found_in(text) == [], name
