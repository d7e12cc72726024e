"""What a person sees: a command with a terminal for standard error, and for standard output where that matters."""

import os
import pty
import subprocess
from collections.abc import Sequence

from tests.commandline.commands import SECONDS_MAX


def on_a_terminal(
    command: Sequence[str], *, columns: int = 100, shows_output: bool = False, **environment: str
) -> tuple[str, str]:
    """What it drew on a terminal of that width, and what it printed where standard output is none."""
    ours, terminal = pty.openpty()
    try:
        os.set_blocking(ours, False)
        subprocess.run(["stty", "columns", str(columns)], stdin=terminal, check=True)
        done = subprocess.run(
            command,
            env=os.environ | {"TERM": "xterm"} | environment,
            stdout=terminal if shows_output else subprocess.PIPE,
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
