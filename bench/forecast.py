"""How well and how fast stores are forecast: ``python -m bench forecast``.

``--part accuracy`` reads a folder of real sales (``sales.parquet``: store, ds, y, covariates, and
``customers``, known of the past only), rewinds it five times by 48 days, and scores every model and
what is served. What is served of a window was chosen, weighted and given its intervals on the three
windows before it. ``--part speed`` forecasts a simulated chain.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting import entrants, frame, intervals, metrics, tournament
from forecasting.backtest import Backtests, play_windows
from forecasting.models.base import Model
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.prophet import PlainProphet, Prophet
from forecasting.panel import Floats, Panel
from forecasting.scores import LEVELS
from forecasting.tournament import choice, served

_HORIZON = 48
_WINDOWS = 5
_EARLIER = 3
_PAST_ONLY = ("customers",)


def main(arguments: Sequence[str]) -> int:
    """Run the parts that were asked for; print a table, then one JSON line."""
    parser = argparse.ArgumentParser(prog="bench forecast", description=__doc__)
    parser.add_argument("--part", choices=("accuracy", "speed", "all"), default="all")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/rossmann"))
    parser.add_argument("--prophet", action="store_true", help="let Prophet play too; slow")
    parser.add_argument("--stores", type=int, nargs="*", default=[])
    options = parser.parse_args(arguments)
    found: dict[str, object] = {}
    if options.part != "speed":
        more = (PlainProphet(), Prophet()) if options.prophet else ()
        stores = options.stores[0] if options.stores else None
        found["accuracy"] = _accuracy(options.data, stores, (*entrants(), *more))
    if options.part != "accuracy":
        found["speed"] = [_speed(stores) for stores in options.stores or (100, 300, 1115)]
    print(json.dumps(found))
    return 0


def _accuracy(folder: Path, stores: int | None, models: Sequence[Model]) -> list[dict[str, object]]:
    panel = _real(folder, stores)
    tests = play_windows(
        [panel.rewound(_HORIZON * k, _HORIZON) for k in range(1, _WINDOWS + _EARLIER + 1)],
        panel.y,
        models,
        seed=0,
        workers=os.cpu_count() or 1,
    )
    rows = [_scored(tests, at) for at in range(len(tests.names))]
    rows.insert(0, _served(tests))
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4f}".format))
    return rows


def _real(folder: Path, stores: int | None) -> Panel:
    rows = pd.read_parquet(folder / "sales.parquet")
    if stores:
        rows = rows[rows["store"].isin(sorted(rows["store"].unique())[:stores])]
    past = rows.rename(columns={name: f"past_{name}" for name in _PAST_ONLY})
    last = rows["ds"].max()
    ahead = rows[rows["ds"] == last].drop(columns=["y", *_PAST_ONLY])
    ahead = ahead.assign(ds=last + pd.Timedelta(days=1))
    # one day ahead stands there so that covariates count as known; it is never forecast
    return frame.read(past, ahead).panel.rewound(0, 1)


def _scored(tests: Backtests, model: int) -> dict[str, object]:
    windows = [metrics.wape(tests.actual[w], tests.past[model, w]) for w in range(_WINDOWS)]
    return {
        "model": tests.names[model],
        "wape": float(np.mean(windows)),
        "windows": [round(value, 4) for value in windows],
        "seconds": round(tests.seconds[model], 1),
    }


def _served(tests: Backtests) -> dict[str, object]:
    scores = []
    for window in range(_WINDOWS):
        known = tests.earlier_than(window, _EARLIER)
        past, ahead = served(known, choice(known))
        spread = intervals.learn(known.actual, past, known.opened, LEVELS)
        scores.append(_three(tests.actual[window], ahead, spread.around(ahead)))
    wape, wql, covered = np.mean(scores, axis=0)
    return {
        "model": "served",
        "wape": float(wape),
        "wql": float(wql),
        "coverage": float(covered),
        "windows": [round(score[0], 4) for score in scores],
        "seconds": round(sum(tests.seconds), 1),
    }


def _three(actual: Floats, mean: Floats, quantiles: Floats) -> tuple[float, float, float]:
    return (
        metrics.wape(actual, mean),
        metrics.wql(actual, quantiles, LEVELS),
        metrics.coverage(actual, quantiles[..., 0], quantiles[..., -1]),
    )


def _speed(stores: int) -> dict[str, object]:
    history, future = _simulated(stores)
    seconds = {}
    for name, models in (("panel_regression", [PanelRegression()]), ("served", entrants())):
        begun = time.perf_counter()
        if name == "served":
            tournament(history, future)
        else:
            panel = frame.read(history, future).panel
            models[0].predict(panel, seed=0, workers=os.cpu_count() or 1)
        seconds[name] = round(time.perf_counter() - begun, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row: dict[str, object] = {"stores": stores, **seconds, "peak_mib": round(peak)}
    print(row)
    return row


def _simulated(stores: int, days: int = 942) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(5)
    dates = pd.date_range("2022-01-01", periods=days + _HORIZON)
    opened = np.broadcast_to(dates.day_of_week != 6, (stores, len(dates)))
    promo = np.broadcast_to(np.arange(len(dates)) // 7 % 2 == 0, opened.shape)
    level = rng.lognormal(8, 0.4, (stores, 1))
    y = level * opened * (1 + 0.3 * promo) * rng.lognormal(0, 0.12, opened.shape)
    whole = pd.DataFrame(
        {
            "store": np.repeat(np.arange(stores), len(dates)),
            "ds": np.tile(dates, stores),
            "y": y.ravel(),
            "open": opened.ravel(),
            "promo": promo.ravel(),
        }
    )
    return whole[whole["ds"] < dates[days]], whole[whole["ds"] >= dates[days]].drop(columns="y")
