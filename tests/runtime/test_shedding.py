"""The door of an API process, the connections before it, and HTTP kept in order whoever is refused.

The application behind it answers GraphQL requests when it is told to; tests/service/test_overload.py has the real one.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import NamedTuple

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from runtime.overload import crowd as crowd_module
from runtime.overload import door as door_module
from runtime.overload import protocol as protocol_module
from runtime.overload.crowd import Crowd
from runtime.overload.door import Door
from runtime.overload.metrics import SHED
from runtime.overload.protocol import SheddingHttpProtocol
from runtime.overload.refusals import Refusals
from schema.failures import FailureCode, Refusal
from schema.requests.answers import refused

ORIGIN = "https://shop.example.com"
PLACES = 1
CONNECTIONS_MAX = 4


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_refusal(self) -> bool:
        return self.status == 503 and b"OVERLOADED" in self.body


class Served:
    """The application: it notes whose whole body it got, and answers /graphql once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.got: list[bytes] = []
        self.gave_up = 0
        self.port = 0
        self.state = ServerState()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more_body = True
        while more_body:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gave_up += 1
                return
            body += message.get("body", b"")
            more_body = message.get("more_body", False)
        if scope["path"] == "/graphql" and scope["method"] != "OPTIONS":
            self.got.append(body)
            await self.may_answer.wait()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def reply(self) -> Reply:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Reply(int(first.split()[1]), headers, body)

    async def ask(self, body: bytes, **headers: str) -> Reply:
        self.send(post(body, **headers))
        return await self.reply()

    async def is_closed(self) -> bool:
        """Waits until the service has closed it, without another word."""
        try:
            return await self._reader.read() == b""
        except ConnectionResetError:
            return True

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def head(**headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(["POST /graphql HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post(body: bytes, **headers: str) -> bytes:
    return head(Content_Length=str(len(body)), **headers) + body


GET_HEALTH = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_module, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(crowd_module, "QUIET_SECONDS_MIN", 0.3)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """With a single place, and room for a few connections."""
    served = Served()
    config = uvicorn.Config(served, ws="none", log_config=None, lifespan="off")
    config.load()
    state = served.state
    door, crowd, refusals = Door(PLACES), Crowd(CONNECTIONS_MAX), Refusals([ORIGIN])

    def connect() -> SheddingHttpProtocol:
        return SheddingHttpProtocol(config, state, {}, door=door, crowd=crowd, refusals=refusals)

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    async with server, asyncio.timeout(30):
        served.port = server.sockets[0].getsockname()[1]
        yield served
        served.may_answer.set()
        while state.connections or state.tasks:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", served.port))
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def full(served: Served) -> AsyncIterator[Client]:
    """Somebody has the only place, until `may_answer` is set."""
    async with connected(served) as client:
        client.send(post(b"inside"))
        while served.got != [b"inside"]:
            await asyncio.sleep(0.01)
        yield client


async def test_refused_as_the_endpoint_would_and_served_again(served: Served) -> None:
    async with full(served) as inside, connected(served) as late:
        reply = await late.ask(b"{}", X_Request_ID="till-7", Origin=ORIGIN)
        same = refused(
            Refusal(
                503, "Too much is waiting: try again.", code=FailureCode.OVERLOADED, retry_after_seconds=1
            )
        )
        assert json.loads(reply.body) == json.loads(same.body)
        assert (reply.status, reply.headers["retry-after"]) == (same.status, same.headers["Retry-After"])
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["x-request-id"] == "till-7"
        assert reply.headers["access-control-allow-origin"] == ORIGIN
        assert "Retry-After" in reply.headers["access-control-expose-headers"]
        again = await late.ask(b"{}", Origin="https://elsewhere.example.com")
        assert again.is_refusal
        assert "access-control-allow-origin" not in again.headers
        assert served.got == [b"inside"]
        served.may_answer.set()
        assert (await inside.reply()).body == b"inside"
        assert (await late.ask(b"again")).body == b"again"


async def test_asking_again_at_once_costs_little(served: Served) -> None:
    async with full(served), connected(served) as late:
        began = asyncio.get_running_loop().time()
        for _ in range(4):
            assert (await late.ask(b"{}")).is_refusal
        # The first at once, the others after a pause each.
        assert asyncio.get_running_loop().time() - began > 3 * 0.2 - 0.05


async def test_only_graphql_has_a_door(served: Served) -> None:
    async with full(served), connected(served) as other:
        for _ in range(3):
            other.send(GET_HEALTH)
            assert (await other.reply()).status == 200
        other.send(b"OPTIONS /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await other.reply()).status == 200
        other.send(b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await other.reply()).is_refusal


async def test_pipelined_requests_are_refused_in_order(served: Served) -> None:
    async with full(served), connected(served) as late:
        ids = ["one", "two", "three"]
        late.send(b"".join(post(b"{}", X_Request_ID=each) for each in ids) + GET_HEALTH)
        replies = [await late.reply() for _ in ids]
        assert [reply.headers["x-request-id"] for reply in replies if reply.is_refusal] == ids
        assert (await late.reply()).status == 200
        late.send(GET_HEALTH + post(b"{}"))
        assert (await late.reply()).status == 200
        assert (await late.reply()).is_refusal
        served.may_answer.set()
        assert (await late.ask(b"again")).body == b"again"


async def test_a_pipeline_is_refused_no_faster_than_who_waits_for_each_answer(served: Served) -> None:
    async with full(served), connected(served) as late:
        began = asyncio.get_running_loop().time()
        # The first is under way while all the others arrive.
        late.send(GET_HEALTH + post(b"{}") * 3)
        assert (await late.reply()).status == 200
        for _ in range(3):
            assert (await late.reply()).is_refusal
        assert asyncio.get_running_loop().time() - began > 2 * 0.2 - 0.05
        # Refused one within the other they would use up Python's stack.
        late.send(GET_HEALTH + post(b"{}") * 1000)
        assert (await late.reply()).status == 200
        assert (await late.reply()).is_refusal
        served.may_answer.set()
        for _ in range(999):
            assert (await late.reply()).body == b"{}"


async def test_pipelined_requests_take_the_place_one_after_the_other(served: Served) -> None:
    async with connected(served) as client:
        served.may_answer.set()
        bodies = [b"one", b"two", b"three"]
        client.send(b"".join(map(post, bodies)))
        assert [(await client.reply()).body for _ in bodies] == bodies


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([post(b"x" * 5000)], id="whole"),
        pytest.param([post(b"x" * 10_000_000)], id="ten megabytes"),
        pytest.param([head(Content_Length="6"), b"abc", b"def"], id="in parts"),
        pytest.param([head(Transfer_Encoding="chunked") + b"3\r\nabc\r\n0\r\n\r\n"], id="chunked"),
        pytest.param(
            [head(Transfer_Encoding="chunked") + b"3\r\na", b"bc\r\n", b"2\r\nde\r\n0\r\n", b"\r\n"],
            id="chunked, in parts",
        ),
    ],
)
async def test_a_refused_body_is_swallowed(served: Served, parts: list[bytes]) -> None:
    async with full(served) as inside, connected(served) as late:
        for part in parts:
            late.send(part)
            await asyncio.sleep(0.05)
        assert (await late.reply()).is_refusal
        served.may_answer.set()
        assert (await inside.reply()).body == b"inside"
        assert (await late.ask(b"again")).body == b"again"
        assert served.got == [b"inside", b"again"]


async def test_who_is_slow_to_send_holds_no_place(served: Served) -> None:
    async with connected(served) as slow, connected(served) as slower:
        slow.send(head(Content_Length="4") + b"sl")
        slower.send(head(Content_Length="6") + b"slo")
        await asyncio.sleep(0.1)
        async with full(served) as inside:
            # The application waits for its body already, and hears that nobody is there any more.
            slow.send(b"ow")
            assert (await slow.reply()).is_refusal
            while served.gave_up != 1:
                await asyncio.sleep(0.01)
            served.may_answer.set()
            assert (await inside.reply()).status == 200
        slower.send(b"wer")
        assert (await slower.reply()).body == b"slower"
        assert (await slow.ask(b"again")).body == b"again"
        assert served.got == [b"inside", b"slower", b"again"]


async def test_who_waits_to_be_told_to_go_on_is_told_no(served: Served) -> None:
    async with full(served), connected(served) as late:
        late.send(head(Content_Length="4", Expect="100-continue"))
        reply = await late.reply()
        assert reply.is_refusal
        assert reply.headers["connection"] == "close"
        assert await late.is_closed()


async def test_who_wants_the_connection_closed_has_it_closed(served: Served) -> None:
    async with full(served), connected(served) as late:
        reply = await late.ask(b"{}", Connection="close")
        assert reply.is_refusal
        assert reply.headers["connection"] == "close"
        assert await late.is_closed()


async def test_a_client_that_goes_away_leaves_its_place_when_its_request_has_ended(served: Served) -> None:
    async with full(served):
        pass
    async with connected(served) as late:
        assert (await late.ask(b"{}")).is_refusal
        served.may_answer.set()
        assert (await late.ask(b"again")).body == b"again"


async def test_for_one_more_connection_the_one_that_said_nothing_for_longest_goes(served: Served) -> None:
    served.may_answer.set()
    async with AsyncExitStack() as stack:
        asked_once, silent, half_a_head, asks_often = [
            await stack.enter_async_context(connected(served)) for _ in range(CONNECTIONS_MAX)
        ]
        assert (await asked_once.ask(b"{}")).status == 200
        half_a_head.send(head()[:20])
        for _ in range(4):
            await asyncio.sleep(0.1)
            assert (await asks_often.ask(b"{}")).status == 200
        for closed in (silent, half_a_head, asked_once):
            newest = await stack.enter_async_context(connected(served))
            assert (await newest.ask(b"new")).body == b"new"
            assert await closed.is_closed()
        assert (await asks_often.ask(b"{}")).status == 200


async def test_an_empty_line_keeps_no_connection(served: Served) -> None:
    served.may_answer.set()
    async with AsyncExitStack() as stack:
        odd = [await stack.enter_async_context(connected(served)) for _ in range(CONNECTIONS_MAX)]
        for client in odd:
            assert (await client.ask(b"{}")).status == 200
            client.send(b"\r\n")
        await asyncio.sleep(0.4)
        newest = await stack.enter_async_context(connected(served))
        assert (await newest.ask(b"new")).body == b"new"
        assert await odd[0].is_closed()


async def test_where_all_have_something_under_way_the_newest_connection_is_told_so(served: Served) -> None:
    served.may_answer.set()
    async with AsyncExitStack() as stack:
        busy = [await stack.enter_async_context(connected(served)) for _ in range(CONNECTIONS_MAX)]
        for client in busy:
            assert (await client.ask(b"{}")).status == 200
            client.send(head(Content_Length="4") + b"bo")
        await asyncio.sleep(0.4)
        async with connected(served) as newest:
            reply = await newest.ask(b"x" * 100_000)
            assert reply.is_refusal
            assert reply.headers["connection"] == "close"
            assert await newest.is_closed()
        for client in busy:
            client.send(b"dy")
            assert (await client.reply()).body == b"body"
    while served.state.connections:
        await asyncio.sleep(0.01)
    async with connected(served) as next_one:
        assert (await next_one.ask(b"{}")).status == 200


async def test_a_few_are_told_and_any_more_are_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol_module, "TOLD_AT_ONCE_MAX", 1)
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            await stack.enter_async_context(connected(served))
        told, closed = [await stack.enter_async_context(connected(served)) for _ in range(2)]
        assert (await told.reply()).is_refusal
        assert await closed.is_closed()


async def test_what_was_refused_is_counted_and_told(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "TELL_SECONDS", 0.3)
    before = SHED._value.get()
    async with full(served), AsyncExitStack() as stack:
        for _ in range(3):
            late = await stack.enter_async_context(connected(served))
            assert (await late.ask(b"{}")).is_refusal
        while SHED._value.get() != before + 3:
            await asyncio.sleep(0.01)
    (line,) = [record for record in caplog.records if record.name == "purser.overload"]
    assert line.__dict__["fields"] == {"refused": 3, "under_way": 1, "places": 1}
