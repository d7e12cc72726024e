"""No connection is kept for ever by a client that sends a little and then nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

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
