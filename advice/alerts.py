"""When a rule fires and when it clears: values by unit and day in, events out.

A unit fires on the day on which its value has been bad for as many days running as the rule asks,
and clears on the first day on which it is back, by a margin, so that a value at the edge does not
fire and clear in turn. Days without (whole) data say nothing: they neither end a run nor clear.
What is computed is then held against what is stored, so that nothing is told twice.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.alerts import Rule
from chain.metrics import Linear, Metric

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MARGIN = 0.05
"""How far a value must be past its bound to be back, as a share of the bound."""
RETURN = 0.8
"""A change is back once it is below this share of what was asked."""
LATE_DAYS = 2
"""Data of a day usually comes the day after; what fires later than this is as of late data."""
WEEKS, FEWEST = 8, 4
"""What is usual is the median of as many same weekdays before, of which so many must have data."""
MONTHS, FEWEST_MONTHS = 3, 2
"""The same for values over four weeks, which are held against the four weeks before each."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of each unit (row) and day (column).

    ``bad`` is what it warns of, ``back`` what ends it; neither where there is no value. ``against``
    is what the value was held against, ``low`` and ``high`` the range where there is one.
    """

    values: Floats
    bad: Bools
    back: Bools
    against: Floats
    high: Floats | None = None

    def last(self, days: int) -> "Verdict":
        """Return the last ``days`` columns."""
        return Verdict(
            self.values[:, -days:],
            self.bad[:, -days:],
            self.back[:, -days:],
            self.against[:, -days:],
            None if self.high is None else self.high[:, -days:],
        )


@dataclass(frozen=True, slots=True)
class Event:
    """A unit that fired on ``day``; ``until`` is the day on which it was back, None so far.

    ``since`` is the first day of the run, ``last`` the last day that was looked at. ``value`` and
    ``against`` are of ``last`` (of the last bad day, where it is back).
    """

    subject: str
    day: date
    since: date
    until: date | None
    last: date
    value: float = 0.0
    against: float | None = None
    high: float | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it was stored; ``until`` None: it is open."""

    alert_id: int
    subject: str
    day: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write: ``new`` events, stored ones seen again, and those that are over otherwise."""

    new: Sequence[Event]
    seen: Sequence[tuple[Stored, Event]]
    over: Sequence[Stored]


def rolled(sums: Floats, span: int) -> Floats:
    """Return the sums of the last ``span`` days; NaN on days that have no data themselves."""
    if span == 1:
        return sums
    filled = np.nan_to_num(sums)
    total = np.cumsum(np.pad(filled, ((0, 0), (span, 0))), axis=1)
    out = total[:, span:] - total[:, :-span]
    return np.where(np.isnan(sums), np.nan, out)


def measured(one: Metric, sums: Mapping[str, Floats]) -> Floats:
    """Return ``one`` of sums by its expression; NaN where it divides by nothing."""
    top = _linear(one.top, sums)
    if one.over is None:
        return top
    over = _linear(one.over, sums)
    return top / np.where(over == 0, np.nan, over)


def _linear(part: Linear, sums: Mapping[str, Floats]) -> Floats:
    total: Floats = sum((sums[name] for name in part.plus[1:]), sums[part.plus[0]])
    return total - sum(sums[name] for name in part.minus) if part.minus else total


def usual(values: Floats, span: int) -> Floats:
    """Return for each day the median of the same weekdays before it (or four weeks apart)."""
    step, count, fewest = (28, MONTHS, FEWEST_MONTHS) if span > 7 else (7, WEEKS, FEWEST)
    days = values.shape[1]
    before = np.full((count, *values.shape), np.nan)
    for back in range(1, count + 1):
        if back * step < days:
            before[back - 1, :, back * step :] = values[:, : -back * step]
    enough = (~np.isnan(before)).sum(axis=0) >= fewest
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days with no data before them at all
        median = np.nanmedian(before, axis=0) if days else np.full(values.shape, np.nan)
    return np.where(enough, median, np.nan)


def history(rule: Rule) -> int:
    """Return how many days before the first one judged a rule needs."""
    before = 0
    if rule.kind in {"fell", "rose"}:
        before = 28 * MONTHS if rule.span > 7 else 7 * WEEKS
    return before + rule.span - 1


def judge(
    rule: Rule, values: Floats, ranges: tuple[Floats, Floats, Floats] | None = None
) -> Verdict:
    """Say where ``values`` (units × days) are bad, and where back.

    ``ranges`` are the low end of what was forecast, the value from which it is back, and the high
    end; for the kind ``range`` alone.
    """
    with np.errstate(invalid="ignore"):
        if rule.kind == "range":
            low, back, high = ranges or (np.full(values.shape, np.nan),) * 3
            return Verdict(values, values < low, values >= back, low, high)
        if rule.kind in {"fell", "rose"}:
            before = usual(values, rule.span)
            change = (values - before) / np.where(before == 0, np.nan, np.abs(before))
            moved = -change if rule.kind == "fell" else change
            return Verdict(values, moved > rule.bound, moved <= rule.bound * RETURN, before)
        margin = abs(rule.bound) * MARGIN
        against = np.full(values.shape, rule.bound)
        if rule.kind == "below":
            return Verdict(values, values < rule.bound, values >= rule.bound + margin, against)
        # At a bound of nothing, nothing is back.
        return Verdict(values, values > rule.bound, values <= rule.bound - margin, against)


def events(
    verdict: Verdict,
    subjects: Sequence[str],
    days: Sequence[date],
    running: int,
    fired: Bools | None = None,
) -> list[Event]:
    """Return what fired, by subject and day; ``fired``: units that had fired before ``days``.

    Of those nothing is returned but whether they are back: an event with ``day`` before all days.
    """
    runs = _Runs(verdict, subjects, days)
    on = np.zeros(len(subjects), dtype=bool) if fired is None else fired.copy()
    found: list[Event] = []
    for at in range(len(days)):
        runs.step(at)
        found += [runs.event(unit, at) for unit in np.flatnonzero(on & verdict.back[:, at])]
        on &= ~verdict.back[:, at]
        new = verdict.bad[:, at] & ~on & (runs.count >= running)
        runs.fire(new, at)
        on |= new
    known = ~np.isnan(verdict.values).all(axis=1)
    found += [runs.event(unit, None) for unit in np.flatnonzero(on & known)]
    return sorted(found, key=lambda one: (one.subject, one.day))


class _Runs:
    """The runs of bad days, unit by unit, as the days go by; -1 is no day yet."""

    def __init__(self, verdict: Verdict, subjects: Sequence[str], days: Sequence[date]) -> None:
        self._verdict, self._subjects, self._days = verdict, subjects, days
        self.count = np.zeros(len(subjects), dtype=np.int64)
        self._began, self._fired, self._since, self._bad = (
            np.full(len(subjects), -1) for _ in range(4)
        )

    def step(self, at: int) -> None:
        """Take in a day; one without a value leaves a run as it is."""
        bad = self._verdict.bad[:, at]
        self._began[bad & (self.count == 0)] = at
        kept = np.where(np.isnan(self._verdict.values[:, at]), self.count, 0)
        self.count = np.where(bad, self.count + 1, kept)
        self._bad[bad] = at

    def fire(self, units: Bools, at: int) -> None:
        """Say that units fire on a day."""
        self._fired[units] = at
        self._since[units] = self._began[units]

    def event(self, unit: Any, back: int | None) -> Event:
        """Return a unit's event; ``back`` is the day on which it is over."""
        values, days = self._verdict.values, self._days
        last = int(np.flatnonzero(~np.isnan(values[unit]))[-1])
        shown = last if back is None else max(int(self._bad[unit]), 0)
        fired, since = int(self._fired[unit]), int(self._since[unit])
        earlier = days[0] - timedelta(days=1)
        return Event(
            self._subjects[unit],
            day=days[fired] if fired >= 0 else earlier,
            since=days[since] if fired >= 0 else earlier,
            until=None if back is None else days[back],
            last=days[last],
            value=_at(values, unit, shown) or 0.0,
            against=_at(self._verdict.against, unit, shown),
            high=_at(self._verdict.high, unit, shown),
        )


def _at(table: Floats | None, unit: Any, day: int) -> float | None:
    value = np.nan if table is None else table[unit, day]
    return None if np.isnan(value) else float(value)


def late(event: Event, today: date, known_since: date) -> Event:
    """Return the event marked where only data that came late shows it.

    ``known_since`` is the day from which the rule stands as it is: what it did not know of before
    is not late but new.
    """
    waited = event.day < today - timedelta(days=LATE_DAYS)
    return replace(event, late=waited and known_since <= event.day + timedelta(days=LATE_DAYS))


def compare(found: Sequence[Event], stored: Sequence[Stored]) -> Changes:
    """Hold computed events against the stored ones of the same rule.

    Two that overlap in time are the same event, also where late data moved its day or made two
    into one. Of several computed ones that are one stored, the latest counts; but an open one goes
    on in the first alone, as it may have ended, and another begun, since it was looked at. An open
    stored one that nothing computed is over otherwise: its figures changed, or it is gone.
    """
    by_subject: dict[str, list[Stored]] = {}
    for one in sorted(stored, key=lambda one: one.day):
        by_subject.setdefault(one.subject, []).append(one)
    new: list[Event] = []
    seen: dict[int, tuple[Stored, Event]] = {}
    for event in sorted(found, key=lambda one: one.day):
        same = [
            one
            for one in by_subject.get(event.subject, [])
            if _overlap(one, event) and not (one.until is None and one.alert_id in seen)
        ]
        if same:
            # The one that is open goes on; else the latest.
            kept = max(same, key=lambda one: (one.until is None, one.day))
            seen[kept.alert_id] = (kept, event)
        else:
            new.append(event)
    over = [one for one in stored if one.until is None and one.alert_id not in seen]
    return Changes(new, list(seen.values()), over)


def _overlap(stored: Stored, event: Event) -> bool:
    first = min(event.since, event.day)
    return stored.day <= (event.until or date.max) and first <= (stored.until or date.max)
