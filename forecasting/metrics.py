"""How far forecasts were from what came: WAPE, WQL, coverage.

Cells without a figure are left out. Sums run over all cells given, so a big store weighs more.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.panel import Floats


def wape(actual: Floats, forecast: Floats) -> float:
    """Return Σ|y − ŷ| / Σ|y| over all cells of arrays of one shape; NaN where nothing was taken."""
    known = np.isfinite(actual) & np.isfinite(forecast)
    total = float(np.abs(actual[known]).sum())
    return float(np.abs(actual[known] - forecast[known]).sum()) / total if total else float("nan")


def wql(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> float:
    """Return the mean over Q levels of 2·Σ pinball loss / Σ|y|: ``quantiles`` is [..., Q].

    The weighted quantile loss of GluonTS and of published benchmarks; its value at the median
    alone is the WAPE.
    """
    known = np.isfinite(actual) & np.isfinite(quantiles).all(axis=-1)
    total = float(np.abs(actual[known]).sum())
    if not total:
        return float("nan")
    above = actual[known][:, None] - quantiles[known]
    level = np.asarray(levels, dtype=float)
    losses = np.maximum(level * above, (level - 1) * above).sum(axis=0)
    return float(2 * losses.mean() / total)


def coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """Return the share of cells with low ≤ y ≤ high, of those where low < high."""
    known = np.isfinite(actual) & np.isfinite(low) & np.isfinite(high) & (low < high)
    if not known.any():
        return float("nan")
    inside = (low <= actual) & (actual <= high)
    return float(inside[known].mean())


def absolute_errors(actual: Floats, forecast: Floats) -> tuple[Floats, Floats]:
    """Return Σ|y − ŷ| and Σ|y| over the last axis, of cells where both are known."""
    known = np.isfinite(actual) & np.isfinite(forecast)
    error = np.where(known, np.abs(np.where(known, actual - forecast, 0.0)), 0.0).sum(axis=-1)
    return error, np.where(known, np.abs(np.where(known, actual, 0.0)), 0.0).sum(axis=-1)
