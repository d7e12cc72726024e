"""No connection is kept for ever by a client that sends a little and then nothing, or that does not read."""

import asyncio
import gc
import socket
import struct
import weakref
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from runtime import http_protocol
from runtime.http_protocol import BoundedHttpProtocol

ANSWER = b"done"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where an application answers at once, whatever it is sent, and then waits a moment for the next request."""
    config = uvicorn.Config(PlainTextResponse(ANSWER), timeout_keep_alive=1, ws="none", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedHttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("request_head", "afterwards"),
    [
        pytest.param(GET + b"\r\n", b"", id="nothing"),
        pytest.param(GET + b"\r\n", b"\r\n", id="an empty line"),
        pytest.param(GET + b"Content-Length: 100\r\n\r\n", b"x", id="part of a body"),
    ],
)
async def test_a_connection_is_closed_after_an_answer(
    port: int, request_head: bytes, afterwards: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_head)
    async with asyncio.timeout(10):
        await reader.readuntil(ANSWER)
        writer.write(afterwards)
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_connection_is_kept_for_the_next_request(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for _ in range(4):
            writer.write(GET + b"Content-Length: 3\r\n\r\nab")
            await reader.readuntil(ANSWER)
            await asyncio.sleep(0.4)
            writer.write(b"c")
    writer.close()
    await writer.wait_closed()


async def test_of_a_connection_that_its_client_resets_nothing_is_kept() -> None:
    config = uvicorn.Config(PlainTextResponse(ANSWER), timeout_keep_alive=75, ws="none", log_config=None)
    config.load()
    made: weakref.WeakSet[BoundedHttpProtocol] = weakref.WeakSet()
    loop = asyncio.get_running_loop()

    def make() -> BoundedHttpProtocol:
        protocol = BoundedHttpProtocol(config, ServerState(), {})
        made.add(protocol)
        return protocol

    async with await loop.create_server(make, "127.0.0.1", 0) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(GET + b"\r\n")
        await reader.readuntil(ANSWER)
        # Closed without waiting, with a reset.
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.close()
        while made:
            await asyncio.sleep(0.01)
            gc.collect()


async def test_a_request_on_its_way_when_the_server_stops_is_answered() -> None:
    config = uvicorn.Config(PlainTextResponse(ANSWER), timeout_keep_alive=5, ws="none", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedHttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(GET + b"\r\n")
        await reader.readuntil(ANSWER)
        for connection in list(state.connections):
            connection.shutdown()
        writer.write(GET + b"\r\n")
        answered = await reader.read()
        assert b"connection: close" in answered
        assert answered.endswith(ANSWER)
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_does_not_read_is_cut_off_and_one_that_goes_on_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut_off = asyncio.Event()

    async def pour(scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        await send({"type": "http.response.start", "status": 200})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        cut_off.set()

    config = uvicorn.Config(pour, ws="none", log_config=None, lifespan="off")
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedHttpProtocol(config, state, {}), "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.setblocking(False)
            await loop.sock_sendall(client, GET + b"\r\n")
            await loop.sock_recv(client, 1)
            (protocol,) = state.connections
            assert isinstance(protocol, BoundedHttpProtocol)
            for _ in range(3):
                while not (deadline := protocol._read_deadline):
                    await asyncio.sleep(0.01)
                monkeypatch.setattr(http_protocol, "READ_SECONDS_MAX", 0.1)
                while protocol._read_deadline is deadline:
                    await loop.sock_recv(client, 1_000_000)
                assert deadline.cancelled()
            await cut_off.wait()
    assert state.connections == set()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
