"""Methods, content types, origins, tokens: what a request must be before its body is looked at."""

import uuid

import orjson
import pytest
from starlette.responses import HTMLResponse

import auth.errors
from auth.principal import Principal, Role
from runtime.http.guards import guard
from runtime.settings import Settings
from schema.requests.endpoint import GraphQLEndpoint
from tests.http.toy import ask, query, ran, toy_endpoint

PING = b'{"query": "{ ping }"}'
JSON = ("content-type", "application/json")
GRAPHQL_RESPONSE = "application/graphql-response+json"


@pytest.fixture(scope="module")
def endpoint() -> GraphQLEndpoint:
    return toy_endpoint(Settings(allowed_origins=("https://shop.example.com",)))


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json-patch+json",
        "application/json; charset=latin-1",
        'application/json; charset="utf-16"',
        "text/plain; application/json",
        "application/jsonx",
        "",
    ],
)
async def test_a_post_of_anything_but_json_in_utf_8_is_refused(
    endpoint: GraphQLEndpoint, content_type: str
) -> None:
    reply = await ask(endpoint, PING, headers=[("content-type", content_type)])
    assert (reply.status, reply.code) == (415, "BAD_USER_INPUT")
    assert reply.messages_received == 0


async def test_a_post_without_a_content_type_is_refused(endpoint: GraphQLEndpoint) -> None:
    assert (await ask(endpoint, PING, headers=())).status == 415


async def test_a_compressed_body_is_refused(endpoint: GraphQLEndpoint) -> None:
    reply = await ask(endpoint, PING, headers=[JSON, ("content-encoding", "gzip")])
    assert reply.status == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'],
)
async def test_json_in_utf_8_is_taken(endpoint: GraphQLEndpoint, content_type: str) -> None:
    assert (await ask(endpoint, PING, headers=[("content-type", content_type)])).status == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "get"])
async def test_other_methods_are_refused(endpoint: GraphQLEndpoint, method: str) -> None:
    reply = await ask(endpoint, PING, method=method, query_string=b"query={ping}")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, POST"
    assert (reply.body == b"") == (method == "HEAD")


async def test_a_get_runs_queries(endpoint: GraphQLEndpoint) -> None:
    reply = await ask(
        endpoint,
        method="GET",
        query_string=b"query=query+A($t:String!){echo(text:$t)}&variables=%7B%22t%22:%22%C3%A9%22%7D&operationName=A",
        headers=(),
    )
    assert (reply.status, reply.json) == (200, {"data": {"echo": "é"}})


async def test_a_get_never_runs_a_mutation(endpoint: GraphQLEndpoint) -> None:
    ran.clear()
    for text in (b"mutation{charge{name}}", b"query+A{ping}+mutation+B{charge{name}}&operationName=B"):
        reply = await ask(endpoint, method="GET", query_string=b"query=" + text, headers=())
        assert (reply.status, reply.code, reply.headers["allow"]) == (405, "BAD_USER_INPUT", "POST")
        assert reply.error["extensions"]["executed"] == "NO"
    assert ran == []


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=",
        b"query={ping}&query={ping}",
        b"query={ping}&variables=[]",
        b"query={ping}&variables={",
        b"query={ping}&variables=%7B%22a%22:%22%5Cu0000%22%7D",
        b"query={ping}%00",
        b"query=%ff",
        b"query=%ed%a0%80",
        b"query={ping}&extensions=1",
        b"&".join(b"a%d=" % number for number in range(1_000)),
    ],
)
async def test_a_bad_query_string_is_refused(endpoint: GraphQLEndpoint, query_string: bytes) -> None:
    reply = await ask(endpoint, method="GET", query_string=query_string, headers=())
    assert (reply.status, reply.code) == (400, "BAD_USER_INPUT")


async def test_a_browser_gets_the_page_and_its_queries_get_json() -> None:
    endpoint = toy_endpoint(graphiql=HTMLResponse("<title>GraphiQL</title>"))
    browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
    assert b"GraphiQL" in (await ask(endpoint, method="GET", headers=browser)).body
    reply = await ask(endpoint, method="GET", query_string=b"query={ping}", headers=browser)
    assert reply.json == {"data": {"ping": "pong"}}
    assert (await ask(endpoint, method="GET", headers=[("accept", "*/*")])).status == 400
    assert (await ask(toy_endpoint(), method="GET", headers=browser)).status == 400


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "http://localhost:3000",
        "http://localhost.evil.example.com",
        "null",
        "",
        "localhost",
        "file://localhost",
        "https://shop.example.com.evil.example.com",
    ],
)
async def test_a_foreign_origin_is_refused(endpoint: GraphQLEndpoint, origin: str) -> None:
    ran.clear()
    body = b'{"query": "mutation { charge { name } }"}'
    reply = await ask(endpoint, body, headers=[JSON, ("origin", origin)])
    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert reply.error["extensions"]["executed"] == "NO"
    assert ran == []


@pytest.mark.parametrize("origin", ["http://localhost", "https://localhost", "https://shop.example.com"])
async def test_the_same_and_an_allowed_origin_are_served(endpoint: GraphQLEndpoint, origin: str) -> None:
    assert (await ask(endpoint, PING, headers=[JSON, ("origin", origin)])).status == 200


async def test_the_answer_has_the_type_that_was_asked_for(endpoint: GraphQLEndpoint) -> None:
    async def answered(accept: str, body: bytes) -> tuple[int, str]:
        reply = await ask(endpoint, body, headers=[JSON, ("accept", accept)])
        return reply.status, reply.headers["content-type"]

    wrong = b'{"query": "{ nope }"}'
    partial = b'{"query": "{ ping broken }"}'
    apollo = f"{GRAPHQL_RESPONSE},application/json;q=0.9"
    assert await answered("*/*", PING) == (200, "application/json")
    assert await answered("application/json", wrong) == (200, "application/json")
    assert await answered("text/html", wrong) == (200, "application/json")
    assert await answered(apollo, PING) == (200, GRAPHQL_RESPONSE)
    assert await answered(apollo, partial) == (200, GRAPHQL_RESPONSE)
    assert await answered(apollo, wrong) == (400, GRAPHQL_RESPONSE)
    assert await answered(apollo, b"{}") == (400, GRAPHQL_RESPONSE)
    assert await answered(f"{GRAPHQL_RESPONSE};q=0", wrong) == (200, "application/json")


PRINCIPAL = Principal(uuid.UUID(int=1), Role.CLIENT, uuid.UUID(int=2))


async def authenticate(token: str) -> Principal:
    """Knows one token, and fails in every way for others."""
    match token:
        case "good":
            return PRINCIPAL
        case "limited":
            raise auth.errors.RateLimited(2.5)
        case "unavailable":
            raise auth.errors.Unavailable(executed_unknown=False)
        case "crash":
            raise RuntimeError("hunter2")
        case _:
            raise auth.errors.Unauthenticated


async def test_a_good_token_reaches_the_resolvers() -> None:
    endpoint = toy_endpoint(authenticate=authenticate)
    for scheme in ("Bearer", "bearer"):
        headers = [JSON, ("authorization", f"{scheme} good")]
        reply = await ask(endpoint, b'{"query": "{ who address }"}', headers=headers)
        assert reply.json["data"] == {"who": str(PRINCIPAL.account_id), "address": "203.0.113.9"}
    assert (await query(endpoint, "{ who }")).json["data"] == {"who": None}


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer bad",
        "Bearer",
        "Basic Z29vZA==",
        "good",
        "Bearer good x",
        "",
        "Bearer é",
    ],
)
async def test_a_bad_token_is_401_for_the_whole_request(authorization: str) -> None:
    ran.clear()
    endpoint = toy_endpoint(authenticate=authenticate)
    body = orjson.dumps([{"query": "mutation { charge { name } }"}, {"query": "{ ping }"}])
    reply = await ask(endpoint, body, headers=[JSON, ("authorization", authorization)])
    assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.error["extensions"]["executed"] == "NO"
    assert ran == []


@pytest.mark.parametrize(
    ("token", "status", "code", "retry_after"),
    [
        ("limited", 429, "RATE_LIMITED", "3"),
        ("unavailable", 503, "UNAVAILABLE", "1"),
        ("crash", 500, "INTERNAL", None),
    ],
)
async def test_a_token_that_cannot_be_verified(
    token: str, status: int, code: str, retry_after: str | None
) -> None:
    reply = await ask(
        toy_endpoint(authenticate=authenticate), PING, headers=[JSON, ("authorization", f"Bearer {token}")]
    )
    assert (reply.status, reply.code, reply.headers.get("retry-after")) == (status, code, retry_after)
    assert reply.error["extensions"]["executed"] == "NO"
    assert b"hunter2" not in reply.body


async def test_a_wrong_host_is_refused() -> None:
    app = guard(toy_endpoint(), allowed_hosts=("purser.example.com", "[::1]"), allowed_origins=())
    assert (await ask(app, PING)).status == 400
    app = guard(toy_endpoint(), allowed_hosts=("localhost",), allowed_origins=())
    assert (await ask(app, PING)).status == 200


async def test_a_preflight_tells_allowed_origins_from_others() -> None:
    origins = ("https://shop.example.com",)
    app = guard(toy_endpoint(), allowed_hosts=("*",), allowed_origins=origins)

    async def preflight(origin: str) -> tuple[int, str | None]:
        headers = [("origin", origin), ("access-control-request-method", "POST")]
        reply = await ask(app, method="OPTIONS", headers=headers)
        return reply.status, reply.headers.get("access-control-allow-origin")

    assert await preflight(origins[0]) == (200, origins[0])
    assert await preflight("https://evil.example.com") == (400, None)
