"""uvicorn's server as our processes run it: it says when requests are answered, and stops with its launcher."""

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn

from runtime.logging import log_unhandled
from runtime.overload.accepting import Accepting


class Server(uvicorn.Server):
    """Serves until SIGTERM or SIGINT, or until the launcher's end of the pipe `launcher_descriptor` closes.

    `on_ready` is called once, when requests are answered.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        launcher_descriptor: int | None = None,
        *,
        debug: bool = False,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._launcher_descriptor = launcher_descriptor
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
        """Finishes requests under way and ends the application, and then the log."""
        await super().shutdown(sockets)
        # What uvicorn does next is to raise the signal that stopped it again, and nothing of ours runs any more.
        await asyncio.to_thread(logging.shutdown)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        for accepting in self._accepting:
            accepting.accept_waiting()
        return await super().on_tick(counter)

    def _make_protocol(self) -> asyncio.Protocol:
        # As uvicorn's own startup does it.
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _launcher_died(self, launcher_descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(launcher_descriptor)
        self.should_exit = True
