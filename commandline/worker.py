"""`purser worker`: a process that does what happens later."""

from typing import TYPE_CHECKING, Any

import click

from commandline.command import INTERRUPTED, Command
from commandline.database import check_database, load_settings, running_database, unusable
from runtime.metrics_folder import join_folder

if TYPE_CHECKING:
    from runtime.settings import Settings

LANES_MAX = 32_767


@click.command(
    cls=Command,
    examples=[
        ("On the PostgreSQL of the API", "DATABASE_URL=$URL purser worker"),
        ("For one lane alone", "DATABASE_URL=$URL purser worker --lane 2"),
    ],
    exits={
        0: "Stopped by SIGTERM or Ctrl-C, once what was under way had finished.",
        1: "It could not start, or not stay up. A sentence on standard error says why, and what to do.",
        INTERRUPTED: "Stopped before it was ready, or hard, by a second Ctrl-C.",
    },
)
@click.option(
    "--lane",
    type=click.IntRange(1, LANES_MAX),
    help="Serve what is queued, and withdrawals, of wallets in this lane alone; without it, in all lanes.",
)
def worker(lane: int | None) -> None:
    """Do what happens later: the queue, withdrawals, upkeep.

    Any number of workers may run beside each other, all with the same bank (docs/bank.md). Without DATABASE_URL the
    PostgreSQL of a running `purser serve` is used, which has a worker of its own already. SIGTERM or Ctrl-C lets it
    finish what it has begun, a second one does not. With PURSER_WORKER_PORT it answers /metrics and /health/live.
    """
    join_folder()
    settings = load_settings()
    dsn = running_database(settings)
    check_database(settings, dsn)
    _run(settings, dsn, lane=lane)


@click.command(hidden=True)
@click.argument("ready_descriptor", type=int)
@click.argument("launcher_descriptor", type=int)
def worker_process(ready_descriptor: int, launcher_descriptor: int) -> None:
    """The worker of `purser serve`, which has looked after the database."""
    join_folder()
    settings = load_settings()
    dsn = running_database(settings)
    _run(settings, dsn, ready_descriptor=ready_descriptor, launcher_descriptor=launcher_descriptor)


def _run(settings: "Settings", dsn: str, **how: Any) -> None:
    import asyncio

    from runtime.database import TROUBLE
    from runtime.listening import ListenError
    from workers import worker as process

    try:
        process.run(settings, dsn, **how)
    except ListenError as refused:
        raise click.ClickException(str(refused)) from None
    except TROUBLE as refused:
        raise unusable(refused) from None
    except asyncio.CancelledError:
        click.echo("Stopped without finishing.", err=True)
        raise SystemExit(INTERRUPTED) from None
