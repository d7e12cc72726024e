"""One event is one line, whatever it holds; and nothing that reads the log slowly slows the service."""

import asyncio
import io
import logging
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import orjson
import pytest

from runtime.log_lines import JsonLines, PlainLines, stack_of
from runtime.logging import StreamWriter, configure_logging

PRINTABLE_BY_NONE = "a\nb\r\x1b[31mred\x9b31m\x7f\u2028\u2029\u202eevil\x00\x85"
NASTY = f"{PRINTABLE_BY_NONE}\ud800"


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("purser.test", logging.INFO, __file__, 1, message, arguments or None, None)
    made.fields = fields
    return made


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
def test_no_value_makes_a_second_line_or_reaches_a_terminal(formatter: logging.Formatter) -> None:
    for line in (
        formatter.format(record(NASTY)),
        formatter.format(record("event %s", NASTY)),
        formatter.format(record("event", summary=NASTY, nested={NASTY: [NASTY]})),
        formatter.format(record("event", summary=PRINTABLE_BY_NONE)),
    ):
        assert line.splitlines() == [line]
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
        assert "\u202e" not in line
        line.encode()


def test_a_json_line_gives_its_values_back() -> None:
    text = "é\n\x1b\x9b\u2028 done"
    line = orjson.loads(JsonLines().format(record("event", summary=text, count=3)))
    assert (line["event"], line["summary"], line["count"]) == ("event", text, 3)
    assert line["level"] == "INFO"
    assert line["logger"] == "purser.test"
    assert line["time"].endswith("Z")


def test_a_json_line_takes_what_the_fast_encoder_refuses() -> None:
    line = orjson.loads(JsonLines().format(record("event", big=2**70, thing=object())))
    assert line["thing"].startswith("<object")


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
def test_an_exception_is_its_type_and_stack_without_its_message(formatter: logging.Formatter) -> None:
    made = record("failed")
    try:
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise RuntimeError("hunter2 too") from error
    except RuntimeError as error:
        made.exc_info = (RuntimeError, error, error.__traceback__)
    line = formatter.format(made)
    assert "hunter2" not in line
    assert line.index("builtins.RuntimeError at ") < line.index("builtins.KeyError at ")
    assert "test_logging.py" in line


async def _answer() -> dict[str, str]:
    return {"hunter2 created at >": "hunter2"}


async def _fail() -> None:
    raise ValueError("hunter2 created at >")


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
@pytest.mark.parametrize("work", [_answer, _fail])
@pytest.mark.parametrize("debug", [True, False])
async def test_what_came_of_a_slow_task_is_not_told(
    formatter: logging.Formatter, work: Callable[[], Coroutine[Any, Any, object]], debug: bool
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(debug)
    task = asyncio.ensure_future(work())
    loop.set_debug(False)
    await asyncio.wait([task])
    task.exception()
    made = record("Executing %s took %.3f seconds", repr(task), 0.2)
    made.name = "asyncio"
    assert "hunter2" in made.getMessage()
    line = formatter.format(made)
    assert "hunter2" not in line
    assert f"coro=<{work.__name__}() done" in line
    assert "took 0.200 seconds" in line


def test_a_stack_that_goes_round_in_circles_ends() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert stack_of(first).count("RuntimeError") == 2


class Blocked(io.StringIO):
    """A stream whose reader has stopped reading."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()
        self.written_to = threading.Event()

    def write(self, text: str) -> int:
        self.written_to.set()
        assert self.reading.wait(5)
        return super().write(text)


@pytest.fixture
def blocked() -> Iterator[Blocked]:
    stream = Blocked()
    yield stream
    stream.reading.set()


def test_a_blocked_stream_blocks_nobody_and_what_is_dropped_is_counted(blocked: Blocked) -> None:
    writer = StreamWriter(blocked, lines_max=10)
    writer.setFormatter(JsonLines())
    writer.handle(record("first"))
    assert blocked.written_to.wait(5)
    started = time.perf_counter()
    for number in range(1_000):
        writer.handle(record("event", number=number))
    assert time.perf_counter() - started < 2
    blocked.reading.set()
    writer.close()
    lines = [orjson.loads(line) for line in blocked.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["first"] + ["event"] * 10 + ["log lines dropped"]
    assert lines[-1]["dropped"] == 990


def test_lines_are_written_in_order_and_all_of_them_at_the_end() -> None:
    stream = io.StringIO()
    writer = StreamWriter(stream)
    writer.setFormatter(JsonLines())
    for number in range(500):
        writer.handle(record("event", number=number))
    writer.close()
    assert [orjson.loads(line)["number"] for line in stream.getvalue().splitlines()] == list(range(500))


def test_a_record_that_cannot_be_formatted_hurts_nobody() -> None:
    stream = io.StringIO()
    writer = StreamWriter(stream)
    writer.setFormatter(JsonLines())
    writer.handle(record("%d", "no number"))
    writer.close()
    assert "could not be formatted" in stream.getvalue()


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    logger, own = logging.getLogger(), logging.getLogger("purser")
    handlers, levels = list(logger.handlers), (logger.level, own.level)
    logger.handlers = []
    yield logger
    logger.handlers = handlers
    logger.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_lines_for_people(root: logging.Logger) -> None:
    stream = Terminal()
    writer = configure_logging("INFO", stream)
    logging.getLogger("purser.requests").info(
        "request", extra={"fields": {"status": 200, "operation": "Pay"}}
    )
    writer.close()
    (line,) = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO    purser.requests: request status=200 operation=Pay", line)


def test_a_process_logs_its_own_events_and_the_warnings_of_others(root: logging.Logger) -> None:
    stream = io.StringIO()
    writer = configure_logging("INFO", stream)
    logging.getLogger("purser.requests").info("ours")
    logging.getLogger("uvicorn.access").info("GET /?token=hunter2")
    logging.getLogger("uvicorn.error").warning("theirs")
    writer.close()
    assert [orjson.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours", "theirs"]
