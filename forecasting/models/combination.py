"""Several models as one: a geometric mean whose weights the backtest found."""

import numpy as np

from forecasting import metrics
from forecasting.panel import Floats

NAME = "combination"
_PRIOR_DAYS = 60.0
_SHARPNESS = 6.0
_FLOOR = 0.05


def weights(actual: Floats, forecasts: Floats) -> Floats:
    """Return each model's share for each store, [M, S], from backtests [W, S, H], [M, W, S, H].

    Shares fall with a power of the error, a store's own error shrunk to the chain's. A model that
    cannot bear a store has no share there.
    """
    errors, days = [], np.isfinite(actual).sum(axis=(0, 2))
    tiny = 1e-9 * max(float(np.abs(np.nan_to_num(actual)).max(initial=0.0)), 1.0)
    for forecast in forecasts:
        error, total = metrics.absolute_errors(actual, forecast)
        chain = error.sum() / max(total.sum(), 1e-9)
        own = error.sum(axis=0) / np.maximum(total.sum(axis=0), tiny)
        errors.append((days * np.minimum(own, 2.0) + _PRIOR_DAYS * chain) / (days + _PRIOR_DAYS))
    inverse = (np.array(errors) + 1e-6) ** -_SHARPNESS
    return np.asarray(inverse / inverse.sum(axis=0))


def combined(forecasts: Floats, shares: Floats) -> Floats:
    """Return the weighted geometric mean of [M, ..., S, H] with shares [M, S]: [..., S, H]."""
    bears = np.isfinite(forecasts)
    share = np.where(bears, shares.reshape(len(shares), *[1] * (forecasts.ndim - 3), -1, 1), 0.0)
    total = share.sum(axis=0)
    share = share / np.where(total > 0, total, 1.0)
    held = np.where(bears, np.maximum(forecasts, 0.0), 0.0)
    # one model's zero among sellers pulls far down, but not to nothing
    usual = (share * held).sum(axis=0)
    logs = np.log(np.maximum(held, _FLOOR * np.where(usual > 0, usual, 1.0)))
    mean = np.where(usual > 0, np.exp((share * logs).sum(axis=0)), 0.0)
    return np.where(total > 0, mean, np.nan)
