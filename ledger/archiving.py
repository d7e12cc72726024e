"""What an archive is, and why something is not done with one."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Advance = Callable[[int], None]
Watch = Callable[[str, int | None], AbstractContextManager[Advance]]
"""Told of a step that takes long, and of how many operations it has; then of each that is done."""


@contextmanager
def unwatched(_step: str, _operations: int | None) -> Iterator[Advance]:
    """Nobody looks on."""
    yield lambda _done: None


class Reason(StrEnum):
    """Why an archive is not made, taken out or brought back. Scripts rely on these names."""

    PERIOD_UNKNOWN = "PERIOD_UNKNOWN"
    PERIOD_DETACHED = "PERIOD_DETACHED"
    PERIOD_NOT_OVER = "PERIOD_NOT_OVER"
    OLDER_FIRST = "OLDER_FIRST"
    NEWER_FIRST = "NEWER_FIRST"
    STILL_SET_ASIDE = "STILL_SET_ASIDE"
    STILL_PENDING = "STILL_PENDING"
    TABLES_DAMAGED = "TABLES_DAMAGED"
    FILE_UNUSABLE = "FILE_UNUSABLE"
    FILE_DAMAGED = "FILE_DAMAGED"
    FILE_DIFFERS = "FILE_DIFFERS"
    NOT_ARCHIVED = "NOT_ARCHIVED"
    BUSY = "BUSY"


class ArchiveRefused(Exception):
    """Nothing was changed, and why. The message is for the operator."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Description:
    """An archive's first line. Its operations have ids of `starts_at` to below `ends_at`, or earlier ones that stayed
    when their own period went, and were decided before `decided_before`."""

    period: str
    starts_at: datetime
    ends_at: datetime
    decided_before: datetime
    operation_columns: Sequence[str]
    entry_columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """What the entries of one currency took and gave, in minor units; together zero."""

    debited_minor: int
    credited_minor: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What an archive's last line says of the lines before it."""

    operations: int
    entries: int
    moved: Mapping[str, Moved]
    sha256: str


class Tally:
    """Counts operations as they pass."""

    def __init__(self) -> None:
        self.operations = 0
        self.entries = 0
        self._moved: dict[str, Moved] = defaultdict(lambda: Moved(0, 0))

    def add(self, amounts: Sequence[tuple[str, int]]) -> None:
        """One operation, by currency and amount of its entries."""
        self.operations += 1
        self.entries += len(amounts)
        for currency, minor in amounts:
            before = self._moved[currency]
            self._moved[currency] = Moved(
                before.debited_minor + min(minor, 0), before.credited_minor + max(minor, 0)
            )

    def summary(self, sha256: str) -> Summary:
        """All that passed, with the digest of the lines."""
        return Summary(self.operations, self.entries, dict(sorted(self._moved.items())), sha256)
