"""Gradient boosted trees over all stores: what the regression's straight lines cannot say.

LightGBM learns the logarithm of a day's figure less what the panel regression knows of its store
(level, trend, weekday by promotion), from the calendar and the covariates around the day. So one
set of trees serves stores of any size. Where each store is drifting to is learned beside, by
``drift``.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecasting import features
from forecasting.models.drift import drift
from forecasting.models.panel_regression import Fit, PanelRegression, recency
from forecasting.models.trees import Growth, Trees, grow, sample
from forecasting.panel import Floats, Panel

_MOST = 1.5
_CHUNK = 256
_FEWEST_DAYS = 400
_GROWTH = Growth(rounds=250, least_in_leaf=60, rows=300_000, features=0.6, penalty=1.0)


@dataclass(frozen=True)
class Boosting:
    """LightGBM on what the regression leaves. Half-lives are in days."""

    growth: Growth = _GROWTH
    half_life: float = 500.0
    level_half_life: float = 28.0
    level_prior: float = 10.0
    regression: PanelRegression = field(default_factory=PanelRegression)
    name: str = "boosting"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store without any figure, 0 for one that took nothing."""
        fit = self.regression.fit(panel)
        logs = fit.log[:, panel.origin :].astype(np.float64)
        if fit.selling.sum() >= _FEWEST_DAYS:
            known = features.covariates(panel)
            trees = self._train(panel, fit, known, seed, workers)
            for start in range(0, len(logs), _CHUNK):
                rows = slice(start, start + _CHUNK)
                logs[rows] = self._ahead(panel, fit, known, rows, trees, workers)
            logs += drift(panel, self.regression, seed=seed, workers=workers)
        return fit.scale(panel, logs)

    def _train(
        self, panel: Panel, fit: Fit, known: features.Covariates, seed: int, workers: int
    ) -> Trees:
        days = np.flatnonzero(fit.selling)
        keep = np.zeros(fit.selling.shape, dtype=bool)
        keep.ravel()[days[sample(len(days), self.growth, seed)]] = True
        columns, target, weight = [], [], []
        for start in range(0, len(panel.stores), _CHUNK):
            rows = slice(start, start + _CHUNK)
            chosen = keep[rows]
            columns.append(_columns(panel, fit, known, rows)[:, : panel.origin][chosen])
            target.append(_left(panel, fit, rows)[chosen])
            weight.append(np.broadcast_to(recency(panel, self.half_life), chosen.shape)[chosen])
        return grow(
            np.concatenate(columns),
            np.concatenate(target),
            np.concatenate(weight),
            self.growth,
            seed=seed,
            workers=workers,
        )

    def _ahead(
        self,
        panel: Panel,
        fit: Fit,
        known: features.Covariates,
        rows: slice,
        trees: Trees,
        workers: int,
    ) -> Floats:
        recent = max(panel.origin - int(4 * self.level_half_life), 0)
        columns = _columns(panel, fit, known, rows)[:, recent:]
        found = trees.predict(columns, workers)
        past = panel.origin - recent
        missed = _left(panel, fit, rows)[:, recent:] - found[:, :past]
        weight = recency(panel, self.level_half_life)[recent:] * fit.selling[rows, recent:]
        level = (weight * missed).sum(axis=1) / (weight.sum(axis=1) + self.level_prior)
        base = (fit.log - fit.season)[rows, panel.origin :] - fit.common
        return np.asarray(base + found[:, past:] + level[:, None])


def _left(panel: Panel, fit: Fit, rows: slice) -> Floats:
    """Return what the regression without its season leaves of the logarithms: [rows, T]."""
    selling = fit.selling[rows]
    logs = np.log(np.where(selling, panel.history[rows], 1.0))
    base = (fit.log - fit.season)[rows, : panel.origin]
    return np.where(selling, np.clip(logs - base, -_MOST, _MOST), 0.0)


def _columns(panel: Panel, fit: Fit, known: features.Covariates, rows: slice) -> features.Singles:
    """Return what the trees see of each day of some stores: [rows, T + H, F]."""
    known = known.of(rows)
    part = panel.of(np.arange(len(panel.stores))[rows])
    dates = panel.dates
    shape = part.y.shape
    columns: list[Any] = [
        np.broadcast_to(values, shape)
        for values in (dates.day_of_week, dates.day, dates.days_in_month - dates.day)
    ]
    columns.append(np.broadcast_to(dates.day_of_year, shape))
    columns += features.day_columns(part, known)
    columns += [np.broadcast_to(effect[:, None], shape) for effect in fit.effects[rows].T]
    out = np.empty((*shape, len(columns)), dtype=np.float32)
    for at, column in enumerate(columns):
        out[:, :, at] = column
    return out
