"""Rate limits as a client meets them: through two instances of two processes each."""

import asyncio
import itertools
import re
import sys
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from auth.limits.window import SLOTS
from tests.client import Api
from tests.limits.conftest import ORIGIN, PER_ACCOUNT, PER_ADDRESS, Visitor
from tests.running import Service

DEPOSIT = """mutation {{ deposit(input: {{wallet: "{wallet}", amount: "1.00", idempotencyKey: "{key}"}})
    {{ operation {{ status }} }} }}"""
BULK = """mutation {{ depositMany(inputs: [{inputs}]) {{ succeededCount }} }}"""
JSON = {"Content-Type": "application/json"}
REMAINING = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest.fixture
async def owner(anyone: Api) -> Api:
    """Signed up where nothing is limited."""
    return await anyone.sign_up_client()


@pytest.fixture
async def wallet(owner: Api) -> str:
    return str((await owner.create_wallet())["token"])


@pytest.fixture
async def stranger(instances: list[Service]) -> AsyncIterator[httpx.AsyncClient]:
    """One who does not come by way of the proxy."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=instances[0].url, transport=transport) as client:
        yield client


def remaining(answer: httpx.Response) -> dict[str, tuple[int, int]]:
    """By limit how many are left, and for how many seconds."""
    return {
        name: (int(left), int(seconds))
        for name, left, seconds in REMAINING.findall(answer.headers["RateLimit"])
    }


def assert_refused(answer: httpx.Response, by: str) -> None:
    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    seconds = remaining(answer)[by][1]
    assert error["extensions"] == {
        "code": "RATE_LIMITED",
        "executed": "NO",
        "retryAfterSeconds": seconds,
    }
    assert f"in a minute by this {by}" in error["message"]
    assert answer.headers["Retry-After"] == str(seconds)
    assert 1 <= seconds <= 65


async def forget(connection: asyncpg.Connection) -> None:
    """Lets a minute and a slot pass, as far as the table knows."""
    await connection.execute("UPDATE rate_limits SET slot = slot - $1", SLOTS)


async def test_exactly_the_limit_passes_and_no_more_is_executed(
    visitor: Visitor, owner: Api, wallet: str, connection: asyncpg.Connection
) -> None:
    async def deposit(number: int) -> httpx.Response:
        query = DEPOSIT.format(wallet=wallet, key=number)
        return await visitor.ask(query, token=owner.token, number=number)

    numbers = itertools.count()
    answers = await asyncio.gather(*(deposit(next(numbers)) for _ in range(2 * PER_ACCOUNT)))
    passed = sum(answer.status_code == 200 for answer in answers)
    # What one process was lent and does not use comes back after a few seconds.
    async with asyncio.timeout(30):
        while passed < PER_ACCOUNT:
            await asyncio.sleep(0.5)
            passed += (await deposit(next(numbers))).status_code == 200
    for _ in visitor.connections:
        assert_refused(await deposit(next(numbers)), "account")
    assert (await owner.wallet(wallet))["balance"]["amount"] == f"{PER_ACCOUNT}.00"
    # Others have limits of their own, from the same address too.
    other = await owner.sign_up_client()
    assert (await visitor.ask(token=other.token)).status_code == 200
    # Once the time is over it begins anew.
    await forget(connection)
    async with asyncio.timeout(20):
        while (await deposit(next(numbers))).status_code != 200:
            await asyncio.sleep(0.2)


async def test_headers_count_down(visitor: Visitor, owner: Api) -> None:
    last_seconds = 66
    for number in range(1, PER_ACCOUNT + 1):
        answer = await visitor.ask(token=owner.token)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == (
            f'"address";q={PER_ADDRESS};w=60, "account";q={PER_ACCOUNT};w=60'
        )
        standing = remaining(answer)
        assert (standing["account"][0], standing["address"][0]) == (
            PER_ACCOUNT - number,
            PER_ADDRESS - number,
        )
        # When the first of them comes back: it comes nearer.
        assert 55 <= standing["account"][1] <= last_seconds
        last_seconds = standing["account"][1]
        assert "Retry-After" not in answer.headers
    answer = await visitor.ask(token=owner.token)
    assert_refused(answer, "account")
    assert remaining(answer)["account"][0] == 0
    assert remaining(answer)["address"][0] == PER_ADDRESS - PER_ACCOUNT - 1


async def test_what_is_counted(visitor: Visitor, owner: Api, wallet: str) -> None:
    http = visitor.connections[0]
    signed_in = {"Authorization": f"Bearer {owner.token}"}
    spent = {"account": 0, "address": 0}

    def assert_counted(answer: httpx.Response, status: int, **counted: int) -> None:
        assert answer.status_code == status
        for by, count in counted.items():
            spent[by] += count
        told = remaining(answer)
        assert set(told) == set(counted)
        for by in counted:
            assert told[by][0] == {"account": PER_ACCOUNT, "address": PER_ADDRESS}[by] - spent[by]

    # Each operation of a batch; a mutation of many is one operation.
    batch = [{"query": "{ __typename }"}] * 5
    assert_counted(await http.post("/graphql", json=batch, headers=signed_in), 200, address=5, account=5)
    many = ", ".join(
        f'{{wallet: "{wallet}", amount: "1.00", idempotencyKey: "many-{number}"}}' for number in range(100)
    )
    assert_counted(await visitor.ask(BULK.format(inputs=many), token=owner.token), 200, address=1, account=1)
    # What is wrong is counted as well: by the address, and once it is known whose it is, by the account.
    assert_counted(await visitor.ask("{ nothing }", token=owner.token), 200, address=1, account=1)
    assert_counted(await visitor.ask(token="wrong"), 401, address=1)
    assert_counted(await http.post("/graphql", content=b"{", headers=JSON), 400, address=1)
    assert_counted(await http.post("/graphql", content=b"{"), 415, address=1)
    assert_counted(await http.get("/exports/forged"), 403, address=1)
    too_many = [{"query": "{ __typename }"}] * (10)
    for _ in range(2):
        assert_counted(
            await http.post("/graphql", json=too_many, headers=signed_in), 200, address=10, account=10
        )
    refused = await http.post("/graphql", json=too_many, headers=signed_in)
    assert_refused(refused, "account")
    # The rest is still there for who asks for less.
    assert remaining(refused)["account"][0] == PER_ACCOUNT - spent["account"]
    for path in ("/health/live", "/health/ready", "/status", "/static/graphiql.css", "/"):
        assert "RateLimit" not in (await http.get(path)).headers


async def spend(visitor: Visitor) -> None:
    """Spends what there is for the address."""
    for number in range(PER_ADDRESS // 10 + 1):
        await visitor.connections[number % 2].post("/graphql", json=[{"query": "{ __typename }"}] * 10)


async def test_an_address_that_has_spent_its_limit(
    visitor: Visitor, owner: Api, instances: list[Service]
) -> None:
    await spend(visitor)
    async with asyncio.timeout(20):
        while (await visitor.ask()).status_code == 200:
            pass
    http = visitor.connections[0]
    # Whoever it says it is, and whatever it sends.
    assert_refused(await visitor.ask(token=owner.token), "address")
    assert_refused(await http.post("/graphql", content=b"{" * 1_000_000), "address")
    assert_refused(await http.get("/graphql", params={"query": "{ __typename }"}), "address")
    assert_refused(await http.get("/exports/forged"), "address")
    for path in ("/health/live", "/health/ready", "/status"):
        assert (await http.get(path)).status_code == 200
    # The proxy tells from where it comes; what came before that in the header is the client's own tale.
    for tale in ("203.0.113.7", "127.0.0.1", "nonsense", "127.0.0.1, 203.0.113.8"):
        told = {"X-Forwarded-For": f"{tale}, {visitor.address}"}
        assert_refused(await http.post("/graphql", json={"query": "{ __typename }"}, headers=told), "address")
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers=elsewhere)
    assert answer.status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="has one address to come from")
async def test_who_is_no_proxy_is_not_believed(stranger: httpx.AsyncClient) -> None:
    left = set()
    for number in range(5):
        told = {
            "X-Forwarded-For": f"203.0.113.{number}",
            "X-Real-IP": "203.0.113.9",
            "Forwarded": "for=203.0.113.9",
        }
        answer = await stranger.post("/graphql", json={"query": "{ __typename }"}, headers=told)
        left.add(remaining(answer)["address"][0])
    assert len(left) == 5


async def test_pages_of_other_origins_may_read_the_headers(visitor: Visitor) -> None:
    answer = await visitor.connections[0].post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Origin": ORIGIN}
    )
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)


async def test_nothing_is_said_where_nothing_is_limited(owner: Api) -> None:
    answer = await owner.http.post("/graphql", json={"query": "{ __typename }"})
    assert not {"ratelimit", "ratelimit-policy"} & set(answer.headers)
