"""Stores, regions and the chain: means that add up, sums to the minor unit, honest ranges.

Means are reconciled bottom-up: models learn from all stores at once, and sums of what they say of
stores were nearer than what they say of sums (docs/forecasting.md), so groups move no store.

Quantiles do not add up: stores have their bad days together only in part. So a group's are taken
from its stores forecast jointly: each date of the backtest says how well all stores did on one and
the same day, and that pattern is laid over their own quantiles.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from forecasting.panel import Bools, Floats

Ints = NDArray[np.int64]

_FEWEST_DATES = 20
_DRAWS = 200
_SHARED = 0.3
"""The correlation of stores' errors that is assumed where no backtest shows it."""

_FURTHEST = 3.0


def members(groups: Sequence[object], of: Sequence[object]) -> Bools:
    """Return which stores belong to which group, [G, S]; ``of``: the group of each store."""
    return np.array([[group == own for own in of] for group in groups], dtype=bool).reshape(
        len(groups), len(of)
    )


def whole(stores: Floats, regions: Sequence[object]) -> Ints:
    """Return [S, H] in whole minor units, whose sums are as near as can be at every level.

    The chain's sum is rounded, shared out to regions by largest remainder, and each region's to its
    stores. ``regions``: the region of each store. Each figure moves by less than 1 within its
    region's; what is NaN counts as 0.
    """
    names = sorted(set(regions), key=str)
    belongs = members(names, regions)
    known = np.nan_to_num(stores)
    by_region = _shared_out(belongs.astype(float) @ known, np.rint(known.sum(axis=0)))
    out = np.zeros(stores.shape, dtype=np.int64)
    for own, total in zip(belongs, by_region, strict=True):
        out[own] = _shared_out(known[own], total)
    return out


def _shared_out(parts: Floats, total: Floats) -> Floats:
    """Return parts [N, H] as whole numbers that sum to ``total`` [H]: largest remainder."""
    low = np.floor(parts)
    left = (total - low.sum(axis=0)).astype(int)
    order = np.argsort(-(parts - low), axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(parts))[:, None], axis=0)
    given = np.where(rank < left, 1, 0) - np.where(rank >= len(parts) + np.minimum(left, 0), 1, 0)
    return np.asarray(low + given)


def quantiles(
    spread: Floats,
    levels: Sequence[float],
    belongs: Bools,
    actual: Floats,
    forecast: Floats,
    *,
    seed: int = 0,
) -> Floats:
    """Return quantiles of the groups' sums, [G, H, Q], from stores' own, [S, H, Q].

    ``actual``, ``forecast``: backtests, [W, S, H'], NaN where nothing is known. The rank of a
    store's miss among its own says where in its range it was on a date, and the ranks of one date
    belong together (an empirical copula, as in the Schaake shuffle of Clark et al., 2004). Without
    enough of a backtest a moderate correlation is assumed.
    """
    scores = _scores(actual, forecast, np.random.default_rng(seed))
    at, part = _places(scores, levels)
    stores, horizon, _ = spread.shape
    known = np.nan_to_num(_with_tails(spread, levels))
    out = np.empty((len(belongs), horizon, len(levels)))
    ties = belongs.astype(float)
    row = np.arange(stores)
    for step in range(horizon):
        own = known[:, step]
        drawn = own[row, at] * (1 - part) + own[row, at + 1] * part
        sums = np.maximum(drawn, 0.0) @ ties.T
        out[:, step] = np.quantile(sums, levels, axis=0).T
    return out


def _scores(actual: Floats, forecast: Floats, rng: np.random.Generator) -> Floats:
    """Return normal scores of the misses, [K, S]: a row a date of the backtest."""
    stores = actual.shape[1]
    usable = np.isfinite(actual) & np.isfinite(forecast) & (forecast > 0)
    miss = np.where(usable, actual / np.where(usable, forecast, 1.0), np.nan)
    dates = np.moveaxis(miss, 1, 2).reshape(-1, stores)
    dates = dates[np.isfinite(dates).any(axis=1)]
    if len(dates) < _FEWEST_DATES:
        shared = rng.normal(size=(_DRAWS, 1)) * np.sqrt(_SHARED)
        return np.asarray(shared + rng.normal(size=(_DRAWS, stores)) * np.sqrt(1 - _SHARED))
    out = np.empty(dates.shape)
    for store in range(stores):
        seen = np.isfinite(dates[:, store])
        count = int(seen.sum())
        ranks = rankdata(dates[seen, store]) - 0.5 if count else np.zeros(0)
        out[seen, store] = ndtri(ranks / max(count, 1))
        # Of a date without a figure nothing is known, so the store goes its own way there.
        out[~seen, store] = rng.normal(size=len(dates) - count)
    return out


def _knots(levels: Sequence[float]) -> Floats:
    inner = [NormalDist().inv_cdf(level) for level in levels]
    return np.array([-_FURTHEST, *inner, _FURTHEST])


def _places(scores: Floats, levels: Sequence[float]) -> tuple[Ints, Floats]:
    """Return between which knots each score lies, and how far along."""
    knots = _knots(levels)
    held = np.clip(scores, -_FURTHEST, _FURTHEST)
    at = np.clip(np.searchsorted(knots, held, side="right") - 1, 0, len(knots) - 2)
    return at.astype(np.int64), (held - knots[at]) / (knots[at + 1] - knots[at])


def _with_tails(spread: Floats, levels: Sequence[float]) -> Floats:
    """Return [S, H, Q + 2]: beyond the outer quantiles the range goes on as a normal one would."""
    knots = _knots(levels)
    if len(levels) == 1:
        return np.repeat(spread, 3, axis=2)
    slope = np.diff(spread, axis=2) / np.diff(knots[1:-1])
    low = spread[:, :, :1] + slope[:, :, :1] * (knots[0] - knots[1])
    high = spread[:, :, -1:] + slope[:, :, -1:] * (knots[-1] - knots[-2])
    return np.concatenate([low, spread, high], axis=2)
