"""Who may talk to the service from a browser, and by which name it may be called."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.http.exchange import ExchangeMiddleware

CORS_SECONDS_MAX = 600
KNOWN_HOSTS_MAX = 64


class HostMiddleware:
    """Starlette's check of the Host header, made once for each value that passes it.

    The check takes apart and compares the header, 15 µs a request, and nearly all requests have the same.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._check = TrustedHostMiddleware(self._passed, list(allowed_hosts), www_redirect=False)
        self._known: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 for a host that is not allowed."""
        known = scope["type"] != "lifespan" and _header(scope, b"host") in self._known
        await (self._app if known else self._check)(scope, receive, send)

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and len(self._known) < KNOWN_HOSTS_MAX:
            self._known.add(_header(scope, b"host"))
        await self._app(scope, receive, send)


class OriginMiddleware:
    """Starlette's CORS for requests that have an Origin; the others need none of it."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=("X-Request-ID", "Retry-After"),
            max_age=CORS_SECONDS_MAX,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights, and tell browsers which origins may read the answers."""
        has_origin = scope["type"] == "http" and _header(scope, b"origin") != b""
        await (self._cors if has_origin else self._app)(scope, receive, send)


def _header(scope: Scope, wanted: bytes) -> bytes:
    # The first of several, as Starlette reads it.
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return b""


def guard(app: ASGIApp, *, allowed_hosts: Sequence[str], allowed_origins: Sequence[str]) -> ASGIApp:
    """The application as it is served: each request with an id and a log line, wrong hosts refused with 400,
    and CORS headers for the allowed origins. No cookies are involved, so credentials are never allowed."""
    if allowed_origins:
        app = OriginMiddleware(app, allowed_origins)
    if "*" not in allowed_hosts:
        app = HostMiddleware(app, allowed_hosts)
    return ExchangeMiddleware(app)
