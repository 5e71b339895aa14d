"""Promises of Prophet: the library's own answers, a program that is checked, and no traces left."""

import multiprocessing
import stat
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from chain.errors import PermanentError
from forecasting import tournament
from forecasting.models import stan
from forecasting.models.prophet import PlainProphet, Prophet
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.panel import Floats, Panel


def simulated(days: int = 500, ahead: int = 28, stores: int = 3) -> tuple[Panel, Floats]:
    """Return stores with trend, week, promotions and holidays, and what came after."""
    rng = np.random.default_rng(5)
    dates = pd.date_range("2023-01-01", periods=days + ahead)
    day = np.arange(days + ahead)
    promo = np.tile((day // 14 % 2).astype(float), (stores, 1))
    holiday = np.tile((day % 45 == 20).astype(float), (stores, 1))
    opened = np.tile((dates.day_of_week != 6).astype(float), (stores, 1))
    week = 0.2 * np.sin(2 * np.pi * day / 7)
    log_y = 7 + np.arange(stores)[:, None] + 0.0003 * day + week + 0.4 * promo - 0.7 * holiday
    y = np.exp(log_y + rng.normal(0, 0.05, log_y.shape)) * opened
    past = np.where(day < days, y, np.nan)
    known = {"open": opened, "promo": promo, "holiday": holiday}
    return Panel(pd.RangeIndex(stores), dates, past, days, 7, known, {}), y[:, days:]


def program(folder: Path, script: str) -> Path:
    """Write a program that stands in for Stan's; REAL in it is the true one."""
    path = folder / "program"
    path.write_text("#!/bin/sh\n" + script.replace("REAL", str(stan.bundled_program())) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


library = pytest.mark.filterwarnings("ignore:The inplace keyword:pandas.errors.Pandas4Warning")
"""What Prophet's own Python does in pandas of today; we run none of it."""


@pytest.fixture
def unchecked() -> None:
    stan.checked_program.cache_clear()


def test_the_known_answer_is_found_without_stan() -> None:
    series = stan.known_series()
    columns = np.array([[float(cell) for cell in row[1:-1].split(",")] for row in series.rows])
    turned = series.t[:, None] >= series.changes

    def unlikely(p: Floats) -> float:
        """Return the negative logarithm of the posterior as prophet.stan states it."""
        (k, m), delta, noise, beta = p[:2], p[2:3], np.exp(p[3]), p[4:]
        trend = (k + turned @ delta) * series.t + m - turned @ (series.changes * delta)
        miss = series.y - trend - columns @ beta
        prior = (k**2 + m**2) / 50 + np.abs(delta).sum() / series.tau
        prior += noise**2 / (2 * 0.5**2) + (beta**2 / (2 * series.scales**2)).sum()
        return float(prior + len(miss) * p[3] + (miss**2).sum() / (2 * noise**2))

    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-11}
    start = np.array([0.0, 0.5, 0.0, -2.0, 0.0, 0.0])
    best = minimize(unlikely, start, method="Nelder-Mead", options=options).x
    answer = [best[0], best[1], np.exp(best[3]), *best[4:]]
    assert answer == pytest.approx(stan.KNOWN_ANSWER, abs=1e-4)


@library
def test_plain_prophet_is_the_library_itself() -> None:
    from prophet import Prophet as Library

    panel, _ = simulated(days=800)
    found = PlainProphet().predict(panel, seed=0, workers=2)
    for row in range(len(panel.stores)):
        opened = panel.open[row, : panel.origin]
        frame = pd.DataFrame(
            {"ds": panel.dates[: panel.origin][opened], "y": panel.history[row, opened]}
        )
        fitted = Library(uncertainty_samples=0).fit(frame)
        expected = fitted.predict(pd.DataFrame({"ds": panel.dates[panel.origin :]}))["yhat"]
        assert found[row] == pytest.approx(expected.to_numpy(), rel=2e-3)


@library
def test_the_served_one_is_the_library_with_the_same_seasons_and_regressors() -> None:
    from prophet import Prophet as Library

    panel, _ = simulated(stores=1)
    found = Prophet().predict(panel, seed=0, workers=1)[0]
    known = {name: values[0] for name, values in panel.known.items() if name != "open"}
    known |= {"before": np.roll(known["holiday"], -1), "after": np.roll(known["holiday"], 1)}
    days = pd.DataFrame({"ds": panel.dates, **known})
    opened = panel.open[0, : panel.origin]
    frame = days[: panel.origin][opened]
    logs = np.log(panel.history[0, opened])
    fitted = Library(uncertainty_samples=0, yearly_seasonality=False, weekly_seasonality=False)
    fitted.add_seasonality("year", 365.25, 4, prior_scale=0.05)
    fitted.add_seasonality("month", 365.25 / 12, 5, prior_scale=0.2)
    fitted.add_seasonality("week", 7, 3, prior_scale=0.2)
    for name in known:
        fitted.add_regressor(name, prior_scale=0.2)
    fitted.fit(frame.assign(y=logs - logs.mean()))
    noise = float(np.asarray(fitted.params["sigma_obs"]).item() * fitted.y_scale)
    expected = fitted.predict(days[panel.origin :])["yhat"].to_numpy() + logs.mean()
    assert found == pytest.approx(np.exp(expected + noise**2 / 2), rel=1e-2)


def test_promotions_and_holidays_ahead_are_foreseen() -> None:
    panel, came = simulated()
    found = Prophet().predict(panel, seed=0, workers=2)
    opened = panel.open[:, panel.origin :]
    assert np.abs(found / np.where(opened, came, 1) - 1)[opened].mean() < 0.07


def test_weekly_figures_have_a_year_and_no_week() -> None:
    rng = np.random.default_rng(4)
    step = np.arange(220)
    usual = 5000 * np.exp(0.3 * np.sin(2 * np.pi * step * 7 / 365.25) + 0.001 * step)
    y = np.where(step < 208, usual * rng.lognormal(0, 0.03, 220), np.nan)[None]
    dates = pd.date_range("2021-01-04", periods=220, freq="7D")
    panel = Panel(pd.RangeIndex(1), dates, y, 208, 52, {}, {})
    for model in (Prophet(), PlainProphet()):
        found = model.predict(panel, seed=0, workers=1)
        assert found[0] == pytest.approx(usual[208:], rel=0.1)


def test_a_trend_never_runs_away() -> None:
    days, ahead = 40, 200
    y = np.concatenate([np.exp(np.arange(days) / 8.0), np.full(ahead, np.nan)])[None]
    dates = pd.date_range("2024-01-01", periods=days + ahead)
    panel = Panel(pd.RangeIndex(1), dates, y, days, 7, {}, {})
    found = Prophet().predict(panel, seed=0, workers=1)
    assert np.nanmax(found) <= 2 * np.nanmax(y)


def test_workers_and_order_of_stores_change_nothing() -> None:
    panel, _ = simulated()
    alone = Prophet().predict(panel, seed=0, workers=1)
    turned = panel.of(np.array([2, 1, 0]))
    assert np.array_equal(Prophet().predict(turned, seed=1, workers=3)[::-1], alone)


def test_a_store_that_cannot_be_fitted_is_nan_and_the_others_are_unharmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    panel, _ = simulated()
    whole = Prophet().predict(panel, seed=0, workers=2)
    fails = program(tmp_path, 'case "$*" in */1.data.json*) exit 1;; esac; exec REAL "$@"')
    stan.checked_program.cache_clear()
    monkeypatch.setattr(stan, "bundled_program", lambda: fails)
    found = Prophet().predict(panel, seed=0, workers=2)
    assert np.isnan(found[1]).all()
    assert np.array_equal(found[[0, 2]], whole[[0, 2]])


def test_short_and_level_stores() -> None:
    panel, _ = simulated()
    y = panel.y.copy()
    y[0, : panel.origin - 13] = np.nan
    y[1, : panel.origin] = 250.0
    found = PlainProphet().predict(panel.showing(y), seed=0, workers=1)
    assert np.isnan(found[0]).all()
    assert (found[1] == 250).all()


@pytest.mark.parametrize(
    ("script", "key"),
    [
        ('[ "$1" = info ] && echo "stan_version_major = 1" && exit 0', "version"),
        ("exit 3", "broken"),
        ('[ "$1" = info ] && exec REAL info; exit 0', "broken"),
        (
            # A program of another mind: it fits the data it is given with other priors.
            (
                'if [ "$1" = info ]; then exec REAL info; fi; data=$(echo "$2" | cut -d= -f2);'
                r' sed -i "s/\"sigmas\": .10.0, 10.0./\"sigmas\": [0.001, 0.001]/" "$data";'
                ' exec REAL "$@"'
            ),
            "wrong_answer",
        ),
    ],
)
def test_a_wrong_program_is_named_and_leaves_prophet_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unchecked: None,
    script: str,
    key: str,
) -> None:
    wrong = program(tmp_path, script)
    monkeypatch.setattr(stan, "bundled_program", lambda: wrong)
    with pytest.raises(PermanentError) as caught:
        stan.checked_program()
    assert caught.value.key == f"forecasting.stan.{key}"
    assert "reinstall" in caught.value.say("en")
    assert "Prophet" in caught.value.say("zh")
    panel, _ = simulated()
    assert np.isnan(Prophet().predict(panel, seed=0, workers=1)).all()
    stan.checked_program.cache_clear()


def test_the_tournament_goes_on_without_prophet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    monkeypatch.setattr(stan, "bundled_program", lambda: tmp_path / "none")
    days = pd.date_range("2024-01-01", periods=100)
    history = pd.DataFrame({"store": 1, "ds": days, "y": 100.0 + days.day_of_week})
    future = pd.DataFrame({"store": 1, "ds": pd.date_range("2024-04-10", periods=7)})
    models = (SeasonalNaive(), Prophet())
    found = tournament(history, future, models=models, workers=1).forecast
    assert found["mean"].to_list() == [100.0 + day for day in future["ds"].dt.day_of_week]


def test_a_missing_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    monkeypatch.setattr(stan, "bundled_program", lambda: tmp_path / "none")
    with pytest.raises(PermanentError) as caught:
        stan.checked_program()
    assert caught.value.key == "forecasting.stan.broken"


def test_cmdstan_of_the_environment_plays_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked: None
) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "elsewhere"))
    assert stan.checked_program() == stan.bundled_program()


def test_nothing_is_printed_and_no_file_is_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    unchecked: None,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    panel, _ = simulated()
    Prophet().predict(panel, seed=0, workers=2)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def _in_child(queue: "multiprocessing.Queue[Floats]") -> None:
    queue.put(Prophet().predict(simulated()[0], seed=0, workers=2))


def test_it_runs_in_a_process_that_may_have_no_child_processes_of_multiprocessing() -> None:
    """Celery's prefork workers are daemonic: a multiprocessing pool is refused there."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Floats] = context.Queue()
    child = context.Process(target=_in_child, args=(queue,), daemon=True)
    child.start()
    found = queue.get(timeout=200)
    child.join()
    assert np.array_equal(found, Prophet().predict(simulated()[0], seed=0, workers=1))


def test_a_program_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stan, "SECONDS", 0.2)
    endless = program(tmp_path, "exec sleep 60")
    with pytest.raises(stan.FitError, match="timed out"):
        stan.fit(endless, stan.known_series(), tmp_path)
