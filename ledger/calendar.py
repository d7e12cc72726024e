"""Instants that nothing goes wrong with: PostgreSQL and asyncpg take the ends of Python's calendar for infinity."""

from datetime import UTC, datetime
from typing import overload

# Nothing was decided before, and nothing will be after.
EARLIEST = datetime(1970, 2, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 1, tzinfo=UTC)


@overload
def within_calendar(instant: datetime) -> datetime: ...
@overload
def within_calendar(instant: datetime | None) -> datetime | None: ...
def within_calendar(instant: datetime | None) -> datetime | None:
    """The instant, or the nearest one that everything can be worked out with."""
    return None if instant is None else min(max(instant, EARLIEST), LATEST)
