"""Answers of HTTP/1.1 taken off a connection, as cheaply as a load generator can."""

import asyncio
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


class Answers(asyncio.Protocol):
    """One connection with one request under way at a time. Each answer has a Content-Length, as the service's have."""

    _transport: asyncio.Transport
    _received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports keep the protocol of asyncio.Transport without being its subclass.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end_of_head = received.find(_END_OF_HEAD)
        if end_of_head < 0:
            return
        length_at = received.index(_LENGTH, 0, end_of_head) + len(_LENGTH)
        length = int(received[length_at : received.index(b"\r\n", length_at)])
        if len(received) < end_of_head + len(_END_OF_HEAD) + length:
            return
        self._received = b""
        self.answered(received)

    def answered(self, response: bytes) -> None:
        """What to do with a whole answer, head and body."""
        raise NotImplementedError
