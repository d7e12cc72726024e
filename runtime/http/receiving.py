"""Receiving a request's body, bounded in bytes and in time."""

import asyncio

from starlette.types import Receive


class BodyTooLarge(Exception):
    """The body has more bytes than allowed. What came after the limit was not read."""


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


class ClientGone(Exception):
    """The client closed the connection before its body was complete: there is nobody to answer."""


async def receive_body(receive: Receive, *, bytes_max: int, seconds_max: float) -> bytes:
    """The whole body. Raises BodyTooLarge, BodyTooSlow or ClientGone.

    Bytes are counted as they come, so a Content-Length that lies or is missing changes nothing.
    """
    task = asyncio.current_task()
    assert task is not None
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        task.cancel()

    # What asyncio.timeout does, at half its price (2.5 µs): this is on the way of every request.
    timer = asyncio.get_running_loop().call_later(seconds_max, expire)
    try:
        return await _receive(receive, bytes_max)
    except asyncio.CancelledError:
        if expired and task.uncancel() == 0:
            raise BodyTooSlow from None
        raise
    finally:
        timer.cancel()


async def _receive(receive: Receive, bytes_max: int) -> bytes:
    chunks: list[bytes] = []
    received_bytes = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        received_bytes += len(chunk)
        if received_bytes > bytes_max:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunk if len(chunks) == 1 else b"".join(chunks)
