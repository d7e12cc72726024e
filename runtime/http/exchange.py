"""One request and its answer: the request id that ties them to the log, and the one line they leave there."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from random import getrandbits
from time import perf_counter
from uuid import UUID

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http.outcomes import Outcome, outcome_of
from runtime.log_lines import stack_of

log = logging.getLogger("purser.requests")

REQUEST_ID_HEADER = b"x-request-id"
SCOPE_KEY = "purser.exchange"
NAME_CHARACTERS_MAX = 64
OPERATIONS_CHARACTERS_MAX = 200
# What a log line may say of a path: nothing that a client makes up. A link to an export is a secret.
ROUTES = ("/graphql", "/exports/", "/static/", "/health/live", "/health/ready", "/metrics", "/status")
OTHER_ROUTE = "other"

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Exchange:
    """What is known of one request while it is answered; whoever answers it writes the outcome here.

    `account_id`: who asks, None for a stranger.
    `limits`: by name the limits that it was counted for, as they stand in RateLimit-Policy and in RateLimit.
    """

    __slots__ = (
        "_started_seconds",
        "account_id",
        "codes",
        "duration_seconds",
        "limits",
        "operations",
        "request_id",
        "root_field",
        "status",
    )

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        # The names of its operations, "" for one that has none, and the first field of the first of them.
        self.operations: list[str] = []
        self.root_field = ""
        self.account_id: UUID | None = None
        self.codes: Sequence[str] = ()
        self.status: int | None = None
        self.limits: dict[str, tuple[bytes, bytes]] = {}
        self.duration_seconds = 0.0
        self._started_seconds = perf_counter()

    def end(self) -> None:
        """All that is known of it is known now."""
        self.duration_seconds = perf_counter() - self._started_seconds

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if not self.codes and self.status == 200:
            return Outcome.OK
        return outcome_of(self.codes, self.status)

    def log_line(self, scope: Scope) -> None:
        """Write the request's line. Nothing in it is a document, a variable, a query string or a link."""
        if not log.isEnabledFor(logging.INFO):
            return
        fields = {
            "request_id": self.request_id,
            "method": scope["method"],
            "path": route_of(scope["path"]),
            "status": self.status,
            "outcome": self.outcome,
            "duration_ms": round(self.duration_seconds * 1000, 2),
        }
        if self.account_id is not None:
            fields["account_id"] = self.account_id
        if self.operations:
            fields["operation"] = self._operations()
        if self.codes:
            fields["codes"] = ",".join(sorted(set(self.codes)))
        log.info("request", extra={"fields": fields})

    def _operations(self) -> str:
        # GraphQL's grammar leaves nothing in a name that a line would have to fear.
        names = [operation[:NAME_CHARACTERS_MAX] for operation in self.operations]
        names[0] = names[0] or self.root_field
        return names[0] if len(names) == 1 else ",".join(names)[:OPERATIONS_CHARACTERS_MAX]


# Called once for each request, when its answer is complete. It is quick, and raises nothing.
Watch = Callable[[Exchange], None]


def route_of(path: str) -> str:
    """What of a path may be told: which of the service's routes it is below."""
    if path in ROUTES:
        return path
    return next((route for route in ROUTES if route.endswith("/") and path.startswith(route)), OTHER_ROUTE)


def exchange_of(scope: Scope) -> Exchange:
    """The exchange that the request belongs to; a new one where no middleware has begun it."""
    exchange = scope.get(SCOPE_KEY)
    if exchange is None:
        exchange = scope[SCOPE_KEY] = Exchange(request_id_of(scope["headers"]))
    assert isinstance(exchange, Exchange)
    return exchange


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """What the client calls the request, where that can be kept as it is; a new id otherwise."""
    for name, value in headers:
        if name == REQUEST_ID_HEADER and _SANE_REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    # To tell requests apart, not to keep anything secret: the system's randomness would cost a call to it.
    return f"{getrandbits(64):016x}"


class ExchangeMiddleware:
    """The outermost application: gives each request its id, logs it once, and masks what nobody caught.

    `in_progress` is how many requests it has not answered yet.
    """

    def __init__(self, app: ASGIApp, *watches: Watch) -> None:
        self._app = app
        self._watches = watches
        self.in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 500 with the request id where the application fails before its answer has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = exchange_of(scope)
        request_id = (REQUEST_ID_HEADER, exchange.request_id.encode("ascii"))
        complete = False

        async def send_with_id(message: Message) -> None:
            nonlocal complete
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message.get("headers", ()), request_id]
                if exchange.limits:
                    policies, standings = zip(*exchange.limits.values(), strict=True)
                    message["headers"] += [
                        (b"ratelimit-policy", b", ".join(policies)),
                        (b"ratelimit", b", ".join(standings)),
                    ]
            elif not message.get("more_body", False):
                complete = True
            await send(message)

        self.in_progress += 1
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as unexpected:
            exchange.codes = ("INTERNAL",)
            fields = {"request_id": exchange.request_id, "exception": stack_of(unexpected)}
            log.error("request failed", extra={"fields": fields})
            if exchange.status is None:
                await _send_internal_error(exchange, send_with_id)
            elif not complete:
                # The client has to see that the answer is cut short: the server closes the connection.
                raise
        finally:
            self.in_progress -= 1
            exchange.end()
            exchange.log_line(scope)
            for watch in self._watches:
                watch(exchange)


async def _send_internal_error(exchange: Exchange, send: Send) -> None:
    extensions = {"code": "INTERNAL", "executed": "UNKNOWN", "requestId": exchange.request_id}
    body = orjson.dumps({"errors": [{"message": "Internal error", "extensions": extensions}]})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
