"""Promises of what moves sales: the truth of simulated chains, and honest answers to what if."""

import numpy as np
import pandas as pd
import pytest

from forecasting.components import components, what_if
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.panel import Floats, Panel

WEEK = np.array([0.8, 0.8, 0.9, 1.0, 1.1, 1.4, np.nan])
DAYS, AHEAD = 740, 60


def simulated(seed: int = 0, noise: float = 0.1) -> tuple[Panel, Floats]:
    """Return eight stores closed on Sundays, whose promotions lift by their own amount."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2023-01-01", periods=DAYS + AHEAD)
    day, stores = np.arange(len(dates)), 8
    lift: Floats = 1.3 + 0.05 * np.arange(stores, dtype=np.float64)
    promotion = (rng.random((stores, len(dates))) < 0.2).astype(float)
    holiday = np.tile((day % 60 == 15).astype(float), (stores, 1))
    opened = np.tile((dates.day_of_week != 6).astype(float), (stores, 1))
    season = np.exp(0.15 * np.sin(2 * np.pi * day / 365.25))
    y = 1000 * (1 + np.arange(stores))[:, None] * np.nan_to_num(WEEK)[dates.day_of_week] * season
    y = y * 1.1 ** (day / 365.25) * lift[:, None] ** promotion * 0.5**holiday
    y = y * rng.lognormal(0, noise, y.shape)
    past = np.where(day < DAYS, y, np.nan)
    known = {"open": opened, "promotion": promotion, "holiday": holiday}
    return Panel(pd.RangeIndex(stores), dates, past, DAYS, 7, known, {}), lift


def test_the_parts_of_a_simulated_chain_are_found() -> None:
    panel, lift = simulated()
    found = components(panel)
    expected = WEEK / np.nanmean(WEEK) - 1
    assert found.weekday == pytest.approx(np.tile(expected, (8, 1)), abs=0.04, nan_ok=True)
    assert found.events["promotion"] + 1 == pytest.approx(lift, rel=0.04)
    assert found.events["holiday"] == pytest.approx(np.full(8, -0.5), abs=0.05)
    assert found.trend == pytest.approx(np.full(8, 0.1), abs=0.04)
    day = np.arange(DAYS, DAYS + AHEAD)
    wave = np.exp(0.15 * np.sin(2 * np.pi * day / 365.25))
    assert found.season[3] + 1 == pytest.approx(wave / np.exp(0.15**2 / 4), rel=0.05)


def test_the_factors_multiply_to_a_forecast() -> None:
    panel, lift = simulated(noise=0.01)
    found = components(panel)
    product = np.prod(list(found.factors.values()), axis=0)
    sells = panel.open[:, DAYS:]
    dates = panel.dates[DAYS:]
    day = np.arange(DAYS, DAYS + AHEAD)
    truth = 1000 * (1 + np.arange(8))[:, None] * np.nan_to_num(WEEK)[dates.day_of_week]
    truth = truth * np.exp(0.15 * np.sin(2 * np.pi * day / 365.25)) * 1.1 ** (day / 365.25)
    truth = truth * lift[:, None] ** panel.known["promotion"][:, DAYS:]
    truth = truth * 0.5 ** panel.known["holiday"][:, DAYS:]
    assert product[sells] == pytest.approx(truth[sells], rel=0.06)


def test_a_store_with_little_history_borrows_the_chains_effects() -> None:
    panel, _ = simulated()
    y = panel.y.copy()
    y[0, : DAYS - 10] = np.nan
    found = components(panel.showing(y))
    assert found.events["holiday"][0] == pytest.approx(-0.5, abs=0.1)
    y[0] = np.nan
    empty = components(panel.showing(y))
    assert np.isnan(empty.weekday[0]).all()
    assert np.isnan(empty.factors["level"][0]).all()
    assert np.isfinite(empty.events["holiday"][1:]).all()


def test_short_and_weekly_histories_say_what_they_can() -> None:
    dates = pd.date_range("2024-01-01", periods=70, freq="7D")
    y = np.where(np.arange(70) < 60, 500.0, np.nan)[None]
    weekly = components(Panel(pd.RangeIndex(1), dates, y, 60, 52, {}, {}))
    assert np.isnan(weekly.weekday).all()
    assert weekly.trend == pytest.approx([0.0], abs=0.02)
    short = components(Panel(pd.RangeIndex(1), dates[:40], y[:, :40], 30, 52, {}, {}))
    assert (short.season == 0).all()
    assert np.isnan(short.trend).all()


def test_a_promotion_lifts_its_days_as_it_did_before() -> None:
    panel, lift = simulated()
    rows, steps = np.array([2]), np.arange(10, 17)
    found = what_if(panel, PanelRegression(), rows, steps, "promotion")
    was_on = panel.known["promotion"][2, DAYS + steps] == 1
    sells = panel.open[2, DAYS + steps]
    assert found.known
    assert found.factor[2, steps][sells & ~was_on] == pytest.approx(lift[2], rel=0.08)
    assert found.factor[2, steps][sells & was_on] == pytest.approx(1)
    others = np.delete(found.factor, 2, axis=0)[panel.open[:, DAYS:][np.arange(8) != 2]]
    assert others == pytest.approx(1)


def test_a_closure_takes_its_days_to_zero() -> None:
    panel, _ = simulated()
    found = what_if(panel, PanelRegression(), np.array([0, 1]), np.arange(3), "closure")
    assert found.known
    assert (found.factor[:2, :3] == 0).all()
    assert (found.factor[2:][panel.open[2:, DAYS:]] == 1).all()


def test_of_what_the_chain_never_had_nothing_is_said() -> None:
    panel, _ = simulated()
    steps = np.arange(3)
    for known in ({}, {"promotion": np.zeros(panel.y.shape)}):
        blank = Panel(panel.stores, panel.dates, panel.y, DAYS, 7, known, {})
        found = what_if(blank, SeasonalNaive(), np.array([0]), steps, "promotion")
        assert not found.known
        assert (found.factor == 1).all()
