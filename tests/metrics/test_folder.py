"""The folder in which processes count: fresh for each start, gone with the service, or with the next one's start."""

import os
import shutil
import tempfile
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


def test_it_is_missed_when_somebody_removes_it(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # One alone: another that is still starting would end, and start again in a folder made anew.
    with serving(tmp_path / "data", TMPDIR=str(temporary), PURSER_WORKERS="1") as service:
        assert service.get("/metrics") == 200
        (folder,) = temporary.iterdir()
        shutil.rmtree(folder)
        wait_until(lambda: service.get("/metrics") == 500, "there is no page without figures")
        assert service.get("/health/ready") == 200


def test_without_room_for_it_the_launcher_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(LauncherError, match="TMPDIR"), ExitStack() as stack:
        _metrics_folder(stack)
