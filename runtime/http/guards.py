"""Who may talk to the service from a browser, and by which name it may be called."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.http.exchange import ExchangeMiddleware, Watch

CORS_SECONDS_MAX = 600
EXPOSED_HEADERS = (
    "X-Request-ID",
    "Retry-After",
    "RateLimit-Policy",
    "RateLimit",
    "Content-Disposition",
    "Purser-Rows",
)


def guard(
    app: ASGIApp, *watches: Watch, allowed_hosts: Sequence[str], allowed_origins: Sequence[str]
) -> ExchangeMiddleware:
    """The application as it is served: each request with an id and a log line, wrong hosts refused with 400,
    and CORS headers for the allowed origins. No cookies are involved, so credentials are never allowed.

    `watches` hear of each request that has ended."""
    if allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=EXPOSED_HEADERS,
            max_age=CORS_SECONDS_MAX,
        )
    if "*" not in allowed_hosts:
        app = _unless_asked_how_it_is(
            app, TrustedHostMiddleware(app, allowed_hosts=list(allowed_hosts), www_redirect=False)
        )
    return ExchangeMiddleware(app, *watches)


def _unless_asked_how_it_is(app: ASGIApp, guarded: ASGIApp) -> ASGIApp:
    """Load balancers, kubelets and Prometheus ask by the address, which is no name of the service's."""

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] == "http" and _tells(scope["path"])
        await (app if is_asked else guarded)(scope, receive, send)

    return choose


def _tells(path: str) -> bool:
    return path.startswith("/health/") or path == "/metrics"
