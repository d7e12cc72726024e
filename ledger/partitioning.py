"""Which partitions there should be, and which of them are over: pure arithmetic on months."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

# Enough for a quarter without anyone making new ones.
MONTHS_AHEAD = 3
# Totals and statements tell the last month where nothing is said, so that this much is always there. And an operation's
# id is of the clock of the process that was asked, within a day of the database's.
SETTLED_AFTER = timedelta(days=31 + 1)

_BOUNDS = re.compile(r"FROM \('([0-9a-f-]{36})'\) TO \('([0-9a-f-]{36})'\)")


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


def past_periods(back_to: datetime, covered_from: datetime, months: int) -> list[Period]:
    """The periods of `months` months still to be made, newest first, so that `back_to` is covered as well."""
    periods: list[Period] = []
    while covered_from > back_to:
        periods.append(Period(_month(covered_from, -months), covered_from))
        covered_from = periods[-1].starts_at
    return periods


def period_of(bound: str) -> Period | None:
    """What a partition spans, from PostgreSQL's words for its bounds; None for the default partition."""
    found = _BOUNDS.search(bound)
    return None if found is None else Period(_instant(found[1]), _instant(found[2]))


def is_over(period: Period, now: datetime) -> bool:
    """Whether the period ended so long ago that nothing is added to it, and nobody gets it without asking for it."""
    return period.ends_at + SETTLED_AFTER <= now


def lowest_id(instant: datetime) -> UUID:
    """The least UUIDv7 of that instant, a whole millisecond."""
    return UUID(int=round(instant.timestamp() * 1000) << 80)


def _instant(lowest_id: str) -> datetime:
    # A UUIDv7 begins with 48 bits of Unix time in milliseconds.
    return datetime.fromtimestamp((UUID(lowest_id).int >> 80) / 1000, UTC)


def _month(moment: datetime, later: int) -> datetime:
    month = moment.year * 12 + moment.month - 1 + later
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
