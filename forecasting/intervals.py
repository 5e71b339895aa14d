"""Quantiles from what the backtest missed by: conformal, in logarithms, by horizon.

A forecast's ratio to what came is scaled by its store's usual ratio (shrunk to the chain's); the
quantiles of these scaled ratios, pooled over stores by horizon, are put around new forecasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.panel import Bools, Floats

_BUCKETS = 4
_PRIOR_DAYS = 30.0
_FEWEST = 200
_UNKNOWN = 0.35
"""Standard deviation of the logarithm that is assumed where there is no backtest at all."""


@dataclass(frozen=True)
class Spread:
    """What the backtest says of errors: ``scale`` [S]; ``ratios`` [buckets, Q] by horizon."""

    levels: tuple[float, ...]
    edges: Floats
    scale: Floats
    ratios: Floats
    offset: Floats

    def around(self, mean: Floats) -> Floats:
        """Return quantiles [S, H, Q] of forecasts [S, H]: ordered, none below zero."""
        bucket = np.searchsorted(self.edges, np.arange(mean.shape[1]), side="right")
        width = self.scale[:, None, None] * self.ratios[np.minimum(bucket, len(self.ratios) - 1)]
        offset = self.offset[:, None, None]
        spread = (mean[:, :, None] + offset) * np.exp(width) - offset
        return np.where(mean[:, :, None] > 0, np.maximum(spread, 0.0), 0.0)


def learn(actual: Floats, forecast: Floats, opened: Bools, levels: Sequence[float]) -> Spread:
    """Return the spread of W windows: arrays [W, S, H]; ``opened`` leaves closed days out."""
    offset = _offsets(actual)
    usable = np.isfinite(actual) & np.isfinite(forecast) & opened & (forecast > 0)
    pad = offset[None, :, None]
    safe = np.where(usable, np.maximum(actual, 0), 1.0), np.where(usable, forecast, 1.0)
    miss = np.where(usable, np.log((safe[0] + pad) / (safe[1] + pad)), np.nan)
    if not usable.any():
        return _assumed(len(offset), offset, levels)
    size = np.where(usable, np.abs(np.nan_to_num(miss)), 0.0)
    days = usable.sum(axis=(0, 2))
    chain = size.sum() / usable.sum()
    scale = (size.sum(axis=(0, 2)) + _PRIOR_DAYS * chain) / (days + _PRIOR_DAYS)
    scale = np.maximum(scale, 1e-6)
    scaled = miss / scale[None, :, None]
    horizon = actual.shape[2]
    edges = np.unique(np.linspace(0, horizon, _BUCKETS + 1)[1:-1].astype(int))
    if usable.sum() < _FEWEST * (len(edges) + 1):
        edges = edges[:0]
    ratios = [
        np.quantile(part[np.isfinite(part)], levels)
        for part in np.split(scaled, edges, axis=2)
        if np.isfinite(part).any()
    ]
    return Spread(tuple(levels), edges[: len(ratios) - 1], scale, np.array(ratios), offset)


def _offsets(actual: Floats) -> Floats:
    """Return what is added before taking logarithms: 1 % of a store's usual figure: [S]."""
    known = np.isfinite(actual)
    total = np.where(known, np.maximum(actual, 0), 0).sum(axis=(0, 2))
    return np.asarray(0.01 * total / np.maximum(known.sum(axis=(0, 2)), 1) + 1e-9)


def _assumed(stores: int, offset: Floats, levels: Sequence[float]) -> Spread:
    from statistics import NormalDist

    ratios = np.array([[NormalDist().inv_cdf(level) for level in levels]])
    return Spread(tuple(levels), np.zeros(0), np.full(stores, _UNKNOWN), ratios, offset)
