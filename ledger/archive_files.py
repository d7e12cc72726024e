"""An archive's file: JSON Lines in gzip.

The first line describes the archive, the last one has the counts, the sums and the SHA-256 of all lines before it.
Each line between is an operation as its table has it, with its entries. The same tables make the same lines.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import orjson

from ledger.archiving import ArchiveRefused, Description, Reason, Summary, Tally

_FORMAT = "purser-archive"
_VERSION = 1
# Level 9 takes three times as long for a hundredth less.
_COMPRESSION = 6


def file_name(period: str) -> str:
    """The name that the archive of a period such as "202608" gets."""
    return f"purser-{period}.jsonl.gz"


async def write_file(path: Path, description: Description, operations: AsyncIterator[bytes]) -> None:
    """Writes the file as a whole or not at all: a draft that is on disk before it gets its name.

    Raises OSError.
    """
    draft = path.with_name(path.name + ".draft")
    digest, tally = hashlib.sha256(), Tally()
    with draft.open("wb") as file:
        # No name and no time in the file: it is the same whenever it is written.
        with gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as compressed:
            line = _first_line(description)
            digest.update(line)
            compressed.write(line)
            async for operation in operations:
                line = operation + b"\n"
                tally.add(_amounts(line))
                digest.update(line)
                compressed.write(line)
            compressed.write(_last_line(tally.summary(digest.hexdigest())))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class ArchiveFile:
    """A file being read from its beginning, once. Everything here raises ArchiveRefused where it is not whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = self._read()
        self._digest = hashlib.sha256()
        self._summary: Summary | None = None
        first = next(self._lines, b"")
        self._digest.update(first)
        self.description = self._describe(first)

    def operations(self) -> Iterator[bytes]:
        """The operations, a line of JSON each. Only at their end it is known that the file is whole."""
        tally = Tally()
        last = next(self._lines, b"")
        for line in self._lines:
            self._digest.update(last)
            try:
                tally.add(_amounts(last))
            except (ValueError, KeyError, TypeError):
                raise self._damaged("a line is no operation") from None
            yield last[:-1]
            last = line
        counted = tally.summary(self._digest.hexdigest())
        if last != _last_line(counted):
            raise self._damaged("its last line is missing or tells of other lines")
        self._summary = counted

    @property
    def summary(self) -> Summary:
        """What was counted; to be asked for after the last operation."""
        assert self._summary is not None
        return self._summary

    def _read(self) -> Iterator[bytes]:
        try:
            with gzip.open(self._path) as compressed:
                yield from compressed
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._damaged(str(error)) from None
        except OSError as error:
            message = f"{self._path} can't be read: {error.strerror}."
            raise ArchiveRefused(Reason.FILE_UNUSABLE, message) from None

    def _describe(self, line: bytes) -> Description:
        try:
            told = orjson.loads(line)
            format_, version = told.pop("format"), told.pop("version")
            if (format_, version) == (_FORMAT, _VERSION):
                for name in ("starts_at", "ends_at", "decided_before"):
                    told[name] = datetime.fromisoformat(told[name])
                return Description(**told)
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise self._damaged(f"its first line does not say {_FORMAT}, version {_VERSION}")

    def _damaged(self, why: str) -> ArchiveRefused:
        return ArchiveRefused(Reason.FILE_DAMAGED, f"{self._path} is no whole archive: {why}.")


def _first_line(description: Description) -> bytes:
    return orjson.dumps({"format": _FORMAT, "version": _VERSION, **asdict(description)}) + b"\n"


def _last_line(summary: Summary) -> bytes:
    # Not orjson: a sum of many amounts may need more than 64 bits.
    return json.dumps(asdict(summary), separators=(",", ":")).encode() + b"\n"


def _amounts(line: bytes) -> list[tuple[str, int]]:
    return [(entry["currency"], entry["amount"]) for entry in orjson.loads(line)["entries"]]
