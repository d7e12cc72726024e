"""A process counts on where there is no room for what it counts."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

from runtime.metrics_file import ROOM_BYTES, MetricsFile

COUNTS = {f"a metric with a name of some length, {number}": float(number) for number in range(2000)}


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    file: Any = MetricsFile(str(path))
    try:
        yield file
    finally:
        file.close()


def count(file: Any) -> None:
    for key, value in COUNTS.items():
        file.read_value(key)
        file.write_value(key, value, 0.0)
    assert {key: file.read_value(key)[0] for key in COUNTS} == COUNTS


def told(path: Path) -> dict[str, float]:
    values = MmapedDict.read_all_values_from_file(path)  # type: ignore[no-untyped-call]
    return {key.strip(): value for key, value, _, _ in values}


def test_what_is_counted_has_its_room_and_is_found_by_others_and_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "counter_here.db"
    with opened(path) as file:
        with path.open("rb") as looked_at:
            assert os.lseek(looked_at.fileno(), 0, os.SEEK_HOLE) == ROOM_BYTES
        count(file)
    assert told(path) == COUNTS
    with opened(path) as again:
        assert {key: again.read_value(key)[0] for key in COUNTS} == COUNTS


def test_from_the_beginning_there_is_no_room(tmp_path: Path) -> None:
    path = tmp_path / "counter_here.db"
    with no_room_beyond(0), opened(path) as file:
        count(file)
    assert path.stat().st_size == 0


def test_there_is_no_more_room(tmp_path: Path) -> None:
    path = tmp_path / "counter_here.db"
    with no_room_beyond(ROOM_BYTES), opened(path) as file:
        count(file)
    # What was counted in it before stands there still, and is well-formed.
    assert told(path).items() <= COUNTS.items()
    assert path.stat().st_size == ROOM_BYTES


def test_the_folder_is_gone(tmp_path: Path) -> None:
    with opened(tmp_path / "cleaned" / "counter_here.db") as file:
        count(file)
