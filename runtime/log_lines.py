"""How a log record becomes one line: JSON for machines, plain text for people.

Whatever a value holds, it never makes a second line and never reaches a terminal as a control code. Of an
exception a line gets the type and the stack, not the message: messages quote what users sent, and libraries
write them (asyncpg quotes rows, orjson the body).
"""

import json
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import orjson

TEXT_CHARACTERS_MAX = 2_000
FRAMES_MAX = 40

# Control characters (C0, DEL, C1), line and paragraph separators, what changes the direction of text, and
# lone surrogates, which no encoder takes.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# asyncio in its debug mode shows what a task that took long has returned or raised.
_WHAT_CAME_OF_A_TASK = re.compile(" (result|exception)=.*>", re.DOTALL)


def escaped(text: str) -> str:
    """The text with each character that could act on a terminal or end a line written as an escape."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def stack_of(exception: BaseException) -> str:
    """The types and frames of an exception and what caused it, innermost frame last; no message, no value."""
    return " <- ".join(_described(one) for one in _chain(exception))


def _chain(exception: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = exception
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _described(exception: BaseException) -> str:
    frames: list[str] = []
    traceback = exception.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_qualname}")
        traceback = traceback.tb_next
    kind = type(exception)
    return f"{kind.__module__}.{kind.__qualname__} at " + " > ".join(frames[-FRAMES_MAX:])


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What was logged besides the message: given as `extra={"fields": {...}}`."""
    fields: dict[str, Any] = getattr(record, "fields", None) or {}
    exception = record.exc_info[1] if record.exc_info else None
    return fields | {"exception": stack_of(exception)} if exception else fields


def _message_of(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.name == "asyncio":
        message = _WHAT_CAME_OF_A_TASK.sub(">", message)
    return message[:TEXT_CHARACTERS_MAX]


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the fields of the event."""

    def __init__(self) -> None:
        super().__init__()
        self._second = 0
        self._date = ""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        event = {
            "time": self._time(record),
            "level": record.levelname,
            "logger": record.name,
            "event": _message_of(record),
            **_fields_of(record),
        }
        try:
            line = orjson.dumps(event, default=str).decode()
        except TypeError:
            # A lone surrogate, or an integer beyond 64 bits: rare enough for the slow encoder.
            line = json.dumps(event, default=str, ensure_ascii=True)
        return escaped(line) if not line.isascii() or "\x7f" in line else line

    def _time(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second:
            self._date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._date}.{int(record.created * 1000) % 1000:03d}Z"


class PlainLines(logging.Formatter):
    """Time of day, level, event and `name=value` pairs, for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        pairs = "".join(f" {name}={value}" for name, value in _fields_of(record).items())
        text = f"{_message_of(record)}{pairs}"
        return escaped(f"{clock} {record.levelname:<7} {record.name}: {text}")
