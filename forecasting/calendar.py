"""What the calendar says of each day ahead, as columns that models learn from.

Every public holiday has a column of its own beside one for all of them, so that what it does to
sales is learned by name, and one that has not come yet in history is still a holiday.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chain.calendars import Calendar, Entry, Kind, spring_festival
from chain.days import Period
from forecasting.panel import Floats

Counts = NDArray[np.int8]

PUBLIC_HOLIDAY = "public_holiday"
MAKEUP_WORKDAY = "makeup_workday"
SCHOOL_HOLIDAY = "school_holiday"
TO_SPRING_FESTIVAL = "days_to_spring_festival"
FROM_SPRING_FESTIVAL = "days_from_spring_festival"

MOST_NAMES = 10
"""So many holidays, and so many events, have a column of their own; the rarer share one."""

BEFORE, AFTER = 21, 16
"""Days before Spring Festival and after its first day in which its distance is told."""

_STAGES = {
    "spring_festival_in_21_to_15": (-21, -15),
    "spring_festival_in_14_to_8": (-14, -8),
    "spring_festival_in_7_to_4": (-7, -4),
    "spring_festival_in_3_to_1": (-3, -1),
    "spring_festival_8_to_16_ago": (8, 16),
}
_LUNAR = frozenset("CN HK MO MY SG TW".split())


def with_calendar(
    history: pd.DataFrame, future: pd.DataFrame, country: str, entries: Sequence[Entry] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both frames (store, ds, …) with the calendar's columns, the same in both.

    ``country`` as in ``chain.calendars.Calendar``; ``entries`` are the chain's own days, whose
    ``store`` is as in the frames, 0 for all. Columns are small integers: of a day 0 or 1; where
    most rows of a store lie a week apart, how many of the seven days from ``ds`` on. Columns that
    are 0 throughout are left out. Raises ValueError where a column is in the frame already.
    """
    both = pd.concat([history[["store", "ds"]], future[["store", "ds"]]], ignore_index=True)
    stamps = pd.DatetimeIndex(pd.to_datetime(both["ds"]))
    stores = both["store"].to_numpy()
    step = _step(both)
    first, last = stamps.min().date(), stamps.max().date()
    period = Period(first, last + timedelta(days=step - 1))
    sheet = _Sheet.of(Calendar(country, tuple(entries)), period, step)
    at = np.asarray((stamps - pd.Timestamp(first)).days)
    values = sheet.store(0)[at]
    order = np.argsort(stores, kind="stable")
    for own in sorted(sheet.entries.keys() - {0}):
        begin, end = np.searchsorted(stores, [own, own + 1], sorter=order)
        rows = order[begin:end]
        if len(rows):
            values[rows] = sheet.store(own)[at[rows]]
    used = {
        name: values[:, column]
        for column, name in enumerate(sheet.names)
        if values[:, column].any()
    }
    return _joined(history, used, slice(0, len(history))), _joined(
        future, used, slice(len(history), None)
    )


@dataclass(frozen=True)
class _Sheet:
    """The columns of every day of a period; ``entries`` by store."""

    country: str
    entries: dict[int, tuple[Entry, ...]]
    period: Period
    step: int
    holidays: dict[str, str]
    events: dict[str, str]

    @staticmethod
    def of(calendar: Calendar, period: Period, step: int) -> "_Sheet":
        by_store: dict[int, tuple[Entry, ...]] = {0: ()}
        for store, own in groupby(sorted(calendar.entries, key=_store), key=_store):
            by_store[store] = tuple(own)
        days = (
            Calendar(calendar.country, (*by_store[0], *own)).holidays(period, store)
            for store, own in by_store.items()
        )
        names = (name for named in days for name in named.values())
        events = (entry.name for entry in calendar.entries if entry.kind is Kind.EVENT)
        return _Sheet(
            calendar.country,
            by_store,
            period,
            step,
            _columns("holiday", names),
            _columns("event", events),
        )

    @property
    def names(self) -> list[str]:
        lunar = [*_STAGES, TO_SPRING_FESTIVAL, FROM_SPRING_FESTIVAL] if self._lunar else []
        own = [*dict.fromkeys(self.holidays.values()), *dict.fromkeys(self.events.values())]
        return [PUBLIC_HOLIDAY, MAKEUP_WORKDAY, SCHOOL_HOLIDAY, *own, *lunar]

    @property
    def _lunar(self) -> bool:
        return self.country[:2] in _LUNAR

    def store(self, store: int) -> Counts:
        """Return [days, columns] of one store; 0 is any store without entries of its own."""
        marked = {name: np.zeros(self.period.days) for name in self.names}
        own = self.entries.get(store, ()) if store else ()
        calendar = Calendar(self.country, (*self.entries[0], *own))
        for day, name in calendar.holidays(self.period, store).items():
            marked[PUBLIC_HOLIDAY][self._at(day)] = 1
            marked[self.holidays[name]][self._at(day)] = 1
        for day in calendar.makeup_workdays(self.period, store):
            marked[MAKEUP_WORKDAY][self._at(day)] = 1
        for entry in calendar.entries:
            inside = self.period.start <= entry.day <= self.period.end
            if inside and entry.kind in {Kind.SCHOOL, Kind.EVENT}:
                school = entry.kind is Kind.SCHOOL
                name = SCHOOL_HOLIDAY if school else self.events[entry.name]
                marked[name][self._at(entry.day)] = 1
        if self._lunar:
            marked |= _lunar(self.period)
        columns = [self._counted(name, marked[name]) for name in self.names]
        return np.stack(columns, axis=1).astype(np.int8)

    def _at(self, day: date) -> int:
        return (day - self.period.start).days

    def _counted(self, name: str, values: Floats) -> Floats:
        if self.step == 1 or name in {TO_SPRING_FESTIVAL, FROM_SPRING_FESTIVAL}:
            return values
        return np.convolve(values, np.ones(self.step))[self.step - 1 :]


def _store(entry: Entry) -> int:
    return entry.store


def _columns(kind: str, names: Iterator[str]) -> dict[str, str]:
    """Return the column of each name: the commonest have their own."""
    counts = Counter(names)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    own = {name: f"{kind}_{_plain(name)}" for name in ranked[:MOST_NAMES]}
    return own | dict.fromkeys(ranked[MOST_NAMES:], f"{kind}_other")


def _plain(name: str) -> str:
    last = name.rpartition(".")[2] if name.startswith("pages.") else name
    return re.sub(r"\W+", "_", last.lower()).strip("_") or "own"


def _lunar(period: Period) -> dict[str, Floats]:
    years = range(period.start.year - 1, period.end.year + 2)
    firsts = [day for day in map(spring_festival, years) if day]
    days = np.arange(period.days)
    away = np.array([days - (first - period.start).days for first in firsts]).reshape(-1, len(days))
    to = np.where(away <= 0, -away, BEFORE).min(axis=0, initial=BEFORE)
    since = np.where(away >= 0, away, AFTER).min(axis=0, initial=AFTER)
    stages = {
        name: ((away >= low) & (away <= high)).any(axis=0).astype(float)
        for name, (low, high) in _STAGES.items()
    }
    distances = {
        TO_SPRING_FESTIVAL: np.minimum(to, BEFORE).astype(float),
        FROM_SPRING_FESTIVAL: np.minimum(since, AFTER).astype(float),
    }
    return stages | distances


def _step(rows: pd.DataFrame) -> int:
    ordered = rows.drop_duplicates().sort_values(["store", "ds"])
    apart = pd.to_datetime(ordered["ds"]).diff().dt.days
    within = apart[ordered["store"].eq(ordered["store"].shift())]
    return 7 if len(within) and within.median() == 7 else 1


def _joined(frame: pd.DataFrame, columns: dict[str, Any], rows: slice) -> pd.DataFrame:
    there = sorted(set(columns) & set(frame.columns))
    if there:
        raise ValueError(f"the frame has columns of the calendar already: {', '.join(there)}")
    return frame.assign(**{name: values[rows] for name, values in columns.items()})
