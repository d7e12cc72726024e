"""The GraphQL endpoint over HTTP: a plain ASGI application, for each request costs what its framework costs.

It follows GraphQL over HTTP: a well-formed request is answered with 200 as application/json, also when its
document has errors, which is what clients and curl expect; who accepts application/graphql-response+json gets
400 for a request that never ran. Other statuses are for requests that are refused whole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import orjson
import strawberry
from graphql import ExecutionResult
from starlette.types import ASGIApp, Receive, Scope, Send

from auth.errors import LimitSpent
from auth.limits.rate_limits import RateLimits
from auth.principal import Principal
from runtime.http.exchange import Exchange, exchange_of
from runtime.http.receiving import BodyTooLarge, BodyTooSlow, ClientGone, receive_body
from runtime.settings import Settings
from schema.failures import NO_HEADERS, Executed, Failure, FailureCode, Refusal, failure_of
from schema.requests.answers import (
    Answer,
    Payload,
    codes_of,
    document_payload,
    error_of,
    internal_error,
    limited,
    refusal_payload,
    refused,
    result_payload,
    send_answer,
)
from schema.requests.bodies import Body, OperationRequest, read_body, read_query_string
from schema.requests.documents import DocumentCache, InvalidDocument, PreparedOperation
from schema.requests.execution import MakeRun, interpret
from schema.requests.negotiation import (
    JSON,
    Headers,
    bearer_token,
    body_too_large,
    check_content,
    check_length,
    check_origin,
    headers_of,
    media_type,
    unauthenticated,
)
from schema.requests.variables import BadVariables, coerce_variables

BODY_SECONDS_MAX = 10.0
CREDENTIAL_FIELDS_MAX = 1
ALLOW = {"Allow": "GET, POST"}


class Caller(NamedTuple):
    """Where a request comes from, as far as resolvers may care. `address`: the peer's, "" where unknown.

    `origin`: the scheme and host that it was sent to, "" where it names none.
    """

    request_id: str
    address: str
    origin: str


class Prepared(NamedTuple):
    """One operation of a request, ready to run; `payload` where it was refused already."""

    request: OperationRequest
    operation: PreparedOperation | None
    payload: Payload | None


MakeContext = Callable[[Caller, Principal | None], object]
# Takes the bearer token. Raises auth.errors.Unauthenticated for one that is not valid.
Authenticate = Callable[[str], Awaitable[Principal]]


class GraphQLEndpoint:
    """Serves one schema. Each operation gets a context of its own, also within a batch."""

    def __init__(
        self,
        schema: strawberry.Schema,
        make_context: MakeContext,
        authenticate: Authenticate,
        settings: Settings,
        limits: RateLimits,
        *,
        graphiql: ASGIApp | None = None,
        make_run: MakeRun = interpret,
    ) -> None:
        self._make_context = make_context
        self._authenticate = authenticate
        self._limits = limits
        self._graphiql = graphiql
        self._body_bytes_max = settings.body_bytes_max
        self._allowed_origins = frozenset(origin.encode() for origin in settings.allowed_origins)
        self._documents = DocumentCache(schema, introspection=settings.introspection, make_run=make_run)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; never raises for what a client sends."""
        exchange = exchange_of(scope)
        headers = headers_of(scope)
        if self._graphiql is not None and _is_for_people(scope, headers):
            await self._graphiql(scope, receive, send)
            return
        content_type = JSON
        try:
            content_type = media_type(headers.accept)
            answer = await self._answer(scope, receive, headers, exchange)
        except Refusal as refusal:
            answer = refused(refusal)
        except LimitSpent as spent:
            answer = limited(spent)
        except asyncio.CancelledError:
            # The service stops, and this took longer than requests under way may take.
            executed = Executed.UNKNOWN if exchange.operations else Executed.NO
            failure = Failure(
                FailureCode.UNAVAILABLE, "The service is stopping: ask again.", executed=executed
            )
            answer = Answer(
                503, orjson.dumps({"errors": [error_of(failure, executed)]}), (failure.code,), NO_HEADERS
            )
        except ClientGone:
            exchange.codes = ("CLIENT_GONE",)
            return
        except Exception as unexpected:  # noqa: BLE001 - nothing but this stands between it and the client
            executed = Executed.UNKNOWN if exchange.operations else Executed.NO
            error = internal_error(unexpected, executed, exchange.request_id)
            answer = Answer(500, orjson.dumps({"errors": [error]}), (FailureCode.INTERNAL,), NO_HEADERS)
        exchange.codes = answer.codes
        await send_answer(send, answer, content_type, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive, headers: Headers, exchange: Exchange) -> Answer:
        method = scope["method"]
        if method not in ("GET", "POST"):
            raise Refusal(405, "Use POST, or GET for queries.", headers=ALLOW)
        check_origin(headers, self._allowed_origins)
        address = scope["client"][0] if scope.get("client") else ""
        # One for whatever comes, before any of it is read.
        await self._limits.count_address(address, 1, exchange)
        if method == "POST":
            body = await self._receive(receive, headers)
        else:
            body = read_query_string(scope["query_string"])
        if len(body.operations) > 1:
            await self._limits.count_address(address, len(body.operations) - 1, exchange)
        principal = await self._principal(headers)
        if principal is not None:
            exchange.account_id = principal.account_id
            await self._limits.count_account(principal.account_id, len(body.operations), exchange)
        prepared = []
        for request in body.operations:
            if body.batched:
                # Preparing a new document takes milliseconds: others get their turn in between.
                await asyncio.sleep(0)
            prepared.append(self._prepare(request))
        _check_whole(prepared, method)
        # A host that is not ours was refused before (ALLOWED_HOSTS).
        origin = f"{scope.get('scheme', 'http')}://{headers.host.decode('latin-1')}" if headers.host else ""
        caller = Caller(exchange.request_id, address, origin)
        _describe(exchange, [item.operation for item in prepared if item.operation])
        # In order, one after the other: a later operation of a batch may build on an earlier one.
        payloads = [item.payload or await self._run(item, caller, principal) for item in prepared]
        return _assemble(body, payloads, graphql_response=media_type(headers.accept) != JSON)

    async def _receive(self, receive: Receive, headers: Headers) -> Body:
        check_content(headers)
        check_length(headers, self._body_bytes_max)
        try:
            body = await receive_body(receive, bytes_max=self._body_bytes_max, seconds_max=BODY_SECONDS_MAX)
        except BodyTooLarge:
            raise body_too_large(self._body_bytes_max) from None
        except BodyTooSlow:
            raise Refusal(
                408,
                f"The request body did not arrive within {BODY_SECONDS_MAX:.0f} seconds.",
                headers={"Connection": "close"},
            ) from None
        return read_body(body)

    async def _principal(self, headers: Headers) -> Principal | None:
        token = bearer_token(headers)
        if token is None:
            return None
        try:
            return await self._authenticate(token)
        except Exception as exception:
            refusal = _refusal_of(exception)
            if refusal is None:
                raise
            raise refusal from None

    def _prepare(self, request: OperationRequest) -> Prepared:
        try:
            document = self._documents.get(request.query)
        except InvalidDocument as invalid:
            return Prepared(request, None, document_payload(invalid.errors, mutation_possible=True))
        except Failure as failure:
            return Prepared(request, None, refusal_payload(failure, mutation_possible=True))
        try:
            return Prepared(request, document.select(request.operation_name), None)
        except Failure as failure:
            payload = refusal_payload(failure, mutation_possible=document.may_mutate)
            return Prepared(request, None, payload)

    async def _run(self, prepared: Prepared, caller: Caller, principal: Principal | None) -> Payload:
        operation = prepared.operation
        assert operation is not None
        try:
            variables = coerce_variables(
                operation.signatures,
                prepared.request.variables,
                hide_suggestions=self._documents.hide_suggestions,
            )
            operation.check_pages(variables.coerced)
        except BadVariables as bad:
            return document_payload(bad.errors, mutation_possible=operation.is_mutation)
        except Failure as failure:
            return refusal_payload(failure, mutation_possible=operation.is_mutation)
        try:
            running = operation.run(self._make_context(caller, principal), variables)
            result = running if isinstance(running, ExecutionResult) else await running
        except Exception as unexpected:  # noqa: BLE001 - one operation of a batch must not take the others down
            executed = Executed.UNKNOWN if operation.is_mutation else None
            return {"data": None, "errors": [internal_error(unexpected, executed, caller.request_id)]}
        return result_payload(result, operation, caller.request_id)


def _is_for_people(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "GET"
        and b"text/html" in headers.accept
        and not any(part.startswith(b"query=") for part in scope["query_string"].split(b"&"))
    )


def _describe(exchange: Exchange, operations: Sequence[PreparedOperation]) -> None:
    exchange.operations = [operation.name or "" for operation in operations]
    if operations:
        exchange.root_field = operations[0].first_field or "__typename"


def _check_whole(prepared: Sequence[Prepared], method: str) -> None:
    operations = [item.operation for item in prepared if item.operation]
    if method == "GET" and any(operation.is_mutation for operation in operations):
        raise Refusal(405, "A mutation needs POST.", headers={"Allow": "POST"})
    if sum(operation.cost.credentials for operation in operations) > CREDENTIAL_FIELDS_MAX:
        raise Refusal(400, "A request may check or set a password only once.")


def _refusal_of(exception: Exception) -> Refusal | None:
    """What the whole request is answered with where its token could not be verified."""
    failure = failure_of(exception)
    match failure.code if failure else None:
        case FailureCode.UNAUTHENTICATED:
            return unauthenticated()
        case FailureCode.RATE_LIMITED:
            status = 429
        case FailureCode.OVERLOADED | FailureCode.UNAVAILABLE:
            status = 503
        case _:
            return None
    assert failure is not None
    return Refusal(
        status, failure.message, code=failure.code, retry_after_seconds=failure.retry_after_seconds
    )


def _assemble(body: Body, payloads: list[Payload], *, graphql_response: bool) -> Answer:
    codes = [code for payload in payloads for code in codes_of(payload)]
    if body.batched:
        return Answer(200, orjson.dumps(payloads), codes, NO_HEADERS)
    status = 400 if graphql_response and "data" not in payloads[0] else 200
    return Answer(status, orjson.dumps(payloads[0]), codes, NO_HEADERS)
