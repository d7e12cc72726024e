"""What a process that goes on tells people. It needs no listener."""

import os
import sys
from contextlib import suppress

import click


def tell(text: str) -> None:
    """Prints it where standard output takes it: a reader that has gone, or a full disk, must not stop a service."""
    try:
        click.echo(text)
    except OSError:
        forget_output()


def warn(text: str) -> None:
    """The same on standard error, past its buffer: what is left there would fail again, and it stays open, because
    processes that are started later log to it, once its disk has room again."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode())


def forget_output() -> None:
    """What is left in the buffer of standard output would fail again, at the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
