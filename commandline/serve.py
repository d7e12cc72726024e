"""`purser serve`: the service, and the API processes that it consists of."""

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from commandline.command import INTERRUPTED, Command
from commandline.create_admin import ensure_administrator
from commandline.database import check_database, load_settings, upgrade
from runtime.metrics_folder import join_folder
from runtime.telling import tell

if TYPE_CHECKING:
    from runtime.settings import Settings

# -P: a file in the folder that the operator happens to be in must not be taken for a module.
PURSER = (sys.executable, "-P", "-m", "cli")


@click.command(
    cls=Command,
    examples=[
        ("With a PostgreSQL of its own, a worker and a simulated bank", "purser serve"),
        ("On another port", "PURSER_PORT=8080 purser serve"),
        (
            "With four API processes on a PostgreSQL of yours",
            "PURSER_WORKERS=4 DATABASE_URL=$URL purser serve",
        ),
    ],
    exits={
        0: "Stopped by SIGTERM or Ctrl-C, once what was under way had finished.",
        1: "It could not start, or not stay up. A sentence on standard error says why, and what to do.",
        INTERRUPTED: "Stopped before it was ready, or hard, by a second Ctrl-C.",
    },
)
def serve() -> None:
    """Start the service, with its own PostgreSQL or yours.

    Without DATABASE_URL it runs a PostgreSQL of its own, in PURSER_DATA_DIR, and a worker beside the API; with it,
    workers are started by `purser worker`. The schema is brought up to date first, unless PURSER_AUTO_MIGRATE is false.
    """
    from runtime import launcher
    from runtime.listening import ListenError
    from runtime.postgresql_binaries import EmbeddedServerError
    from runtime.processes import ProcessesError

    settings = load_settings()
    try:
        launcher.serve(settings, PURSER, partial(_prepare, settings))
    except (ListenError, launcher.LauncherError, ProcessesError, EmbeddedServerError) as refused:
        raise click.ClickException(str(refused)) from None


@click.command(hidden=True)
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


def _prepare(settings: "Settings", dsn: str) -> None:
    """What `serve` does to the database before any API process is started."""
    if settings.auto_migrate:
        for name in upgrade(dsn):
            tell(f"Applied {name}")
    check_database(settings, dsn)
    if settings.admin_email is not None and settings.admin_password is not None:
        ensure_administrator(dsn, settings.admin_email, settings.admin_password)
