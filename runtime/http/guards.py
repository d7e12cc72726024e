"""Who may talk to the service from a browser, and by which name it may be called."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.http.exchange import ExchangeMiddleware

CORS_SECONDS_MAX = 600


def guard(app: ASGIApp, *, allowed_hosts: Sequence[str], allowed_origins: Sequence[str]) -> ASGIApp:
    """The application as it is served: each request with an id and a log line, wrong hosts refused with 400,
    and CORS headers for the allowed origins. No cookies are involved, so credentials are never allowed."""
    if allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=(
                "X-Request-ID",
                "Retry-After",
                "RateLimit-Policy",
                "RateLimit",
                "Content-Disposition",
                "Purser-Rows",
            ),
            max_age=CORS_SECONDS_MAX,
        )
    if "*" not in allowed_hosts:
        app = _unless_health(
            app, TrustedHostMiddleware(app, allowed_hosts=list(allowed_hosts), www_redirect=False)
        )
    return ExchangeMiddleware(app)


def _unless_health(app: ASGIApp, guarded: ASGIApp) -> ASGIApp:
    """Load balancers and kubelets ask for health by the address, which is no name of the service's."""

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        is_health = scope["type"] == "http" and scope["path"].startswith("/health/")
        await (app if is_health else guarded)(scope, receive, send)

    return choose
