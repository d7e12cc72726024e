"""How long work shows that it goes on: a line drawn again and again on a terminal, a line now and then elsewhere.

All of it is on standard error. Standard output is for what a command has to say.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

Advance = Callable[[int], None]
"""Tells that so many more are done."""

REDRAW_SECONDS = 0.5
# In a log or a mail of cron: nothing of what is done soon, and little of what takes long.
FIRST_LINE_SECONDS = 10.0
LINE_SECONDS = 30.0
# Before, what is left is a guess from too little.
LEFT_SECONDS_MIN = 2.0
BAR_WIDTH = 20
COLUMNS = 80
_CLEAR_LINE = "\r\033[K"


@contextmanager
def progress(text: str, total: int | None = None) -> Iterator[Advance]:
    """Shows what is being done until the end of the block: for how long, and how far of `total` where that is known.

    What is yielded may be called from any thread, as often as there is something to tell; it never waits.
    """
    work = _Work(text, total)
    over = threading.Event()
    # A thread: neither a long statement nor a long calculation keeps it from being drawn.
    showing = threading.Thread(target=_draw if _is_watched() else _report, args=(work, over), daemon=True)
    showing.start()
    try:
        yield work.advance
    finally:
        over.set()
        showing.join()


def describe(text: str, done: int, total: int | None, seconds: float) -> str:
    """One line of it: `Writing [####----------------]  20 %  2,000 of 10,000, 12 s, 48 s left`."""
    if total is None:
        counted = f" {done:,}," if done else ""
        return f"{text}{counted} {_duration(seconds)}"
    share = min(done / total, 1.0) if total else 1.0
    bar = f"[{'#' * int(share * BAR_WIDTH):-<{BAR_WIDTH}}]"
    left = ""
    if 0 < share < 1 and seconds >= LEFT_SECONDS_MIN:
        left = f", {_duration(seconds / share - seconds)} left"
    return f"{text} {bar} {int(share * 100):>3} %  {done:,} of {total:,}, {_duration(seconds)}{left}"


class _Work:
    def __init__(self, text: str, total: int | None) -> None:
        self._text = text
        self._total = total
        self._done = 0
        self._started_at = time.monotonic()

    def advance(self, count: int) -> None:
        self._done += count

    def __str__(self) -> str:
        return describe(self._text, self._done, self._total, time.monotonic() - self._started_at)


def _is_watched() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _draw(work: _Work, over: threading.Event) -> None:
    # Whose terminal has gone works on.
    with suppress(OSError):
        while True:
            # A line that is longer than the terminal is wide can't be cleared. One of no width does not know its own.
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or COLUMNS
            line = str(work)[: columns - 1]
            click.echo(f"{_CLEAR_LINE}{line}", err=True, nl=False)
            if over.wait(REDRAW_SECONDS):
                break
        click.echo(_CLEAR_LINE, err=True, nl=False)


def _report(work: _Work, over: threading.Event) -> None:
    with suppress(OSError):
        seconds = FIRST_LINE_SECONDS
        while not over.wait(seconds):
            click.echo(work, err=True)
            seconds = LINE_SECONDS


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
