"""A PostgreSQL that tests can crash and start again, at the same address."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from runtime import migrations
from runtime.embedded import EmbeddedServer
from tests.runtime.processes import wait_until


class RestartablePostgres:
    """Made by `restartable_postgres`; `dsn` stays the same over crashes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.dsn = stack.enter_context(EmbeddedServer(folder)).dsn

    def crash(self) -> None:
        """Ends every backend at once, without a checkpoint, and comes back by replaying the log."""
        postmaster = int((self._folder / "postgresql" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        wait_until(lambda: _is_gone(postmaster), "the server has ended")
        self._stack.close()
        assert self._stack.enter_context(EmbeddedServer(self._folder)).dsn == self.dsn


@contextmanager
def restartable_postgres(folder: Path) -> Iterator[RestartablePostgres]:
    """A migrated database in `folder`."""
    with ExitStack() as stack:
        server = RestartablePostgres(folder, stack)
        migrations.upgrade(server.dsn)
        yield server


def _is_gone(pid: int) -> bool:
    # Our own child: it stays a zombie until the `with` of its server is left.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
