"""Setting up logging for a process: one line an event on one stream, written beside the event loop.

A line is formatted where it is logged, which costs microseconds and keeps what the values were, and written
by a thread, because a write blocks while whoever reads the stream (a container runtime, a pipe, a terminal
that was paused) is slow. Lines wait in a bounded queue; when it is full further ones are counted and dropped,
and the count is logged: a service must not stop because nobody reads its log.
"""

import asyncio
import atexit
import logging
import sys
import threading
from collections import deque
from typing import Any, TextIO

from runtime.log_lines import JsonLines, PlainLines, escaped, stack_of
from runtime.metrics import LOG_LINES_DROPPED

LINES_MAX = 10_000
WRITE_INTERVAL_SECONDS = 0.05
CLOSE_SECONDS_MAX = 2.0


class StreamWriter(logging.Handler):
    """Writes formatted lines to a stream from a thread of its own, many at a time.

    Waking the thread for each line would cost the event loop more than the line itself, so it looks by
    itself every 50 ms; a warning or worse is written at once. What a killed process had not written yet
    is lost: at most the lines of that interval.
    """

    def __init__(self, stream: TextIO, lines_max: int = LINES_MAX) -> None:
        super().__init__()
        self._stream = stream
        self._lines: deque[str] = deque()
        self._lines_max = lines_max
        self._dropped = 0
        self._look = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._write_until_closed, name="log-writer", daemon=True)
        self._thread.start()

    def createLock(self) -> None:  # noqa: N802 - the name is logging's
        """No lock: a deque's append is atomic, and the thread is the only one that takes from it."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line; never blocks and never raises."""
        if len(self._lines) >= self._lines_max:
            self._dropped += 1
            return
        try:
            self._lines.append(self.format(record))
        except Exception:  # noqa: BLE001 - a record that can't be formatted must not fail the request it tells of
            self._lines.append(f"a log record of {record.name!r} could not be formatted")
        if record.levelno >= logging.WARNING:
            self._look.set()

    def close(self) -> None:
        """Write what waits, bounded in time, and end the thread."""
        self._closing = True
        self._look.set()
        self._thread.join(CLOSE_SECONDS_MAX)
        super().close()

    def _write_until_closed(self) -> None:
        while not self._closing:
            self._look.wait(WRITE_INTERVAL_SECONDS)
            self._look.clear()
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        waiting = [self._lines.popleft() for _ in range(len(self._lines))]
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            LOG_LINES_DROPPED.inc(dropped)
            waiting.append(self.format(_dropped_record(dropped)))
        if not waiting:
            return
        try:
            self._stream.write("\n".join(waiting) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # The reader is gone, and with it the only place to say so.
            self._dropped += len(waiting)


def _dropped_record(dropped: int) -> logging.LogRecord:
    record = logging.LogRecord("purser.log", logging.WARNING, __file__, 0, "log lines dropped", None, None)
    record.fields = {"dropped": dropped}
    return record


def configure_logging(level: str, stream: TextIO = sys.stderr) -> StreamWriter:
    """Send every logger of this process through one writer; call once a process, after any fork.

    JSON unless the stream is a terminal. Libraries log from WARNING on: their INFO holds what users sent
    (uvicorn's access log the query string).
    """
    writer = StreamWriter(stream)
    writer.setFormatter(PlainLines() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.addHandler(writer)
    root.setLevel(logging.WARNING)
    logging.getLogger("purser").setLevel(level)
    logging.captureWarnings(True)
    # What logging.exception would look for in each record, and no line ever shows.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    atexit.register(writer.close)
    return writer


def log_unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A loop's exception handler: asyncio's own writes the exception's message, and messages quote what users sent."""
    exception = context.get("exception")
    fields = {"exception": stack_of(exception)} if exception else {}
    logging.getLogger("purser.loop").error(escaped(context["message"]), extra={"fields": fields})
