"""One rule in its owner's scope: what fired, as events. ``chain.alerts`` says what rules are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from advice.alerts import RETURN, Event, events, history, judge
from chain.alerts import MEASURED, Rule
from chain.days import Period
from chain.metrics import METRICS, Column
from warehouse.alert_found import Known
from warehouse.alerts import SavedRule
from warehouse.reads import watch
from warehouse.reads.context import Context
from workers.alert_values import Material, Units, narrowed, units

WINDOW = 35
"""Days that are judged anew each time, so that data that comes late is seen."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An event with the stores that it is about (None: the whole chain) and its figures."""

    event: Event
    store_ids: tuple[int, ...] | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says. ``there``: subjects that exist, so that others are known to be gone."""

    subjects: Sequence[Subject]
    there: frozenset[str]


def material(context: Context, rules: Sequence[Rule], *, whole: bool) -> Material | None:
    """Return what the measured ones of ``rules`` need together; None before the first data."""
    wanted = [rule for rule in rules if rule.kind in MEASURED]
    if context.chain.yesterday is None:
        return None
    columns: dict[Column, None] = {"gross": None}
    for rule in wanted:
        columns |= {name: None for name in METRICS[rule.metric].columns if name != "area_sqm"}
    before = max((history(rule) for rule in wanted), default=0) + WINDOW - 1
    return Material(context, context.chain.yesterday, before, tuple(columns), whole)


def outcome(
    found: Material, saved: SavedRule, known: Sequence[Known], now: datetime
) -> Outcome | None:
    """Return what a rule says; None where that cannot be said."""
    kinds = {"silent": _silent, "files": _files, "unbound": _unbound}
    if saved.rule.kind in kinds:
        return kinds[saved.rule.kind](found.context, saved, known, now)
    return _measured(found, saved.rule, known)


def _measured(found: Material, rule: Rule, known: Sequence[Known]) -> Outcome:
    seen = units(found, rule)
    ranges = None
    if rule.kind == "range":
        ranges = watch.ranges(found.context, found.stores, found.period)
        rows = [group[0] for group in seen.members]
        ranges = ranges[0][rows], ranges[1][rows], ranges[2][rows]
    verdict = judge(rule, seen.values, ranges)
    first = max(len(seen.days) - WINDOW, 0)
    cut = verdict.last(len(seen.days) - first)
    days = seen.days[first:]
    before = {one.subject for one in known if one.until is None and one.day < days[0]}
    fired = np.array([subject in before for subject in seen.subjects], dtype=bool)
    subjects = [
        Subject(event, _stores(found, rule, seen, event.subject), _facts(event))
        for event in events(cut, seen.subjects, days, rule.days, fired)
    ]
    return Outcome(subjects, frozenset(seen.subjects))


def _stores(found: Material, rule: Rule, seen: Units, subject: str) -> tuple[int, ...] | None:
    everything = found.whole and not narrowed(rule) and rule.each in {"chain", "platform"}
    if everything:
        return None
    group = seen.members[seen.subjects.index(subject)]
    return tuple(found.stores[at] for at in group)


def _facts(event: Event) -> dict[str, Any]:
    return {"value": event.value, "against": event.against, "high": event.high}


def _silent(
    context: Context, saved: SavedRule, _known: Sequence[Known], now: datetime
) -> Outcome | None:
    if context.chain.last_day is None:
        return None
    rows = watch.silence(context, context.chain.today)
    rows = rows[_mine(rows, saved.rule)]
    subjects = []
    for row in rows.to_dict("records"):
        missing = silent_since(row, saved.rule, now)
        if missing is None:
            continue
        first, due = missing
        subject = f"store:{row['store_id']}"
        event = Event(subject, first, first, None, due)
        last = row["last_day"]
        facts = {
            "days": (due - first).days + 1,
            "last": None if last is None else last.isoformat(),
            "platforms": sorted(row["platforms"]),
        }
        subjects.append(Subject(event, (int(row["store_id"]),), facts))
    return Outcome(subjects, frozenset(f"store:{store}" for store in rows["store_id"]))


def _mine(rows: pd.DataFrame, rule: Rule) -> "pd.Series[bool]":
    kept = pd.Series(data=True, index=rows.index, dtype=bool)
    if rule.stores:
        kept &= rows["store_id"].isin(rule.stores)
    if rule.regions:
        kept &= rows["region_id"].isin(rule.regions)
    if rule.cities:
        kept &= rows["city"].isin(rule.cities)
    return kept


def silent_since(row: Mapping[Any, Any], rule: Rule, now: datetime) -> tuple[date, date] | None:
    """Return the first and the last business day that a store should have sent and has not.

    ``row`` is one of ``watch.silence``. Days on which it was closed are not expected.
    """
    due = due_day(rule, now, str(row["time_zone"]))
    closed = set(row["closed"])
    opened, last = row["opened_on"], row["last_day"]
    if last is None and opened is None:
        return None  # set up, and nobody said that it is open
    first = opened if last is None else last + timedelta(days=1)
    if opened is not None and opened > first:
        first = opened
    while first in closed:
        first += timedelta(days=1)
    while due in closed and due >= first:
        due -= timedelta(days=1)
    return (first, due) if first <= due else None


def due_day(rule: Rule, now: datetime, zone: str) -> date:
    """Return the last business day whose data must be in by now, where the store stands."""
    local = now.astimezone(ZoneInfo(zone))
    passed = local.time() >= rule.time
    back = (0 if rule.same_day else 1) + (0 if passed else 1)
    return local.date() - timedelta(days=back)


def _files(context: Context, saved: SavedRule, _known: Sequence[Known], _now: datetime) -> Outcome:
    rows = watch.broken_files(context, saved.changed_on)
    subjects = [
        Subject(
            Event(f"batch:{row['batch_id']}", row["day"], row["day"], None, row["day"]),
            None,
            {"file": row["file_name"], "state": row["state"]},
        )
        for row in rows.to_dict("records")
    ]
    return Outcome(subjects, frozenset(one.event.subject for one in subjects))


def _unbound(context: Context, saved: SavedRule, known: Sequence[Known], _now: datetime) -> Outcome:
    amount, places = watch.unbound(context)
    going = [one for one in known if one.until is None]
    least = saved.rule.bound * (RETURN if going else 1.0)
    today = context.chain.today
    subjects = []
    if amount > 0 and amount >= least:
        day = going[0].day if going else today
        event = Event("chain", day, day, None, today)
        subjects = [Subject(event, None, {"value": amount, "places": places})]
    return Outcome(subjects, frozenset({"chain"}))


def window(day: date) -> Period:
    """Return the days from which on stored events are held against what is found."""
    return Period(day - timedelta(days=2 * WINDOW), day)
