"""What all commands of `purser` have in common: help with examples and exit codes, errors, and how they are stopped."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from commandline.results import Refused, error_document, print_json

INTERRUPTED = 130

# What every command may exit with, unless it says something else of it.
EXITS: Mapping[int, str] = {
    0: "Done.",
    1: "It could not be done. A sentence on standard error says why, and what to do.",
    2: "The command line makes no sense.",
    INTERRUPTED: "Stopped by Ctrl-C.",
}

Example = tuple[str, str]
"""What it is an example of, and the command line."""


class Command(click.Command):
    """A command with examples, and exit codes that mean the usual unless `exits` has them.

    With --json its errors are documents on standard output as well.
    """

    def __init__(
        self,
        *arguments: Any,
        examples: Sequence[Example] = (),
        exits: Mapping[int, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.examples = examples
        self.exits = dict(sorted({**EXITS, **(exits or {})}.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples and exit codes, after the options."""
        write_examples(formatter, self.examples)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in self.exits.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Does it. What it refuses is a document too where one was asked for; a bad command line is not."""
        try:
            return super().invoke(ctx)
        except Refused as refused:
            if ctx.params.get("as_json"):
                print_json(error_document(refused))
            raise


class Commands(click.Group):
    """Commands under headings, in the order in which they are added."""

    command_class = Command

    def __init__(self, *arguments: Any, examples: Sequence[Example] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.examples = examples
        self._headings: dict[str, list[str]] = {}

    def add(self, heading: str, *commands: click.Command) -> None:
        """Adds the commands, to be listed under that heading."""
        for command in commands:
            self.add_command(command)
            self._headings.setdefault(heading, []).append(command.name or "")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added, rather than in the alphabet's."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each heading with a line for each of its commands."""
        width = max(map(len, self.commands), default=0)
        for heading, names in (self._headings or {"Commands": list(self.commands)}).items():
            with formatter.section(heading):
                rows = [(f"{name:{width}}", self.commands[name].get_short_help_str(100)) for name in names]
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commonest, as they are typed."""
        write_examples(formatter, self.examples)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Does it. What a script has closed (`2>&-`) is as if it were /dev/null."""
        open_closed_streams()
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Does it, in colours where a terminal shows them and NO_COLOR is not set; Ctrl-C ends it in a word."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        with stoppable():
            return super().invoke(ctx)


def open_closed_streams() -> None:
    """Gives the process its three standard streams: else a socket may come to be one of them, and be written to."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", encoding="utf-8"))


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C in this block ends the process as a shell expects it to, and without a stack trace."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):
            click.echo("Stopped.", err=True)
        raise SystemExit(INTERRUPTED) from None


def write_examples(formatter: click.HelpFormatter, examples: Sequence[Example]) -> None:
    """A heading, and for each example what it is and, further in, how it is typed; never wrapped, so that it can be
    copied."""
    if not examples:
        return
    with formatter.section("Examples"):
        for what, typed in examples:
            formatter.write_text(f"{what}:")
            formatter.write(f"{'':{formatter.current_indent + 2}}{typed}\n")
