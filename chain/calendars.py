"""Public holidays, make-up workdays and what a chain knows better.

China's come from ``chinesecalendar``, which follows the State Council's yearly notices; past the
last of these, days off by law are stated without make-up workdays, and ``Calendar.caution`` says
so. Other countries' come from ``holidays``, which follows their laws.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

import chinese_calendar
import holidays as laws
from chinese_calendar import constants as notices

from chain.days import Period
from chain.words import Param, say

_FIRST_YEAR = min(notices.holidays).year
OFFICIAL_UNTIL: int = max(notices.holidays).year
"""The last year for which China's State Council has said which days are off and worked."""

_LAWS_UNTIL = 2100
_ALL_STORES = 0
_WORDS = "pages.holiday."
_BY_LAW = {
    "New Year's Day": "new_year_s_day",
    "Chinese New Year (Spring Festival)": "spring_festival",
    "Chinese New Year's Eve": "spring_festival",
    "Tomb-Sweeping Day": "tomb_sweeping_day",
    "Labor Day": "labour_day",
    "Dragon Boat Festival": "dragon_boat_festival",
    "Mid-Autumn Festival": "mid_autumn_festival",
    "National Day": "national_day",
}


class Kind(StrEnum):
    """What a day can be that a chain enters itself."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    SCHOOL = "school"
    EVENT = "event"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A day that a chain knows better than the calendar; ``store`` 0 is all stores.

    A ``holiday`` adds or renames one, a ``workday`` takes one away and is worked.
    """

    day: date
    kind: Kind
    name: str = ""
    store: int = _ALL_STORES


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off in a row under one name: ``key`` is a word of the catalogues, else ``name`` is."""

    start: date
    end: date
    key: str
    name: str = ""

    def say(self, lang: str) -> str:
        """Return what the holiday is called."""
        return say(lang, self.key) if self.key else self.name


@dataclass(frozen=True, slots=True)
class Caution:
    """Why a calendar is not to be relied on: ``key`` of the catalogues with its ``params``."""

    key: str
    params: dict[str, Param] = field(default_factory=dict)

    def say(self, lang: str = "en") -> str:
        """Return the sentence in ``lang``."""
        return say(lang, self.key, **self.params)


@dataclass(frozen=True)
class Calendar:
    """The days of a country (ISO 3166, ``CN`` or ``DE-BY``) as a chain's entries amend them."""

    country: str
    entries: tuple[Entry, ...] = ()

    @property
    def official_until(self) -> int | None:
        """The last year whose days are known for sure; None for a country without a calendar."""
        if self.country == "CN":
            return OFFICIAL_UNTIL
        return _LAWS_UNTIL if _supported(self.country) else None

    def caution(self, period: Period) -> Caution | None:
        """Return what is to be said of relying on this calendar in ``period``, if anything."""
        until = self.official_until
        if until is None:
            return Caution("forecasting.calendar.no_country", {"country": self.country})
        if period.end.year > until:
            key = "unofficial" if self.country == "CN" else "beyond"
            return Caution(f"forecasting.calendar.{key}", {"year": until})
        return None

    def holidays(self, period: Period, store: int = _ALL_STORES) -> dict[date, str]:
        """Return the name of each public holiday within ``period`` at a store, in order of days.

        A name stays the same over the years: a word of the catalogues where there is one.
        """
        found = {
            day: name
            for year in range(period.start.year, period.end.year + 1)
            for day, name in _year(self.country, year).items()
        }
        for entry in self._entered(store):
            if entry.kind is Kind.HOLIDAY:
                found[entry.day] = entry.name or found.get(entry.day, _WORDS + "own")
            elif entry.kind is Kind.WORKDAY:
                found.pop(entry.day, None)
        return {day: found[day] for day in sorted(found) if period.start <= day <= period.end}

    def makeup_workdays(self, period: Period, store: int = _ALL_STORES) -> frozenset[date]:
        """Return the days within ``period`` that are worked to make up for a holiday."""
        found: set[date] = set()
        for year in range(period.start.year, period.end.year + 1):
            found |= _makeup(year) if self.country == "CN" else frozenset()
        for entry in self._entered(store):
            if entry.kind is Kind.WORKDAY:
                found.add(entry.day)
            elif entry.kind is Kind.HOLIDAY:
                found.discard(entry.day)
        return frozenset(day for day in found if period.start <= day <= period.end)

    def _entered(self, store: int) -> Iterator[Entry]:
        """Give entries for all stores first, so that a store's own have the last word."""
        yield from (entry for entry in self.entries if entry.store == _ALL_STORES)
        if store != _ALL_STORES:
            yield from (entry for entry in self.entries if entry.store == store)


def holidays(country: str, period: Period) -> tuple[Holiday, ...]:
    """Return the public holidays within ``period``, cut to it, to be marked on a picture's axis.

    None for a country we lack, and none of a year that is not official yet.
    """
    calendar = Calendar(country)
    until = calendar.official_until or 0
    days = calendar.holidays(period).items()
    return tuple(_runs((day, name) for day, name in days if day.year <= until))


@cache
def spring_festival(year: int) -> date | None:
    """Return the first day of the lunar year that begins in ``year``; None outside 1950 to 2100."""
    found = [day for day, name in _law("CN", year).items() if "(Spring Festival)" in name]
    return min(found, default=None)


def _runs(days: Iterator[tuple[date, str]]) -> Iterator[Holiday]:
    run: Holiday | None = None
    for day, name in days:
        key, own = (name, "") if name.startswith(_WORDS) else ("", name)
        if run and (key, own) == (run.key, run.name) and day - run.end == timedelta(days=1):
            run = Holiday(run.start, day, key, own)
            continue
        if run:
            yield run
        run = Holiday(day, day, key, own)
    if run:
        yield run


@cache
def _year(country: str, year: int) -> dict[date, str]:
    if country != "CN":
        return _law(country, year)
    if not _FIRST_YEAR <= year <= OFFICIAL_UNTIL:
        # Where two fall on one day the first is named; they share what they do to sales.
        named = ((day, _BY_LAW.get(name.split("; ")[0])) for day, name in _law("CN", year).items())
        return {day: _WORDS + word for day, word in named if word}
    detailed = ((day, *chinese_calendar.get_holiday_detail(day)) for day in _days(year))
    return {day: _word(str(name)) for day, off, name in detailed if off and name is not None}


@cache
def _makeup(year: int) -> frozenset[date]:
    if not _FIRST_YEAR <= year <= OFFICIAL_UNTIL:
        return frozenset()
    detailed = ((day, *chinese_calendar.get_holiday_detail(day)) for day in _days(year))
    return frozenset(day for day, off, name in detailed if not off and name is not None)


@cache
def _law(country: str, year: int) -> dict[date, str]:
    """Return what ``holidays`` says of a year, in English where it can, in order of days."""
    if not _supported(country):
        return {}
    code, _, part = country.partition("-")
    found = laws.country_holidays(
        code, subdiv=part or None, years=year, language="en_US", observed=country != "CN"
    )
    return {day: re.sub(r" \((observed|estimated)\)", "", found[day]) for day in sorted(found)}


@cache
def _supported(country: str) -> bool:
    code, _, part = country.partition("-")
    known: dict[str, list[str]] = laws.list_supported_countries()
    return code in known and (not part or part in known[code])


def _days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=day) for day in range((date(year + 1, 1, 1) - first).days))


def _word(name: str) -> str:
    return _WORDS + re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
