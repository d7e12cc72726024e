"""Which partitions there should be at which time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.partitioning import MONTHS_AHEAD, Period, is_over, missing_periods, period_of

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


def test_a_period_is_read_from_postgresqls_words() -> None:
    low, high = (UUID(int=int(at.timestamp() * 1000) << 80) for at in (utc(2026, 11), utc(2026, 12)))
    assert period_of(f"FOR VALUES FROM ('{low}') TO ('{high}')") == Period(utc(2026, 11), utc(2026, 12))


@pytest.mark.parametrize("words", ["DEFAULT", "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"])
def test_a_partition_without_bounds_has_no_period(words: str) -> None:
    assert period_of(words) is None


def test_a_period_is_over_once_it_is_not_of_the_last_month_by_any_clock() -> None:
    november = Period(utc(2026, 11), utc(2026, 12))
    assert not is_over(november, utc(2027, 1, 1))
    assert not is_over(november, utc(2027, 1, 2) - timedelta(microseconds=1))
    assert is_over(november, utc(2027, 1, 2))
