"""What explains sales besides marketing, and how much each store varies."""

from dataclasses import dataclass

import numpy as np

from advice.marketing.panel import Panel
from advice.marketing.transforms import Flags, Floats

_YEAR = 365.25 / 7
_LEVEL, _SLOPE, _WAVE, _CONTROL = 0.5, 0.3, 0.15, 0.15
STORE_SD = np.array([0.3, 0.2])
"""How far stores' levels and slopes lie from the chain's, in logarithms."""


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


def _scales(y: Floats, columns: Floats, valid: Flags) -> Floats:
    """Return how much each store varies, shrunk to the middle one, as a factor; [S]."""
    flat, target = columns[valid], y[valid]
    left = np.zeros(y.shape)
    left[valid] = target - flat @ np.linalg.lstsq(flat, target, rcond=None)[0]
    week = (left * valid).sum(0) / np.maximum(valid.sum(0), 1)
    left -= week
    size = np.array(
        [1.4826 * np.median(np.abs(row[ok])) for row, ok in zip(left, valid, strict=True)]
    )
    middle = float(np.median(size)) or 1.0
    return np.asarray(np.sqrt(np.clip(size / middle, 0.4, 2.5)), dtype=np.float64)
