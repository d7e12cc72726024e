"""Which partitions there should be: pure arithmetic on months."""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

# Enough for a quarter without anyone making new ones.
MONTHS_AHEAD = 3

_UPPER_BOUND = re.compile(r"TO \('([0-9a-f-]{36})'\)")


class Period(NamedTuple):
    """[starts_at, ends_at), both the first instant of a month in UTC."""

    starts_at: datetime
    ends_at: datetime


def missing_periods(now: datetime, covered_until: datetime | None, months: int) -> list[Period]:
    """The periods of `months` months still to be made, so that the next MONTHS_AHEAD are covered.

    `covered_until` is where the last partition ends; a new one begins there, or this month where there is none.
    """
    start = covered_until or _month(now, 0)
    wanted_until = _month(now, MONTHS_AHEAD + 1)
    periods = []
    while start < wanted_until:
        periods.append(Period(start, _month(start, months)))
        start = periods[-1].ends_at
    return periods


def upper_bound(bound: str) -> datetime | None:
    """Where a partition ends, from PostgreSQL's words for its bounds; None for the default partition."""
    found = _UPPER_BOUND.search(bound)
    if found is None:
        return None
    # A UUIDv7 begins with 48 bits of Unix time in milliseconds.
    return datetime.fromtimestamp((UUID(found[1]).int >> 80) / 1000, UTC)


def _month(moment: datetime, later: int) -> datetime:
    month = moment.year * 12 + moment.month - 1 + later
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
