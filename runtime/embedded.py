"""The embedded PostgreSQL: started before the API, stopped after it, and never left behind.

The server is in a session of its own, so that Ctrl-C in the terminal reaches the launcher alone and the API
can finish first. A guard process holds the reading end of a pipe whose only writing end is the launcher's:
however the launcher dies, `kill -9` included, the guard sees the end of the pipe and stops the server.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from runtime.data_folder import POLL_SECONDS, DataFolderInUseError, exclusive, prepare
from runtime.postgresql_binaries import (
    DATABASE,
    USER,
    EmbeddedServerError,
    environment,
    owner_of,
    run_as,
    server_command,
)

# Includes replaying up to max_wal_size after a crash.
START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 30
# sockaddr_un.sun_path has 108 bytes on Linux and 104 on macOS, with the NUL.
SOCKET_PATH_BYTES_MAX = 103
SOCKET_NAME = ".s.PGSQL.5432"
LOG_LINES_SHOWN = 15

# Reads a line, or the end of the pipe. A line is the launcher's farewell: the server is down. Otherwise the
# launcher died, perhaps before its server had written postmaster.pid, or lost sight of it, and then nobody
# reaps it: the file goes when it ends. $1: PostgreSQL's folder, $2: the socket's folder where it is a
# temporary one. Limits: 5 s for the file, 30 s for a fast shutdown, then an immediate one.
GUARD = """
read -r farewell && exit 0
tries=50
until [ -s "$1/postmaster.pid" ] || [ "$tries" = 0 ]; do sleep 0.1; tries=$((tries - 1)); done
read -r pid < "$1/postmaster.pid" || exit 0
kill -INT "$pid"
tries=300
while kill -0 "$pid" 2>&- && [ -e "$1/postmaster.pid" ] && [ "$tries" != 0 ]; do sleep 0.1; tries=$((tries - 1)); done
[ "$tries" = 0 ] && kill -QUIT "$pid"
[ -z "$2" ] || rmdir "$2"
"""


class EmbeddedServer:
    """A PostgreSQL of our own on `data_dir`, from `with` to its end; `dsn` says how to reach it.

    Raises DataFolderInUseError where another launcher has the folder, EmbeddedServerError where it fails.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.dsn = ""

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(exclusive(self.data_dir))
            dsn_file = self.data_dir / "dsn"
            dsn_file.unlink(missing_ok=True)
            folder = prepare(self.data_dir)
            owner = owner_of(folder)
            socket_folder, is_temporary = _socket_folder(self.data_dir, owner)
            if is_temporary:
                undo.callback(shutil.rmtree, socket_folder, ignore_errors=True)
            dismiss_guard = undo.enter_context(_guard(folder, socket_folder if is_temporary else None))
            command = [*run_as(owner), *server_command(folder, socket_folder)]
            log = self.data_dir / "postgresql.log"
            self._process = undo.enter_context(_server(command, folder, log, dismiss_guard))
            self.dsn = f"postgresql://{USER}@/{DATABASE}?host={quote(str(socket_folder), safe='/')}"
            _write_private(dsn_file, self.dsn)
            undo.callback(dsn_file.unlink, missing_ok=True)
            self._undo = undo.pop_all()
        return self

    def is_running(self) -> bool:
        return self._process.poll() is None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()


@contextmanager
def reach(data_dir: Path) -> Iterator[str]:
    """The DSN of the server on `data_dir`: the running one's, else of one that is started for this block."""
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(EmbeddedServer(data_dir)).dsn
        except DataFolderInUseError:
            dsn = _await_dsn(data_dir)
        yield dsn


def running_dsn(data_dir: Path) -> str | None:
    """The DSN of the server that runs on `data_dir`; None where none does."""
    try:
        return (data_dir / "dsn").read_text()
    except OSError:
        return None


def _await_dsn(data_dir: Path) -> str:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < give_up_at:
        if dsn := running_dsn(data_dir):
            return dsn
        time.sleep(POLL_SECONDS)
    raise EmbeddedServerError(f"The Purser that uses {data_dir} has not come up.")


def _socket_folder(data_dir: Path, owner: tuple[int, int] | None) -> tuple[Path, bool]:
    """A folder of mode 0700 for the socket, and whether it is a temporary one.

    It is where a path below `data_dir` is too long for a socket's, or has what would end it halfway.
    """
    folder = data_dir / "socket"
    # A client takes a comma for the end of a host, the server a double quote for the end of a folder.
    is_nameable = not {",", '"'} & set(str(folder))
    is_temporary = not is_nameable or len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX
    if is_temporary:
        folder = Path(tempfile.mkdtemp(prefix="purser-"))
    else:
        # A killed server's socket and its lock may be there, naming a process that is another one by now.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    if owner is not None:
        os.chown(folder, *owner)
    return folder, is_temporary


def _write_private(path: Path, text: str) -> None:
    # Renamed into place: who reads it sees all of it or nothing.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


@contextmanager
def _guard(folder: Path, temporary_folder: Path | None) -> Iterator[Callable[[], None]]:
    """Yields what tells the guard that the server is down; who never says so leaves the server to it."""
    # Neither end is inherited by a process that is started later (PEP 446).
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "purser-guard", str(folder), str(temporary_folder or "")],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment(),
        start_new_session=True,
    )
    os.close(reading)

    def dismiss() -> None:
        with suppress(BrokenPipeError):
            os.write(writing, b"stopped\n")

    try:
        yield dismiss
    finally:
        os.close(writing)
        process.wait(timeout=STOP_SECONDS_MAX)


@contextmanager
def _server(
    command: list[str], folder: Path, log: Path, on_stopped: Callable[[], None]
) -> Iterator[subprocess.Popen[bytes]]:
    # A Ctrl-C in the middle of Popen loses a process that has been started: `on_stopped` is not called then.
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
    try:
        _await_ready(process, folder, log)
        yield process
    finally:
        try:
            _stop(process)
        finally:
            on_stopped()


def _await_ready(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while not _is_ready(process.pid, folder):
        if process.poll() is not None:
            raise EmbeddedServerError(f"PostgreSQL did not start:\n{_tail(log)}")
        if time.monotonic() > give_up_at:
            raise EmbeddedServerError(
                f"PostgreSQL was not ready after {START_SECONDS_MAX} seconds:\n{_tail(log)}"
            )
        time.sleep(POLL_SECONDS)


def _is_ready(pid: int, folder: Path) -> bool:
    """What pg_ctl looks at: the first and the eighth line of postmaster.pid are its process and its state."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then an immediate one: past the limit, or when Ctrl-C comes once more."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=STOP_SECONDS_MAX)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as reason:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(timeout=STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if isinstance(reason, KeyboardInterrupt):
            raise
