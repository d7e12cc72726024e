"""The answer to a request that finds no place: ready-made bytes, as the GraphQL endpoint would have answered."""

from collections.abc import Iterable, Sequence

import orjson

from runtime.http.exchange import REQUEST_ID_HEADER, request_id_of
from runtime.http.guards import EXPOSED_HEADERS
from runtime.overload.glance import Headers

# Retry-After has whole seconds. Whoever asks sooner is answered all the same, after PAUSE_SECONDS (protocol.py).
RETRY_SECONDS = 1

_BODY = orjson.dumps(
    {
        "errors": [
            {
                "message": "Too much is waiting: try again.",
                "extensions": {"code": "OVERLOADED", "executed": "NO", "retryAfterSeconds": RETRY_SECONDS},
            }
        ]
    }
)
_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nretry-after: %d\r\n" % (len(_BODY), RETRY_SECONDS)
)
_EXPOSED = b"access-control-expose-headers: " + ", ".join(EXPOSED_HEADERS).encode() + b"\r\n"
_CLOSE = b"connection: close\r\n"


class Refusals:
    """Puts refusals together. `allowed_origins` are those whose pages may read them."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._allows_all = "*" in allowed_origins
        self._by_origin = {
            origin.encode(): b"access-control-allow-origin: %b\r\nvary: Origin\r\n" % origin.encode()
            + _EXPOSED
            for origin in allowed_origins
        }

    def of_request(
        self, headers: Headers, default_headers: Iterable[tuple[bytes, bytes]], *, keep_alive: bool
    ) -> bytes:
        """The whole answer to the request with these headers. `default_headers` are those that every answer has."""
        parts = [_HEAD, *(b"%b: %b\r\n" % header for header in default_headers)]
        if self._by_origin:
            parts.append(self._cors(headers))
        parts.append(b"%b: %b\r\n" % (REQUEST_ID_HEADER, request_id_of(headers).encode()))
        if not keep_alive:
            parts.append(_CLOSE)
        parts += (b"\r\n", _BODY)
        return b"".join(parts)

    def of_connection(self) -> bytes:
        """The answer to whatever a connection will ask that is not kept."""
        return _HEAD + _CLOSE + b"\r\n" + _BODY

    def _cors(self, headers: Headers) -> bytes:
        if self._allows_all:
            return b"access-control-allow-origin: *\r\n" + _EXPOSED
        origin = dict(headers).get(b"origin", b"")
        return self._by_origin.get(origin, b"")
