"""Every store gets the model that proved best on its own past.

The choice is made on the earlier windows of the backtest, and scored on the last, which it has not
seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting import intervals, metrics, ramp, scores
from forecasting.backtest import Backtests, play
from forecasting.frame import Note, Reading
from forecasting.models.base import Model
from forecasting.panel import Floats, Panel

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
    names = np.array(tests.names, dtype=object)[chosen]
    found = _with_new(reading.panel, _Ahead(ahead, spread.around(ahead), names), quantiles)
    return Outcome(
        forecast=_rows(reading, found, quantiles),
        scores=table,
        chain=scores.chain(tests, chosen, past),
        coverage=scores.by_horizon(tests, past),
        losing=scores.losing(table),
        refused=(*reading.refused, *_unborne(reading, found.mean)),
        notes=(*reading.notes, *_new(reading.panel, found)),
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


@dataclass(frozen=True)
class _Ahead:
    """What is served: ``mean`` [S, H], ``spread`` [S, H, Q], the ``model`` of each store [S]."""

    mean: Floats
    spread: Floats
    model: NDArray[np.object_]


def _with_new(panel: Panel, ahead: _Ahead, quantiles: Sequence[float]) -> _Ahead:
    """Return ``ahead`` with the ramp of earlier openings for stores in their first weeks."""
    new = ramp.new(panel) & (panel.history > 0).any(axis=1)
    if not new.any():
        return ahead
    mean, spread = ramp.forecast(panel, ramp.learned(panel), quantiles)
    new &= np.isfinite(mean).all(axis=1)
    return _Ahead(
        np.where(new[:, None], mean, ahead.mean),
        np.where(new[:, None, None], spread, ahead.spread),
        np.where(new, ramp.NAME, ahead.model),
    )


def _new(panel: Panel, ahead: _Ahead) -> list[Note]:
    return [
        Note(store, "forecasting.note.new", {"weeks": ramp.NEW_WEEKS})
        for store in panel.stores[ahead.model == ramp.NAME]
    ]


def _rows(reading: Reading, ahead: _Ahead, quantiles: Sequence[float]) -> pd.DataFrame:
    panel = reading.panel
    store, step = np.nonzero(reading.wanted & np.isfinite(ahead.mean))
    columns = {f"q{level:g}": ahead.spread[store, step, at] for at, level in enumerate(quantiles)}
    return pd.DataFrame(
        {
            "store": panel.stores[store],
            "ds": panel.dates[panel.origin + step],
            "mean": ahead.mean[store, step],
            **columns,
            "model": ahead.model[store],
        }
    )


def _unborne(reading: Reading, mean: Floats) -> list[Note]:
    without = np.flatnonzero(~np.isfinite(mean).all(axis=1) & reading.wanted.any(axis=1))
    return [Note(store, "forecasting.refused.no_model") for store in reading.panel.stores[without]]
