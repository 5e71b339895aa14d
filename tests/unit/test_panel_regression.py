"""The batch solution is the store-by-store one; known effects of made-up chains are found again."""

import numpy as np
import pandas as pd
import pytest

from forecasting import forecast, frame, metrics
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.shrinkage import departures
from forecasting.panel import Panel
from tests.unit.test_forecast import chain


def slow_departures(
    designs: list[np.ndarray], rests: list[np.ndarray], weights: list[np.ndarray]
) -> np.ndarray:
    """One store after the other, from the rows and not from their products."""
    size = designs[0].shape[1]
    spread, noise = np.full(size, 0.01), np.full(len(designs), 0.05)
    spread[0] = 100.0
    found = np.zeros((len(designs), size))
    for _ in range(5):
        second = np.zeros((len(designs), size))
        for s, (x, r, w) in enumerate(zip(designs, rests, weights, strict=True)):
            covariance = np.linalg.inv(x.T @ np.diag(w / noise[s]) @ x + np.diag(1 / spread))
            found[s] = covariance @ x.T @ (w / noise[s] * r)
            second[s] = found[s] ** 2 + np.diag(covariance)
        for s, (x, r, w) in enumerate(zip(designs, rests, weights, strict=True)):
            explained = found[s] @ (x.T @ (w * r))
            noise[s] = max(((w * r * r).sum() - explained) / w.sum(), 1e-4)
        spread = np.maximum(second.mean(axis=0), 1e-7)
        spread[0] = 100.0
    return found


def test_all_stores_at_once_are_as_one_by_one() -> None:
    rng = np.random.default_rng(2)
    designs = [np.c_[np.ones(40), rng.normal(size=(40, 3))] for _ in range(5)]
    rests = [x @ rng.normal(0, 0.3, 4) + rng.normal(0, 0.2, 40) for x in designs]
    weights = [rng.random(40) for _ in designs]
    rows = list(zip(designs, rests, weights, strict=True))
    found, _ = departures(
        np.array([x.T @ np.diag(w) @ x for x, _, w in rows]),
        np.array([x.T @ (w * r) for x, r, w in rows]),
        np.array([(w * r * r).sum() for _, r, w in rows]),
        np.array([w.sum() for _, _, w in rows]),
        None,
    )
    np.testing.assert_allclose(found, slow_departures(designs, rests, weights), rtol=1e-8)


def panel_of(days: int = 200) -> tuple[Panel, pd.DataFrame]:
    history, future = chain(stores=6, days=days)
    return frame.read(history, future).panel, future


def test_the_effect_of_a_promotion_is_found() -> None:
    panel, future = panel_of()
    found = PanelRegression().predict(panel, seed=0, workers=1)
    rows = future.assign(mean=found.ravel())
    monday = rows[rows.ds.dt.day_of_week == 0].groupby("promo")["mean"].mean()
    assert monday[True] / monday[False] == pytest.approx(1.4, rel=0.08)


def test_a_store_of_three_weeks_takes_the_effects_of_the_chain() -> None:
    history, future = chain(stores=6, days=200)
    young = history[(history.store != 5) | (history.ds >= "2024-06-28")]
    panel = frame.read(young, future).panel
    found = PanelRegression().predict(panel, seed=0, workers=1)[5]
    saturdays = panel.dates[panel.origin :].day_of_week == 5
    mondays = panel.dates[panel.origin :].day_of_week == 0
    assert found[saturdays].mean() / found[mondays].mean() == pytest.approx(1.3, rel=0.12)


def regimes(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a chain unlike every model: levels that jump, a square season, a saturating response.

    ``y`` of the future is the truth without noise.
    """
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2022-01-03", periods=800)
    rows = []
    for store in range(12):
        level = 900 * rng.lognormal(0, 0.5) * np.exp(np.cumsum((rng.random(800) < 0.003) * 0.2))
        square = np.where((dates.month >= 6) & (dates.month <= 8), 1.35, 1.0)
        promo = (rng.random(115) < 0.3)[np.arange(800) // 7]
        long = promo & np.r_[False, promo[:-1]]
        weekday = np.array([1, 0.95, 1, 1.05, 1.3, 1.6, 0.7])[dates.day_of_week]
        truth = level * square * weekday * (1 + 0.35 * promo - 0.15 * long)
        rows.append(
            pd.DataFrame(
                {
                    "store": store,
                    "ds": dates,
                    "truth": truth,
                    "y": truth * rng.lognormal(0, 0.08, 800),
                    "promo": promo,
                }
            )
        )
    whole = pd.concat(rows, ignore_index=True)
    return whole[whole.ds < dates[772]], whole[whole.ds >= dates[772]]


@pytest.mark.parametrize("seed", [90211, 90212])
def test_a_chain_unlike_every_model_is_still_forecast_near_the_truth(seed: int) -> None:
    past, ahead = regimes(seed)
    found = forecast(past.drop(columns="truth"), ahead[["store", "ds", "promo"]], workers=1)
    both = found.merge(ahead, on=["store", "ds"])
    error = metrics.wape(both["truth"].to_numpy(), both["mean"].to_numpy())
    within = metrics.coverage(
        both["y"].to_numpy(), both["q0.1"].to_numpy(), both["q0.9"].to_numpy()
    )
    assert error < 0.08
    assert 0.65 < within < 0.95


def shops(noise: float = 0.1, seed: int = 61) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a chain that is shut on Sundays and does not say so, and the truth of what comes."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=248)
    rows = [
        pd.DataFrame(
            {
                "store": store,
                "ds": dates,
                "y": level * rng.lognormal(0, noise, len(dates)),
                "truth": level * np.exp(noise**2 / 2),
            }
        )
        for store, level in enumerate(rng.lognormal(6, 0.4, 15))
    ]
    whole = pd.concat(rows, ignore_index=True)
    whole.loc[whole["ds"].dt.day_of_week == 6, ["y", "truth"]] = 0.0
    past, ahead = whole[whole["ds"] < dates[220]], whole[whole["ds"] >= dates[220]]
    return past.drop(columns="truth"), ahead


def test_a_weekday_on_which_a_store_is_always_shut_takes_nothing_from_the_others() -> None:
    past, ahead = shops()
    panel = frame.read(past, ahead[["store", "ds"]]).panel
    found = ahead.assign(mean=PanelRegression().predict(panel, seed=0, workers=1).ravel())
    sunday = found["ds"].dt.day_of_week == 6
    assert (found["mean"][sunday] == 0).all()
    assert found["mean"].sum() == pytest.approx(found["truth"].sum(), rel=0.03)


def test_sums_of_restless_days_are_not_foretold_too_low() -> None:
    """The mean of a lognormal with a deviation of 0.5 is 13 % above its median."""
    ratios = []
    for seed in range(61, 69):
        past, ahead = shops(noise=0.5, seed=seed)
        panel = frame.read(past, ahead[["store", "ds"]]).panel
        found = PanelRegression().predict(panel, seed=0, workers=1)
        ratios.append(found.sum() / ahead["truth"].sum())
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)
