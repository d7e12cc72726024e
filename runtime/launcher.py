"""`purser serve`: the socket, the database, its migrations and the processes of the service, up in this order.

Nothing heavy is imported here: the launcher is what a newcomer waits for, and what stays in memory.
"""

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from runtime.embedded import EmbeddedServer
from runtime.listening import listen, url_of
from runtime.metrics_folder import FOLDER_VARIABLE, forget, fresh_folder
from runtime.processes import Kind, Processes, Signals
from runtime.settings import Settings
from runtime.telling import tell

# Any free port.
ADDRESS_OF_BANK = ("127.0.0.1", 0)
HOSTS_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognized, not bound


class LauncherError(Exception):
    """The service can't start. The message is one line for the operator."""


def serve(settings: Settings, purser: Sequence[str], prepare: Callable[[str], None]) -> None:
    """Runs the service until SIGINT or SIGTERM; a second one of them stops hard.

    `prepare` is called with the database's DSN before any process starts. `purser` is the command line of cli.py, to
    which the name of a process's command and its descriptors are appended; it finds the DSN in PURSER_DATABASE_URL.

    With a PostgreSQL of its own the service has a worker of its own too; in development also a simulated bank, unless
    the settings name another one.

    Raises ListenError, LauncherError, EmbeddedServerError, ProcessesError, and KeyboardInterrupt where a signal came
    before the service was up or, a second time, while the database stopped.
    """
    # Ended by `kill` or by closing its terminal, it goes the way of Ctrl-C; so it does started with `&`.
    signals = Signals()
    with ExitStack() as stack:
        listening = stack.enter_context(listen(settings.host, settings.port))
        server = None
        dsn = settings.database_url
        if dsn is None:
            server = stack.enter_context(EmbeddedServer(settings.data_dir))
            dsn = server.dsn
        prepare(dsn)
        bank = stack.enter_context(listen(*ADDRESS_OF_BANK)) if _needs_simulated_bank(settings) else None
        metrics = _metrics_folder(stack)
        processes = Processes(
            _kinds(settings, purser, listening, bank),
            _environment(dsn, bank) | {FOLDER_VARIABLE: metrics},
            settings.drain_seconds + settings.shutdown_seconds_max,
            on_end=partial(forget, metrics),
        )

        def on_stop() -> None:
            # Who comes now is refused rather than kept waiting.
            listening.close()
            tell("\nStopping: requests under way finish first; Ctrl-C once more stops at once.")

        processes.run(
            signals,
            on_ready=lambda: _greet(settings, listening, bank),
            on_stop=on_stop,
            is_doomed=lambda: server is not None and not server.is_running(),
        )
        if server is not None and not server.is_running():
            raise LauncherError(
                f"PostgreSQL ended by itself; {settings.data_dir}/postgresql.log may say why."
            )
    tell("Stopped.")


def _needs_simulated_bank(settings: Settings) -> bool:
    if settings.environment == "production" or settings.database_url is not None:
        return False
    return settings.bank is None and settings.bank_url is None


def _environment(dsn: str, bank: socket.socket | None) -> dict[str, str]:
    environment = os.environ | {"PURSER_DATABASE_URL": dsn}
    if bank is not None:
        environment["PURSER_BANK_URL"] = url_of(*bank.getsockname())
    return environment


def _kinds(
    settings: Settings, purser: Sequence[str], listening: socket.socket, bank: socket.socket | None
) -> list[Kind]:
    api = Kind(
        "An API process", (*purser, "api-process"), settings.workers, listening.fileno(), is_vital=True
    )
    kinds = [api]
    if settings.database_url is None:
        kinds.append(Kind("The worker", (*purser, "worker-process")))
    if bank is not None:
        # The worker waits for its answers until it has finished.
        kinds.append(Kind("The simulated bank", (*purser, "bank-process"), 1, bank.fileno(), stops_last=True))
    return kinds


def _metrics_folder(stack: ExitStack) -> str:
    try:
        return stack.enter_context(fresh_folder())
    except OSError as refused:
        raise LauncherError(
            f"Can't make a temporary folder: {refused.strerror}. Set TMPDIR to a folder that has room."
        ) from None


def _greet(settings: Settings, listening: socket.socket, bank: socket.socket | None) -> None:
    address = url_of(
        "127.0.0.1" if settings.host in HOSTS_EVERYWHERE else settings.host, listening.getsockname()[1]
    )
    data = (
        "the server of DATABASE_URL" if settings.database_url else f"{settings.data_dir} (its own PostgreSQL)"
    )
    worker = "none yet: start `purser worker`" if settings.database_url else "one, beside the API"
    if bank is not None:
        worker += f", and a simulated bank at {url_of(*bank.getsockname())}"
    lines = [
        "Purser is ready.",
        "",
        f"  {'GraphiQL' if settings.graphiql else 'GraphQL '}  {address}/graphql",
        f"  Health    {address}/health/ready",
        f"  Metrics   {address}/metrics",
        f"  Data      {data}",
        f"  Worker    {worker}",
        "  Stop      Ctrl-C",
    ]
    tell("\n".join(lines))
