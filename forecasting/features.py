"""What models know of a day before it comes: calendar, covariates and the days around them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.panel import OPEN, Floats, Panel

Singles = NDArray[np.float32]

RARE = 0.1
"""A yes-or-no covariate that holds on fewer days than this is an event, with days around it."""

AROUND = (-3, -2, -1, 1, 2, 3)
"""The days around an event that get an effect of their own."""

_YEAR = 365.25


@dataclass(frozen=True)
class Covariates:
    """Known-ahead covariates by kind, each [S, T + H], what is not stated filled.

    ``flags``: 0 or 1 and common; ``events``: 0 or 1 and rare; ``measures``: centred and scaled
    numbers.
    """

    flags: dict[str, Singles]
    events: dict[str, Singles]
    measures: dict[str, Singles]


def covariates(panel: Panel) -> Covariates:
    """Sort the known-ahead covariates (but ``open``) by kind; constant ones are left out."""
    flags: dict[str, Singles] = {}
    events: dict[str, Singles] = {}
    measures: dict[str, Singles] = {}
    for name, values in panel.known.items():
        seen = values[:, : panel.origin]
        stated = seen[np.isfinite(seen)]
        if name == OPEN or not stated.size or stated.min() == stated.max():
            continue
        if np.isin(stated, (0.0, 1.0)).all():
            share = float(stated.mean())
            filled = np.nan_to_num(values, nan=float(share > 1 / 2)).astype(np.float32)
            kind = events if min(share, 1 - share) < RARE else flags
            kind[name] = filled
        else:
            measures[name] = _scaled(values, stated)
    return Covariates(flags, events, measures)


def _scaled(values: Floats, stated: Floats) -> Singles:
    low, centre, high = np.quantile(stated, [0.02, 0.5, 0.98])
    spread = float(stated.std()) or 1.0
    held = np.clip(np.nan_to_num(values, nan=float(centre)), low, high)
    return np.asarray((held - centre) / spread, dtype=np.float32)


def around(event: Singles) -> Singles:
    """Return the event shifted so that each day knows of it before and after: [S, T + H, 6]."""
    return np.stack([_shifted(event, by) for by in AROUND], axis=2)


def _shifted(values: Singles, by: int) -> Singles:
    """Return values ``by`` steps later (earlier where negative); 0 where nothing is known."""
    out = np.zeros_like(values)
    if by > 0:
        out[:, by:] = values[:, :-by]
    else:
        out[:, :by] = values[:, -by:]
    return out


def closed_before(panel: Panel) -> NDArray[np.int32]:
    """Return for each day how many closed steps lie just before it: [S, T + H]."""
    return _run_before(~panel.open)


def closed_after(panel: Panel) -> NDArray[np.int32]:
    """Return for each day how many closed steps lie just after it: [S, T + H]."""
    return _run_before(~panel.open[:, ::-1])[:, ::-1]


def _run_before(holds: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the length of the run of ``holds`` that ends just before each step."""
    steps = np.arange(holds.shape[1], dtype=np.int32)
    last_not = np.maximum.accumulate(np.where(holds, -1, steps[None, :]), axis=1)
    run = steps[None, :] - last_not
    out = np.zeros(holds.shape, dtype=np.int32)
    out[:, 1:] = run[:, :-1]
    return out


def phases(panel: Panel) -> NDArray[np.int64]:
    """Return the phase of the season of each step: [T + H]."""
    return np.arange(len(panel.dates)) % panel.season


def season_of_year(panel: Panel, waves: int) -> Floats:
    """Return sine and cosine of ``waves`` waves a year: [T + H, 2 · waves]."""
    days = panel.dates.to_numpy("datetime64[D]").astype(np.int64)
    angles = 2 * np.pi * np.outer(days / _YEAR, np.arange(1, waves + 1))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def day_of_month(panel: Panel) -> Floats:
    """Return which day of its month each day is: [T + H, 31] of 0 and 1; weekly: [T + H, 0]."""
    if not panel.daily:
        return np.zeros((len(panel.dates), 0))
    return np.asarray(np.eye(31)[panel.dates.day.to_numpy() - 1])
