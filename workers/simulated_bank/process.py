"""The process of the simulated bank: one event loop under uvicorn, on a socket that is bound already."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvicorn

from runtime.listening import BACKLOG
from runtime.logging import configure_logging
from runtime.server import Server
from workers.simulated_bank.bank import SimulatedBank
from workers.simulated_bank.behaviour import Behaviour
from workers.simulated_bank.books import Books
from workers.simulated_bank.hanging_up import HangingUpProtocol
from workers.simulated_bank.journal import Journal
from workers.simulated_bank.routes import bank_app

# Connections, and with them requests under way: more are answered with 503.
CONNECTIONS_MAX = 2_000
STOP_SECONDS_MAX = 1


def run(
    behaviour: Behaviour,
    seed: int,
    books_file: Path | None,
    listening: socket.socket,
    *,
    on_ready: Callable[[], None],
    launcher_descriptor: int | None = None,
    log_level: str = "INFO",
) -> None:
    """Serves until SIGINT or SIGTERM, or until the launcher's end of the pipe closes, if there is one.

    `on_ready` is called once requests are answered. Without `books_file` the books are in memory alone.
    Payments under way at the end are never made. Raises JournalError.
    """
    with ExitStack() as stack:
        stack.enter_context(listening)
        journal = None if books_file is None else stack.enter_context(Journal(books_file))
        bank = SimulatedBank(behaviour, seed, Books(journal))
        config = uvicorn.Config(
            bank_app(bank),
            loop="uvloop",
            http=HangingUpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=STOP_SECONDS_MAX,
        )
        configure_logging(log_level)
        _BankServer(config, bank, on_ready, launcher_descriptor).run(sockets=[listening])


class _BankServer(Server):
    def __init__(
        self,
        config: uvicorn.Config,
        bank: SimulatedBank,
        on_ready: Callable[[], None],
        launcher_descriptor: int | None,
    ) -> None:
        super().__init__(config, on_ready, launcher_descriptor)
        self._bank = bank

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Callers who wait for a payment, or for nothing any more, are hung up on."""
        self._bank.close()
        for connection in list(self.server_state.connections):
            connection.transport.close()
        await super().shutdown(sockets)
