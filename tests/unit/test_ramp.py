"""Promises of new stores: the ramp is learned from openings, scaled, wide, and nobody else's."""

import numpy as np
import pandas as pd
import pytest

from forecasting import ramp
from forecasting.panel import Floats, Panel

LEVELS = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
DAYS, AHEAD = 700, 60


def truth(age: Floats) -> Floats:
    """A ramp unlike the prior: a rush of curious guests, then a slow way up."""
    return np.where(age < 0, 0.0, 1 - 0.5 * np.exp(-age / 50) + 0.3 * np.exp(-age / 10))


def simulated(openings: int, seed: int = 4) -> tuple[Panel, Floats]:
    """Return ten old stores, some openings of the past and six new stores; and what came."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2023-01-02", periods=DAYS + AHEAD)
    day = np.arange(len(dates))
    first = np.concatenate(
        [np.full(10, -1000), rng.integers(60, 450, openings), rng.integers(DAYS - 50, DAYS - 10, 6)]
    )
    level = rng.lognormal(7, 0.5, len(first))
    week = np.array([0.8, 0.8, 0.9, 1.0, 1.1, 1.3, 1.1])[dates.day_of_week]
    season = 1 + 0.1 * np.sin(2 * np.pi * day / 365)
    y = level[:, None] * truth(day[None, :] - first[:, None]) * week * season
    y = y * rng.lognormal(0, 0.1, y.shape)
    y[day[None, :] < first[:, None]] = np.nan
    past = np.where(day < DAYS, y, np.nan)
    return Panel(pd.RangeIndex(len(first)), dates, past, DAYS, 7, {}, {}), y[:, DAYS:]


def test_only_stores_in_their_first_weeks_are_new() -> None:
    panel, _ = simulated(8)
    assert ramp.new(panel).tolist() == [False] * 18 + [True] * 6
    told = np.full(24, -1)
    told[20] = 100
    assert not ramp.new(panel, told)[20]


def test_the_shape_of_openings_is_found() -> None:
    panel, _ = simulated(30)
    found = ramp.learned(panel)
    weeks = truth(np.arange(26 * 7.0)).reshape(26, 7).mean(axis=1)
    assert found.openings == 30
    assert found.shape == pytest.approx(weeks / weeks[16:].mean(), abs=0.06)


def test_new_stores_are_foreseen_better_by_the_ramp_than_by_their_level() -> None:
    panel, came = simulated(30)
    mean, _ = ramp.forecast(panel, ramp.learned(panel), LEVELS)
    new = ramp.new(panel)
    flat = np.nanmean(panel.history[:, -14:], axis=1)[:, None]
    error = np.abs(mean - came)[new].sum() / came[new].sum()
    assert error < 0.2
    assert error < np.abs(flat - came)[new].sum() / came[new].sum()


def test_without_openings_a_prior_rises_and_ranges_are_wide() -> None:
    panel, came = simulated(0)
    learned = ramp.learned(panel)
    assert learned.openings == 0
    assert (np.diff(learned.shape) > 0).all()
    _, spread = ramp.forecast(panel, learned, LEVELS)
    new = ramp.new(panel)
    inside = (spread[new, :, 0] <= came[new]) & (came[new] <= spread[new, :, -1])
    assert inside.mean() > 0.7
    assert (spread[new, :, -1] > 1.5 * spread[new, :, 0]).all()
    assert (np.diff(spread, axis=2) >= 0).all()


def test_the_range_covers_over_many_chains() -> None:
    inside = []
    for seed in range(12):
        panel, came = simulated(10, seed)
        _, spread = ramp.forecast(panel, ramp.learned(panel), LEVELS)
        new = ramp.new(panel)
        inside.append((spread[new, :, 0] <= came[new]) & (came[new] <= spread[new, :, -1]))
    assert np.mean(inside) > 0.8


def test_a_store_that_opens_ahead_is_zero_until_then_and_begins_at_the_chains_level() -> None:
    panel, _ = simulated(8)
    y = panel.y.copy()
    y[-1] = np.nan
    opening = np.full(len(y), -1)
    opening[-1] = DAYS + 10
    blank = panel.showing(y)
    learned = ramp.learned(blank)
    mean, _ = ramp.forecast(blank, learned, LEVELS, opening)
    assert (mean[-1, :10] == 0).all()
    assert mean[-1, 10:17].mean() == pytest.approx(learned.level * learned.shape[0], rel=0.1)


def test_closed_days_are_zero() -> None:
    panel, _ = simulated(8)
    opened = np.ones(panel.y.shape)
    opened[:, DAYS + 3] = 0
    closed = Panel(panel.stores, panel.dates, panel.y, DAYS, 7, {"open": opened}, {})
    mean, spread = ramp.forecast(closed, ramp.learned(closed), LEVELS)
    assert (mean[:, 3] == 0).all()
    assert (spread[:, 3] == 0).all()


def test_a_chain_that_is_all_new_has_no_new_stores() -> None:
    """Of stores that sell from the first day on record nobody knows when they opened."""
    dates = pd.date_range("2024-01-01", periods=40)
    y = np.where(np.arange(40) < 30, 100.0, np.nan)[None].repeat(3, axis=0)
    panel = Panel(pd.RangeIndex(3), dates, y, 30, 7, {}, {})
    assert not ramp.new(panel).any()
    assert ramp.learned(panel).openings == 0


def test_weekly_figures_have_a_ramp_too() -> None:
    rng = np.random.default_rng(2)
    dates = pd.date_range("2022-01-03", periods=130, freq="7D")
    first = np.array([-500] * 5 + [20, 30, 40, 50] + [112])
    age = 7 * (np.arange(130)[None, :] - first[:, None])
    y = 5000 * truth(age) * rng.lognormal(0, 0.05, age.shape)
    y[age < 0] = np.nan
    past = np.where(np.arange(130) < 117, y, np.nan)
    panel = Panel(pd.RangeIndex(10), dates, past, 117, 52, {}, {})
    assert np.flatnonzero(ramp.new(panel)).tolist() == [9]
    mean, _ = ramp.forecast(panel, ramp.learned(panel), LEVELS)
    assert mean[9] == pytest.approx(y[9, 117:], rel=0.25)
