"""Promises of the calendar's columns: per holiday, per store, the same in past and future."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chain.calendars import Entry, Kind
from forecasting import tournament
from forecasting.calendar import (
    AFTER,
    BEFORE,
    FROM_SPRING_FESTIVAL,
    MOST_NAMES,
    TO_SPRING_FESTIVAL,
    with_calendar,
)
from forecasting.models.panel_regression import PanelRegression


def frames(start: str, days: int, ahead: int, freq: str = "D") -> tuple[pd.DataFrame, pd.DataFrame]:
    dates = pd.date_range(start, periods=days + ahead, freq=freq)
    whole = pd.concat([pd.DataFrame({"store": s, "ds": dates}) for s in (3, 5)], ignore_index=True)
    return whole[whole.ds < dates[days]].assign(y=1.0), whole[whole.ds >= dates[days]]


def on(frame: pd.DataFrame, day: str, store: int = 3) -> dict[str, Any]:
    (row,) = frame[(frame.ds == day) & (frame.store == store)].to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_each_holiday_has_its_column_and_all_share_one() -> None:
    past, ahead = with_calendar(*frames("2024-01-01", 366, 365), country="CN")
    assert list(past.columns.drop("y")) == list(ahead.columns)
    national = on(ahead, "2025-10-03")
    assert (national["holiday_national_day"], national["public_holiday"]) == (1, 1)
    assert national["holiday_spring_festival"] == 0
    assert on(ahead, "2025-09-28")["makeup_workday"] == 1
    assert on(past, "2024-09-28")["makeup_workday"] == 0


def test_the_distance_to_spring_festival_is_told_within_bounds() -> None:
    _, ahead = with_calendar(*frames("2024-06-01", 100, 365), country="CN")
    assert on(ahead, "2025-01-29")[TO_SPRING_FESTIVAL] == 0
    assert on(ahead, "2025-01-24")[TO_SPRING_FESTIVAL] == 5
    assert on(ahead, "2025-01-24")["spring_festival_in_7_to_4"] == 1
    assert on(ahead, "2025-02-05")[FROM_SPRING_FESTIVAL] == 7
    assert on(ahead, "2025-07-01")[TO_SPRING_FESTIVAL] == BEFORE
    assert on(ahead, "2025-07-01")[FROM_SPRING_FESTIVAL] == AFTER


def test_countries_without_it_have_no_spring_festival() -> None:
    past, _ = with_calendar(*frames("2024-01-01", 366, 10), country="DE")
    assert not [name for name in past.columns if "spring" in name]
    assert on(past, "2024-12-25")["holiday_christmas_day"] == 1


def test_a_store_has_its_own_days_beside_the_chains() -> None:
    entries = [
        Entry(date(2024, 3, 5), Kind.EVENT, "店庆", store=5),
        Entry(date(2024, 3, 6), Kind.SCHOOL),
        Entry(date(2024, 3, 7), Kind.HOLIDAY, "Fair", store=5),
    ]
    past, _ = with_calendar(*frames("2024-03-01", 20, 5), country="ZZ", entries=entries)
    assert on(past, "2024-03-05", 5)["event_店庆"] == 1
    assert on(past, "2024-03-05", 3)["event_店庆"] == 0
    assert on(past, "2024-03-06", 3)["school_holiday"] == 1
    assert on(past, "2024-03-06", 5)["school_holiday"] == 1
    assert on(past, "2024-03-07", 5)["holiday_fair"] == 1
    assert on(past, "2024-03-07", 3)["public_holiday"] == 0


def test_names_are_limited_and_the_rarer_share_a_column() -> None:
    entries = [
        Entry(date(2024, 3, day), Kind.EVENT, f"event {name}")
        for name in range(MOST_NAMES + 2)
        for day in range(1, 4 if name < MOST_NAMES else 2)
    ]
    past, _ = with_calendar(*frames("2024-03-01", 20, 5), country="ZZ", entries=entries)
    own = [name for name in past.columns if name.startswith("event_")]
    assert len(own) == MOST_NAMES + 1
    assert on(past, "2024-03-01")["event_other"] == 1


def test_weekly_rows_count_the_days_of_their_week() -> None:
    past, _ = with_calendar(*frames("2024-09-02", 20, 5, "7D"), country="CN")
    assert on(past, "2024-09-30")["holiday_national_day"] == 6
    assert on(past, "2024-09-23")["makeup_workday"] == 1


def test_nothing_is_overwritten() -> None:
    history, future = frames("2024-09-02", 60, 5)
    with pytest.raises(ValueError, match="public_holiday"):
        with_calendar(history.assign(public_holiday=0), future, "CN")


def test_sales_of_spring_festival_are_foreseen_from_the_years_before() -> None:
    """Simulated: people leave the city, sales fall to a third, and the lunar date wanders."""
    rng = np.random.default_rng(3)
    history, future = frames("2022-01-03", 1100, 45)
    whole = pd.concat([history, future])
    firsts = pd.to_datetime(["2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29"])
    away = np.min([np.abs((whole.ds - first).dt.days.to_numpy() - 2) for first in firsts], axis=0)
    y = 1000 * np.where(away <= 5, 0.35, 1.0) * rng.lognormal(0, 0.03, len(whole))
    history = history.assign(y=y[: len(history)])
    came = y[len(history) :]
    errors = {}
    for country in ("CN", "ZZ"):
        past, ahead = with_calendar(history, future, country)
        found = tournament(past, ahead, models=(PanelRegression(),), workers=1).forecast
        merged = future.assign(y=came).merge(found, on=["store", "ds"])
        feast = merged.ds.between("2025-01-27", "2025-02-05")
        errors[country] = np.abs(merged["mean"] / merged["y"] - 1)[feast].mean()
    assert errors["CN"] < 0.25
    assert errors["CN"] < errors["ZZ"] / 2
