"""One API process: uvicorn on the socket that the launcher bound, for as long as the launcher lives."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from runtime.garbage import collect_rarely
from runtime.http_protocol import BoundedHttpProtocol
from runtime.logging import configure_logging, log_unhandled
from runtime.settings import Settings

# Longer than the 60 s after which load balancers let an idle connection go: this side must not be the first.
KEEP_ALIVE_SECONDS_MAX = 75
# The ledger's writers have a thread of their own, and others wait for the wallets that they hold.
SWITCH_SECONDS = 0.0005
# Connections that wait to be accepted; the kernel's own limit (somaxconn, often 4096) goes before it.
BACKLOG = 2048


def run(
    create_app: Callable[[Settings], ASGIApp],
    settings: Settings,
    *,
    listening_descriptor: int,
    ready_descriptor: int,
    launcher_descriptor: int,
) -> None:
    """Serves until SIGTERM, or until the launcher's end of the pipe `launcher_descriptor` closes.

    One byte is written to `ready_descriptor` once requests are answered. Exits by status 3 where the
    application does not start.
    """
    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody's X-Forwarded-For is believed unless the operator says whose.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS_MAX,
        timeout_graceful_shutdown=settings.shutdown_seconds_max,
    )
    configure_logging(settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)
    with socket.socket(fileno=listening_descriptor) as listening:
        server = _ApiServer(config, ready_descriptor, launcher_descriptor, debug=settings.debug)
        server.run(sockets=[listening])


class _ApiServer(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, ready_descriptor: int, launcher_descriptor: int, *, debug: bool
    ) -> None:
        super().__init__(config)
        self._debug = debug
        self._ready_descriptor = ready_descriptor
        self._launcher_descriptor = launcher_descriptor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(self._debug)
        loop.set_exception_handler(log_unhandled)
        loop.add_reader(self._launcher_descriptor, self._launcher_died)
        await super().startup(sockets)
        collect_rarely()
        os.write(self._ready_descriptor, b"1")
        os.close(self._ready_descriptor)

    def _launcher_died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._launcher_descriptor)
        self.should_exit = True
