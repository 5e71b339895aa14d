"""Fiscal calendars: calendar months, 4-4-5 and its kin, or a list of one's own.

A weekly calendar cuts a year of 52 or 53 whole weeks into four quarters of 13 weeks and each of
them into periods of 4 and 5 weeks; a 53rd week is the last period's. The year ends on a chosen
weekday: the one nearest to the end of a month, as the National Retail Federation's 4-5-4 calendar
has it (Saturday, nearest to the end of January), or the last one in that month. Which of both is a
company's choice (Internal Revenue Code § 441(f) and Treasury Regulation § 1.441-2 know both).
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

from chain.days import Period

Pattern = Literal["445", "454", "544"]
Kind = Literal["month", "445", "454", "544", "own"]
Ending = Literal["nearest", "last"]
KINDS: tuple[Kind, ...] = ("month", "445", "454", "544", "own")
WEEKS: dict[str, tuple[int, int, int]] = {"445": (4, 4, 5), "454": (4, 5, 4), "544": (5, 4, 4)}
PERIODS = 12
"""Periods of a year, but for an own list, which may have 13; every third one ends a quarter."""
FEWEST_DAYS, MOST_DAYS = 7, 100
"""What one period of an own list has at least and at most."""
FIRST_YEAR, LAST_YEAR = 1990, 2199


class BadListError(ValueError):
    """A list of starts that is none: ``day`` is where it goes wrong, None where it is too short."""

    def __init__(self, day: date | None) -> None:
        super().__init__(str(day))
        self.day = day


@dataclass(frozen=True, slots=True)
class FiscalPeriod:
    """One period of a fiscal year; ``number`` goes from 1 to 12, or to 13 by an own list."""

    year: int
    number: int
    days: Period

    @property
    def quarter(self) -> int:
        """The quarter it is of, 1 to 4; a 13th period is of the last."""
        return min((self.number - 1) // 3 + 1, 4)


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """How a chain cuts its years.

    ``kind`` month: a year starts on the first of ``month``. The weekly ones: a year *ends* on
    ``weekday`` (0 Monday) by the end of the month before ``month``. A year is called by the
    calendar year in whose ``month`` it starts, as retailers do; ``named_by_end`` calls it by the
    one in which it ends. own: ``starts`` are the first days of periods, ``count`` (12 or 13) a
    year from the first on, and of what comes after the last.
    """

    kind: Kind = "month"
    month: int = 1
    weekday: int = 5
    ending: Ending = "nearest"
    named_by_end: bool = False
    starts: tuple[date, ...] = ()
    count: int = PERIODS

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not 1 <= self.month <= 12 or not 0 <= self.weekday <= 6:
            raise ValueError(f"no such calendar: {self.kind}, {self.month}, {self.weekday}")
        if self.kind == "own":
            check_starts(self.starts)
            if self.count not in {PERIODS, PERIODS + 1}:
                raise ValueError(f"no year has {self.count} periods")

    @property
    def plain(self) -> bool:
        """Whether its months are the calendar's and its year the calendar's too."""
        return self.kind == "month" and self.month == 1

    def stored(self) -> dict[str, object]:
        """Return it as JSON is made of, for ``of`` to read."""
        return {
            "kind": self.kind,
            "month": self.month,
            "weekday": self.weekday,
            "ending": self.ending,
            "named_by_end": self.named_by_end,
            "starts": [day.isoformat() for day in self.starts],
            "count": self.count,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "FiscalCalendar":
        """Return what ``stored`` says, the calendar year where it says nothing."""
        given = dict(stored or {})
        starts = tuple(date.fromisoformat(day) for day in given.pop("starts", ()))
        return cls(starts=starts, **given)

    def at(self, day: date) -> FiscalPeriod | None:
        """Return the period of a day; None where an own list does not reach."""
        if self.kind == "own":
            return self._own_at(day)
        return next(
            found
            for start_year in (day.year - 1, day.year, day.year + 1)
            for found in self._of_start_year(start_year)
            if found.days.start <= day <= found.days.end
        )

    def month_of(self, day: date) -> Period | None:
        """Return the days of the period that ``day`` is of."""
        found = self.at(day)
        return found.days if found else None

    def quarter_of(self, day: date) -> Period | None:
        """Return the days of the quarter that ``day`` is of."""
        found = self.at(day)
        if found is None:
            return None
        return _joined(each for each in self.year_of(day) if each.quarter == found.quarter)

    def year_days(self, day: date) -> Period | None:
        """Return the days of the year that ``day`` is of."""
        return _joined(iter(self.year_of(day)))

    def year_of(self, day: date) -> Sequence[FiscalPeriod]:
        """Return the periods of the year that ``day`` is of; of an own list those that it has."""
        found = self.at(day)
        if found is None:
            return ()
        if self.kind == "own":
            return [each for each in self._own() if each.year == found.year]
        first = day.year if self._starts(day.year) <= day else day.year - 1
        first = first + 1 if self._starts(first + 1) <= day else first
        return list(self._of_start_year(first))

    def within(self, days: Period) -> list[FiscalPeriod]:
        """Return the periods that share a day with ``days``, in order."""
        found: list[FiscalPeriod] = []
        day = days.start
        while day <= days.end:
            one = self.at(day)
            if one is None:
                later = [each for each in self._own() if day < each.days.start <= days.end]
                if not later:
                    break
                one = later[0]
            found.append(one)
            day = one.days.end + timedelta(days=1)
        return found

    def _starts(self, year: int) -> date:
        """Return the first day of the year that starts in, or by the turn to, ``month``."""
        first = date(year, self.month, 1)
        if self.kind == "month":
            return first
        return _week_end(first - timedelta(days=1), self.weekday, self.ending) + timedelta(days=1)

    def _of_start_year(self, year: int) -> Iterator[FiscalPeriod]:
        if self.kind == "month":
            starts = [_months_on(date(year, self.month, 1), at) for at in range(PERIODS + 1)]
        else:
            starts = [self._starts(year)]
            for weeks in WEEKS[self.kind] * 4:
                starts.append(starts[-1] + timedelta(weeks=weeks))
            starts[-1] = self._starts(year + 1)
        # The month's own end names it: the week's may lie in the next year.
        name = (date(year + 1, self.month, 1) - timedelta(days=1)).year
        name = name if self.named_by_end else year
        for number, (start, after) in enumerate(pairwise(starts), start=1):
            yield FiscalPeriod(name, number, Period(start, after - timedelta(days=1)))

    def _own(self) -> Iterator[FiscalPeriod]:
        for at, (start, after) in enumerate(pairwise(self.starts)):
            first, number = at - at % self.count, at % self.count + 1
            name = self.starts[first].year
            if self.named_by_end:
                last = self.starts[min(first + self.count, len(self.starts) - 1)]
                name = (last - timedelta(days=1)).year
            yield FiscalPeriod(name, number, Period(start, after - timedelta(days=1)))

    def _own_at(self, day: date) -> FiscalPeriod | None:
        if not self.starts[0] <= day < self.starts[-1]:
            return None
        at = bisect_right(self.starts, day) - 1
        return list(self._own())[at]


CALENDAR_YEAR = FiscalCalendar()
"""The year of the calendar and its months."""


def check_starts(starts: Sequence[date]) -> None:
    """Raise BadListError for starts that are not in order, or are of no sensible length."""
    if len(starts) < 2:
        raise BadListError(None)
    for first, after in pairwise(starts):
        if not FEWEST_DAYS <= (after - first).days <= MOST_DAYS:
            raise BadListError(after)
    for day in (starts[0], starts[-1]):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise BadListError(day)


def _week_end(day: date, weekday: int, ending: Ending) -> date:
    """Return the ``weekday`` nearest to ``day``, or the last one up to it."""
    back = (day.weekday() - weekday) % 7
    last = day - timedelta(days=back)
    return last + timedelta(days=7) if ending == "nearest" and back > 3 else last


def _months_on(day: date, months: int) -> date:
    at = day.month - 1 + months
    return date(day.year + at // 12, at % 12 + 1, 1)


def _joined(periods: Iterator[FiscalPeriod]) -> Period | None:
    found = list(periods)
    return Period(found[0].days.start, found[-1].days.end) if found else None
