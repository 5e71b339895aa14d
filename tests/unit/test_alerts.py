"""Alert rules: what a sentence may say, quiet hours, and what counts as late or as the same."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from advice.alerts import (
    Event,
    Floats,
    Stored,
    compare,
    events,
    judge,
    late,
    measured,
    rolled,
    usual,
)
from chain.alerts import KINDS, Quiet, Rule, units_of
from chain.errors import PermanentError
from chain.metrics import METRICS
from workers.alert_rules import due_day, silent_since

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(time(22), time(8))
DAY = date(2026, 3, 2)
DAYS = tuple(DAY + timedelta(days=at) for at in range(60))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_watched_over_each_of_its_units(metric: str) -> None:
    for unit in units_of("below", metric):
        rule = Rule.of({"kind": "below", "metric": metric, "each": unit, "bound": 0.5})
        assert Rule.of(rule.spec()) == rule


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({}, "kind"),
        ({"kind": "louder"}, "kind"),
        ({"kind": "below", "metric": "mood"}, "metric"),
        ({"kind": "range", "metric": "orders"}, "metric"),
        ({"kind": "range", "span": 7}, "metric"),
        ({"kind": "range", "each": "chain"}, "each"),
        ({"kind": "below", "metric": "repeat_share", "each": "store"}, "each"),
        ({"kind": "below", "metric": "repeat_share", "each": "chain", "days": 2}, "days"),
        ({"kind": "below", "days": 0}, "days"),
        ({"kind": "below", "days": 15}, "days"),
        ({"kind": "below", "span": 2}, "span"),
        ({"kind": "below", "bound": -1}, "bound"),
        ({"kind": "fell", "bound": 0}, "bound"),
        ({"kind": "fell", "bound": 1.1}, "bound"),
        ({"kind": "silent", "at": "25:00"}, "at"),
        ({"kind": "below", "bound": "much"}, "kind"),
        ({"kind": "below", "bound": float("nan")}, "bound"),
        ({"kind": "rose", "metric": "repeat_share", "each": "chain"}, "change"),
    ],
)
def test_what_is_no_sentence_is_refused_by_its_part(given: dict[str, object], part: str) -> None:
    with pytest.raises(PermanentError) as refused:
        Rule.of(given)
    assert refused.value.key == f"alerts.bad_{part}"
    assert refused.value.say("zh")


def test_quiet_hours_go_over_midnight() -> None:
    late_evening = datetime(2026, 11, 20, 23, 30, tzinfo=SHANGHAI)
    night = datetime(2026, 11, 21, 3, 0, tzinfo=SHANGHAI)
    morning = datetime(2026, 11, 21, 8, 0, tzinfo=SHANGHAI)
    for now in (late_evening, night):
        assert NIGHT.until(now, SHANGHAI) == morning
    for now in (morning, datetime(2026, 11, 21, 21, 59, tzinfo=SHANGHAI)):
        assert NIGHT.until(now, SHANGHAI) == now


def test_quiet_hours_within_a_day() -> None:
    lunch = Quiet(time(12), time(14))
    assert lunch.until(datetime(2026, 11, 20, 13, tzinfo=SHANGHAI), SHANGHAI).hour == 6
    noon = datetime(2026, 11, 20, 11, 59, tzinfo=SHANGHAI)
    assert lunch.until(noon, SHANGHAI) == noon


def test_the_clock_of_the_place_counts_when_it_is_put_forward_and_back() -> None:
    """In Berlin 02:00 becomes 03:00 on 29 March 2026, and 03:00 becomes 02:00 on 25 October."""
    end = Quiet(time(22), time(2, 30))
    skipped = end.until(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), BERLIN)
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 in summer time
    assert NIGHT.until(datetime(2026, 3, 28, 23, tzinfo=UTC), BERLIN) == datetime(
        2026, 3, 29, 6, tzinfo=UTC
    )
    assert NIGHT.until(datetime(2026, 10, 24, 22, tzinfo=UTC), BERLIN) == datetime(
        2026, 10, 25, 7, tzinfo=UTC
    )
    second = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15 for the second time
    assert end.until(second, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("minutes", range(0, 60 * 24 * 2, 13))
def test_what_quiet_hours_return_is_not_quiet(minutes: int) -> None:
    for start in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        for quiet in (NIGHT, Quiet(time(22), time(2, 30)), Quiet(time(1), time(3))):
            now = start + timedelta(minutes=minutes)
            free = quiet.until(now, BERLIN)
            assert now <= free <= now + timedelta(hours=12)
            assert quiet.until(free, BERLIN) == free


def test_no_hours_or_the_same_hour_twice_are_no_quiet_hours() -> None:
    assert Quiet.of("", "08:00") is None
    assert Quiet.of("08:00", "08:00") is None
    with pytest.raises(PermanentError, match="Quiet hours"):
        Quiet.of("8 o'clock", "09:00")


def _run(rule: Rule, *values: float) -> list[tuple[date, date, date | None]]:
    row = np.array([values], dtype=np.float64)
    found = events(judge(rule, row), ["store:1"], DAYS[: len(values)], rule.days)
    return [(one.since, one.day, one.until) for one in found]


def test_a_run_fires_once_and_clears_when_the_value_is_well_back() -> None:
    rule = Rule("below", bound=100.0, days=2)
    #       bad bad      edge bad  back bad
    values = (90.0, 80.0, 102.0, 90.0, 106.0, 90.0)
    assert _run(rule, *values) == [(DAYS[0], DAYS[1], DAYS[4])]


def test_days_without_data_neither_end_a_run_nor_clear() -> None:
    rule = Rule("below", bound=100.0, days=2)
    assert _run(rule, 90.0, np.nan, 80.0, np.nan) == [(DAYS[0], DAYS[2], None)]
    assert _run(rule, 90.0, 100.0, 80.0) == []


def test_what_was_on_before_the_days_looked_at_stays_on_until_it_is_back() -> None:
    rule = Rule("below", bound=100.0, days=2)
    fired = np.array([True])
    edge = np.array([[102.0, 103.0]])
    (going,) = events(judge(rule, edge), ["store:1"], DAYS[:2], 2, fired)
    assert (going.day < DAYS[0], going.until) == (True, None)
    over = np.array([[102.0, 110.0]])
    (ended,) = events(judge(rule, over), ["store:1"], DAYS[:2], 2, fired)
    assert (ended.day < DAYS[0], ended.until) == (True, DAYS[1])


def test_usual_is_the_median_of_the_same_weekdays() -> None:
    values = np.arange(60, dtype=np.float64)[None, :]
    values[0, 21] = np.nan
    found = usual(values, 1)
    assert np.isnan(found[0, :28]).all()
    assert found[0, 28] != found[0, 28]  # 0, 7, 14 only: 21 has no data
    assert found[0, 35] == np.median([0, 7, 14, 28])
    assert found[0, 59] == np.median([3, 10, 17, 24, 31, 38, 45, 52])


def test_a_change_is_held_against_the_same_weekdays() -> None:
    week = [100.0, 50.0, 50.0, 50.0, 50.0, 50.0, 200.0]
    values = week * 8
    rule = Rule("fell", bound=0.2)
    assert _run(rule, *values) == []
    values[-1] = 150.0  # a quarter below other Sundays, though the best day of its week
    assert [day for _, day, _ in _run(rule, *values)] == [DAYS[55]]
    assert _run(Rule("fell", bound=0.3), *values) == []


def test_sums_over_days_leave_out_days_that_have_no_data_themselves() -> None:
    found = rolled(np.array([[1.0, 2.0, np.nan, 4.0]]), 3)
    assert np.array_equal(found, [[1.0, 3.0, np.nan, 6.0]], equal_nan=True)


def test_a_metric_of_arrays_is_the_metric_of_each() -> None:
    rng = np.random.default_rng(1)
    for metric in METRICS.values():
        if metric.read:
            continue
        sums: dict[str, Floats] = {
            name: rng.integers(0, 5, 20).astype(np.float64) for name in metric.columns
        }
        found = measured(metric, sums)
        for at in range(20):
            expected = metric.value({name: float(part[at]) for name, part in sums.items()})
            assert np.isnan(found[at]) if expected is None else found[at] == expected


TODAY = date(2026, 3, 20)


def _event(day: date, until: date | None = None) -> Event:
    return Event("store:1", day, day, until, until or day)


def test_only_what_the_rule_would_have_told_in_time_is_late() -> None:
    old = _event(date(2026, 3, 10))
    assert late(old, TODAY, date(2026, 1, 1)).late
    assert not late(old, TODAY, date(2026, 3, 19)).late, "the rule is new, the data is not late"
    assert not late(_event(date(2026, 3, 18)), TODAY, date(2026, 1, 1)).late


def test_events_that_overlap_are_one() -> None:
    stored = Stored(5, "store:1", date(2026, 3, 10), None)
    moved = _event(date(2026, 3, 11))
    changes = compare([moved], [stored])
    assert (list(changes.new), list(changes.seen), list(changes.over)) == (
        [],
        [(stored, moved)],
        [],
    )


def test_after_the_end_of_one_the_next_is_new() -> None:
    before = Stored(5, "store:1", date(2026, 3, 1), date(2026, 3, 4))
    again = _event(date(2026, 3, 6))
    assert list(compare([again], [before]).new) == [again]
    same = _event(date(2026, 3, 3))
    assert list(compare([same], [before]).new) == []


def test_two_that_late_data_made_into_one_are_one() -> None:
    first = Stored(5, "store:1", date(2026, 3, 1), date(2026, 3, 4))
    second = Stored(6, "store:1", date(2026, 3, 6), None)
    whole = _event(date(2026, 3, 1))
    changes = compare([whole], [first, second])
    assert list(changes.seen) == [(second, whole)]
    assert not changes.new
    assert not changes.over


def test_an_open_one_that_nothing_shows_any_more_is_over() -> None:
    stored = Stored(5, "store:1", date(2026, 3, 10), None)
    assert list(compare([], [stored]).over) == [stored]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_it_is_about(kind: str) -> None:
    assert units_of(kind, "net_sales")


def _store(**more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "time_zone": "Asia/Shanghai",
        "closed": [],
        "opened_on": date(2020, 1, 1),
        "last_day": date(2026, 3, 8),
    }
    return row | more


def _at(clock: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(f"2026-03-10 {clock}").replace(tzinfo=zone)


def test_silence_begins_at_the_local_time_of_the_store() -> None:
    rule = Rule("silent", at="10:00")
    assert silent_since(_store(), rule, _at("09:59")) is None
    assert silent_since(_store(), rule, _at("10:00")) == (date(2026, 3, 9), date(2026, 3, 9))
    berlin = _store(time_zone="Europe/Berlin")
    assert silent_since(berlin, rule, _at("10:00")) is None
    assert silent_since(berlin, rule, _at("10:00", BERLIN)) is not None


def test_the_same_day_may_be_asked_for() -> None:
    rule = Rule("silent", at="14:00", same_day=True)
    yesterday = _store(last_day=date(2026, 3, 9))
    assert silent_since(yesterday, rule, _at("13:00")) is None
    assert silent_since(yesterday, rule, _at("14:00")) == (date(2026, 3, 10), date(2026, 3, 10))
    assert due_day(rule, _at("13:59"), "Asia/Shanghai") == date(2026, 3, 9)


def test_a_closed_day_is_not_waited_for() -> None:
    rule = Rule("silent", at="10:00")
    closed = _store(closed=[date(2026, 3, 9)])
    assert silent_since(closed, rule, _at("12:00")) is None
    since = _store(closed=[date(2026, 3, 9)], last_day=date(2026, 3, 7))
    assert silent_since(since, rule, _at("12:00")) == (date(2026, 3, 8), date(2026, 3, 8))


def test_a_store_that_nobody_has_opened_is_not_waited_for() -> None:
    rule = Rule("silent", at="10:00")
    assert silent_since(_store(last_day=None, opened_on=None), rule, _at("12:00")) is None
    new = _store(last_day=None, opened_on=date(2026, 3, 9))
    assert silent_since(new, rule, _at("12:00")) == (date(2026, 3, 9), date(2026, 3, 9))
    coming = _store(last_day=None, opened_on=date(2026, 3, 10))
    assert silent_since(coming, rule, _at("12:00")) is None
