"""One API process: uvicorn on the socket that the launcher bound, for as long as the launcher lives."""

import socket
import sys
from collections.abc import Callable
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from runtime.garbage import collect_rarely
from runtime.listening import BACKLOG
from runtime.logging import configure_logging
from runtime.overload.crowd import Crowd, room_for
from runtime.overload.door import Door
from runtime.overload.protocol import SheddingHttpProtocol
from runtime.overload.refusals import Refusals
from runtime.readiness import tell_ready
from runtime.server import Server
from runtime.settings import Settings

# Longer than the 60 s after which load balancers let an idle connection go: this side must not be the first.
KEEP_ALIVE_SECONDS_MAX = 75
# The ledger's writers have a thread of their own, and others wait for the wallets that they hold.
SWITCH_SECONDS = 0.0005


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
    config = _config(create_app(settings), settings)
    configure_logging(settings.log_level)
    sys.setswitchinterval(SWITCH_SECONDS)

    def on_ready() -> None:
        collect_rarely()
        tell_ready(ready_descriptor)

    with socket.socket(fileno=listening_descriptor) as listening:
        Server(
            config, on_ready, launcher_descriptor, drain_seconds=settings.drain_seconds, debug=settings.debug
        ).run(sockets=[listening])


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    protocol = partial(
        SheddingHttpProtocol,
        door=Door(settings.requests_max),
        crowd=Crowd(room_for(settings.connections_max)),
        refusals=Refusals(settings.allowed_origins),
    )
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol,  # type: ignore[arg-type] # uvicorn only calls it
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
