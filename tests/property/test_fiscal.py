"""Fiscal calendars: periods tile the years, and the retailers' calendar is the published one."""

import json
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.days import Period
from chain.fiscal import WEEKS, BadListError, FiscalCalendar, FiscalPeriod

NRF = FiscalCalendar("454", month=2)
DAYS = st.dates(date(1995, 1, 1), date(2190, 1, 1))
STARTS = st.builds(
    lambda first, lengths: tuple(
        first + timedelta(days=sum(lengths[:at])) for at in range(len(lengths) + 1)
    ),
    st.dates(date(1995, 1, 1), date(2100, 1, 1)),
    st.lists(st.integers(7, 100), min_size=1, max_size=40),
)
CALENDARS = st.one_of(
    st.builds(FiscalCalendar, st.just("month"), month=st.integers(1, 12)),
    st.builds(
        FiscalCalendar,
        st.sampled_from(["445", "454", "544"]),
        month=st.integers(1, 12),
        weekday=st.integers(0, 6),
        ending=st.sampled_from(["nearest", "last"]),
        named_by_end=st.booleans(),
    ),
)
OWN = st.builds(
    FiscalCalendar, st.just("own"), starts=STARTS, count=st.sampled_from([12, 13])
)  # fmt: skip


@settings(deadline=None)
@given(CALENDARS, DAYS)
def test_periods_tile_the_year_and_years_tile_time(calendar: FiscalCalendar, day: date) -> None:
    year = list(calendar.year_of(day))
    assert [one.number for one in year] == list(range(1, 13))
    assert len({one.year for one in year}) == 1
    for one, after in pairwise(year):
        assert one.days.end + timedelta(days=1) == after.days.start
    whole = calendar.year_days(day)
    assert whole == Period(year[0].days.start, year[-1].days.end)
    assert whole.start <= day <= whole.end
    earlier = calendar.at(whole.start - timedelta(days=1))
    later = calendar.at(whole.end + timedelta(days=1))
    assert earlier is not None
    assert later is not None
    assert (earlier.number, later.number) == (12, 1)
    assert (earlier.year, later.year) == (year[0].year - 1, year[0].year + 1)


@settings(deadline=None)
@given(CALENDARS | OWN, DAYS)
def test_a_day_is_of_one_period_of_its_quarter_and_year(
    calendar: FiscalCalendar, day: date
) -> None:
    found = calendar.at(day)
    if found is None:
        assert calendar.kind == "own"
        assert calendar.month_of(day) is calendar.quarter_of(day) is calendar.year_days(day) is None
        return
    month, quarter, year = (
        calendar.month_of(day), calendar.quarter_of(day), calendar.year_days(day)
    )  # fmt: skip
    assert month is not None
    assert quarter is not None
    assert year is not None
    assert year.start <= quarter.start <= month.start <= day <= month.end <= quarter.end <= year.end
    assert found in calendar.year_of(day)


@settings(deadline=None)
@given(CALENDARS, DAYS)
def test_a_weekly_year_is_of_whole_weeks_in_its_pattern(
    calendar: FiscalCalendar, day: date
) -> None:
    if calendar.kind == "month":
        return
    year = calendar.year_of(day)
    weeks = [one.days.days / 7 for one in year]
    wanted = list(WEEKS[calendar.kind] * 4)
    assert weeks[:-1] == wanted[:-1]
    assert weeks[-1] - wanted[-1] in {0, 1}
    assert all(one.days.end.weekday() == calendar.weekday for one in year)
    # The year ends by the end of a month: near it on either side, or within its last week.
    end = year[-1].days.end
    last = next(
        date(at, calendar.month, 1) - timedelta(days=1)
        for at in (end.year - 1, end.year, end.year + 1)
        if abs((date(at, calendar.month, 1) - end).days) <= 8
    )
    far = (last - end).days
    assert far in (range(-3, 4) if calendar.ending == "nearest" else range(7))


@settings(deadline=None)
@given(CALENDARS | OWN, DAYS, st.integers(0, 900))
def test_the_periods_within_days_are_those_of_its_days(
    calendar: FiscalCalendar, day: date, more: int
) -> None:
    days = Period(day, day + timedelta(days=more))
    wanted: list[FiscalPeriod] = []
    for at in range(days.days):
        one = calendar.at(day + timedelta(days=at))
        if one is not None and one not in wanted:
            wanted.append(one)
    assert calendar.within(days) == wanted


@settings(deadline=None)
@given(CALENDARS | OWN)
def test_a_calendar_that_is_kept_is_read_as_it_was(calendar: FiscalCalendar) -> None:
    assert FiscalCalendar.of(json.loads(json.dumps(calendar.stored()))) == calendar
    assert FiscalCalendar.of({}).plain


@pytest.mark.parametrize(
    ("year", "start", "end", "weeks"),
    [
        # The National Retail Federation's 4-5-4 calendars.
        (2012, date(2012, 1, 29), date(2013, 2, 2), 53),
        (2013, date(2013, 2, 3), date(2014, 2, 1), 52),
        (2016, date(2016, 1, 31), date(2017, 1, 28), 52),
        (2017, date(2017, 1, 29), date(2018, 2, 3), 53),
        (2018, date(2018, 2, 4), date(2019, 2, 2), 52),
        (2019, date(2019, 2, 3), date(2020, 2, 1), 52),
        (2020, date(2020, 2, 2), date(2021, 1, 30), 52),
        (2021, date(2021, 1, 31), date(2022, 1, 29), 52),
        (2022, date(2022, 1, 30), date(2023, 1, 28), 52),
        (2023, date(2023, 1, 29), date(2024, 2, 3), 53),
        (2024, date(2024, 2, 4), date(2025, 2, 1), 52),
        (2025, date(2025, 2, 2), date(2026, 1, 31), 52),
    ],
)
def test_the_retailers_years_are_those_published(
    year: int, start: date, end: date, weeks: int
) -> None:
    periods = NRF.year_of(start)
    assert {one.year for one in periods} == {year}
    assert NRF.year_days(start) == Period(start, end)
    assert Period(start, end).days == 7 * weeks
    assert periods[-1].days.days == 7 * (4 + weeks - 52)


def test_the_retailers_months_of_2024_are_those_published() -> None:
    starts = [one.days.start for one in NRF.year_of(date(2024, 6, 1))]
    assert starts == [
        date(2024, 2, 4), date(2024, 3, 3), date(2024, 4, 7), date(2024, 5, 5), date(2024, 6, 2),
        date(2024, 7, 7), date(2024, 8, 4), date(2024, 9, 1), date(2024, 10, 6),
        date(2024, 11, 3), date(2024, 12, 1), date(2025, 1, 5),
    ]  # fmt: skip
    assert NRF.quarter_of(date(2024, 12, 25)) == Period(date(2024, 11, 3), date(2025, 2, 1))


def test_a_year_that_ends_on_the_last_saturday_of_september() -> None:
    """Apple's, as its annual reports state: 53 weeks to 30 September 2023, 52 to 28 in 2024."""
    apple = FiscalCalendar("544", month=10, ending="last", named_by_end=True)
    assert apple.year_days(date(2023, 6, 1)) == Period(date(2022, 9, 25), date(2023, 9, 30))
    assert apple.year_days(date(2024, 6, 1)) == Period(date(2023, 10, 1), date(2024, 9, 28))
    found = apple.at(date(2024, 6, 1))
    assert found is not None
    assert found.year == 2024


def test_a_year_of_thirteen_periods_of_four_weeks() -> None:
    starts = tuple(date(2025, 12, 29) + timedelta(weeks=4 * at) for at in range(14))
    own = FiscalCalendar("own", starts=starts, count=13)
    last = own.at(date(2026, 12, 20))
    assert last is not None
    assert (last.number, last.quarter) == (13, 4)
    assert own.quarter_of(date(2026, 12, 20)) == Period(starts[9], starts[13] - timedelta(days=1))
    assert own.at(starts[13]) is None
    assert own.at(starts[0] - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("starts", "day"),
    [
        ((), None),
        ((date(2026, 1, 1),), None),
        ((date(2026, 2, 1), date(2026, 1, 1)), date(2026, 1, 1)),
        ((date(2026, 1, 1), date(2026, 1, 2)), date(2026, 1, 2)),
        ((date(2026, 1, 1), date(2026, 1, 29), date(2027, 1, 1)), date(2027, 1, 1)),
    ],
)
def test_a_list_that_is_none_says_where(starts: tuple[date, ...], day: date | None) -> None:
    with pytest.raises(BadListError) as refused:
        FiscalCalendar("own", starts=starts)
    assert refused.value.day == day
