"""The command line: `purser serve` and what an operator does beside it."""

import importlib.metadata
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import click

from cli_bank import bank_process, bank_simulator
from cli_partitions import partitions
from runtime.settings import Settings, SettingsError

if TYPE_CHECKING:
    import asyncpg

# What is heavy is imported by the command that uses it: somebody waits for `purser serve`.

Result = TypeVar("Result")

# -P: a file in the folder that the operator happens to be in must not be taken for a module.
API_COMMAND = (sys.executable, "-P", "-m", "cli", "api-process")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("purser"), prog_name="purser")
@click.pass_context
def main(context: click.Context) -> None:
    """Purser: wallets that others may charge, through one GraphQL API.

    Every setting is an environment variable with the prefix PURSER_; README.md has them in a table.
    """
    # What commands in files of their own are given.
    context.obj = _on_connection


main.add_command(partitions)
main.add_command(bank_simulator)
main.add_command(bank_process)


@main.command()
def serve() -> None:
    """Start the service, with its own PostgreSQL unless DATABASE_URL names one."""
    from runtime import launcher
    from runtime.api_processes import ApiProcessesError
    from runtime.postgresql_binaries import EmbeddedServerError

    settings = _settings()
    try:
        launcher.serve(settings, API_COMMAND, partial(_prepare, settings))
    except (launcher.LauncherError, ApiProcessesError, EmbeddedServerError) as refused:
        raise click.ClickException(str(refused)) from None
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        raise SystemExit(130) from None


@main.command(hidden=True)
@click.argument("listening_descriptor", type=int)
@click.argument("ready_descriptor", type=int)
@click.argument("launcher_descriptor", type=int)
def api_process(listening_descriptor: int, ready_descriptor: int, launcher_descriptor: int) -> None:
    """One API process of `purser serve`, which passes the descriptors on."""
    from app import create_app
    from runtime import api_process as process

    process.run(
        create_app,
        _settings(),
        listening_descriptor=listening_descriptor,
        ready_descriptor=ready_descriptor,
        launcher_descriptor=launcher_descriptor,
    )


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    with _database(_settings()) as dsn:
        applied = _upgrade(dsn)
    click.echo("\n".join(f"Applied {name}" for name in applied) or "The schema is up to date.")


@main.command()
def export_schema() -> None:
    """Print the GraphQL schema, in SDL."""
    from strawberry.printer import print_schema

    from schema.root import schema

    click.echo(print_schema(schema))


@main.command()
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)
def create_admin(email: str, password_stdin: bool) -> None:
    """Make an administrator with the e-mail address EMAIL."""
    settings = _settings()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _database(settings) as dsn:
        if settings.auto_migrate:
            _upgrade(dsn)
        created = _create_administrator(dsn, email, password)
    if not created:
        raise click.ClickException(f"{email} is an administrator already; the password was left as it is.")
    click.echo(f"{email} is an administrator.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")
def reconcile(as_json: bool) -> None:
    """Prove the ledger from its tables, beside whatever the service is doing.

    Exits with 0 where all is well, 1 where something is wrong, and 2 where that could not be found out.
    """
    import asyncio

    import cli_reconcile
    from ledger.reconciliation import NotReconcilableError

    try:
        settings = _settings()
        if settings.database_url is None and not settings.data_dir.exists():
            raise click.ClickException(f"There is no ledger in {settings.data_dir}.")
        with _database(settings) as dsn:
            is_well = _on_database(lambda: asyncio.run(cli_reconcile.reconcile(dsn, as_json=as_json)))
    except (NotReconcilableError, click.ClickException) as refused:
        raise _NotFoundOut(str(refused)) from None
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        raise SystemExit(130) from None
    raise SystemExit(0 if is_well else 1)


class _NotFoundOut(click.ClickException):
    """Neither well nor wrong."""

    exit_code = 2


def _settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError as refused:
        raise click.ClickException(f"These settings are wrong:\n{refused}") from None


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    from runtime.embedded import reach
    from runtime.postgresql_binaries import EmbeddedServerError

    if settings.database_url is not None:
        yield settings.database_url
        return
    try:
        with reach(settings.data_dir) as dsn:
            yield dsn
    except EmbeddedServerError as refused:
        raise click.ClickException(str(refused)) from None


def _prepare(settings: Settings, dsn: str) -> None:
    """What `serve` does to the database before any API process is started."""
    if settings.auto_migrate:
        for name in _upgrade(dsn):
            click.echo(f"Applied {name}")
    _check_database(settings, dsn)
    if settings.admin_email is not None and settings.admin_password is not None:
        _create_administrator(dsn, settings.admin_email, settings.admin_password)


def _check_database(settings: Settings, dsn: str) -> None:
    """Raises ClickException where the schema is not this code's, or settings name what the database lacks."""
    import asyncio

    import asyncpg

    from ledger.currencies import settings_problems
    from runtime.database import CONNECT_SECONDS_MAX, STATEMENT_SECONDS_MAX
    from runtime.migrations import is_current

    async def check() -> list[str]:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS_MAX, command_timeout=STATEMENT_SECONDS_MAX
        )
        try:
            if not await is_current(connection):
                return ["The database's schema is not current: run `purser migrate`."]
            return await settings_problems(connection, settings)
        finally:
            await connection.close(timeout=CONNECT_SECONDS_MAX)

    if problems := _on_database(lambda: asyncio.run(check())):
        raise click.ClickException("\n".join(problems))


def _on_connection(work: Callable[["asyncpg.Connection"], Awaitable[Result]]) -> Result:
    """Runs an operator's work on a connection to the database of the settings, which must be current."""
    import asyncio

    import asyncpg

    from runtime.database import CONNECT_SECONDS_MAX, OPERATOR_SETTINGS
    from runtime.migrations import is_current

    async def run(dsn: str) -> Result:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS_MAX, server_settings=OPERATOR_SETTINGS
        )
        try:
            if not await is_current(connection):
                raise click.ClickException("The database's schema is not current: run `purser migrate`.")
            return await work(connection)
        finally:
            await connection.close(timeout=CONNECT_SECONDS_MAX)

    with _database(_settings()) as dsn:
        return _on_database(lambda: asyncio.run(run(dsn)))


def _upgrade(dsn: str) -> list[str]:
    from runtime import migrations

    return _on_database(partial(migrations.upgrade, dsn))


def _create_administrator(dsn: str, email: str, password: str) -> bool:
    """Whether the administrator was made just now; one of that e-mail is left alone."""
    import asyncio

    from auth.accounts import Refused
    from auth.administrators import create_administrator
    from auth.errors import Unavailable
    from auth.passwords import PasswordHasher
    from runtime.orm import open_orm

    async def create() -> bool:
        async with open_orm(dsn, 2):
            outcome = await create_administrator(PasswordHasher(1), email, password)
        if isinstance(outcome, Refused):
            raise click.ClickException("\n".join(rejection.message for rejection in outcome.rejections))
        return outcome.created

    try:
        return _on_database(partial(asyncio.run, create()))
    except Unavailable:
        raise click.ClickException("The database does not answer.") from None


def _on_database(work: Callable[[], Result]) -> Result:
    from runtime.database import TROUBLE

    try:
        return work()
    except (*TROUBLE, ValueError, OverflowError) as refused:  # the last two are for a URL that makes no sense
        reason = str(refused) or type(refused).__name__
        raise click.ClickException(f"The database can't be used: {reason}") from None


if __name__ == "__main__":
    main()
