"""Leaving a caller without an answer, which ASGI alone has no word for."""

import asyncio

from starlette.types import Receive, Scope, Send

from runtime.http_protocol import BoundedHttpProtocol

# Longer than any caller should wait.
SILENCE_SECONDS = 300.0
_EXTENSION = "purser.hanging_up"


class HangingUpProtocol(BoundedHttpProtocol):
    """HTTP that lets the application close a request's connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"transport": self.transport}}


async def hang_up(scope: Scope, receive: Receive, _: Send) -> None:
    """No answer: the connection is closed."""
    scope["extensions"][_EXTENSION]["transport"].close()
    await _gone(receive)


async def be_silent(scope: Scope, receive: Receive, send: Send) -> None:
    """No answer until the caller goes away; after five minutes the connection is closed."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            await _gone(receive)
    except TimeoutError:
        await hang_up(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
