"""Which partitions there should be at which time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.partitioning import MONTHS_AHEAD, Period, missing_periods, upper_bound

moments = st.datetimes(datetime(2024, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(year: int, month: int, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_from_nothing_this_month_and_three_more_are_made() -> None:
    assert missing_periods(utc(2026, 11, 20), None, 1) == [
        Period(utc(2026, 11), utc(2026, 12)),
        Period(utc(2026, 12), utc(2027, 1)),
        Period(utc(2027, 1), utc(2027, 2)),
        Period(utc(2027, 2), utc(2027, 3)),
    ]


def test_only_what_is_missing_is_made() -> None:
    assert missing_periods(utc(2026, 11, 20), utc(2027, 2), 1) == [Period(utc(2027, 2), utc(2027, 3))]
    assert missing_periods(utc(2026, 11, 20), utc(2027, 3), 1) == []


def test_after_a_long_sleep_the_gap_is_closed_too() -> None:
    periods = missing_periods(utc(2026, 11, 20), utc(2026, 6), 1)
    assert periods[0] == Period(utc(2026, 6), utc(2026, 7))
    assert periods[-1].ends_at == utc(2027, 3)


@given(moments, st.none() | moments, st.integers(1, 12))
def test_periods_join_without_gap_and_reach_far_enough(
    now: datetime, ended: datetime | None, months: int
) -> None:
    covered = None if ended is None else ended.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    periods = missing_periods(now, covered, months)
    until = covered or now
    for before, after in pairwise(periods):
        assert before.ends_at == after.starts_at
    if periods:
        assert periods[0].starts_at <= until
        until = periods[-1].ends_at
    assert until >= now + timedelta(days=28 * MONTHS_AHEAD)
    assert all(period.starts_at.day == 1 < (period.ends_at - period.starts_at).days for period in periods)


def test_the_end_is_read_from_postgresqls_words() -> None:
    floor = UUID(int=int(utc(2026, 12).timestamp() * 1000) << 80)
    words = f"FOR VALUES FROM ('019a0000-0000-0000-0000-000000000000') TO ('{floor}')"
    assert upper_bound(words) == utc(2026, 12)


@pytest.mark.parametrize("words", ["DEFAULT", "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"])
def test_a_partition_without_end_has_none(words: str) -> None:
    assert upper_bound(words) is None
