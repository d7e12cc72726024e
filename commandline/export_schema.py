"""`purser export-schema`: the API, as tools for GraphQL read it."""

import click

from commandline.command import Command
from commandline.results import say


@click.command(
    cls=Command,
    examples=[("Into a file, for an editor or a code generator", "purser export-schema > schema.graphql")],
)
def export_schema() -> None:
    """Print the GraphQL schema, in SDL.

    No database is needed.
    """
    from strawberry.printer import print_schema

    from schema.root import schema

    say(print_schema(schema))
