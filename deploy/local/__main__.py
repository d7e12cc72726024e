"""Purser on one machine in the shape of production, without containers: `python -m deploy.local up`."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from deploy.local.fleet import DatabaseEnded, Fleet, State
from deploy.local.members import MemberError
from deploy.local.proxy import find_nginx
from runtime.data_folder import DataFolderInUseError, exclusive
from runtime.embedded import EmbeddedServer
from runtime.postgresql_binaries import EmbeddedServerError

RESTART_SECONDS_MAX = 600.0
RESTART_SIGNAL = signal.SIGUSR1
FOLDER = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/fleet"),
    show_default=True,
    help="Data, logs and configuration of the fleet.",
)


@click.group()
def main() -> None:
    """PostgreSQL, two instances of the API behind nginx, two workers, a simulated bank, and Prometheus.

    The PostgreSQL is the service's own unless DATABASE_URL names one. Prometheus runs where it is installed.
    """


@main.command()
@FOLDER
@click.option(
    "--port",
    type=click.IntRange(0, 65_000),
    default=8080,
    show_default=True,
    help="nginx's; the next ones are the others'.",
)
def up(folder: Path, port: int) -> None:
    """Start all of it; Ctrl-C stops it."""
    nginx = find_nginx()
    if nginx is None:
        raise click.ClickException("nginx is not installed (on Debian: apt-get install nginx-light).")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wants_restart = _listen_to_signals()
    try:
        with exclusive(folder):
            while True:
                try:
                    _run(folder, nginx, port, wants_restart)
                except DatabaseEnded:
                    click.echo("PostgreSQL has ended: all is started again.")
    except DataFolderInUseError:
        raise click.ClickException(f"A fleet runs in {folder} already.") from None
    except (MemberError, EmbeddedServerError) as refused:
        raise click.ClickException(str(refused)) from None
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _listen_to_signals() -> Callable[[], bool]:
    """What says whether a restart was asked for since it was called last."""
    restarts_wanted = 0

    def want_restart(*_: object) -> None:
        nonlocal restarts_wanted
        restarts_wanted += 1

    def wants_restart() -> bool:
        nonlocal restarts_wanted
        wanted, restarts_wanted = restarts_wanted, 0
        return wanted > 0

    # Started with `&`, ended by `kill`, or its terminal closed, it goes the way of Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # unless by nohup
            signal.signal(number, signal.default_int_handler)
    signal.signal(RESTART_SIGNAL, want_restart)
    return wants_restart


def _run(folder: Path, nginx: str, port: int, wants_restart: Callable[[], bool]) -> None:
    with ExitStack() as stack:
        dsn = os.environ.get("PURSER_DATABASE_URL") or os.environ.get("DATABASE_URL")
        database_runs: Callable[[], bool] = lambda: True  # noqa: E731 - it is not ours
        if dsn is None:
            server = stack.enter_context(EmbeddedServer(folder / "database"))
            dsn, database_runs = server.dsn, server.is_running
        Fleet(folder, dsn, nginx, port).run(wants_restart, _greet, database_runs)


@main.command()
@FOLDER
def restart(folder: Path) -> None:
    """Restart the instances and workers one after the other, while requests go on."""
    try:
        before = State.read(folder)
        _refuse_dead(folder)
        os.kill(before.pid, RESTART_SIGNAL)
        give_up_at = time.monotonic() + RESTART_SECONDS_MAX
        while (now := State.read(folder)).restarts == before.restarts:
            if time.monotonic() > give_up_at:
                raise click.ClickException(f"Not done after {RESTART_SECONDS_MAX:.0f} s.")
            time.sleep(0.1)
    except (FileNotFoundError, ProcessLookupError):
        raise click.ClickException(f"No fleet runs in {folder}.") from None
    if now.trouble is not None:
        raise click.ClickException(now.trouble)
    click.echo("Restarted.")


def _refuse_dead(folder: Path) -> None:
    # The state of a fleet that was killed names a process that may be anybody's by now.
    with suppress(DataFolderInUseError), exclusive(folder):
        raise ProcessLookupError


def _greet(state: State) -> None:
    click.echo(
        "\n".join(
            [
                "Purser is ready.",
                "",
                f"  Proxy       http://{state.proxy}/graphql",
                f"  Instances   {' '.join(state.instances)}",
                f"  Workers     {' '.join(state.workers)}",
                f"  Bank        http://{state.bank}",
                f"  Prometheus  {f'http://{state.prometheus}' if state.prometheus else 'not installed'}",
                "  Stop        Ctrl-C; `python -m deploy.local restart` restarts one by one",
            ]
        )
    )


if __name__ == "__main__":
    main()
