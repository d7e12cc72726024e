"""The folder in which the processes of one `purser serve` count together, so that any of them can tell of all.

It is prometheus_client's multiprocess mode, with one change: a process is known by its place among the launcher's
processes ("api-process-0"), not by its process id. Whoever takes the place of one that died goes on where that one
stopped: no counter falls back, and the folder has as many files after a thousand restarts as after none.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PLACE_VARIABLE = "PURSER_PLACE"


@contextmanager
def fresh_folder() -> Iterator[str]:
    """An empty one in the system's folder for temporary files, removed at the end. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="purser-metrics-", ignore_cleanup_errors=True) as folder:
        yield folder


def forget(folder: str, place: str) -> None:
    """Of the process that has ended there: what it had open or under way is no more. What it counted stays."""
    # Slow to import, and seldom needed by a launcher that a newcomer waits for.
    from prometheus_client.multiprocess import mark_process_dead

    # The name is only part of those of its files.
    mark_process_dead(place, folder)  # type: ignore[no-untyped-call]


def join_folder() -> None:
    """In a process of the launcher's: count in its folder. To be called before any metric is made."""
    from prometheus_client import values

    place = os.environ.get(PLACE_VARIABLE)
    if place is not None and FOLDER_VARIABLE in os.environ:
        values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
