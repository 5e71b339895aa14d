"""Every store gets the model that proved best on its own past.

The choice is made on the earlier windows of the backtest, and scored on the last, which it has not
seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting import intervals, metrics, scores
from forecasting.backtest import Backtests, play
from forecasting.frame import Note, Reading
from forecasting.models.base import Model
from forecasting.panel import Floats

_PRIOR_DAYS = 100.0


@dataclass(frozen=True)
class Backtest:
    """What was served on the past: ``actual``, ``forecast`` [W, S, H'] of ``stores`` [S].

    The latest window first; NaN where nothing is known.
    """

    stores: pd.Index
    actual: Floats
    forecast: Floats


@dataclass(frozen=True)
class Outcome:
    """What a tournament found.

    ``forecast``: store, ds, mean, a column a quantile (``q0.1`` …), model.
    ``scores``: a row a store and model: store, model, served, wape, chosen_on. ``wape`` is of the
    last window, which the choice has not seen; ``chosen_on`` that of the earlier ones.
    ``chain``: a row a model over all stores: model, stores (served by it), wape, wql, coverage,
    seconds; the first row, ``served``, is what the stores get. wql and coverage (of the 80 %
    interval) are of the last window, with intervals from the earlier ones.
    ``coverage``: the served forecast's by horizon: first, last (steps ahead), coverage.
    ``losing``: stores whose served model lost to seasonal naive on the last window.
    ``refused``: stores without a forecast, and why; ``notes``: what is to be said of others.
    ``backtest``: the served forecasts beside what came.
    """

    forecast: pd.DataFrame
    scores: pd.DataFrame
    chain: pd.DataFrame
    coverage: pd.DataFrame
    losing: tuple[object, ...]
    refused: tuple[Note, ...]
    notes: tuple[Note, ...]
    backtest: Backtest


def run(
    reading: Reading,
    models: Sequence[Model],
    *,
    quantiles: Sequence[float],
    seed: int,
    workers: int,
) -> Outcome:
    """Hold the tournament over what came through the door; ``quantiles`` rise within (0, 1)."""
    tests = play(reading.panel, models, seed=seed, workers=workers)
    chosen = choice(tests)
    past, ahead = served(tests, chosen)
    spread = intervals.learn(tests.actual, past, tests.opened, quantiles)
    table = scores.stores(reading.panel.stores, tests, chosen)
    return Outcome(
        forecast=_rows(reading, ahead, spread.around(ahead), quantiles, chosen, tests.names),
        scores=table,
        chain=scores.chain(tests, chosen, past),
        coverage=scores.by_horizon(tests, past),
        losing=scores.losing(table),
        refused=(*reading.refused, *_unborne(reading, ahead)),
        notes=reading.notes,
        backtest=Backtest(reading.panel.stores, tests.actual, past),
    )


def served(tests: Backtests, chosen: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return what each store's chosen model, [S], said of the windows and of the days ahead."""
    past = np.take_along_axis(tests.past, chosen[None, None, :, None], axis=0)[0]
    return past, np.take_along_axis(tests.ahead, chosen[None, :, None], axis=0)[0]


def choice(tests: Backtests) -> NDArray[np.int64]:
    """Return the model of each store: [S].

    The least error on the earlier windows; a store's own error counts by its days, the chain's as
    so many days more, so that a store with little history borrows the chain's choice.
    """
    early = tests.earlier
    actual = tests.actual[early]
    days = np.isfinite(actual).sum(axis=(0, 2))
    losses = []
    for forecast in tests.past:
        error, total = metrics.absolute_errors(actual, forecast[early])
        chain = error.sum() / total.sum() if total.sum() else 1.0
        own = error.sum(axis=0) / np.where(total.sum(axis=0) > 0, total.sum(axis=0), 1.0)
        losses.append((days * own + _PRIOR_DAYS * chain) / (days + _PRIOR_DAYS))
    bears = np.isfinite(tests.ahead).all(axis=2)
    return np.asarray(np.where(bears, np.array(losses), np.inf).argmin(axis=0))


def _rows(
    reading: Reading,
    mean: Floats,
    spread: Floats,
    quantiles: Sequence[float],
    chosen: NDArray[np.int64],
    names: Sequence[str],
) -> pd.DataFrame:
    panel = reading.panel
    store, step = np.nonzero(reading.wanted & np.isfinite(mean))
    columns = {f"q{level:g}": spread[store, step, at] for at, level in enumerate(quantiles)}
    return pd.DataFrame(
        {
            "store": panel.stores[store],
            "ds": panel.dates[panel.origin + step],
            "mean": mean[store, step],
            **columns,
            "model": np.array(names, dtype=object)[chosen[store]],
        }
    )


def _unborne(reading: Reading, mean: Floats) -> list[Note]:
    without = np.flatnonzero(~np.isfinite(mean).all(axis=1) & reading.wanted.any(axis=1))
    return [Note(store, "forecasting.refused.no_model") for store in reading.panel.stores[without]]
