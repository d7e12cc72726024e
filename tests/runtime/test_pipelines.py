"""Requests that a client sends without waiting for answers: few are kept, all are answered, and in order.

The application answers /slow when it may, begins to answer /begun before it reads, and answers all else at once;
tests/service/test_overload.py has the real one.
"""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from runtime import http_protocol
from runtime.http_protocol import HEAD_BYTES_MAX, PARSED_BYTES_MAX
from runtime.overload.crowd import Crowd
from runtime.overload.door import Door
from runtime.overload.protocol import SheddingHttpProtocol
from runtime.overload.refusals import Refusals

# What asyncio and uvloop read at once.
READ_BYTES_MAX = 256 * 1024
SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Served:
    """The application and its connections: which requests it got, and the most that were kept of any connection."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.got: list[str] = []
        self.gone = asyncio.Event()
        self.state = ServerState()
        self.made: weakref.WeakSet[SheddingHttpProtocol] = weakref.WeakSet()
        self.waiting_max = self.unparsed_max = 0
        self.address = ("", 0)
        self.door = Door(1)

    async def until_asked(self) -> None:
        """Until the application has a request."""
        while not self.got:
            await asyncio.sleep(0.01)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/begun":
            headers = [(b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        body = b""
        while (message := await receive()).get("more_body", False):
            body += message["body"]
        body += message.get("body", b"")
        self.got.append(scope["query_string"].decode())
        if scope["path"] == "/slow":
            leaving = asyncio.ensure_future(receive())
            answering = asyncio.create_task(self.may_answer.wait())
            await asyncio.wait((leaving, answering), return_when=asyncio.FIRST_COMPLETED)
            answering.cancel()
            if leaving.done():
                self.gone.set()
            leaving.cancel()
        for protocol in self.made:
            self.waiting_max = max(self.waiting_max, len(protocol.pipeline))
            self.unparsed_max = max(self.unparsed_max, len(protocol.flow.unparsed))
        answer = b"%b %d;" % (scope["query_string"], len(body))
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    served = Served()
    config = uvicorn.Config(served, ws="none", log_config=None, lifespan="off")
    config.load()
    crowd, refusals = Crowd(4), Refusals([])

    def connect() -> SheddingHttpProtocol:
        protocol = SheddingHttpProtocol(
            config, served.state, {}, door=served.door, crowd=crowd, refusals=refusals
        )
        served.made.add(protocol)
        return protocol

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    async with server:
        served.address = server.sockets[0].getsockname()
        yield served
        served.may_answer.set()
        async with asyncio.timeout(60):
            while served.state.connections or served.state.tasks:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client, for a minute at most."""
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(*served.address)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def get(path: str, number: int) -> bytes:
    return b"GET %b?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (path.encode(), number)


def post(number: int, size: int) -> bytes:
    head = b"POST /?%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (number, size)
    return head + b"x" * size


async def answers(reader: asyncio.StreamReader, count: int) -> list[str]:
    """The bodies of so many answers, without what ends them."""
    found = []
    for _ in range(count):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        found.append((await reader.readuntil(b";"))[:-1].decode())
    return found


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([0] * 20_000, id="no bodies"),
        pytest.param([3000] * 500, id="bodies"),
        pytest.param([300_000, 0, 1, PARSED_BYTES_MAX, 0, 1_000_000, 5], id="large bodies"),
    ],
)
async def test_all_are_answered_in_order_and_few_are_kept(served: Served, sizes: list[int]) -> None:
    async with connected(served) as (reader, writer):
        requests = [post(number, size) if size else get("/", number) for number, size in enumerate(sizes, 1)]
        writer.write(get("/slow", 0) + b"".join(requests))
        await served.until_asked()
        # They come meanwhile, and wait.
        await asyncio.sleep(0.3)
        assert served.got == ["0"]
        served.may_answer.set()
        told = [f"{number} {size}" for number, size in enumerate([0, *sizes])]
        assert await answers(reader, len(told)) == told
        assert 1 <= served.waiting_max <= PARSED_BYTES_MAX / len(SHORTEST)
        assert served.unparsed_max <= READ_BYTES_MAX
        # And the connection serves on.
        writer.write(get("/", 7))
        assert await answers(reader, 1) == ["7 0"]


async def test_the_client_finds_the_buffers_full(served: Served) -> None:
    async with connected(served) as (_, writer):
        writer.write(SLOW + SHORTEST * 1_000_000)
        left = 0
        # Until nothing more goes out.
        while (now_left := writer.transport.get_write_buffer_size()) != left or not served.got:
            left = now_left
            await asyncio.sleep(0.3)
        assert left > 1_000_000
        (protocol,) = served.made
        assert 1 <= len(protocol.pipeline) <= PARSED_BYTES_MAX / len(SHORTEST)
        assert len(protocol.flow.unparsed) <= READ_BYTES_MAX
        writer.transport.abort()
        served.may_answer.set()
        while served.state.connections:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("split_at", [10, len(SHORTEST) + 17])
async def test_the_rest_of_a_request_may_come_when_its_turn_does(
    served: Served, monkeypatch: pytest.MonkeyPatch, split_at: int
) -> None:
    """However long that takes: it is this side that reads nothing."""
    async with connected(served) as (reader, writer):
        late = SHORTEST + SHORTEST
        writer.write(get("/slow", 0))
        await served.until_asked()
        monkeypatch.setattr(http_protocol, "HEAD_SECONDS_MAX", 1.0)
        writer.write(SHORTEST + late[:split_at])
        await asyncio.sleep(0.1)
        writer.write(late[split_at:])
        await asyncio.sleep(1.4)
        assert served.got == ["0"]
        served.may_answer.set()
        assert await answers(reader, 4) == ["0 0", *[" 0"] * 3]


async def test_a_head_has_until_the_answer_before_it_is_complete(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(served) as (reader, writer):
        writer.write(SLOW)
        await served.until_asked()
        monkeypatch.setattr(http_protocol, "HEAD_SECONDS_MAX", 0.2)
        writer.write(SHORTEST[:5])
        await asyncio.sleep(1)
        served.may_answer.set()
        assert await answers(reader, 1) == [" 0"]
        # From then on it is late.
        assert await reader.read() == b""


async def test_of_a_client_that_goes_away_nothing_more_is_done_or_kept(served: Served) -> None:
    async with connected(served) as (_, writer):
        writer.write(SLOW + SHORTEST * 2)
        await served.until_asked()
        (protocol,) = served.made
        while len(protocol.pipeline) < 2:
            await asyncio.sleep(0.01)
        # The loop hears of it when something is written to the client, or when it reads; here at once.
        protocol.transport.abort()
        await served.gone.wait()
        del protocol
        while served.made:
            await asyncio.sleep(0.01)
            gc.collect()
        assert served.got == [""]


@pytest.mark.parametrize("size", [2, 9000])
async def test_of_a_refused_client_that_goes_away_nothing_is_kept(served: Served, size: int) -> None:
    """Not until the collector comes, either: it comes rarely, and a body may be large."""
    served.door.enter("another")
    async with connected(served) as (reader, writer):
        head = b"POST /graphql HTTP/1.1\r\nContent-Length: %d\r\n\r\nab"
        writer.write(head % 2 + head % size)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 503 ")
        gc.collect()
        gc.disable()
        try:
            next(iter(served.made)).transport.abort()
            while served.state.connections:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert not served.made
        finally:
            gc.enable()
            served.door.leave("another")


async def test_a_client_that_stops_sending_is_gone_once_all_was_read(served: Served) -> None:
    async with connected(served) as (reader, writer):
        writer.write(SLOW + SHORTEST * 2)
        writer.write_eof()
        await served.until_asked()
        served.may_answer.set()
        # As for a single request: who may be waiting for the last one can't be told from who has gone.
        assert await answers(reader, 2) == [" 0"] * 2
        while served.state.connections:
            await asyncio.sleep(0.01)


NONSENSE = [
    pytest.param(b"nonsense\r\n\r\n" * 1000, id="no request"),
    pytest.param(b"GET / HTTP/1.1\r\nEndless: " + b"x" * HEAD_BYTES_MAX, id="head too long"),
    pytest.param(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", id="tunnel"),
    pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="body"),
]


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("behind", [0, 1, 300])
async def test_nonsense_behind_requests_is_told_once_and_after_their_answers(
    served: Served, nonsense: bytes, behind: int
) -> None:
    """They may have moved money: 400 in the place of their answers would say that they did not."""
    async with connected(served) as (reader, writer):
        writer.write(get("/slow", 0) + SHORTEST * behind + nonsense)
        await served.until_asked()
        await asyncio.sleep(0.1)
        served.may_answer.set()
        assert await answers(reader, 1 + behind) == ["0 0", *[" 0"] * behind]
        rest = await reader.read()
        assert rest.startswith(b"HTTP/1.1 400 ")
        assert rest.count(b"HTTP/1.1 ") == 1


async def test_nonsense_is_logged_once(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.may_answer.set()
    async with connected(served) as (reader, writer):
        writer.write(SHORTEST + b"nonsense\r\n\r\n" * 1000)
        await reader.read()
        assert [record.message for record in caplog.records] == ["Invalid HTTP request received."]


async def test_nonsense_in_a_body_does_not_go_into_the_answer_that_has_begun(served: Served) -> None:
    async with connected(served) as (reader, writer):
        writer.write(b"POST /begun HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        await reader.readuntil(b"begun")
        writer.write(b"zz\r\n")
        assert await reader.read() == b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("connection", ["Upgrade", "Upgrade, HTTP2-Settings", "close, Upgrade"])
async def test_who_offers_another_protocol_is_answered_in_this_one(
    served: Served, caplog: pytest.LogCaptureFixture, version: str, connection: str
) -> None:
    """As `curl --http2` and Java's HttpClient do with any request, those with a body too."""
    served.may_answer.set()
    offer = (
        f"POST /?1 HTTP/{version}\r\nConnection: {connection}\r\nUpgrade: h2c\r\nContent-Length: 9000\r\n\r\n"
    )
    async with connected(served) as (reader, writer):
        writer.write(offer.encode() + b"x" * 9000 + post(2, 5))
        keeps = version == "1.1" and "close" not in connection
        assert await answers(reader, 1 + keeps) == ["1 9000", "2 5"][: 1 + keeps]
        assert not caplog.records


async def test_who_was_refused_is_not_told_to_go_on_sending(served: Served) -> None:
    async with connected(served) as (reader, writer):
        writer.write(get("/", 0))
        assert await answers(reader, 1) == ["0 0"]
        (protocol,) = served.made
        head = b"POST /graphql HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        # All in one turn of the loop: the application has not begun when there is no place for it any more.
        protocol.data_received(head)
        served.door.enter("another")
        protocol.data_received(b"1234")
        await asyncio.sleep(0.1)
        served.door.leave("another")
        answer = await reader.readuntil(b"}]}")
        assert answer.startswith(b"HTTP/1.1 503 ")
        writer.write(get("/", 1))
        assert await answers(reader, 1) == ["1 0"]
