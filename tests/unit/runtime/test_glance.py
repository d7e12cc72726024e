"""What is refused without being parsed is exactly one whole request; whatever is in doubt is parsed."""

import pytest

from runtime.overload.glance import headers_at_a_glance

FIRST = b"POST /graphql HTTP/1.1\r\n"
PLAIN = FIRST + b"Host: localhost\r\nContent-Length: 3\r\n"


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (PLAIN + b"\r\nabc", []),
        (PLAIN + b"CONNECTION: Keep-Alive\r\n\r\nabc", []),
        (PLAIN + b"X-Request-ID: Till-7\r\n\r\nabc", [(b"x-request-id", b"Till-7")]),
        (
            PLAIN + b"Origin: https://Shop.example\r\nX-REQUEST-ID: a\r\n\r\na\r\n",
            [(b"x-request-id", b"a"), (b"origin", b"https://Shop.example")],
        ),
        (FIRST + b"content-length: 0\r\n\r\n", []),
    ],
)
def test_a_plain_request(data: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    assert headers_at_a_glance(data) == headers


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN + b"\r\nab",
        PLAIN + b"\r\nabcd",
        (PLAIN + b"\r\nabc") * 2,
        b"\r\n" + PLAIN + b"\r\nabc",
        FIRST + b"Host: localhost\r\n\r\n",
        PLAIN + b"Content-Length: 3\r\n\r\nabc",
        PLAIN + b"content-length : 4\r\n\r\nabc",
        PLAIN + b"Transfer-Encoding: chunked\r\n\r\nabc",
        PLAIN + b"Expect: 100-continue\r\n\r\nabc",
        PLAIN + b"Upgrade: h2c\r\n\r\nabc",
        PLAIN + b"Connection: close\r\n\r\nabc",
        PLAIN + b"Connection: keep-alive, close\r\n\r\nabc",
        FIRST + b"Content-Length:3\r\n\r\nabc",
        FIRST + b"Content-Length: +3\r\n\r\nabc",
        FIRST + b"Content-Length: 3 \r\n\r\nabc",
        FIRST + b"Content-Length: \xb2\r\n\r\nab",
        FIRST + b"Content-Length: " + b"3" * 5000 + b"\r\n\r\nabc",
        FIRST + b"Content-Length:\n 3\r\n\r\nabc",
        b"GET /graphql HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /graphql HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /graphql?x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        b"",
    ],
)
def test_in_doubt(data: bytes) -> None:
    assert headers_at_a_glance(data) is None
