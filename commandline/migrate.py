"""`purser migrate`: the database's schema, brought up to date."""

import click

from commandline.command import Command
from commandline.database import load_settings, reach_database, upgrade
from commandline.results import json_option, print_json, say


@click.command(
    cls=Command,
    examples=[
        ("Before the new release is started, where PURSER_AUTO_MIGRATE is false", "purser migrate"),
        ("On a PostgreSQL of yours", "DATABASE_URL=$URL purser migrate"),
    ],
    exits={0: "The schema is up to date."},
)
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database's schema up to date.

    `purser serve` does so by itself at its start, unless PURSER_AUTO_MIGRATE is false. Of several at once one does it,
    and the others wait.
    """
    with reach_database(load_settings()) as dsn:
        applied = upgrade(dsn)
    if as_json:
        print_json({"applied": applied})
    else:
        say("\n".join(f"Applied {name}" for name in applied) or "The schema is up to date.")
