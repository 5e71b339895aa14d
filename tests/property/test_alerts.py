"""Alerts held against the obvious way: one store, one day after the other."""

import math
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advice.alerts import FEWEST, MARGIN, RETURN, WEEKS, Event, Stored, compare, events, judge
from chain.alerts import Rule

START = date(2026, 1, 5)
VALUES = st.one_of(st.just(math.nan), st.integers(0, 12).map(float))
RULES = st.builds(
    Rule,
    kind=st.sampled_from(["below", "above", "fell", "rose"]),
    bound=st.sampled_from([0.2, 0.5, 0.9, 3.0, 6.0]),
    days=st.integers(1, 3),
)
ROWS = st.integers(1, 70).flatmap(
    lambda days: st.lists(st.lists(VALUES, min_size=days, max_size=days), min_size=1, max_size=4)
)


def _said(rule: Rule, row: list[float], at: int) -> str:
    """Return whether a day is bad, back, neither, or has nothing to say."""
    value = row[at]
    if math.isnan(value):
        return "nothing"
    if rule.kind in {"below", "above"}:
        margin = rule.bound * MARGIN
        if rule.kind == "below":
            bad, back = value < rule.bound, value >= rule.bound + margin
        else:
            bad, back = value > rule.bound, value <= rule.bound - margin
        return "bad" if bad else "back" if back else "neither"
    weekdays = [row[at - 7 * week] for week in range(1, WEEKS + 1) if at >= 7 * week]
    weekdays = sorted(each for each in weekdays if not math.isnan(each))
    if len(weekdays) < FEWEST:
        return "neither"
    middle = len(weekdays) // 2
    usual = (weekdays[middle] + weekdays[(len(weekdays) - 1) // 2]) / 2
    if usual == 0:
        return "neither"
    change = (value - usual) / usual
    moved = -change if rule.kind == "fell" else change
    return "bad" if moved > rule.bound else "back" if moved <= rule.bound * RETURN else "neither"


def _slowly(rule: Rule, row: list[float]) -> list[tuple[int, int, int | None]]:
    """Return (first day of the run, day it fired, day it was back) one day after the other."""
    found: list[tuple[int, int, int | None]] = []
    run: list[int] = []
    on: tuple[int, int] | None = None
    for at in range(len(row)):
        said = _said(rule, row, at)
        if said == "nothing":
            continue
        run = [*run, at] if said == "bad" else []
        if on and said == "back":
            found.append((*on, at))
            on = None
        if not on and len(run) >= rule.days:
            on = (run[0], at)
    return [*found, (*on, None)] if on else found


@settings(max_examples=300)
@given(rule=RULES, rows=ROWS)
def test_it_fires_and_clears_as_one_would_by_hand(rule: Rule, rows: list[list[float]]) -> None:
    days = [START + timedelta(days=at) for at in range(len(rows[0]))]
    subjects = [f"store:{number}" for number in range(len(rows))]
    found = events(judge(rule, np.array(rows)), subjects, days, rule.days)
    for subject, row in zip(subjects, rows, strict=True):
        mine = [(one.since, one.day, one.until) for one in found if one.subject == subject]
        expected = [
            (days[since], days[day], None if until is None else days[until])
            for since, day, until in _slowly(rule, row)
        ]
        assert mine == expected


@settings(max_examples=200)
@given(rule=RULES, rows=ROWS)
def test_of_a_unit_no_two_events_are_on_at_once(rule: Rule, rows: list[list[float]]) -> None:
    days = [START + timedelta(days=at) for at in range(len(rows[0]))]
    subjects = [str(number) for number in range(len(rows))]
    found = events(judge(rule, np.array(rows)), subjects, days, rule.days)
    for subject in subjects:
        mine = [one for one in found if one.subject == subject]
        for before, after in pairwise(mine):
            assert before.until is not None
            assert before.until < after.since


@example(rule=Rule(kind="above", bound=0.2), row=[math.nan, 1.0, 0.0, 1.0], cut=2)
@settings(max_examples=200)
@given(rule=RULES, row=st.lists(VALUES, min_size=1, max_size=60), cut=st.integers(1, 60))
def test_a_day_more_never_tells_of_the_same_event_twice(
    rule: Rule, row: list[float], cut: int
) -> None:
    """What was stored after some days is the same event when the next days come."""
    days = [START + timedelta(days=at) for at in range(len(row))]

    def found(until: int) -> list[Event]:
        part = np.array([row[:until]])
        return events(judge(rule, part), ["store:1"], days[:until], rule.days)

    stored: list[Stored] = []
    told = 0
    for until in sorted({min(cut, len(row)), len(row)}):
        changes = compare(found(until), stored)
        told += len(changes.new)
        assert not changes.over, "a day more takes nothing back"
        kept = {one.alert_id: one for one in stored}
        for one, event in changes.seen:
            kept[one.alert_id] = Stored(one.alert_id, event.subject, one.day, event.until)
        new = [
            Stored(len(kept) + at, event.subject, event.day, event.until)
            for at, event in enumerate(changes.new)
        ]
        stored = [*kept.values(), *new]
    assert told == len(found(len(row)))
