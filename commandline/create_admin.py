"""`purser create-admin`: an administrator, who is never made by signing up."""

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from commandline.command import Command
from commandline.database import DatabaseUnusable, load_settings, on_database, reach_database, upgrade
from commandline.results import Refused, json_option, print_json, say

if TYPE_CHECKING:
    from auth.administrators import Administrator


@click.command(
    cls=Command,
    examples=[
        ("Asked for the password", "purser create-admin ada@example.com"),
        (
            "In a script, where the password is in a variable",
            'echo "$PASSWORD" | purser create-admin --password-stdin ada@example.com',
        ),
    ],
    exits={
        0: "The administrator was made.",
        1: "Nothing was made: there is one of that e-mail address already, or standard error says why.",
    },
)
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)
@json_option
def create_admin(email: str, password_stdin: bool, as_json: bool) -> None:
    """Make an administrator with the e-mail address EMAIL.

    Where there is one already, that one is left alone, password and all.
    """
    settings = load_settings()
    password = _read_password() if password_stdin else _ask_password()
    with reach_database(settings) as dsn:
        if settings.auto_migrate:
            upgrade(dsn)
        administrator = ensure_administrator(dsn, email, password)
    if not administrator.created:
        message = f"{email} is an administrator already; the password was left as it is."
        raise Refused("ADMINISTRATOR_EXISTS", message)
    if as_json:
        from schema.ids import IdKind, write_id

        account_id = write_id(IdKind.ADMINISTRATOR, administrator.account_id)
        print_json({"email": email, "account_id": account_id})
    else:
        say(f"{email} is an administrator.")


def ensure_administrator(dsn: str, email: str, password: str) -> "Administrator":
    """The administrator of that e-mail address, made unless there is one. Raises ClickException."""
    import asyncio

    from auth.accounts import Refused as Rejected
    from auth.administrators import create_administrator
    from auth.errors import Unavailable
    from auth.passwords import PasswordHasher
    from runtime.orm import open_orm

    async def create() -> "Administrator":
        async with open_orm(dsn, 2):
            outcome = await create_administrator(PasswordHasher(1), email, password)
        if isinstance(outcome, Rejected):
            message = "\n".join(rejection.message for rejection in outcome.rejections)
            raise Refused(outcome.rejections[0].code, message)
        return outcome

    try:
        return on_database(partial(asyncio.run, create()))
    except Unavailable:
        raise DatabaseUnusable("The database does not answer. Is it running?") from None


def _read_password() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused("PASSWORD_UNREADABLE", "The password on standard input is no text in UTF-8.") from None


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal the password is read with --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
