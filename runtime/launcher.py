"""`purser serve`: the socket, the database, its migrations and the API processes, up in this order.

Nothing heavy is imported here: the launcher is what a newcomer waits for, and what stays in memory.
"""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import click

from runtime.api_processes import ApiProcesses, Signals
from runtime.embedded import EmbeddedServer
from runtime.settings import Settings

BACKLOG = 2048
HOSTS_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognized, not bound


class LauncherError(Exception):
    """The service can't start. The message is one line for the operator."""


def serve(settings: Settings, api_command: Sequence[str], prepare: Callable[[str], None]) -> None:
    """Runs the service until SIGINT or SIGTERM; a second one of them stops hard.

    `prepare` is called with the database's DSN before any API process starts. `api_command` is what one API
    process runs; three descriptors are appended (listening socket, ready, launcher: runtime/api_process.py),
    and it finds the DSN in PURSER_DATABASE_URL.

    Raises LauncherError, EmbeddedServerError, ApiProcessesError, and KeyboardInterrupt where a signal came
    before the service was up or, a second time, while the database stopped.
    """
    # Ended by `kill` or by closing its terminal, it goes the way of Ctrl-C; so it does started with `&`.
    signals = Signals()
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(settings.host, settings.port))
        server = None
        dsn = settings.database_url
        if dsn is None:
            server = stack.enter_context(EmbeddedServer(settings.data_dir))
            dsn = server.dsn
        prepare(dsn)
        api_processes = ApiProcesses(
            api_command,
            settings.workers,
            os.environ | {"PURSER_DATABASE_URL": dsn},
            listening.fileno(),
            settings.shutdown_seconds_max,
        )

        def on_stop() -> None:
            # Who comes now is refused rather than kept waiting.
            listening.close()
            click.echo("\nStopping: requests under way finish first; Ctrl-C once more stops at once.")

        api_processes.run(
            signals,
            on_ready=lambda: _greet(settings, listening.getsockname()[1]),
            on_stop=on_stop,
            is_doomed=lambda: server is not None and not server.is_running(),
        )
        if server is not None and not server.is_running():
            raise LauncherError(
                f"PostgreSQL ended by itself; {settings.data_dir}/postgresql.log may say why."
            )
    click.echo("Stopped.")


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as refused:
        raise LauncherError(f"Can't listen on {host}: {refused.strerror}. Set PURSER_HOST.") from None
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            # From here on: two launchers could both bind a port on which neither listens yet.
            listening.listen(BACKLOG)
        except OSError as refused:
            raise LauncherError(
                f"Can't listen on {host} port {port}: {refused.strerror}. "
                "Set PURSER_PORT to another port, or PURSER_HOST to an address of this machine."
            ) from None
        yield listening


def _greet(settings: Settings, port: int) -> None:
    host = "127.0.0.1" if settings.host in HOSTS_EVERYWHERE else settings.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    data = (
        "the server of DATABASE_URL" if settings.database_url else f"{settings.data_dir} (its own PostgreSQL)"
    )
    lines = [
        "Purser is ready.",
        "",
        f"  {'GraphiQL' if settings.graphiql else 'GraphQL '}  {address}/graphql",
        f"  Health    {address}/health/ready",
        f"  Data      {data}",
        "  Stop      Ctrl-C",
    ]
    click.echo("\n".join(lines))
