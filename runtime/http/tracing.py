"""A span for each request to the API, around all else that answers it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.http.exchange import Exchange, exchange_of, route_of
from runtime.http.outcomes import Outcome
from runtime.spans import Attributes
from runtime.tracing import span

# Who asks how the service is asks again and again, and nobody looks for it.
TRACED_ROUTES = ("/graphql", "/exports/")
_CARRIED = (b"traceparent", b"tracestate")


class TracedRequests:
    """The outermost application while traces are on. A request with a `traceparent` goes on with its trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the application within does, in a span."""
        route = route_of(scope["path"]) if scope["type"] == "http" else None
        if route not in TRACED_ROUTES:
            await self._app(scope, receive, send)
            return
        exchange = exchange_of(scope)
        attributes: Attributes = {"http.request.method": scope["method"], "http.route": route}
        carrier = {
            str(name, "ascii"): str(value, "latin-1") for name, value in scope["headers"] if name in _CARRIED
        }
        with span(f"{scope['method']} {route}", attributes, "SERVER", carrier):
            try:
                await self._app(scope, receive, send)
            finally:
                attributes |= _described(exchange)


def _described(exchange: Exchange) -> Attributes:
    attributes: Attributes = {
        "purser.request_id": exchange.request_id,
        "purser.outcome": str(exchange.outcome),
    }
    if exchange.status is not None:
        attributes["http.response.status_code"] = exchange.status
    if exchange.account_id is not None:
        attributes["purser.account_id"] = str(exchange.account_id)
    if exchange.outcome is Outcome.ERROR:
        attributes["error.type"] = ",".join(sorted(set(exchange.codes))) or str(exchange.status)
    return attributes
