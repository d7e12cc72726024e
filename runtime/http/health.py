"""Is it alive, is it ready, how is it: for load balancers, containers and people."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from runtime.database import TROUBLE
from runtime.migrations import is_current
from runtime.server import STOPPING

CHECK_SECONDS_MAX = 2.0
PoolOf = Callable[[Request], asyncpg.Pool]
Tell = Callable[[Request], Awaitable[Mapping[str, Any]]]


def health_routes(pool_of: PoolOf, tell_backlog: Tell) -> list[Route]:
    """GET /health/live, /health/ready and /status. `pool_of` finds the pool of a started service.

    `tell_backlog` adds to /status what workers have yet to do; it is limited in time, and raises nothing.
    """
    started_at = time.monotonic()

    async def ready(request: Request) -> JSONResponse:
        if getattr(request.state, STOPPING, False):
            return JSONResponse({"status": "unavailable", "reason": "the service is stopping"}, 503)
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                current = await is_current(pool_of(request))
        except TROUBLE:
            return JSONResponse({"status": "unavailable", "reason": "the database does not answer"}, 503)
        if not current:
            return JSONResponse({"status": "unavailable", "reason": "the schema is not current"}, 503)
        return JSONResponse({"status": "ready"})

    async def status(request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "version": version("purser"),
                "uptime_seconds": round(time.monotonic() - started_at, 1),
                "database_latency_ms": await _latency_ms(pool_of(request)),
                **await tell_backlog(request),
            }
        )

    return [live_route(), Route("/health/ready", ready), Route("/status", status)]


def live_route() -> Route:
    """GET /health/live: the event loop has its turns."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    return Route("/health/live", live)


async def _latency_ms(pool: asyncpg.Pool) -> float | None:
    """How long the database takes to say anything; None when it does not answer."""
    asked_at = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            await pool.fetchval("SELECT 1")
    except TROUBLE:
        return None
    return round((time.perf_counter() - asked_at) * 1000, 2)
