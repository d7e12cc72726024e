"""Instances that do as they are told, and nginx in front of them."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.local.proxy import Proxy, find_nginx

SECONDS_MAX = 20.0
Answer = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass
class Toy:
    """Reads requests and answers each with its name, or as `answer` says. `requests`: their heads, as they came."""

    name: str
    server: asyncio.Server | None = None
    address: str = ""
    requests: list[str] = field(default_factory=list)
    answer: Answer | None = None

    async def close(self) -> None:
        """From now on nobody listens there."""
        assert self.server is not None
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head.decode())
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                if self.answer is not None:
                    await self.answer(writer)
                    break
                body = self.name.encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@dataclass
class Front:
    """nginx, where it answers, and what it has logged."""

    proxy: Proxy
    url: str
    log: Path
    http: httpx.AsyncClient


@asynccontextmanager
async def running_toy(name: str) -> AsyncIterator[Toy]:
    toy = Toy(name)
    toy.server = await asyncio.start_server(toy.serve, "127.0.0.1", 0)
    toy.address = f"127.0.0.1:{toy.server.sockets[0].getsockname()[1]}"
    yield toy
    toy.server.close()


@asynccontextmanager
async def running_front(folder: Path, instances: list[str], *, listen: str = "") -> AsyncIterator[Front]:
    """`listen` is added to listen.conf."""
    nginx = find_nginx()
    assert nginx is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    proxy = Proxy(nginx, folder / "proxy", port, instances)
    with (folder / "proxy/purser-site/listen.conf").open("a") as listening:
        listening.write(listen)
    url, log = f"http://127.0.0.1:{port}", folder / "proxy.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*proxy.command, stdout=output, stderr=output)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=SECONDS_MAX, trust_env=False) as http:
            await _until_up(port)
            yield Front(proxy, url, log, http)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        await process.wait()


async def _until_up(port: int) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.02)
        writer.close()
        await writer.wait_closed()
