"""uvicorn's server as our processes run it: it says when it is ready, stops with its launcher, and loses nobody."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from runtime.logging import log_unhandled
from runtime.overload.accepting import Accepting

# In the state of every request's scope, once the process is told to stop.
STOPPING = "stopping"


class Server(uvicorn.Server):
    """Serves until SIGTERM or SIGINT, or until the launcher's end of the pipe `launcher_descriptor` closes.

    `on_ready` is called once, when requests are answered. For `drain_seconds` after the order to stop it goes on as
    before, except that requests find STOPPING in their state.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        launcher_descriptor: int | None = None,
        *,
        drain_seconds: float = 0,
        debug: bool = False,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._launcher_descriptor = launcher_descriptor
        self._drain_seconds = drain_seconds
        self._debug = debug
        self._accepting: list[Accepting] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Exits by status 3 where the application does not start."""
        loop = asyncio.get_running_loop()
        loop.set_debug(self._debug)
        loop.set_exception_handler(log_unhandled)
        if self._launcher_descriptor is not None:
            loop.add_reader(self._launcher_descriptor, self._launcher_died, self._launcher_descriptor)
        await super().startup(sockets)
        self._accepting = [Accepting(listening, self._make_protocol) for listening in sockets or ()]
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the door behind those who are in its queue already: theirs may be a request that is under way."""
        self.lifespan.state[STOPPING] = True
        if self._drain_seconds:
            await asyncio.sleep(self._drain_seconds)
        waiting = self._close_door(sockets or [])
        loop = asyncio.get_running_loop()
        for connection in waiting:
            with suppress(OSError):
                await loop.connect_accepted_socket(self._make_protocol, connection)
        # Connections that the loop accepted just now become known to the server in its next turn.
        await asyncio.sleep(0)
        await super().shutdown(sockets)
        # What uvicorn does next is to raise the signal that stopped it again, and nothing of ours runs any more.
        await asyncio.to_thread(logging.shutdown)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        for accepting in self._accepting:
            accepting.accept_waiting()
        return await super().on_tick(counter)

    def _close_door(self, sockets: list[socket.socket]) -> list[socket.socket]:
        """What the kernel has accepted and nobody else; it would reset them where this process is the last to close."""
        waiting = []
        for listening in sockets:
            with listening.dup() as queue:
                for server in self.servers:
                    server.close()
                listening.close()
                queue.setblocking(False)
                with suppress(BlockingIOError):
                    while True:
                        waiting.append(queue.accept()[0])
        return waiting

    def _make_protocol(self) -> asyncio.Protocol:
        # As uvicorn's own startup does it.
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _launcher_died(self, launcher_descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(launcher_descriptor)
        self.should_exit = True
