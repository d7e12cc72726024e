"""Each request has an id and leaves one line in the log, whatever it holds and however it ends."""

import io
import logging
import re
from collections.abc import Iterator

import orjson
import pytest
from starlette.types import Receive, Scope, Send

from runtime.http.exchange import ExchangeMiddleware
from runtime.log_lines import JsonLines
from tests.http.toy import ask, toy_endpoint

JSON = ("content-type", "application/json")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service's own loggers write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("purser")
    level = logger.level
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(level)


async def test_one_line_a_request_without_document_or_values(lines: io.StringIO) -> None:
    app = ExchangeMiddleware(toy_endpoint())
    document = "query Look($p: String) { broken(password: $p) }"
    body = orjson.dumps({"query": document, "variables": {"p": "hunter2"}})
    reply = await ask(
        app, body, headers=[JSON, ("x-request-id", "abc.DEF-1_2")], query_string=b"token=hunter2"
    )
    assert reply.headers["x-request-id"] == "abc.DEF-1_2"
    error, line = (orjson.loads(text) for text in lines.getvalue().splitlines())
    assert error["request_id"] == line["request_id"] == "abc.DEF-1_2"
    assert line["operation"] == "Look"
    assert line["codes"] == "INTERNAL"
    assert line["status"] == 200
    assert 0 < line["duration_ms"] < 5_000
    assert "hunter2" not in lines.getvalue()
    assert "broken(" not in lines.getvalue()


@pytest.mark.parametrize("sent", ["", "a" * 65, "a b", "a\nb", "\x1b[31m", "é", "a,b"])
async def test_a_request_id_that_is_not_sane_is_replaced(lines: io.StringIO, sent: str) -> None:
    app = ExchangeMiddleware(toy_endpoint())
    reply = await ask(app, b'{"query": "{ ping }"}', headers=[JSON, ("x-request-id", sent)])
    made = reply.headers["x-request-id"]
    assert made != sent
    assert re.fullmatch(r"[0-9a-f]{16}", made)
    assert orjson.loads(lines.getvalue())["request_id"] == made


async def test_names_are_bounded(lines: io.StringIO) -> None:
    app = ExchangeMiddleware(toy_endpoint())
    await ask(app, orjson.dumps({"query": f"query {'N' * 5_000} {{ ping }}"}))
    assert orjson.loads(lines.getvalue())["operation"] == "N" * 64


async def test_what_nobody_caught_is_masked(lines: io.StringIO) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("hunter2")

    reply = await ask(ExchangeMiddleware(crash))
    assert (reply.status, reply.code) == (500, "INTERNAL")
    assert reply.error["extensions"]["requestId"] == reply.headers["x-request-id"]
    assert b"hunter2" not in reply.body
    assert "hunter2" not in lines.getvalue()
    assert "RuntimeError" in lines.getvalue()


async def test_an_answer_that_was_cut_short_is_not_completed(lines: io.StringIO) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("hunter2")

    with pytest.raises(RuntimeError):
        await ask(ExchangeMiddleware(crash))
