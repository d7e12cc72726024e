"""The file in which a process counts, for which there is room before anything is counted in it.

prometheus_client makes it sparse. Where the disk, or a folder kept in memory, fills up meanwhile, the system kills
whoever writes to a part of it that has no room yet (SIGBUS): the whole service, for its metrics.
"""

import logging
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

log = logging.getLogger("purser.metrics")

ROOM_BYTES = 1 << 16
# Of an entry, beside its key: the key's length and padding, the value and its time.
ENTRY_BYTES_BESIDE = 32


class MetricsFile(MmapedDict):
    """As prometheus_client's. Where there is no room, the process counts on in memory of its own."""

    # The open file; None once it is memory.
    _f: Any

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        path = Path(filename)
        if _grown(path, 0 if path.exists() and path.stat().st_size else ROOM_BYTES):
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
        else:
            self._f, self._fname, self._positions = None, filename, {}
            self._m, self._capacity, self._used = mmap.mmap(-1, ROOM_BYTES), ROOM_BYTES, 8

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + ENTRY_BYTES_BESIDE > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self) -> None:
        before, capacity = self._m, 2 * self._capacity
        if self._f is not None and _grown(Path(self._fname), self._capacity):
            self._m = mmap.mmap(self._f.fileno(), capacity)
        else:
            if self._f is not None:
                self._f.close()
                self._f = None
            self._m = mmap.mmap(-1, capacity)
            self._m[: self._used] = before[: self._used]
        self._capacity = capacity


def _grown(path: Path, size: int) -> bool:
    """Whether there was room for so many more bytes. Zeros that are written have theirs, which a hole has not."""
    before = 0
    try:
        with path.open("ab") as file:
            before = file.tell()
            file.write(bytes(size))
    except OSError as refused:
        with suppress(OSError):
            os.truncate(path, before)
        fields = {"reason": refused.strerror}
        log.warning("No room for metrics: /metrics no longer has this process's", extra={"fields": fields})
        return False
    return True
