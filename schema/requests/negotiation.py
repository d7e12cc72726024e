"""What the headers of a GraphQL request say: what it carries, what it wants back, and who sends it."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from starlette.types import Scope

from schema.failures import FailureCode, Refusal

JSON = b"application/json"
GRAPHQL_RESPONSE = b"application/graphql-response+json"
ACCEPT_BYTES_MAX = 512

_CHARSET_UTF_8 = re.compile(rb'charset="?utf-?8"?', re.IGNORECASE)
_ORIGIN_SCHEME = re.compile(rb"https?://")
_QUALITY_ZERO = re.compile(rb"q=0(?:\.0{0,3})?")
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,4096})", re.IGNORECASE)


class Headers(NamedTuple):
    """The few headers that the endpoint reads, as they came."""

    accept: bytes
    authorization: bytes | None
    content_encoding: bytes | None
    content_length: bytes | None
    content_type: bytes | None
    host: bytes
    origin: bytes | None


def headers_of(scope: Scope) -> Headers:
    """One pass over the headers; of one given twice the last counts, as in a server that knows no better."""
    found: dict[bytes, bytes] = dict(scope["headers"])
    return Headers(
        found.get(b"accept", b""),
        found.get(b"authorization"),
        found.get(b"content-encoding"),
        found.get(b"content-length"),
        found.get(b"content-type"),
        found.get(b"host", b""),
        found.get(b"origin"),
    )


def media_type(accept: bytes) -> bytes:
    """What to answer in: application/json unless the client asks for application/graphql-response+json."""
    # Longer ones are no browser's or client's, and must not fill the memory of `_media_type`.
    return _media_type(accept) if GRAPHQL_RESPONSE in accept and len(accept) <= ACCEPT_BYTES_MAX else JSON


@lru_cache(maxsize=64)
def _media_type(accept: bytes) -> bytes:
    for part in accept.split(b","):
        name, *parameters = (piece.strip().lower() for piece in part.split(b";"))
        if name == GRAPHQL_RESPONSE:
            refused = any(_QUALITY_ZERO.fullmatch(parameter) for parameter in parameters)
            return JSON if refused else GRAPHQL_RESPONSE
    return JSON


def check_content(headers: Headers) -> None:
    """Raises Refusal (415) unless the body is JSON in UTF-8 as it stands.

    Forms and text/plain are what a foreign page can post without asking; refusing them is half of the
    protection against cross-site posts, `check_origin` the other.
    """
    content_type = headers.content_type
    if content_type != JSON:
        name, *parameters = (piece.strip() for piece in (content_type or b"").split(b";"))
        if name.lower() != JSON:
            raise Refusal(415, "The content type must be application/json.")
        for parameter in parameters:
            if parameter.lower().startswith(b"charset") and not _CHARSET_UTF_8.fullmatch(parameter):
                raise Refusal(415, "The charset must be utf-8.")
    if headers.content_encoding not in (None, b"identity"):
        raise Refusal(415, "The body must not be compressed.", headers={"Accept-Encoding": "identity"})


def check_length(headers: Headers, bytes_max: int) -> None:
    """Raises Refusal (413) where the client announces a body beyond the limit, before any of it is read."""
    length = headers.content_length
    # A length that is no number is the server's to refuse; the bytes are counted in any case.
    if length and length.isdigit() and (len(length) > len(str(bytes_max)) or int(length) > bytes_max):
        raise body_too_large(bytes_max)


def body_too_large(bytes_max: int) -> Refusal:
    """The refusal of a body beyond the limit. The connection ends: the rest of the body is unread."""
    return Refusal(
        413, f"The request body is larger than {bytes_max} bytes.", headers={"Connection": "close"}
    )


def check_origin(headers: Headers, allowed_origins: Collection[bytes]) -> None:
    """Raises Refusal (403) where a page of another origin, not among the allowed ones, sends the request.

    The scheme is not compared with ours: behind a proxy that ends TLS we do not know it.
    """
    origin = headers.origin
    if origin is None or origin in allowed_origins or b"*" in allowed_origins:
        return
    scheme = _ORIGIN_SCHEME.match(origin)
    if not scheme or origin[scheme.end() :].lower() != headers.host.lower():
        raise Refusal(403, "Requests from this origin are not allowed.", code=FailureCode.FORBIDDEN)


def bearer_token(headers: Headers) -> str | None:
    """The token of the Authorization header; None without that header.

    Raises Refusal (401) where the header is there but is no bearer token.
    """
    if headers.authorization is None:
        return None
    bearer = _BEARER.fullmatch(headers.authorization.decode("latin-1").strip())
    if bearer is None:
        raise unauthenticated()
    return bearer[1]


def unauthenticated() -> Refusal:
    """The answer to every bad token, whatever is wrong with it (RFC 6750, section 3.1)."""
    return Refusal(
        401,
        "The bearer token is not valid.",
        code=FailureCode.UNAUTHENTICATED,
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )
