"""The folder of the embedded database: who may use it now, and its making.

lock            held (flock) by the one launcher that uses the folder
dsn             where its server can be reached while one is up
postgresql/     PostgreSQL's own data folder
postgresql.log  what the server said since its start; postgresql.log.1 before that
socket/         the server's unix socket
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.postgresql_binaries import (
    DATABASE,
    MAJOR_VERSION,
    EmbeddedServerError,
    environment,
    initdb_command,
    owner_of,
    program,
    run_as,
)

INITDB_SECONDS_MAX = 120
# A server whose launcher was killed goes down by its guard; past the first limit it is told again.
PREVIOUS_SERVER_SECONDS_UNTOLD = 5
PREVIOUS_SERVER_SECONDS_MAX = 60
POLL_SECONDS = 0.02


class DataFolderInUseError(EmbeddedServerError):
    """Another launcher, alive, has this data folder."""


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Makes the folder where it is missing and holds its lock, which the kernel drops when this process ends.

    Raises DataFolderInUseError, or EmbeddedServerError where the folder can't be written to.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        raise EmbeddedServerError(f"The data folder {data_dir} can't be used: {refused.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
            raise DataFolderInUseError(
                f"Another Purser (process {holder}) is using the data folder {data_dir}. "
                "Stop it first, or set PURSER_DATA_DIR to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def prepare(data_dir: Path) -> Path:
    """PostgreSQL's own data folder in `data_dir`, made where it is missing, with no server in it any more."""
    folder = data_dir / "postgresql"
    for unfinished in data_dir.glob("initdb-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if not folder.exists():
        _make_database(data_dir, folder)
    try:
        version = (folder / "PG_VERSION").read_text().strip()
    except OSError as refused:
        raise EmbeddedServerError(f"{folder} can't be read as a database: {refused.strerror}.") from None
    if version != str(MAJOR_VERSION):
        raise EmbeddedServerError(
            f"{folder} was written by PostgreSQL {version}, and this Purser brings {MAJOR_VERSION}. "
            "Move the data over with pg_dump, or set PURSER_DATA_DIR to another folder."
        )
    _await_previous_server(folder)
    return folder


def _make_database(data_dir: Path, folder: Path) -> None:
    # Made beside its place and moved there whole: what is interrupted halfway is never taken for a database.
    draft = Path(tempfile.mkdtemp(prefix="initdb-", dir=data_dir))
    owner = owner_of(draft)
    if owner is not None:
        os.chown(draft, *owner)
    _run([*run_as(owner), *initdb_command(draft)])
    single_user = [*run_as(owner), program("postgres"), "--single", "-D", str(draft), "template1"]
    _run(single_user, standard_input=f"CREATE DATABASE {DATABASE};\n")
    draft.rename(folder)


def _run(command: list[str], standard_input: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            input=standard_input,
            env=environment(),
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INITDB_SECONDS_MAX,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EmbeddedServerError(
            f"Making the database took more than {INITDB_SECONDS_MAX} seconds."
        ) from None
    if done.returncode != 0:
        raise EmbeddedServerError(f"Making the database failed:\n{(done.stdout + done.stderr).strip()}")


def _await_previous_server(folder: Path) -> None:
    """Waits for a server whose launcher was killed; raises EmbeddedServerError past the limit."""
    started_at = time.monotonic()
    told = False
    while processes := _server_processes(folder):
        waited_seconds = time.monotonic() - started_at
        if waited_seconds > PREVIOUS_SERVER_SECONDS_MAX:
            raise EmbeddedServerError(f"PostgreSQL (process {processes[0]}) still runs in {folder}: stop it.")
        if waited_seconds > PREVIOUS_SERVER_SECONDS_UNTOLD and not told:
            told = True
            with suppress(ProcessLookupError):
                os.kill(postmaster_pid(folder) or processes[0], signal.SIGINT)
        time.sleep(POLL_SECONDS)
    # Its process is gone, and its number may be another's by now, which PostgreSQL would take for a server.
    (folder / "postmaster.pid").unlink(missing_ok=True)


def postmaster_pid(folder: Path) -> int | None:
    """The process that postmaster.pid names, alive or not; None without the file."""
    try:
        return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _server_processes(folder: Path) -> list[int]:
    """The processes of a server in `folder`, backends too: they outlive a killed postmaster for a moment."""
    if not Path("/proc/self/cwd").exists():
        pid = postmaster_pid(folder)
        return [pid] if pid is not None and _is_alive(pid) else []
    found = []
    for process in Path("/proc").iterdir():
        # A process may end, or be another user's, while it is looked at.
        with suppress(OSError):
            if (
                process.name.isdecimal()
                and (process / "comm").read_text().strip() == "postgres"
                and (process / "cwd").readlink() == folder
            ):
                found.append(int(process.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
