"""Promises of AutoETS, MSTL and Theta: gaps and closed days do no harm, nor do processes."""

import numpy as np
import pandas as pd
import pytest

from forecasting.models import statistical
from forecasting.models.base import Model
from forecasting.models.statistical import MSTL, AutoETS, Theta
from forecasting.panel import Floats, Panel

MODELS = [AutoETS(), MSTL(), Theta()]
WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.5, 1.2])


def simulated(days: int = 150, ahead: int = 21, stores: int = 3) -> tuple[Panel, Floats]:
    """Return stores with a week and little noise, and what came."""
    rng = np.random.default_rng(9)
    dates = pd.date_range("2024-01-01", periods=days + ahead)
    usual = 1000.0 * (1 + np.arange(stores)[:, None]) * WEEK[np.arange(days + ahead) % 7]
    y = usual * rng.lognormal(0, 0.05, usual.shape)
    past = np.where(np.arange(days + ahead) < days, y, np.nan)
    return Panel(pd.RangeIndex(stores), dates, past, days, 7, {}, {}), usual[:, days:]


def with_open(panel: Panel, opened: Floats) -> Panel:
    return Panel(
        panel.stores, panel.dates, panel.y, panel.origin, panel.season, {"open": opened}, {}
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_week_and_the_level_are_found(model: Model) -> None:
    panel, usual = simulated()
    found = model.predict(panel, seed=0, workers=1)
    assert np.abs(found / usual - 1).mean() < 0.06


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_zeros_of_closed_days_and_gaps_do_no_harm(model: Model) -> None:
    panel, usual = simulated()
    y = panel.y.copy()
    opened = np.ones(y.shape)
    opened[:, 6::7] = 0
    y[:, 6::7] = 0
    opened[1, 30:33] = 0
    y[1, 30:33] = 0
    y[2, 60:80] = np.nan
    closed = with_open(panel.showing(y), opened)
    found = model.predict(closed, seed=0, workers=1)
    ahead = closed.open[:, closed.origin :]
    assert np.abs(found / usual - 1)[ahead].mean() < 0.07


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_short_empty_and_level_stores(model: Model) -> None:
    panel, _ = simulated(stores=4)
    y = panel.y.copy()
    y[0, : panel.origin - 13] = np.nan
    y[1, : panel.origin] = np.nan
    y[2, : panel.origin] = 300.0
    found = model.predict(panel.showing(y), seed=0, workers=1)
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(300)
    assert np.isfinite(found[3]).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_zeros_on_open_days_lower_what_is_expected(model: Model) -> None:
    panel, usual = simulated(stores=1)
    y = panel.y.copy()
    y[0, : panel.origin][np.arange(panel.origin) % 5 == 0] = 0
    found = model.predict(panel.showing(y), seed=0, workers=1)
    assert found.mean() == pytest.approx(0.8 * usual.mean(), rel=0.1)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_weekly_figures_with_a_yearly_season(model: Model) -> None:
    rng = np.random.default_rng(1)
    dates = pd.date_range("2021-01-04", periods=210, freq="7D")
    usual = 5000 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(210) / 52))
    y = np.where(np.arange(210) < 200, usual * rng.lognormal(0, 0.03, 210), np.nan)[None]
    found = model.predict(Panel(pd.RangeIndex(1), dates, y, 200, 52, {}, {}), seed=0, workers=1)
    assert np.abs(found[0] / usual[200:] - 1).mean() < 0.2


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, _ = simulated(stores=5)
    alone = Theta().predict(panel, seed=0, workers=1)
    monkeypatch.setattr(statistical, "_WORTH_A_PROCESS", 1)
    assert np.array_equal(Theta().predict(panel, seed=0, workers=2), alone)


def test_a_failure_of_one_store_is_nan_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel, _ = simulated()
    whole = Theta().predict(panel, seed=0, workers=1)
    true = statistical._theta

    class Fails:
        def forecast(self, y: Floats, h: int, *, fitted: bool) -> dict[str, Floats]:
            if y.mean() > np.log(2700):
                raise RuntimeError("no model able to be fitted")
            return true(7).forecast(y, h, fitted=fitted)

    monkeypatch.setitem(statistical._MADE, "theta", lambda _: Fails())
    found = Theta().predict(panel, seed=0, workers=1)
    assert np.isnan(found[2]).all()
    assert np.array_equal(found[:2], whole[:2])


def test_gaps_are_filled_from_the_same_weekday() -> None:
    history = np.tile([10.0, 20, 30, 40, 50, 60, 0], 3)
    history[8] = np.nan
    filled = np.exp(statistical._filled(history, history > 0, 7))
    assert filled[8] == pytest.approx(20)
    assert 10 < filled[6] < 60
    assert len(filled) == 21
