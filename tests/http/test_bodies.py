"""Bad bodies get a clear error with a stable code, quickly, and the endpoint lives."""

import asyncio
import time
from collections.abc import Iterator

import orjson
import pytest
from starlette.types import Message

import schema.requests.endpoint
from runtime.settings import Settings
from schema.requests.endpoint import GraphQLEndpoint
from tests.http.toy import ask, query, ran, toy_endpoint

SECONDS_MAX = 3.0
BODY_BYTES_MAX = 20_000


@pytest.fixture(scope="module")
def endpoint() -> GraphQLEndpoint:
    return toy_endpoint(Settings(body_bytes_max=BODY_BYTES_MAX))


PING = b'{"query": "{ ping }"'

MALFORMED = {
    "empty": b"",
    "blank": b" \n",
    "not UTF-8": b'{"query": "{ ping }", "variables": {"a": "\xff"}}',
    "UTF-8 of a surrogate": b'{"query": "\xed\xa0\x80"}',
    "UTF-16": '{"query": "{ ping }"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + PING + b"}",
    "null": b"null",
    "number": b"1",
    "string": b'"x"',
    "true": b"true",
    "no operation": b"[]",
    "no object": b"{}",
    "array of arrays": b"[[]]",
    "array of one number": b"[1]",
    "second is no object": b"[" + PING + b"}, 5]",
    "cut off": PING,
    "two documents": PING + b"} {}",
    "deep arrays": b"[" * 10_000,
    "deep closed arrays": b"[" * 9_000 + b"]" * 9_000,
    "deep objects": b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    "deep variables": PING + b', "variables": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
    "5,000 digits": b"1" * 5_000,
    "5,000 digits in a variable": PING + b', "variables": {"a": ' + b"1" * 5_000 + b"}}",
    "NaN": PING + b', "variables": {"a": NaN}}',
    "Infinity": PING + b', "variables": {"a": -Infinity}}',
    "1e400": PING + b', "variables": {"a": 1e400}}',
    "query missing": b'{"variables": {}}',
    "query null": b'{"query": null}',
    "query empty": b'{"query": ""}',
    "query a number": b'{"query": 1}',
    "query a list": b'{"query": ["{ ping }"]}',
    "variables a list": PING + b', "variables": []}',
    "variables a string": PING + b', "variables": "{}"}',
    "variables false": PING + b', "variables": false}',
    "operation name a number": PING + b', "operationName": 1}',
    "extensions a string": PING + b', "extensions": "x"}',
    "NUL in the query": b'{"query": "{ ping \\u0000 }"}',
    "NUL in a variable": PING + b', "variables": {"a": [{"b": "x\\u0000"}]}}',
    "NUL in a key": PING + b', "variables": {"a\\u0000": 1}}',
    "raw NUL": b'{"query": "{ ping \x00 }"}',
    "lone surrogate in the query": b'{"query": "{ ping \\ud800 }"}',
    "lone surrogate in a variable": PING + b', "variables": {"a": "\\udfff"}}',
    "surrogates the wrong way round": PING + b', "variables": {"a": "\\ude00\\ud83d"}}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_body_is_refused(endpoint: GraphQLEndpoint, body: bytes) -> None:
    started = time.perf_counter()
    reply = await ask(endpoint, body)
    assert time.perf_counter() - started < SECONDS_MAX
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/json"
    assert reply.code == "BAD_USER_INPUT"
    assert reply.error["extensions"]["executed"] == "NO"
    assert reply.error["message"]
    assert (await query(endpoint, "{ ping }")).json == {"data": {"ping": "pong"}}


WELL_FORMED = {
    "a key twice: the last counts": b'{"query": "{ nope }", "query": "{ ping }"}',
    "unknown keys": PING + b', "id": 1}',
    "nulls": PING + b', "variables": null, "operationName": null, "extensions": null}',
    "an escaped backslash before u0000": PING + b', "variables": {"a": "\\\\u0000"}}',
    "a pair of surrogates": PING + b', "variables": {"a": "\\ud83d\\ude00"}}',
    "deep variables that nobody declared": PING + b', "variables": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
    "a batch of ten": b"[" + b",".join([PING + b"}"] * 10) + b"]",
}


@pytest.mark.parametrize("body", WELL_FORMED.values(), ids=WELL_FORMED.keys())
async def test_an_odd_but_well_formed_body_is_answered(endpoint: GraphQLEndpoint, body: bytes) -> None:
    reply = await ask(endpoint, body)
    assert reply.status == 200
    payloads = reply.json if isinstance(reply.json, list) else [reply.json]
    assert all(payload == {"data": {"ping": "pong"}} for payload in payloads)


@pytest.mark.parametrize("nul", [r"\u0000", r"\u{0}", r"\u{0000}"])
async def test_nul_written_as_a_graphql_escape_is_refused(endpoint: GraphQLEndpoint, nul: str) -> None:
    reply = await query(endpoint, f'{{ echo(text: "a{nul}") }}')
    assert reply.code == "BAD_USER_INPUT"
    assert "NUL" in reply.error["message"]


async def test_what_only_looks_like_nul_is_kept(endpoint: GraphQLEndpoint) -> None:
    reply = await query(endpoint, r'{ echo(text: "\\u0000") }')
    assert reply.json == {"data": {"echo": r"\u0000"}}


@pytest.mark.parametrize("surrogate", [r"\ud800", r"\u{d800}", r"\udc00\ud800"])
async def test_a_lone_surrogate_as_a_graphql_escape_is_refused(
    endpoint: GraphQLEndpoint, surrogate: str
) -> None:
    reply = await query(endpoint, f'{{ echo(text: "{surrogate}") }}')
    assert reply.code == "BAD_USER_INPUT"


async def test_a_batch_of_more_than_ten_is_refused_whole(endpoint: GraphQLEndpoint) -> None:
    ran.clear()
    for count in (11, 1_000):
        reply = await ask(toy_endpoint(), orjson.dumps([{"query": "mutation { charge { name } }"}] * count))
        assert (reply.status, reply.code) == (400, "BAD_USER_INPUT")
    assert ran == []


async def test_a_batch_runs_in_order_and_one_failure_leaves_the_others(endpoint: GraphQLEndpoint) -> None:
    ran.clear()
    charge = "mutation($name: String!) { charge(name: $name) { name } }"
    batch = [
        {"query": charge, "variables": {"name": "first"}},
        {"query": "{ nope }"},
        {"query": "mutation { crash }"},
        {"query": charge, "variables": {"name": "second"}},
    ]
    reply = await ask(endpoint, orjson.dumps(batch))
    assert reply.status == 200
    assert ran == ["first", "second"]
    assert [payload.get("data") for payload in reply.json] == [
        {"charge": {"name": "first"}},
        None,
        {"crash": None},
        {"charge": {"name": "second"}},
    ]


def _endless() -> Iterator[bytes]:
    while True:
        yield b" " * 4_096


@pytest.mark.parametrize("announced", [None, "10", "10000000", "9" * 50])
async def test_a_body_beyond_the_limit_is_refused_without_reading_all_of_it(
    endpoint: GraphQLEndpoint, announced: str | None
) -> None:
    headers = [("content-type", "application/json")]
    if announced:
        headers.append(("content-length", announced))
    reply = await ask(endpoint, _endless(), headers=headers)
    assert (reply.status, reply.code) == (413, "BAD_USER_INPUT")
    assert reply.headers["connection"] == "close"
    announced_too_much = announced is not None and int(announced) > BODY_BYTES_MAX
    assert reply.messages_received == (0 if announced_too_much else BODY_BYTES_MAX // 4_096 + 1)


async def test_a_body_of_the_limit_is_taken_in_pieces(endpoint: GraphQLEndpoint) -> None:
    body = (PING + b"}").ljust(BODY_BYTES_MAX)
    reply = await ask(endpoint, [body[at : at + 999] for at in range(0, len(body), 999)])
    assert reply.json == {"data": {"ping": "pong"}}


async def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    endpoint: GraphQLEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema.requests.endpoint, "BODY_SECONDS_MAX", 0.05)

    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    reply = await asyncio.wait_for(ask(endpoint, drip), 5)
    assert (reply.status, reply.code) == (408, "BAD_USER_INPUT")


async def test_a_client_that_goes_away_gets_no_answer(endpoint: GraphQLEndpoint) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    assert (await ask(endpoint, gone)).status == 0


@pytest.mark.parametrize("name", ["Other", "", "x" * 10_000, "Ping\n"])
async def test_an_unknown_operation_name_is_refused_without_repeating_it(
    endpoint: GraphQLEndpoint, name: str
) -> None:
    body = {"query": "query Ping { ping } mutation Pay { charge { name } }", "operationName": name}
    reply = await ask(endpoint, orjson.dumps(body))
    assert reply.code == "BAD_USER_INPUT"
    assert reply.error["extensions"]["executed"] == "NO"
    assert "xxx" not in reply.error["message"]


async def test_one_of_several_operations_must_be_named(endpoint: GraphQLEndpoint) -> None:
    reply = await query(endpoint, "query A { ping } query B { ping }")
    assert reply.code == "BAD_USER_INPUT"
    assert "executed" not in reply.error["extensions"]
