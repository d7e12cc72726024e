"""The folder in which processes count: fresh for each start, gone with the service, or with the next one's start."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.launcher import LauncherError, _metrics_folder
from runtime.metrics_folder import fresh_folder
from tests.runtime.launching import serving
from tests.runtime.processes import wait_until

LONG_AGO = (1.0, 1.0)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_launcher_left_is_removed_and_nothing_else(temporary: Path) -> None:
    abandoned, just_made, foreign = (
        temporary / f"{name}-x" for name in ("purser-metrics", "purser-metrics-y", "z")
    )
    for folder in (abandoned, just_made, foreign):
        folder.mkdir()
        (folder / "counter_api-process-0.db").touch()
    os.utime(abandoned, LONG_AGO)
    os.utime(foreign, LONG_AGO)
    with fresh_folder() as first:
        os.utime(first, LONG_AGO)
        with fresh_folder() as second:
            assert sorted(temporary.iterdir()) == sorted([just_made, foreign, Path(first), Path(second)])
            assert list(Path(second).iterdir()) == []
    assert sorted(temporary.iterdir()) == sorted([just_made, foreign])


def test_it_goes_with_the_service(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serving(tmp_path / "data", TMPDIR=str(temporary)) as service:
        (folder,) = temporary.iterdir()
        assert folder.name.startswith("purser-metrics-")
        assert service.stop() == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("what", ["the folder", "its files"])
def test_it_is_missed_when_somebody_removes_it(tmp_path: Path, what: str) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # One alone: another may still have the page of a moment ago.
    with serving(tmp_path / "data", TMPDIR=str(temporary), PURSER_WORKERS="1") as service:
        assert service.get("/metrics") == 200
        (folder,) = temporary.iterdir()
        if what == "the folder":
            shutil.rmtree(folder)
        else:
            for file in folder.iterdir():
                file.unlink()
        wait_until(lambda: service.get("/metrics") == 503, "there is no page without figures")
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(f"http://127.0.0.1:{service.port}/metrics", timeout=10)
        assert json.load(told.value)["code"] == "METRICS_LOST"
        assert "restart the service" in service.read_until("Metrics are lost")
        assert service.get("/health/ready") == 200
        assert service.stop() == 0


def test_without_it_processes_start_anew_and_serve_on(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with serving(tmp_path / "data", TMPDIR=str(temporary), PURSER_WORKERS="1") as service:
        (folder,) = temporary.iterdir()
        shutil.rmtree(folder)
        (before,) = service.api_processes()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: service.api_processes() not in (set(), {before}), "another takes its place")
        # Until it listens, its socket holds whoever asks.
        assert service.get("/health/ready") == 200
        # A page of the new one alone would look as if the worker counted nothing.
        assert service.get("/metrics") == 503
        assert service.stop() == 0


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="there is no systemd here")
def test_systemd_leaves_it_alone(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = temporary / "other"
    other.touch()
    configuration = tmp_path_factory.mktemp("systemd") / "old.conf"
    configuration.write_text(f"d {temporary} 1777 - - 10ms\n")
    with fresh_folder() as folder:
        counted = Path(folder, "counter_api-process-0.db")
        counted.touch()
        # Nobody can make the times of a change older.
        time.sleep(0.1)
        subprocess.run(["systemd-tmpfiles", "--clean", configuration], check=True, timeout=30)
        assert not other.exists()
        assert counted.exists()


def test_without_room_for_it_the_launcher_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(LauncherError, match="TMPDIR"), ExitStack() as stack:
        _metrics_folder(stack)
