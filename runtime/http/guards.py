"""Who may talk to the service from a browser, and by which name it may be called."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

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
            expose_headers=("X-Request-ID", "Retry-After"),
            max_age=CORS_SECONDS_MAX,
        )
    if "*" not in allowed_hosts:
        app = TrustedHostMiddleware(app, allowed_hosts=list(allowed_hosts), www_redirect=False)
    return ExchangeMiddleware(app)
