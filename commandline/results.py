"""What a command has to say: for people in lines, for scripts in one JSON document (--json), and errors in either.

With --json standard output has exactly one document, whatever happens: the result, or `{"error": {"code", "message"}}`.
Standard error is the same with it and without.
"""

from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")


class Refused(click.ClickException):
    """Why a command did not do what it was told to: a sentence for people, and a code that scripts may rely on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def print_json(document: Any, *, in_one_line: bool = False) -> None:
    """Prints the document: named tuples as lists, times in ISO 8601. `in_one_line` where more of them follow."""
    import orjson

    click.echo(orjson.dumps(document, option=0 if in_one_line else orjson.OPT_INDENT_2))


def error_document(refused: Refused) -> dict[str, Any]:
    """What --json prints of an error."""
    return {"error": {"code": refused.code, "message": refused.format_message()}}
