"""What a worker answers over HTTP: that it lives, and its metrics. There is nothing else to ask it for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from runtime.exposition import Exposition, metrics_route
from runtime.http.health import live_route
from runtime.http_protocol import BoundedHttpProtocol

CONNECTIONS_MAX = 20
CLOSE_SECONDS_MAX = 2


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's."""
        yield


@asynccontextmanager
async def answering(listening: socket.socket, exposition: Exposition) -> AsyncIterator[None]:
    """GET /metrics and /health/live on that socket, on this event loop, until the end of the context."""
    app = Starlette(routes=[live_route(), metrics_route(lambda _: exposition)])
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=CLOSE_SECONDS_MAX,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        _, left = await asyncio.wait([serving], timeout=2 * CLOSE_SECONDS_MAX)
        for task in left:
            task.cancel()
