"""The folder in which the processes of one `purser serve` count together, so that any of them can tell of all.

It is prometheus_client's multiprocess mode, with one change: a process is known by its place among the launcher's
processes ("api-process-0"), not by its process id. Whoever takes the place of one that died goes on where that one
stopped: no counter falls back, and the folder has as many files after a thousand restarts as after none.

systemd-tmpfiles leaves a folder alone that somebody has locked, as the launcher does. Where another one tidies up, what
processes go on counting is lost, and none can tell of all any more until they start anew: then there is no page.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PLACE_VARIABLE = "PURSER_PLACE"
_PREFIX = "purser-metrics-"
# Between being made and being locked.
_LOCKED_AFTER_SECONDS = 60.0


class FolderGone(Exception):
    """Somebody removed the folder, or what is in it, under a running service."""


@contextmanager
def fresh_folder() -> Iterator[str]:
    """An empty one in the system's folder for temporary files, removed at the end. Raises OSError.

    What launchers that were killed have left there is removed as well.
    """
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            # Held as long as this process lives, and by nobody who is started by it. Who tidies up minds it as well.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(descriptor)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Somebody else's, or gone meanwhile: then it is not ours to remove.
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - _LOCKED_AFTER_SECONDS:
                _remove_unless_locked(folder)


def _remove_unless_locked(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def forget(folder: str, place: str) -> None:
    """Of the process that has ended there: what it had open or under way is no more. What it counted stays."""
    # Slow to import, and seldom needed by a launcher that a newcomer waits for.
    from prometheus_client.multiprocess import mark_process_dead

    # The name is only part of those of its files.
    mark_process_dead(place, folder)  # type: ignore[no-untyped-call]


def files_of_all() -> list[str] | None:
    """The files in which all processes count; None where this one counts for itself. Raises FolderGone."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return None
    # What this process counts in is gone together with what the others do.
    if not Path(folder, f"counter_{os.environ[PLACE_VARIABLE]}.db").exists():
        raise FolderGone
    return [str(file) for file in Path(folder).glob("*.db") if _has_bytes(file)]


def _has_bytes(file: Path) -> bool:
    """One without a byte was made just now, and that of a process that has ended may go any moment."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def join_folder() -> None:
    """In a process of the launcher's: count in its folder. To be called before any metric is made.

    Elsewhere a folder in the environment is not ours, and may be none: a process without a place counts for itself.
    """
    place = os.environ.get(PLACE_VARIABLE)
    if place is None:
        os.environ.pop(FOLDER_VARIABLE, None)
        return
    from prometheus_client import values

    from runtime.metrics_file import MetricsFile

    values.MmapedDict = MetricsFile  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
