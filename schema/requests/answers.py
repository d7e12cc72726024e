"""The answer to a GraphQL request: its errors in words, its bytes and headers, and the sending."""

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.types import Send
from strawberry.exceptions import StrawberryInputCoercionError

from auth.errors import LimitSpent
from runtime.log_lines import stack_of
from schema.failures import Executed, Failure, FailureCode, Refusal, failure_of
from schema.input_errors import safe_execution_message
from schema.requests.documents import PreparedOperation

log = logging.getLogger("purser.graphql")

Payload = dict[str, Any]


class Answer(NamedTuple):
    """One HTTP answer, its body encoded. `codes`: of every error in it, for the log."""

    status: int
    body: bytes
    codes: Sequence[str]
    headers: Mapping[str, str]


def refusal_payload(failure: Failure, *, mutation_possible: bool) -> Payload:
    """The payload of an operation that was refused before anything ran, so `executed` is NO."""
    return {"errors": [error_of(failure, Executed.NO if mutation_possible else None)]}


def document_payload(errors: Iterable[GraphQLError], *, mutation_possible: bool) -> Payload:
    """The payload of an operation whose document or variables are wrong."""
    return {
        "errors": [
            error_of(
                Failure(FailureCode.BAD_USER_INPUT, error.message),
                Executed.NO if mutation_possible else None,
                error,
            )
            for error in errors
        ]
    }


def result_payload(result: ExecutionResult, operation: PreparedOperation, request_id: str) -> Payload:
    """The payload of an operation that ran."""
    if not result.errors:
        return {"data": result.data}
    errors = [
        _execution_error(error, operation, request_id, data_lost=result.data is None)
        for error in result.errors
    ]
    return {"data": result.data, "errors": errors}


def internal_error(exception: BaseException, executed: Executed | None, request_id: str) -> Payload:
    """What clients see of an unexpected exception: that it happened, and the id to ask the operator about.

    The log gets its type and stack. Its message it does not get: that may quote a document or a value.
    """
    fields = {"request_id": request_id, "exception": stack_of(exception)}
    log.error("unexpected exception", extra={"fields": fields})
    error = error_of(Failure(FailureCode.INTERNAL, "Internal error"), executed)
    error["extensions"]["requestId"] = request_id
    return error


def codes_of(payload: Payload) -> list[str]:
    """The codes of a payload's errors."""
    return [error["extensions"]["code"] for error in payload.get("errors", ())]


def _execution_error(
    error: GraphQLError, operation: PreparedOperation, request_id: str, *, data_lost: bool
) -> Payload:
    origin: BaseException = error
    while isinstance(origin, GraphQLError) and origin.original_error is not None:
        origin = origin.original_error
    failure = failure_of(origin) or _argument_failure(origin)
    if failure is None:
        executed = Executed.UNKNOWN if operation.is_mutation else None
        return _located(internal_error(origin, executed, request_id), error)
    executed = _executed(error, failure, operation, data_lost=data_lost) if operation.is_mutation else None
    return error_of(failure, executed, error)


def _argument_failure(origin: BaseException) -> Failure | None:
    """An argument that could only be found wrong while running. Any other GraphQLError without an origin
    comes from serialising what a resolver returned, which is our fault and not the client's."""
    is_bad_input = isinstance(origin, StrawberryInputCoercionError) or (
        isinstance(origin, GraphQLError) and origin.message.startswith("Argument '")
    )
    if not is_bad_input:
        return None
    assert isinstance(origin, GraphQLError)
    return Failure(FailureCode.BAD_USER_INPUT, safe_execution_message(origin.message))


def _executed(
    error: GraphQLError, failure: Failure, operation: PreparedOperation, *, data_lost: bool
) -> Executed:
    """A refusal below a mutation's own field comes after that mutation ran. One of a later field takes the
    data of those before it with it, so that the client can't tell from them what was carried out."""
    path = error.path or []
    if len(path) > 1:
        return Executed.UNKNOWN
    if data_lost and not operation.is_single and path and path[0] != operation.first_key:
        return Executed.UNKNOWN
    return failure.executed


def error_of(failure: Failure, executed: Executed | None, at: GraphQLError | None = None) -> Payload:
    """A failure as it stands in `errors`; `executed` on mutations alone."""
    extensions: Payload = {"code": failure.code}
    if executed is not None:
        extensions["executed"] = executed
    if failure.retry_after_seconds is not None:
        extensions["retryAfterSeconds"] = math.ceil(failure.retry_after_seconds)
    error: Payload = {"message": failure.message, "extensions": extensions}
    return _located(error, at) if at is not None else error


def _located(error: Payload, at: GraphQLError) -> Payload:
    if at.locations:
        error["locations"] = [{"line": place.line, "column": place.column} for place in at.locations]
    if at.path is not None:
        error["path"] = at.path
    return error


def refused(refusal: Refusal) -> Answer:
    """The answer to a request that is refused whole."""
    headers = dict(refusal.headers)
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(math.ceil(refusal.retry_after_seconds))
    payload = refusal_payload(refusal, mutation_possible=True)
    return Answer(refusal.status, orjson.dumps(payload), (refusal.code,), headers)


def limited(spent: LimitSpent) -> Answer:
    """The answer to a request whose account or address has spent its limit: none of it was executed."""
    message = f"More than {spent.operations_max} operations in a minute by this {spent.by}: try again later."
    return refused(
        Refusal(429, message, code=FailureCode.RATE_LIMITED, retry_after_seconds=spent.retry_after_seconds)
    )


async def send_answer(send: Send, answer: Answer, content_type: bytes, *, with_body: bool = True) -> None:
    """Send it in one pair of messages."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(answer.body))]
    if answer.headers:
        headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})
