"""Every store's future from its past: series in, quantiles out. Pure: no server, no clock."""

import os
from collections.abc import Sequence

import pandas as pd

from forecasting import frame
from forecasting import tournament as _tournament
from forecasting.frame import Note
from forecasting.models.base import Model
from forecasting.models.boosting import Boosting
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.prophet import Prophet
from forecasting.models.seasonal_naive import SeasonalNaive
from forecasting.models.statistical import MSTL, AutoETS, Theta
from forecasting.tournament import Outcome

__all__ = ["QUANTILES", "Note", "Outcome", "entrants", "forecast", "tournament"]

QUANTILES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))


def entrants() -> tuple[Model, ...]:
    """Return the models that play unless others are named."""
    return SeasonalNaive(), PanelRegression(), Boosting(), Prophet(), AutoETS(), MSTL(), Theta()


def forecast(
    history: pd.DataFrame,
    future: pd.DataFrame,
    *,
    quantiles: Sequence[float] = QUANTILES,
    season: int = 7,
    seed: int = 0,
    workers: int | None = None,
) -> pd.DataFrame:
    """Return store, ds, mean, a column a quantile (``q0.1`` …), model: a row a row of ``future``.

    ``history``: store, ds, y and any covariates; ``future``: store, ds, and those of them that
    are known ahead, by the same names. Daily or weekly is found from the days. ``season``: steps of
    one season in daily data. Rows are sorted by store and day. Stores that had to be refused are
    not in it, and are in ``.attrs["refused"]`` as ``Note``. Raises PermanentError where a table as
    a whole cannot be read.
    """
    outcome = tournament(
        history, future, quantiles=quantiles, season=season, seed=seed, workers=workers
    )
    found = outcome.forecast
    found.attrs["refused"] = outcome.refused
    return found


def tournament(
    history: pd.DataFrame,
    future: pd.DataFrame,
    *,
    models: Sequence[Model] | None = None,
    quantiles: Sequence[float] = QUANTILES,
    season: int = 7,
    seed: int = 0,
    workers: int | None = None,
) -> Outcome:
    """Return what ``forecast`` returns, with scores, coverage, refusals and notes.

    ``models``: who plays, ``entrants()`` unless given; their combination always does. ``workers``:
    threads or processes, all processors unless given; the rows do not depend on it. Raises as
    ``forecast`` does, and ValueError for quantiles that do not rise within (0, 1).
    """
    levels = tuple(float(level) for level in quantiles)
    if not levels or list(levels) != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
        raise ValueError(f"quantiles must rise within (0, 1), not {levels}")
    return _tournament.run(
        frame.read(history, future, season=season),
        entrants() if models is None else models,
        quantiles=levels,
        seed=seed,
        workers=workers or os.cpu_count() or 1,
    )
