"""The file that the simulated bank's books are kept in: one line for each decision, written before it is told.

A line that a dying bank did not finish was told to nobody: it is cut off at the next start. Lines survive the death of
the process; that of the machine is not what is simulated, so nothing waits for the disk.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson
from pydantic import TypeAdapter, ValidationError

from workers.bank import Result


class JournalError(Exception):
    """The journal can't be used. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One line: what was decided, when (UTC), on a payment."""

    at: str
    reference: str
    destination: str
    amount: str
    currency: str
    result: Result
    reason: str


_DECISION = TypeAdapter(Decision)
_BEGINNING = b'{"at":"'


class Journal:
    """An append-only file, one process's alone from `with` to its end.

    Raises JournalError where it can't be opened, or another bank has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = 0

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600
            )
        except OSError as refused:
            raise JournalError(f"{self._path} can't be opened: {refused.strerror}.") from None
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.close(self._descriptor)
            raise JournalError(f"{self._path} is no file.")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise JournalError(f"{self._path} is in use by another bank.") from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self) -> Iterator[Decision]:
        """All its lines, to be read to the end before anything is written. Raises JournalError at one that is none."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    if not _begins_as_ours(line):
                        raise JournalError(f"{self._path}, line {number}: not of a bank's books.")
                    break
                try:
                    yield _DECISION.validate_json(line)
                except ValidationError:
                    raise JournalError(f"{self._path}, line {number}: not of a bank's books.") from None
                self._bytes += len(line)
        os.ftruncate(self._descriptor, self._bytes)

    def append(self, decision: Decision) -> None:
        """The whole line or nothing. Raises OSError where the disk is full."""
        line = orjson.dumps(decision, option=orjson.OPT_APPEND_NEWLINE)
        if os.write(self._descriptor, line) < len(line):
            os.ftruncate(self._descriptor, self._bytes)
            raise OSError("the line did not fit")
        self._bytes += len(line)


def _begins_as_ours(line: bytes) -> bool:
    """Whether it may be a line that was not finished: anything else is somebody's file."""
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
