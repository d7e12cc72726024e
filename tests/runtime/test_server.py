"""The server's stop: nobody who has reached it is turned away."""

import asyncio
import socket

import uvicorn
from starlette.responses import PlainTextResponse

from runtime.http_protocol import BoundedHttpProtocol
from runtime.server import Server

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


async def test_who_waits_at_the_door_when_it_closes_is_served() -> None:
    config = uvicorn.Config(
        PlainTextResponse("served"), http=BoundedHttpProtocol, ws="none", log_config=None, lifespan="off"
    )
    config.load()
    server = Server(config, on_ready=lambda: None)
    server.lifespan = config.lifespan_class(config)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    address = listening.getsockname()
    await server.startup([listening])
    # The loop has no turn before the stop: the kernel alone knows of these, and of what they have sent.
    clients = [socket.create_connection(address) for _ in range(20)]
    for client in clients[:10]:
        client.sendall(GET)
    stopping = asyncio.create_task(server.shutdown([listening]))
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        for number, client in enumerate(clients):
            with client:
                client.setblocking(False)
                if number >= 10:
                    await loop.sock_sendall(client, GET)
                assert (await loop.sock_recv(client, 65_536)).endswith(b"served")
        await stopping
