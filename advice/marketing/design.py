"""What explains sales besides marketing, and how much each store varies."""

from dataclasses import dataclass

import numpy as np

from advice.marketing.panel import Panel
from advice.marketing.transforms import Flags, Floats

_YEAR = 365.25 / 7
_LEVEL, _SLOPE, _WAVE, _CONTROL = 0.5, 0.3, 0.15, 0.15
STORE_SD = np.array([0.3, 0.2])
"""How far stores' levels and slopes lie from the chain's, in logarithms."""


_BELOW, _ABOVE = 5.0, 8.0


@dataclass(frozen=True)
class Design:
    """``y`` [S, T]: logarithms less the store's mean; ``columns`` [S, T, P] with prior ``sd`` [P].

    ``slope`` [T] from -½ to ½; ``scale`` [S]: how much a store varies against the middle one.
    """

    y: Floats
    columns: Floats
    sd: Floats
    slope: Floats
    scale: Floats


def design(panel: Panel) -> Design:
    """Return the columns that do not depend on how marketing works."""
    count, weeks = panel.valid.shape
    time = np.arange(weeks, dtype=np.float64)
    slope = time / max(weeks - 1, 1) - 0.5
    waves = min(3, max(1, weeks // 26))
    season = [
        f(2 * np.pi * k * time / _YEAR) for k in range(1, waves + 1) for f in (np.sin, np.cos)
    ]
    shared = np.stack([np.ones(weeks), slope, *season], axis=1)
    columns = np.concatenate(
        [np.broadcast_to(shared, (count, *shared.shape)), np.moveaxis(panel.controls, 0, 2)], axis=2
    )
    sd = [_LEVEL, _SLOPE] + [_WAVE] * len(season) + [_CONTROL] * len(panel.controls)
    logs = np.log(np.where(panel.valid, panel.outcome, panel.level[:, None]))
    seen = panel.valid.sum(axis=1, keepdims=True)
    y = logs - (logs * panel.valid).sum(axis=1, keepdims=True) / seen
    return Design(y, columns, np.array(sd), slope, _scales(y, columns, panel.valid))


def odd_weeks(panel: Panel) -> Flags:
    """Return store-weeks in which something else happened: an outage, half a week closed; [S, T].

    Below what season, store and week lead to expect by five times the store's usual scatter, or
    above by eight times, since marketing itself may do much.
    """
    made = design(panel)
    left = _left(made.y, made.columns, panel.valid)
    size = _scatter(left, panel.valid)[:, None]
    return panel.valid & ((left < -_BELOW * size) | (left > _ABOVE * size))


def _scales(y: Floats, columns: Floats, valid: Flags) -> Floats:
    """Return how much each store varies, shrunk to the middle one, as a factor; [S]."""
    size = _scatter(_left(y, columns, valid), valid)
    middle = float(np.median(size)) or 1.0
    return np.asarray(np.sqrt(np.clip(size / middle, 0.4, 2.5)), dtype=np.float64)


def _left(y: Floats, columns: Floats, valid: Flags) -> Floats:
    """Return what the columns and the weeks leave over, less the store's middle; [S, T]."""
    flat, target = columns[valid], y[valid]
    left = np.full(y.shape, np.nan)
    left[valid] = target - flat @ np.linalg.lstsq(flat, target, rcond=None)[0]
    left -= np.where(valid.any(axis=0), _median(left, 0), 0.0)
    return np.asarray(left - _median(left, 1)[:, None], dtype=np.float64)


def _median(values: Floats, axis: int) -> Floats:
    known = np.where(np.isfinite(values).any(axis=axis, keepdims=True), values, 0.0)
    return np.asarray(np.nanmedian(known, axis=axis), dtype=np.float64)


def _scatter(left: Floats, valid: Flags) -> Floats:
    """Return a store's usual deviation from its middle, as a standard deviation; [S]."""
    rows = zip(left, valid, strict=True)
    return np.array([1.4826 * np.median(np.abs(row[ok])) for row, ok in rows])
