"""The embedded PostgreSQL, for real: it keeps its data, starts for everyone and is never left behind."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from runtime.embedded import EmbeddedServer, reach
from runtime.postgresql_binaries import EmbeddedServerError, program
from tests.runtime.processes import processes_naming, psql, running_python, wait_until

LAUNCH = """
import sys
from pathlib import Path
from runtime.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    print(server.dsn, flush=True)
    sys.stdin.read()
"""

# A launcher whose server has been asked for, and that dies before it has come up.
LAUNCH_AND_DIE = """
import os, signal, sys
from pathlib import Path
import runtime.embedded
runtime.embedded._await_ready = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
runtime.embedded.EmbeddedServer(Path(sys.argv[1])).__enter__()
"""

# Ctrl-C in the middle of starting the server: it runs, and who started it never learns its number.
LAUNCH_AND_LOSE = """
import subprocess, sys
from pathlib import Path
from runtime.embedded import EmbeddedServer
class Interrupted(subprocess.Popen):
    def __init__(self, command, **options):
        super().__init__(command, **options)
        if any("postgres" in word for word in command[:-1]) and "purser-guard" not in command:
            raise KeyboardInterrupt
subprocess.Popen = Interrupted
EmbeddedServer(Path(sys.argv[1])).__enter__()
"""


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    # Not pytest's tmp_path: its names grow past what a socket's path may have.
    with tempfile.TemporaryDirectory(prefix="purser-test-") as folder:
        yield Path(folder) / "data"


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="purser-test-") as folder:
        with EmbeddedServer(Path(folder)):
            pass
        yield Path(folder) / "postgresql"


@pytest.fixture
def data_dir(empty_dir: Path, made_once: Path) -> Path:
    """A data folder that has been used before: making one takes seconds, copying it none."""
    empty_dir.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", made_once, empty_dir], check=True)
    return empty_dir


def assert_nothing_runs(data_dir: Path) -> None:
    wait_until(
        lambda: not processes_naming(str(data_dir)), f"processes end: {processes_naming(str(data_dir))}"
    )


def socket_folder_of(dsn: str) -> Path:
    return Path(unquote(dsn.partition("host=")[2]))


def test_second_start_finds_the_data(empty_dir: Path) -> None:
    data_dir = empty_dir
    with EmbeddedServer(data_dir) as server:
        psql(server.dsn, "CREATE TABLE kept (note text); INSERT INTO kept VALUES ('here')")
    assert_nothing_runs(data_dir)
    assert not (data_dir / "dsn").exists()
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT note FROM kept") == "here"
    assert_nothing_runs(data_dir)


def test_committed_means_on_disk_and_nobody_else_gets_in(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as server:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert psql(server.dsn, f"SHOW {setting}") == "on"
        assert psql(server.dsn, "SHOW listen_addresses") == ""
        assert psql(server.dsn, "SHOW server_encoding") == "UTF8"
        assert psql(server.dsn, "SELECT datlocale FROM pg_database WHERE datname = 'purser'") == "C.UTF-8"
        socket_folder = socket_folder_of(server.dsn)
        for folder in (data_dir, socket_folder, data_dir / "postgresql"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "dsn").stat().st_mode) == 0o600


@pytest.mark.parametrize("victim", ["launcher", "postmaster", "launcher, starting"])
def test_killed_leaves_nothing_behind_and_recovers(data_dir: Path, victim: str) -> None:
    with running_python(LAUNCH, str(data_dir)) as launcher:
        assert launcher.stdout is not None
        dsn = launcher.stdout.readline().strip()
        psql(dsn, "CREATE TABLE kept (note text); INSERT INTO kept VALUES ('committed')")
        if victim == "postmaster":
            os.kill(int((data_dir / "postgresql/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        launcher.kill()
    if victim == "launcher, starting":
        with running_python(LAUNCH_AND_DIE, str(data_dir)) as launcher:
            assert launcher.wait(timeout=30) == -signal.SIGKILL
    # At once: the server of the killed launcher is still going down.
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT note FROM kept") == "committed"
    assert_nothing_runs(data_dir)


def test_interrupted_while_it_forks_leaves_nothing_behind(data_dir: Path) -> None:
    with running_python(LAUNCH_AND_LOSE, str(data_dir)) as launcher:
        assert launcher.wait(timeout=30) != 0
    assert "starting PostgreSQL" in (data_dir / "postgresql.log").read_text()
    assert_nothing_runs(data_dir)
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT 1") == "1"


def test_guard_alone_stops_the_server(data_dir: Path) -> None:
    with running_python(LAUNCH, str(data_dir)) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        launcher.kill()
    assert_nothing_runs(data_dir)


def test_server_without_guard_is_told_by_the_next_start(data_dir: Path) -> None:
    with running_python(LAUNCH, str(data_dir)) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        guards = [
            pid for pid, command in processes_naming(str(data_dir)).items() if "purser-guard" in command
        ]
        assert len(guards) == 1
        os.kill(guards[0], signal.SIGKILL)
        launcher.kill()
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT 1") == "1"
    assert_nothing_runs(data_dir)


def test_only_the_launcher_holds_the_writing_end_of_the_guards_pipe(data_dir: Path) -> None:
    with running_python(LAUNCH, str(data_dir)) as launcher:
        assert launcher.stdout is not None
        launcher.stdout.readline()
        processes = processes_naming(str(data_dir))
        guard = next(pid for pid, command in processes.items() if "purser-guard" in command)
        pipe = Path(f"/proc/{guard}/fd/0").readlink()
        holders = [
            pid
            for pid in processes
            if any(end.readlink() == pipe for end in Path(f"/proc/{pid}/fd").iterdir() if end.is_symlink())
        ]
        assert sorted(holders) == sorted([guard, launcher.pid])
        launcher.kill()
    assert_nothing_runs(data_dir)


def test_second_launcher_is_told_who_has_the_folder(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as server:
        with pytest.raises(EmbeddedServerError, match=rf"process {os.getpid()}.*PURSER_DATA_DIR"):
            EmbeddedServer(data_dir).__enter__()
        # A command of the command line uses the running one instead.
        with reach(data_dir) as dsn:
            assert dsn == server.dsn
        assert psql(server.dsn, "SELECT 1") == "1"
    with reach(data_dir) as dsn:
        assert psql(dsn, "SELECT 1") == "1"
    assert_nothing_runs(data_dir)


def test_too_long_a_path_puts_the_socket_elsewhere(data_dir: Path) -> None:
    long_dir = data_dir.rename(data_dir.with_name("d" * 120))
    with EmbeddedServer(long_dir) as server:
        assert psql(server.dsn, "SELECT 1") == "1"
        socket_folder = socket_folder_of(server.dsn)
        assert long_dir not in socket_folder.parents
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert not socket_folder.exists()
    with running_python(LAUNCH, str(long_dir)) as launcher:
        assert launcher.stdout is not None
        socket_folder = socket_folder_of(launcher.stdout.readline().strip())
        assert socket_folder.exists()
        launcher.kill()
    wait_until(lambda: not socket_folder.exists(), "the guard removes the socket's folder")


@pytest.mark.parametrize(
    "name", ["with space", "with,comma", "with 'quote'", 'with "double"', "ümlaut %41 $HOME"]
)
def test_any_name_will_do(data_dir: Path, name: str) -> None:
    data_dir = data_dir.rename(data_dir.with_name(name))
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT 1") == "1"
    assert_nothing_runs(data_dir)


def test_closed_parents_stay_closed(empty_dir: Path) -> None:
    home = empty_dir.parent / "home"
    home.mkdir(mode=0o700)
    with EmbeddedServer(home / "checkout" / "data") as server:
        assert psql(server.dsn, "SELECT 1") == "1"
        owner = (home / "checkout" / "data" / "postgresql").stat().st_uid
        assert owner == (65534 if os.geteuid() == 0 else os.geteuid())
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home.stat().st_uid, (home / "checkout").stat().st_uid) == (os.geteuid(), os.geteuid())


def test_programs_below_a_closed_folder_run(empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = empty_dir.parent / "closed"
    home.mkdir(mode=0o700)
    installed = Path(program("postgres")).parents[1]
    packages, package = installed.parents[1], installed.parent.name
    shutil.copytree(installed, home / package / installed.name, symlinks=True)
    (home / package / "__init__.py").touch()
    shutil.copytree(packages / f"{package}.libs", home / f"{package}.libs", symlinks=True)
    monkeypatch.syspath_prepend(home)
    assert program("postgres").startswith(str(home))
    with EmbeddedServer(home / "data") as server:
        assert psql(server.dsn, "SELECT 1") == "1"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_folder_of_another_version(data_dir: Path) -> None:
    (data_dir / "postgresql" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"written by PostgreSQL 17.*brings 18"):
        EmbeddedServer(data_dir).__enter__()


def test_failed_start_shows_what_the_server_said(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        pass
    (data_dir / "postgresql" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        EmbeddedServer(data_dir).__enter__()
    assert_nothing_runs(data_dir)


def test_interrupted_making_is_begun_anew(empty_dir: Path) -> None:
    data_dir = empty_dir
    (data_dir / "initdb-halfway" / "base").mkdir(parents=True)
    with EmbeddedServer(data_dir) as server:
        assert psql(server.dsn, "SELECT 1") == "1"
    assert not (data_dir / "initdb-halfway").exists()
