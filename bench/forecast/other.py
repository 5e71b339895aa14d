"""Chains unlike the one that models were built on: weekly, short and gappy, small and restless."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting import metrics, tournament
from forecasting.models.base import Model
from forecasting.models.boosting import Boosting
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive

_WINDOWS = 2
_STORES = 100


def others(rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Score what is served beside seasonal naive on each sort of data, a row a window.

    ``rows``: daily sales of many stores (store, ds, y, open, promo …), which the first two sorts
    are made of; the third is simulated.
    """
    picked = np.random.default_rng(0).choice(sorted(rows["store"].unique()), _STORES, replace=False)
    some = rows[rows["store"].isin(picked)]
    for name, data, horizon in (
        ("weekly", _weekly(some), 8),
        ("short", _short(some), 28),
        ("restaurants", _restaurants(), 28),
    ):
        for window in range(_WINDOWS):
            yield {"data": name, "window": window + 1, **_scores(data, horizon, window)}


def _scores(rows: pd.DataFrame, horizon: int, window: int) -> dict[str, float]:
    dates = np.sort(rows["ds"].unique())
    end = len(dates) - window * horizon
    known = rows[rows["ds"] < dates[end - horizon]]
    ahead = rows[(rows["ds"] >= dates[end - horizon]) & (rows["ds"] <= dates[end - 1])]
    ahead = ahead[ahead["store"].isin(known["store"].unique())]
    naive, _, _, _ = _played(known, ahead, (SeasonalNaive(),))
    models = (SeasonalNaive(), PanelRegression(), Boosting())
    served, bias, wql, covered = _played(known, ahead, models)
    return {"naive": naive, "served": served, "bias": bias, "wql": wql, "coverage": covered}


def _played(
    known: pd.DataFrame, ahead: pd.DataFrame, models: tuple[Model, ...]
) -> tuple[float, float, float, float]:
    found = tournament(known, ahead.drop(columns="y"), models=models).forecast
    both = found.merge(ahead[["store", "ds", "y"]], on=["store", "ds"])
    y, mean = both["y"].to_numpy(float), both["mean"].to_numpy(float)
    spread = both.filter(like="q0.").to_numpy(float)
    levels = tuple(level / 10 for level in range(1, 10))
    return (
        metrics.wape(y, mean),
        float(mean.sum() / y.sum() - 1),
        metrics.wql(y, spread, levels),
        metrics.coverage(y, spread[:, 0], spread[:, -1]),
    )


def _weekly(rows: pd.DataFrame) -> pd.DataFrame:
    """Return whole weeks."""
    week = rows["ds"] - pd.to_timedelta(rows["ds"].dt.day_of_week, unit="D")
    sums = rows.assign(ds=week).groupby(["store", "ds"])
    out = sums.agg(y=("y", "sum"), promo=("promo", "mean"), days=("y", "size")).reset_index()
    return out[out["days"] == 7].drop(columns="days")


def _short(rows: pd.DataFrame) -> pd.DataFrame:
    """Return 90 to 400 days a store, some missing, a third shut for weeks and not said to be."""
    rng = np.random.default_rng(1)
    last = rows["ds"].max()
    stores = rows["store"].unique()
    start = {store: last - pd.Timedelta(days=int(rng.integers(90, 400))) for store in stores}
    out = rows[rows["ds"] >= rows["store"].map(start)]
    keep = rng.random(len(out)) > 0.08
    for store in stores[::3]:
        shut = last - pd.Timedelta(days=int(rng.integers(70, 200)))
        within = (out["ds"] >= shut) & (out["ds"] < shut + pd.Timedelta(days=21))
        keep &= ~(within & (out["store"] == store)).to_numpy()
    return out[keep].drop(columns="open")


def _restaurants(stores: int = 40) -> pd.DataFrame:
    """Return counts of guests: levels that wander, days that are missing, some without a guest."""
    rng = np.random.default_rng(77)
    dates = pd.date_range("2023-01-01", periods=478)
    parts = []
    for store in range(stores):
        level = rng.lognormal(3.2, 0.5) * np.exp(np.cumsum(rng.normal(0, 0.012, len(dates))))
        weekday = np.exp(rng.normal(0, 0.2, 7))[dates.day_of_week]
        angle = 2 * np.pi * dates.day_of_year.to_numpy() / 365.25 + rng.normal(0, 0.3)
        usual = level * weekday * (1 + 0.15 * np.sin(angle))
        guests = rng.poisson(usual * rng.gamma(8, 1 / 8, len(dates))).astype(float)
        guests[rng.random(len(dates)) < 0.03] = 0
        rows = pd.DataFrame({"store": store, "ds": dates, "y": guests})
        rows = rows[rows["ds"] >= dates[int(rng.integers(0, 360))]]
        parts.append(rows[rng.random(len(rows)) > 0.1])
    return pd.concat(parts, ignore_index=True)
