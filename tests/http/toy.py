"""A small schema with a field for each way in which a request goes well or wrong; ASGI without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NewType, cast

import orjson
import strawberry
from graphql import GraphQLError
from starlette.types import ASGIApp, Message, Scope
from strawberry.schema.config import StrawberryConfig

import auth.errors
import ledger.errors
from auth.limits.rate_limits import RateLimits
from auth.principal import Principal
from runtime.settings import Settings
from schema.failures import Failure, FailureCode
from schema.requests.endpoint import Authenticate, Caller, GraphQLEndpoint


def _parse_amount(value: object) -> str:
    if not isinstance(value, str) or not value.isdigit():
        raise GraphQLError("An amount is a string of digits.")
    return value


def _parse_key(value: object) -> str:
    raise GraphQLError(f"There is no key {value}.")


Key = NewType("Key", str)
KEY = strawberry.scalar(name="Key", serialize=str, parse_value=_parse_key)
Amount = NewType("Amount", str)
AMOUNT = strawberry.scalar(name="Amount", serialize=str, parse_value=_parse_amount)


@dataclass
class Context:
    caller: Caller
    principal: Principal | None


ran: list[str] = []


@strawberry.type
class Item:
    name: str

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError("hunter2 from below")

    @strawberry.field
    def forbidden(self) -> str | None:
        raise Failure(FailureCode.FORBIDDEN, "Not yours.")

    @strawberry.field
    def children(self) -> list["Item"]:
        return [Item(name="child")]

    @strawberry.field
    def self(self) -> "Item":
        return self


@strawberry.type
class ItemConnection:
    nodes: list[Item]


@strawberry.input
class LogInInput:
    email: str
    password: str
    amount: Amount | None = None
    key: Key | None = None


@strawberry.type
class Query:
    @strawberry.field
    def ping(self) -> str:
        return "pong"

    @strawberry.field
    def echo(self, text: str = "", number: int = 0) -> str:
        return text or str(number)

    @strawberry.field
    def who(self, info: strawberry.Info[Context, None]) -> str | None:
        principal = info.context.principal
        return str(principal.account_id) if principal else None

    @strawberry.field
    def address(self, info: strawberry.Info[Context, None]) -> str:
        return info.context.caller.address

    @strawberry.field
    def item(self) -> Item:
        return Item(name="one")

    @strawberry.field
    def items(self, first: int | None = None, last: int | None = None) -> ItemConnection:  # noqa: ARG002
        return ItemConnection(nodes=[Item(name="one")])

    @strawberry.field
    def broken(self, password: str = "") -> str | None:
        raise RuntimeError(f"hunter2 {password}")

    @strawberry.field
    def wrong_type(self) -> int:
        return cast("int", "hunter2")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def charge(self, amount: Amount = Amount("1"), name: str = "charge") -> Item:  # noqa: ARG002
        ran.append(name)
        return Item(name=name)

    @strawberry.mutation
    def log_in(self, input: LogInInput) -> str:  # noqa: A002, ARG002
        return "token"

    @strawberry.mutation
    def change_password(self) -> str:
        return "changed"

    @strawberry.mutation
    def refuse(self) -> str:
        raise Failure(FailureCode.BAD_USER_INPUT, "No.")

    @strawberry.mutation
    def overload(self) -> str:
        raise ledger.errors.Overloaded

    @strawberry.mutation
    def lose(self, executed_unknown: bool = True) -> str:
        raise ledger.errors.Unavailable(executed_unknown=executed_unknown)

    @strawberry.mutation
    def limit(self) -> str:
        raise auth.errors.RateLimited(2.5)

    @strawberry.mutation
    async def hang(self) -> str:
        ran.append("hang")
        await asyncio.sleep(60)
        return "late"

    @strawberry.mutation
    def sign_out(self) -> str:
        raise auth.errors.Unauthenticated

    @strawberry.mutation
    def crash(self, password: str = "") -> str | None:
        raise RuntimeError(f"hunter2 {password}")


def toy_schema() -> strawberry.Schema:
    """The schema, built anew."""
    return strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map={Amount: AMOUNT, Key: KEY}))


async def nobody(_token: str) -> Principal:
    """Knows no token."""
    raise auth.errors.Unauthenticated


def toy_endpoint(
    settings: Settings | None = None,
    *,
    authenticate: Authenticate = nobody,
    graphiql: ASGIApp | None = None,
) -> GraphQLEndpoint:
    """The endpoint over the toy schema."""
    return GraphQLEndpoint(
        toy_schema(), Context, authenticate, settings or Settings(), RateLimits(0, 0), graphiql=graphiql
    )


@dataclass
class Reply:
    """An answer as the server would have sent it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    messages_received: int = 0
    scope: dict[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The only error."""
        (error,) = self.json["errors"]
        return cast("dict[str, Any]", error)

    @property
    def code(self) -> str:
        return str(self.error["extensions"]["code"])


Chunks = Iterable[bytes] | Callable[[], Awaitable[Message]]


async def ask(
    app: ASGIApp,
    body: bytes | Chunks = b"",
    *,
    method: str = "POST",
    query_string: bytes = b"",
    headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),),
) -> Reply:
    """One request to an ASGI application."""
    reply = Reply()
    chunks = iter([body]) if isinstance(body, bytes) else None if callable(body) else iter(body)
    ahead = next(chunks, b"") if chunks else None
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": query_string,
        "headers": [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in headers)],
        "client": ("203.0.113.9", 1234),
    }

    async def receive() -> Message:
        nonlocal ahead
        reply.messages_received += 1
        if chunks is None:
            return await cast("Callable[[], Awaitable[Message]]", body)()
        chunk, ahead = ahead, next(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": ahead is not None}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert reply.status == 0, "answered twice"
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            reply.body += message.get("body", b"")

    await app(scope, receive, send)
    reply.scope = dict(scope)
    return reply


async def query(app: ASGIApp, document: str, **variables: object) -> Reply:
    """One operation by POST."""
    return await ask(app, orjson.dumps({"query": document, "variables": variables}))
