"""A proxy between a writer and PostgreSQL that knows where a COMMIT is, and breaks the connection just there.

Speaks as much of the wire protocol as that takes: after the start-up, a message is a letter and four bytes of
length that count themselves. A COMMIT is the simple query `Q` of that text; its answer ends with
ReadyForQuery, `Z`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path

_COMMIT = b"COMMIT\0"
SECONDS_MAX = 30.0
DELAY_SECONDS = 0.2


class Break(Enum):
    """What happens at a COMMIT."""

    NONE = auto()
    BEFORE_FORWARDING = auto()
    """The server never hears of it."""
    WITHOUT_WAITING = auto()
    """Forwarded, and both sides closed at once."""
    AFTER_THE_ANSWER = auto()
    """Committed and answered, but the answer goes nowhere."""
    FORWARDED_AFTER_CUTTING = auto()
    """The client is gone already when the server hears of it: a packet that was long on its way."""
    DELAYED = auto()
    """Late, both ways, and unharmed."""


class Proxy:
    """Made by `proxy_to`. `choose` says, for each COMMIT, how it goes."""

    def __init__(self, server_socket: Path) -> None:
        self.choose: Callable[[], Break] = lambda: Break.NONE
        self.seen: Counter[Break] = Counter()
        self.is_down = False
        self._server_socket = server_socket
        self._connections: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                if not self.is_down:
                    await self._carry(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def cut_all(self) -> None:
        """Every connection that there is, wherever it is."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(str(self._server_socket))
        link = _Link(client, to_client, server, to_server)
        try:
            await link.carry_startup()
            answers = asyncio.create_task(link.carry_answers())
            try:
                await self._carry_messages(link)
            finally:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
        finally:
            to_server.close()

    async def _carry_messages(self, link: "_Link") -> None:
        while True:
            message = await link.read_message()
            if not (message.startswith(b"Q") and message.endswith(_COMMIT)):
                link.to_server.write(message)
                continue
            kind = self.choose()
            self.seen[kind] += 1
            if kind is Break.DELAYED:
                await asyncio.sleep(DELAY_SECONDS)
            if kind in (Break.NONE, Break.DELAYED):
                link.to_server.write(message)
                continue
            await link.cut_at(message, kind)
            return


class _Link:
    """One client's connection and ours to the server for it."""

    def __init__(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self.client, self.to_client, self.server, self.to_server = client, to_client, server, to_server
        self._is_muted = False
        self._answered = asyncio.Event()

    async def carry_startup(self) -> None:
        """The first message has no letter. An SSLRequest never comes over a unix socket."""
        head = await self.client.readexactly(4)
        self.to_server.write(head + await self.client.readexactly(int.from_bytes(head) - 4))

    async def read_message(self) -> bytes:
        head = await self.client.readexactly(5)
        return head + await self.client.readexactly(int.from_bytes(head[1:]) - 4)

    async def carry_answers(self) -> None:
        with suppress(ConnectionError):
            while answer := await self.server.read(65536):
                if self._is_muted:
                    self._answered.set()
                else:
                    self.to_client.write(answer)
        self._answered.set()
        self.to_client.close()

    async def cut_at(self, commit: bytes, kind: Break) -> None:
        self._is_muted = True
        if kind is Break.FORWARDED_AFTER_CUTTING:
            self.to_client.close()
            await asyncio.sleep(random.uniform(0, 0.1))
        if kind is not Break.BEFORE_FORWARDING:
            self.to_server.write(commit)
            await self.to_server.drain()
        if kind in (Break.AFTER_THE_ANSWER, Break.FORWARDED_AFTER_CUTTING):
            async with asyncio.timeout(SECONDS_MAX):
                await self._answered.wait()
        self.to_client.close()


@asynccontextmanager
async def proxy_to(server_folder: Path, folder: Path) -> AsyncIterator[Proxy]:
    """A proxy to the server whose socket is in `server_folder`; its own socket is in `folder`."""
    proxy = Proxy(server_folder / ".s.PGSQL.5432")
    listening = await asyncio.start_unix_server(proxy.accept, folder / ".s.PGSQL.5432")
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.cut_all()
