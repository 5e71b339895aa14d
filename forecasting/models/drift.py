"""Where each store is heading against the others: learned from how earlier departures went on.

The panel regression is set back many times. What it missed afterwards, less what it missed of all
stores on the same date, is learned by trees from what it had missed before: lately, on the same
weekday, under the same promotion, a year ago. What all stores have in common is left out, because
a few dozen rewinds hold too few dates to learn a calendar from, and ever so many stores.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting import features
from forecasting.models.panel_regression import Fit, PanelRegression
from forecasting.models.trees import Growth, grow, sample
from forecasting.panel import Bools, Floats, Panel

_REWINDS = 8
_FEWEST_DAYS_APART = 28
_FEWEST_DAYS = 150
_FEWEST_STORES = 10
_MOST = 1.0
_HALF_LIFE = 400.0
_GROWTH = Growth(rounds=100, least_in_leaf=100, rows=250_000, features=0.5, penalty=5.0, bend=0.5)
_LATELY = (7, 14, 28, 56, 150)
_LAST_YEAR = 364


@dataclass(frozen=True)
class Examples:
    """``columns``: [S, H, F], known at the origin of each day; ``log``: [S, H], the fit."""

    columns: features.Singles
    log: features.Singles


def drift(panel: Panel, regression: PanelRegression, *, seed: int, workers: int) -> Floats:
    """Return what to add to logarithms ahead: [S, H]; zeros where there is too little to learn."""
    taught = list(_lessons(panel, regression))
    if not taught or len(panel.stores) < _FEWEST_STORES:
        return np.zeros((len(panel.stores), panel.horizon))
    columns, target, weight = (np.concatenate(part) for part in zip(*taught, strict=True))
    keep = sample(len(target), _GROWTH, seed)
    trees = grow(columns[keep], target[keep], weight[keep], _GROWTH, seed=seed, workers=workers)
    return trees.predict(_examples(panel, regression).columns, workers)


def _lessons(
    panel: Panel, regression: PanelRegression
) -> Iterator[tuple[features.Singles, Floats, Floats]]:
    """Give columns, target and weight of what came after each earlier origin."""
    horizon = panel.horizon
    step = int(panel.step.days)
    apart = max(horizon, -(-_FEWEST_DAYS_APART // step))
    for back in range(apart, apart * (_REWINDS + 1), apart):
        if (panel.origin - back) * step < _FEWEST_DAYS:
            return
        before = panel.rewound(back, horizon)
        then = slice(before.origin, before.origin + horizon)
        came = panel.y[:, then]
        usable = np.isfinite(came) & panel.open[:, then] & np.greater(came, 0)
        usable = usable & np.isfinite(before.history).any(axis=1, keepdims=True)
        usable = usable & (usable.sum(axis=0) >= _FEWEST_STORES)
        if not usable.any():
            continue
        at = np.nonzero(usable)
        known = _examples(before, regression)
        missed = np.where(usable, np.log(np.where(usable, came, 1.0)) - known.log, 0.0)
        own = missed - missed.sum(axis=0) / np.maximum(usable.sum(axis=0), 1)
        target = np.clip(own[at], -_MOST, _MOST)
        weight = np.full(len(target), 0.5 ** (back * step / _HALF_LIFE))
        yield known.columns[at], target, weight


def _examples(panel: Panel, regression: PanelRegression) -> Examples:
    key = ("drift", regression, panel.origin, panel.horizon)
    if key not in panel.memo:
        fit = regression.fit(panel)
        panel.memo[key] = Examples(_columns(panel, fit), fit.log[:, panel.origin :].copy())
    found: Examples = panel.memo[key]
    return found


def _columns(panel: Panel, fit: Fit) -> features.Singles:
    """Return what the trees see of each day ahead: [S, H, F]."""
    ahead = slice(panel.origin, None)
    shape = (len(panel.stores), panel.horizon)
    known = features.covariates(panel)
    dates = panel.dates[ahead]
    dated = (
        np.arange(panel.horizon),
        dates.day_of_week,
        dates.day,
        dates.days_in_month - dates.day,
    )
    columns: list[Any] = [np.broadcast_to(values, shape) for values in dated]
    columns += [column[:, ahead] for column in features.day_columns(panel, known)]
    columns += [np.broadcast_to(column[:, None], shape) for column in _stores(panel, fit)]
    columns += _days(panel, fit, known)
    out = np.empty((*shape, len(columns)), dtype=np.float32)
    for at, column in enumerate(columns):
        out[:, :, at] = column
    return out


def _missed(panel: Panel, fit: Fit) -> Floats:
    logs = np.log(np.where(fit.selling, panel.history, 1.0))
    return np.where(fit.selling, np.clip(logs - fit.log[:, : panel.origin], -_MOST, _MOST), 0.0)


def _stores(panel: Panel, fit: Fit) -> Iterator[Floats]:
    """Give what is the same on all days ahead, each [S]: level, trend, unrest, late misses."""
    missed = _missed(panel, fit)
    logs = np.log(np.where(fit.selling, panel.history, 1.0))
    yield features.lately(logs, fit.selling, 56)
    yield fit.effects[:, 1]
    yield np.sqrt(features.lately(missed**2, fit.selling, 1e6))
    for half_life in _LATELY:
        yield features.lately(missed, fit.selling, half_life)


def _days(panel: Panel, fit: Fit, known: features.Covariates) -> Iterator[Floats]:
    """Give what differs by day ahead, each [S, H]: misses on like days, and a year before."""
    origin, selling = panel.origin, fit.selling
    missed = _missed(panel, fit)
    logs = np.log(np.where(selling, panel.history, 1.0))
    yield fit.log[:, origin:] - features.lately(logs, selling, 56)[:, None]
    phase = features.phases(panel)
    if panel.daily:
        like = [
            features.lately(missed, selling & (phase[:origin] == at), 84)
            for at in range(panel.season)
        ]
        yield np.stack(like, axis=1)[:, phase[origin:]]
    for flag in known.flags.values():
        yield _under(flag, missed, selling)
    back = _LAST_YEAR // int(panel.step.days)
    for width, fewest in ((3, 2), (10, 2)):
        yield features.before(features.smooth(missed, selling, width, fewest), panel, back)
    season = np.where(selling, missed + fit.season[:, :origin], 0.0)
    yield features.before(features.smooth(season, selling, 7, 3), panel, back)


def _under(flag: features.Singles, missed: Floats, selling: Bools) -> Floats:
    past, ahead = flag[:, : missed.shape[1]] > 0, flag[:, missed.shape[1] :] > 0
    with_it = features.lately(missed, selling & past, 60)[:, None]
    without = features.lately(missed, selling & ~past, 60)[:, None]
    return np.where(ahead, with_it, without)
