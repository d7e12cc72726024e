"""Clients that are no load and take no end: silent ones, ones that send a byte a second, ones that asked once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat

CONNECT_PAUSE_SECONDS = 0.001
BYTE_SECONDS = 1.0

_HEAD = (
    b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
)
_ASKED_ONCE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def _silent() -> Iterator[bytes]:
    return repeat(b"")


def _slow_head() -> Iterator[bytes]:
    yield from (b"%c" % byte for byte in _HEAD)


def _slow_body() -> Iterator[bytes]:
    yield _HEAD + b"\r\n"
    yield from repeat(b" ")


def _idle() -> Iterator[bytes]:
    yield _ASKED_ONCE
    yield from repeat(b"")


_KINDS = (_silent, _slow_head, _slow_body, _idle)


@asynccontextmanager
async def nuisances(port: int, count: int) -> AsyncIterator[None]:
    """So many of them, of each kind a quarter, for as long as the context is open; who is cut off comes again."""
    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(_bother(port, number)))
        await asyncio.sleep(CONNECT_PAUSE_SECONDS)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _bother(port: int, number: int) -> None:
    while True:
        with suppress(OSError):
            await _connect_and_bother(port, _KINDS[number % len(_KINDS)]())
        await asyncio.sleep(BYTE_SECONDS)


async def _connect_and_bother(port: int, said: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in said:
            writer.write(piece)
            await asyncio.sleep(BYTE_SECONDS)
            if reader.at_eof() or writer.is_closing():
                return
    finally:
        writer.close()
