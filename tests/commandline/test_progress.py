"""How long work is shown: drawn again and again on a terminal, a line now and then in a log."""

import re
import sys

import pytest

from commandline import progress as module
from commandline.progress import describe, progress
from tests.commandline.terminals import on_a_terminal

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


WORKING = [sys.executable, "-c", WORK]


def test_on_a_terminal_it_is_drawn_again_and_cleared() -> None:
    shown, printed = on_a_terminal(WORKING)
    assert printed == "done\n"
    assert "\r\033[KMaking wallets [#####---------------]  25 %  250 of 1,000, 1 s" in shown
    assert shown.endswith("\r\033[K")
    assert "\n" not in shown


def test_it_never_wraps() -> None:
    shown, _ = on_a_terminal(WORKING, columns=20)
    lines = shown.split("\r\033[K")
    assert max(map(len, lines)) == 19
    assert lines[-2] == "Making wallets [###"


def test_a_dumb_terminal_is_none() -> None:
    assert on_a_terminal(WORKING, TERM="dumb") == ("", "done\n")


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
    assert re.fullmatch(r"Slow work \[.{20}\] +\d+ %  [01] of 4, \d s\n", said)
    assert capsys.readouterr() == ("", "")
