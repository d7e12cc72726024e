"""`purser` as it is typed, and all that can be typed after it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click

from cli import main
from commandline.command import Command

PURSER = [sys.executable, "-P", "-m", "cli"]
SECONDS_MAX = 60


def purser(*arguments: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What comes of it, where no setting is made but these."""
    return subprocess.run(
        [*PURSER, *arguments],
        env=os.environ | environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def shown(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    """The group and all that is in it, by the words after `purser`; hidden ones are not."""
    yield " ".join(names), group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from shown(command, *names, name)
        elif not command.hidden:
            yield " ".join([*names, name]), command


EVERYTHING = dict(shown(main))
"""Groups, too; `purser` itself by the empty text."""
COMMANDS = {name: command for name, command in EVERYTHING.items() if isinstance(command, Command)}


def help_of(name: str) -> str:
    """What `purser NAME --help` prints on a terminal of 80 columns."""
    done = subprocess.run(
        [*PURSER, *name.split(), "--help"],
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout
