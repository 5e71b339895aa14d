"""A day without a figure: the store was closed, or its figure is missing."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.opening import Known, opened
from forecasting.panel import Bools, Floats

DAYS, AHEAD = 84, 14
DATES = pd.date_range("2026-01-05", periods=DAYS + AHEAD, freq="D")  # a Monday
SUNDAY = DATES.day_of_week.to_numpy() == 6


def _open(figures: Floats, **known: object) -> Bools:
    given = {
        "closed_on": np.full(len(figures), np.nan),
        "stated": np.zeros((len(figures), len(DATES)), dtype=bool),
        "holiday": np.zeros(len(DATES), dtype=np.int64),
        **known,
    }
    return opened(figures, Known(DATES, **given))  # type: ignore[arg-type]


@pytest.fixture
def figures() -> Floats:
    return np.full((2, DAYS), 100.0)


def test_a_single_day_without_a_figure_is_missing_and_not_closed(figures: Floats) -> None:
    figures[0, 40] = np.nan
    assert _open(figures).all()


def test_a_weekday_that_never_has_a_figure_is_the_day_off_ahead_too(figures: Floats) -> None:
    figures[0, SUNDAY[:DAYS]] = np.nan
    found = _open(figures)
    assert (found[0] == ~SUNDAY).all()
    assert found[1].all()


def test_a_day_off_that_was_given_up_is_open_ahead(figures: Floats) -> None:
    figures[0, SUNDAY[:DAYS] & (np.arange(DAYS) < 28)] = np.nan
    assert _open(figures)[0, DAYS:].all()


def test_a_holiday_without_a_figure_was_closed_and_the_next_of_its_name_is(
    figures: Floats,
) -> None:
    holiday = np.zeros(len(DATES), dtype=np.int64)
    holiday[[10, 11, 90]], holiday[[20, 91]] = 1, 2
    figures[0, [10, 11]] = np.nan
    found = _open(figures, holiday=holiday)
    assert np.flatnonzero(~found[0]).tolist() == [10, 11, 90]
    assert found[1].all()


def test_what_is_stated_closed_is_closed_unless_something_was_taken(figures: Floats) -> None:
    stated = np.zeros((2, len(DATES)), dtype=bool)
    stated[:, [40, 90]] = True
    figures[0, 40] = np.nan
    found = _open(figures, stated=stated)
    assert np.flatnonzero(~found[0]).tolist() == [40, 90]
    assert np.flatnonzero(~found[1]).tolist() == [90]


def test_after_its_last_day_a_store_is_closed(figures: Floats) -> None:
    last = float(date(2026, 4, 1).toordinal())
    found = _open(figures, closed_on=np.array([last, np.nan]))
    assert (found[0] == (pd.Timestamp(2026, 4, 1) >= DATES)).all()
    assert found[1].all()


def test_a_store_that_never_opened_says_nothing_of_days_off(figures: Floats) -> None:
    figures[0] = np.nan
    assert _open(figures)[0].all()
