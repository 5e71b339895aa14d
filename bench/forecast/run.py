"""How well and how fast stores are forecast: ``python -m bench forecast``.

``--part accuracy`` reads a folder of real sales (``sales.parquet``: store, ds, y, covariates, and
``customers``, known of the past only), rewinds it five times by 48 days, and scores every model and
what is served. What is served of a window was chosen, weighted and given its intervals on the three
windows before it. ``--part other`` scores data of other sorts, ``--part speed`` forecasts a
simulated chain.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bench.forecast.other import others
from forecasting import entrants, frame, intervals, metrics, tournament
from forecasting.backtest import Backtests, play_windows
from forecasting.models.base import Model
from forecasting.models.boosting import Boosting
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.prophet import PlainProphet, Prophet
from forecasting.models.seasonal_naive import SeasonalNaive
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
    parser.add_argument(
        "--part", choices=("accuracy", "other", "speed", "prophet", "all"), default="all"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/rossmann"))
    parser.add_argument("--full", action="store_true", help="time the whole tournament too; slow")
    parser.add_argument("--stores", type=int, nargs="*", default=[])
    options = parser.parse_args(arguments)
    found: dict[str, object] = {}
    if options.part in {"accuracy", "all"}:
        found["accuracy"] = _accuracy(options.data, options.stores[0] if options.stores else None)
    if options.part in {"other", "all"}:
        found["other"] = _other(options.data)
    if options.part in {"speed", "all"}:
        sizes = options.stores or (100, 300, 1115)
        found["speed"] = [_speed(stores, full=options.full) for stores in sizes]
    if options.part in {"prophet", "all"}:
        found["prophet"] = _prophet(options.stores[0] if options.stores else 200)
    print(json.dumps(found))
    return 0


def _accuracy(folder: Path, stores: int | None) -> list[dict[str, object]]:
    panel = _real(folder, stores)
    windows = [panel.rewound(_HORIZON * k, _HORIZON) for k in range(1, _WINDOWS + _EARLIER + 1)]
    workers = os.cpu_count() or 1
    tests = play_windows(windows, panel.y, entrants(), seed=0, workers=workers)
    # for comparison only: it is not an entrant, so it must not be a part of the combination
    plain = play_windows(windows, panel.y, [PlainProphet()], seed=0, workers=workers)
    rows = [_served(tests), *(_scored(tests, at) for at in range(len(tests.names)))]
    rows.append(_scored(plain, 0))
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4f}".format))
    return rows


def _other(folder: Path) -> list[dict[str, object]]:
    rows = pd.read_parquet(folder / "sales.parquet").drop(columns=list(_PAST_ONLY))
    found = list(others(rows))
    print(pd.DataFrame(found).to_string(index=False, float_format="{:.4f}".format))
    return found


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


def _speed(stores: int, *, full: bool) -> dict[str, object]:
    history, future = _simulated(stores)
    served = (SeasonalNaive(), PanelRegression(), Boosting())
    runs: dict[str, tuple[Model, ...]] = {"panel_quantiles": served[1:2], "served": served}
    if full:
        runs["full"] = entrants()
    row: dict[str, object] = {
        "stores": stores,
        "panel_mean": _timed(lambda: _panel(history, future)),
    }
    for name, models in runs.items():
        row[name] = _timed(partial(tournament, history, future, models=models))
        row[f"{name}_peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(row, flush=True)
    return row


def _panel(history: pd.DataFrame, future: pd.DataFrame) -> Floats:
    panel = frame.read(history, future).panel
    return PanelRegression().predict(panel, seed=0, workers=os.cpu_count() or 1)


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return round(time.perf_counter() - begun, 1)


def _prophet(stores: int) -> dict[str, object]:
    """Time Prophet on one core and on two; ``cores_worth``: how much of two cores it used."""
    panel = frame.read(*_simulated(stores)).panel
    one, two = (
        _timed(partial(Prophet().predict, panel, seed=0, workers=workers)) for workers in (1, 2)
    )
    row: dict[str, object] = {
        "stores": stores,
        "one": one,
        "two": two,
        "cores_worth": round(one / two / 2, 2),
    }
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
