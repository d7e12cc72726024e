"""From the bytes of a request to the GraphQL operations it asks for, or a refusal that says what is wrong."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from schema.failures import Refusal

BATCH_OPERATIONS_MAX = 10
NUL = "\0"
# The only way to write NUL in JSON: orjson refuses the raw character. Looking for it in the bytes first
# spares every other request a walk over its values.
NUL_IN_JSON = b"\\u0000"
PARAMETERS_MAX = 16


class OperationRequest(NamedTuple):
    """One operation as asked for: checked in form, not yet against the schema."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


class Body(NamedTuple):
    """The operations of one request, in the order they are to run; `batched` where it was a JSON array."""

    operations: tuple[OperationRequest, ...]
    batched: bool


def read_body(body: bytes) -> Body:
    """Read a POST body of type application/json.

    Raises Refusal (400) for anything but one operation or an array of 1 to 10. orjson itself refuses what
    is not UTF-8, lone surrogates, NaN, Infinity, numbers beyond a double and nesting beyond 1,024 levels,
    without recursion in Python; of a key given twice the last one counts.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Its message is left out: it may quote the body.
        raise Refusal(400, "The request body is not valid JSON in UTF-8.") from None
    if NUL_IN_JSON in body and any(NUL in text for text in _texts(document)):
        raise Refusal(400, "The request body holds the character NUL (U+0000).")
    if not isinstance(document, list):
        return Body((_read_operation(document),), batched=False)
    if not 1 <= len(document) <= BATCH_OPERATIONS_MAX:
        raise Refusal(400, f"A batch holds 1 to {BATCH_OPERATIONS_MAX} operations, this one {len(document)}.")
    return Body(tuple(_read_operation(item) for item in document), batched=True)


def read_query_string(query_string: bytes) -> Body:
    """Read the parameters of a GET: `query`, and as JSON where given `variables` and `extensions`.

    Raises Refusal (400) as `read_body` does.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError:
        raise Refusal(400, "The query string is not well formed, or has too many parameters.") from None
    if any(NUL in text for pair in pairs for text in pair):
        raise Refusal(400, "The query string holds the character NUL (U+0000).")
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) != len(pairs):
        raise Refusal(400, "A parameter of the query string is given twice.")
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _read_json_parameter(name, parameters[name])
    if parameters.get("operationName") == "":
        del parameters["operationName"]
    return Body((_read_operation(parameters),), batched=False)


def _read_json_parameter(name: str, text: str) -> Any:
    if not text:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(400, f"The parameter '{name}' is not valid JSON.") from None
    if any(NUL in part for part in _texts(value)):
        raise Refusal(400, f"The parameter '{name}' holds the character NUL (U+0000).")
    return value


def _read_operation(item: object) -> OperationRequest:
    if not isinstance(item, dict):
        raise Refusal(400, "A GraphQL request is a JSON object with a 'query'.")
    query = item.get("query")
    if not isinstance(query, str) or not query:
        raise Refusal(400, "'query' must be a string that holds a GraphQL document.")
    variables = item.get("variables")
    if variables is None:
        variables = {}
    elif not isinstance(variables, dict):
        raise Refusal(400, "'variables' must be an object.")
    operation_name = item.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise Refusal(400, "'operationName' must be a string.")
    if not isinstance(item.get("extensions"), dict | None):
        raise Refusal(400, "'extensions' must be an object.")
    return OperationRequest(query, variables, operation_name)


def _texts(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys included; without recursion, for it may be 1,024 levels deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, Mapping):
            yield from item
            waiting.extend(item.values())
