"""The score tables of a tournament."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting import intervals, metrics
from forecasting.backtest import Backtests
from forecasting.panel import Floats

BAR = "seasonal_naive"
"""The model that the served one is held against."""

SERVED = "served"
LEVELS = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
"""The quantiles that WQL is the mean of."""

_BUCKETS = (7, 14, 28, 56, 10_000)


def stores(names: pd.Index, tests: Backtests, chosen: NDArray[np.int64]) -> pd.DataFrame:
    """Return a row a store and model: store, model, served, wape, chosen_on."""
    parts = []
    for at, model in enumerate(tests.names):
        last = _wapes(tests.actual[:1], tests.past[at, :1])
        early = _wapes(tests.actual[tests.earlier], tests.past[at, tests.earlier])
        parts.append(
            pd.DataFrame(
                {
                    "store": names,
                    "model": model,
                    "served": chosen == at,
                    "wape": last,
                    "chosen_on": early,
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(
        "store", kind="stable", ignore_index=True
    )


def _wapes(actual: Floats, forecast: Floats) -> Floats:
    error, total = metrics.absolute_errors(actual, forecast)
    error, total = error.sum(axis=0), total.sum(axis=0)
    return np.where(total > 0, error / np.where(total > 0, total, 1.0), np.nan)


def chain(tests: Backtests, chosen: NDArray[np.int64], served: Floats) -> pd.DataFrame:
    """Return a row a model over all stores, what is served first; no rows without backtest."""
    if not len(tests.actual):
        return pd.DataFrame(columns=["model", "stores", "wape", "wql", "coverage", "seconds"])
    counts = np.bincount(chosen, minlength=len(tests.names))
    entries = [(SERVED, len(chosen), served, sum(tests.seconds[:-1]))]
    entries += zip(tests.names, counts, tests.past, tests.seconds, strict=True)
    return pd.DataFrame(
        [
            {"model": name, "stores": int(count), **_last(tests, past), "seconds": seconds}
            for name, count, past, seconds in entries
        ]
    )


def _last(tests: Backtests, past: Floats) -> dict[str, float]:
    """Score the last window, with intervals learned from the earlier ones."""
    quantiles = _last_quantiles(tests, past)
    actual = tests.actual[0]
    return {
        "wape": metrics.wape(actual, past[0]),
        "wql": metrics.wql(actual, quantiles, LEVELS),
        "coverage": metrics.coverage(actual, quantiles[..., 0], quantiles[..., -1]),
    }


def _last_quantiles(tests: Backtests, past: Floats) -> Floats:
    early = tests.earlier
    spread = intervals.learn(tests.actual[early], past[early], tests.opened[early], LEVELS)
    return spread.around(past[0])


def by_horizon(tests: Backtests, served: Floats) -> pd.DataFrame:
    """Return the served forecast's coverage on the last window: first, last, coverage."""
    rows = []
    if len(tests.actual):
        quantiles, actual = _last_quantiles(tests, served), tests.actual[0]
        first = 0
        for end in _BUCKETS:
            last = min(end, actual.shape[1])
            if first < last:
                part = quantiles[:, first:last]
                share = metrics.coverage(actual[:, first:last], part[..., 0], part[..., -1])
                rows.append({"first": first + 1, "last": last, "coverage": share})
            first = last
    return pd.DataFrame(rows, columns=["first", "last", "coverage"])


def losing(table: pd.DataFrame) -> tuple[object, ...]:
    """Return the stores whose served model has a higher WAPE than seasonal naive."""
    served = table[table["served"]].set_index("store")["wape"]
    bar = table[table["model"] == BAR].set_index("store")["wape"]
    return tuple(served.index[served > bar.reindex(served.index)])
