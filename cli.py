"""The command line: `purser serve` and what an operator does beside it."""

import importlib.metadata
import sys
from functools import partial

import click

from commandline.bank import bank_process, bank_simulator
from commandline.database import check_database, load_settings, on_database, reach_database, upgrade
from commandline.partitions import partitions
from commandline.rebalance import rebalance
from commandline.reconcile import reconcile
from commandline.worker import worker, worker_process
from runtime.metrics_folder import join_folder
from runtime.settings import Settings

# What is heavy is imported by the command that uses it: somebody waits for `purser serve`.

# -P: a file in the folder that the operator happens to be in must not be taken for a module.
PURSER = (sys.executable, "-P", "-m", "cli")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("purser"), prog_name="purser")
def main() -> None:
    """Purser: wallets that others may charge, through one GraphQL API.

    Every setting is an environment variable with the prefix PURSER_; README.md has them in a table.
    """


main.add_command(partitions)
main.add_command(reconcile)
main.add_command(rebalance)
main.add_command(bank_simulator)
main.add_command(bank_process)
main.add_command(worker)
main.add_command(worker_process)


@main.command()
def serve() -> None:
    """Start the service, with its own PostgreSQL unless DATABASE_URL names one."""
    from runtime import launcher
    from runtime.listening import ListenError
    from runtime.postgresql_binaries import EmbeddedServerError
    from runtime.processes import ProcessesError

    settings = load_settings()
    try:
        launcher.serve(settings, PURSER, partial(_prepare, settings))
    except (ListenError, launcher.LauncherError, ProcessesError, EmbeddedServerError) as refused:
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
    join_folder()
    from app import create_app
    from runtime import api_process as process

    process.run(
        create_app,
        load_settings(),
        listening_descriptor=listening_descriptor,
        ready_descriptor=ready_descriptor,
        launcher_descriptor=launcher_descriptor,
    )


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    with reach_database(load_settings()) as dsn:
        applied = upgrade(dsn)
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
    settings = load_settings()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with reach_database(settings) as dsn:
        if settings.auto_migrate:
            upgrade(dsn)
        created = _create_administrator(dsn, email, password)
    if not created:
        raise click.ClickException(f"{email} is an administrator already; the password was left as it is.")
    click.echo(f"{email} is an administrator.")


def _prepare(settings: Settings, dsn: str) -> None:
    """What `serve` does to the database before any API process is started."""
    if settings.auto_migrate:
        for name in upgrade(dsn):
            click.echo(f"Applied {name}")
    check_database(settings, dsn)
    if settings.admin_email is not None and settings.admin_password is not None:
        _create_administrator(dsn, settings.admin_email, settings.admin_password)


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
        return on_database(partial(asyncio.run, create()))
    except Unavailable:
        raise click.ClickException("The database does not answer.") from None


if __name__ == "__main__":
    main()
