"""What a command has to say: for people in lines, for scripts in one JSON document (--json), and errors in either.

With --json standard output has exactly one document, whatever happens: the result, or `{"error": {"code", "message"}}`.
Standard error is the same with it and without.
"""

from typing import IO, Any

import click

from runtime.telling import forget_output

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")


class Refused(click.ClickException):
    """Why a command did not do what it was told to: a sentence for people, and a code that scripts may rely on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotPrinted(click.ClickException):
    """Standard output takes no more: its reader has gone, or its disk is full. What was done is done.

    No OSError: those are the database's (runtime/database.py).
    """

    def __init__(self, lost: OSError) -> None:
        super().__init__(f"Standard output can't be written: {lost.strerror}.")
        self._is_expected = isinstance(lost, BrokenPipeError)

    def show(self, file: IO[Any] | None = None) -> None:
        """Tells it, unless it is how `head` ends."""
        if not self._is_expected:
            super().show(file)


def say(words: Any, **style: Any) -> None:
    """Prints what a command has to say on standard output. Raises NotPrinted."""
    try:
        click.secho(words, **style)
    except OSError as lost:
        forget_output()
        raise NotPrinted(lost) from None


def print_json(document: Any, *, in_one_line: bool = False) -> None:
    """Prints the document: named tuples as lists, times in ISO 8601. `in_one_line` where more of them follow.

    Raises NotPrinted.
    """
    import orjson

    say(orjson.dumps(document, option=0 if in_one_line else orjson.OPT_INDENT_2))


def error_document(refused: Refused) -> dict[str, Any]:
    """What --json prints of an error."""
    return {"error": {"code": refused.code, "message": refused.format_message()}}
