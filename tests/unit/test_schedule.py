"""When a digest is due: at its hour on its day, once, whatever a clock or a government does."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.days import Period
from chain.schedule import EVERY_DAY, Schedule, about, last_due, next_due

SHANGHAI = "Asia/Shanghai"


def _daily(zone: str = SHANGHAI, at: time = time(8), days: tuple[int, ...] = EVERY_DAY) -> Schedule:
    return Schedule("daily", zone, at, days)


def test_a_daily_digest_is_about_the_day_before() -> None:
    found = last_due(_daily(), datetime(2026, 3, 16, 0, 0, tzinfo=UTC))
    assert found is not None
    assert found.period == Period(date(2026, 3, 15), date(2026, 3, 15))
    assert found.at == datetime(2026, 3, 16, 0, 0, tzinfo=UTC)


def test_a_second_before_it_is_the_one_of_yesterday() -> None:
    found = last_due(_daily(), datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC))
    assert found is not None
    assert found.period.start == date(2026, 3, 14)


def test_it_comes_on_the_days_that_were_chosen() -> None:
    weekdays = _daily(days=(0, 1, 2, 3, 4))
    sunday = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
    assert last_due(weekdays, sunday) == last_due(weekdays, sunday - timedelta(days=1))
    following = next_due(weekdays, sunday)
    assert following is not None
    assert following.at == datetime(2026, 3, 16, 0, 0, tzinfo=UTC)


def test_a_week_is_the_last_whole_one_and_a_month_too() -> None:
    assert about("weekly", date(2026, 3, 16)) == Period(date(2026, 3, 9), date(2026, 3, 15))
    assert about("weekly", date(2026, 3, 18)) == Period(date(2026, 3, 9), date(2026, 3, 15))
    assert about("monthly", date(2026, 3, 1)) == Period(date(2026, 2, 1), date(2026, 2, 28))
    assert about("monthly", date(2026, 1, 28)) == Period(date(2025, 12, 1), date(2025, 12, 31))


def test_an_hour_that_the_clock_leaps_over_comes_after_the_leap() -> None:
    berlin = _daily("Europe/Berlin", time(2, 30))
    assert berlin.instant(date(2026, 3, 29)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_counts_once_at_the_first() -> None:
    berlin = _daily("Europe/Berlin", time(2, 30))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert berlin.instant(date(2026, 10, 25)) == first
    again = last_due(berlin, first + timedelta(hours=1))
    assert again == last_due(berlin, first)


def test_a_day_that_a_country_left_out_has_no_digest_of_its_own() -> None:
    """Samoa went from 29 to 31 December 2011."""
    samoa = _daily("Pacific/Apia", time(8))
    seen = {
        last_due(samoa, datetime(2011, 12, 28, tzinfo=UTC) + timedelta(minutes=20 * step))
        for step in range(5 * 24 * 3)
    }
    instants = sorted(each.at for each in seen if each)
    assert all(b - a <= timedelta(days=1) for a, b in pairwise(instants))


@pytest.mark.parametrize(
    "zone", [SHANGHAI, "Europe/Berlin", "America/New_York", "Pacific/Auckland"]
)
@given(
    minutes=st.integers(0, 366 * 24 * 60),
    at=st.times(),
    days=st.sets(st.integers(0, 6), min_size=1),
    rhythm=st.sampled_from(["daily", "weekly", "monthly"]),
)
def test_what_is_due_was_next_before_and_no_minute_skips_one(
    zone: str, minutes: int, at: time, days: set[int], rhythm: str
) -> None:
    """The next one is the last one as soon as its instant is there; and never before."""
    schedule = Schedule(rhythm, zone, at.replace(second=0, microsecond=0), tuple(sorted(days)), 7)  # type: ignore[arg-type]
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    last, following = last_due(schedule, now), next_due(schedule, now)
    assert last is not None
    assert following is not None
    assert last.at <= now < following.at
    assert last_due(schedule, following.at) == following
    assert last_due(schedule, following.at - timedelta(microseconds=1)) == last
    assert last.period.end < following.period.end
