"""How long work is shown: drawn again and again on a terminal, a line now and then in a log."""

import os
import pty
import subprocess
import sys

import pytest

from commandline import progress as module
from commandline.progress import describe, progress

SECONDS_MAX = 60
WORK = """
import time
from commandline.progress import progress
with progress("Making wallets", 1000) as advance:
    advance(250)
    time.sleep(1.2)
print("done")
"""


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (0, None, 0.4, "Work 0 s"),
        (1234, None, 75, "Work 1,234, 1 min 15 s"),
        (0, 10_000, 30, "Work [--------------------]   0 %  0 of 10,000, 30 s"),
        (2_500, 10_000, 12, "Work [#####---------------]  25 %  2,500 of 10,000, 12 s, 36 s left"),
        (2_500, 10_000, 1, "Work [#####---------------]  25 %  2,500 of 10,000, 1 s"),
        (9_999, 10_000, 7200, "Work [###################-]  99 %  9,999 of 10,000, 2 h 00 min, 0 s left"),
        (10_000, 10_000, 30, "Work [####################] 100 %  10,000 of 10,000, 30 s"),
        # The total was a guess.
        (12_000, 10_000, 30, "Work [####################] 100 %  12,000 of 10,000, 30 s"),
        (0, 0, 0, "Work [####################] 100 %  0 of 0, 0 s"),
    ],
)
def test_a_line(done: int, total: int | None, seconds: float, line: str) -> None:
    assert describe("Work", done, total, seconds) == line


def shown_on_a_terminal(columns: int, **environment: str) -> tuple[str, str]:
    """What is on a terminal of that width on standard error, and on standard output."""
    ours, terminal = pty.openpty()
    try:
        os.set_blocking(ours, False)
        subprocess.run(["stty", "columns", str(columns)], stdin=terminal, check=True)
        done = subprocess.run(
            [sys.executable, "-c", WORK],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            timeout=SECONDS_MAX,
            check=True,
        )
        try:
            shown = os.read(ours, 65536).decode()
        except BlockingIOError:
            shown = ""
        return shown, done.stdout
    finally:
        os.close(ours)
        os.close(terminal)


def test_on_a_terminal_it_is_drawn_again_and_cleared() -> None:
    shown, printed = shown_on_a_terminal(100, TERM="xterm")
    assert printed == "done\n"
    assert "\r\033[KMaking wallets [#####---------------]  25 %  250 of 1,000, 1 s" in shown
    assert shown.endswith("\r\033[K")
    assert "\n" not in shown


def test_it_never_wraps() -> None:
    shown, _ = shown_on_a_terminal(20, TERM="xterm")
    lines = shown.split("\r\033[K")
    assert max(map(len, lines)) == 19
    assert lines[-2] == "Making wallets [###"


def test_a_dumb_terminal_is_none() -> None:
    assert shown_on_a_terminal(100, TERM="dumb") == ("", "done\n")


def test_elsewhere_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress("Quick work"):
        pass
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(module, "FIRST_LINE_SECONDS", 0.01)
    with progress("Slow work", 4) as advance:
        advance(1)
        said = ""
        while not said:
            said = capsys.readouterr().err
    assert said == "Slow work [#####---------------]  25 %  1 of 4, 0 s\n"
    assert capsys.readouterr() == ("", "")
