"""What moves a store's sales, as factors that multiply; and what if a day were another.

A fit that people can follow: the logarithm of sales as level, trend, weekday, season and one effect
an event, each store's effects shrunk to the chain's. It explains; the forecast itself is the
tournament's.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecasting import features
from forecasting.models.base import Model
from forecasting.panel import OPEN, Bools, Floats, Panel

_WAVES = 3
_YEAR = 365.25
_LEAST_YEAR = 300
_WEEK = 7
_CHAIN_RIDGE = 1.0
_STORE_RIDGE = 4.0
"""A store's own effect counts half once it stands on so many days."""


@dataclass(frozen=True)
class Components:
    """Effects as shares: 0.12 is 12 % more than without.

    ``weekday``: [S, 7] against the mean of the weekdays a store sells on, NaN where it never does;
    NaN for weekly figures. ``season``: [S, H] of each day ahead against the mean of a year, 0
    where history is too short to tell. ``events``: for each yes-or-no covariate, [S]. ``trend``:
    [S], change in a year, NaN where history is too short. ``factors``: for ``level``, ``trend``,
    ``weekday``, ``season`` and each covariate, [S, H]; their product is this fit's own forecast.
    """

    weekday: Floats
    season: Floats
    events: dict[str, Floats]
    trend: Floats
    factors: dict[str, Floats]


@dataclass(frozen=True)
class _Design:
    """Columns [S, T + H, P] and the part each belongs to."""

    columns: Floats
    parts: dict[str, slice]


def components(panel: Panel) -> Components:
    """Return what moves each store; a store without sales has NaN throughout."""
    design = _design(panel)
    selling = panel.open[:, : panel.origin] & (panel.history > 0)
    beta, level = _effects(panel, design, selling)
    ahead = slice(panel.origin, None)
    parts = {
        name: np.einsum("stp,sp->st", design.columns[:, ahead, at], beta[:, at])
        for name, at in design.parts.items()
    }
    weekday = _weekdays(panel, selling, design, beta)
    season, yearly = _seasons(panel, design, beta, parts)
    known = features.covariates(panel)
    switches = [*known.flags, *known.events]
    events = {name: np.expm1(beta[:, design.parts[name].start]) for name in switches}
    years = "trend" in design.parts
    trend = np.expm1(beta[:, design.parts["trend"].start]) if years else np.full(len(beta), np.nan)
    shape = (len(beta), panel.horizon)
    factors = {"level": np.broadcast_to(np.exp(level + yearly)[:, None], shape).copy()}
    factors |= {name: np.exp(values) for name, values in parts.items()}
    return Components(weekday, season, events, trend, factors)


def _design(panel: Panel) -> _Design:
    stores, steps = panel.y.shape
    blocks: dict[str, Floats] = {}
    days = (panel.dates - panel.dates[panel.origin - 1]).days.to_numpy().astype(np.float64)
    if -days[0] >= _LEAST_YEAR:
        blocks["trend"] = np.broadcast_to((days / _YEAR)[None, :, None], (stores, steps, 1))
    if panel.daily:
        week = np.eye(_WEEK)[panel.dates.day_of_week.to_numpy()]
        blocks["weekday"] = np.broadcast_to(week, (stores, steps, _WEEK))
    if -days[0] >= _LEAST_YEAR:
        year = features.season_of_year(panel, _WAVES)
        blocks["season"] = np.broadcast_to(year, (stores, steps, year.shape[1]))
    known = features.covariates(panel)
    for name, values in (known.flags | known.events | known.measures).items():
        blocks[name] = values[:, :, None].astype(np.float64)
    parts, at = {}, 0
    for name, block in blocks.items():
        parts[name] = slice(at, at + block.shape[2])
        at += block.shape[2]
    columns = [np.zeros((stores, steps, 0)), *blocks.values()]
    return _Design(np.concatenate(columns, axis=2), parts)


def _effects(panel: Panel, design: _Design, selling: Bools) -> tuple[Floats, Floats]:
    """Return effects [S, P] and levels [S]: the chain's by ridge, then each store's departures."""
    past = design.columns[:, : panel.origin]
    logs = np.log(np.where(selling, panel.history, 1.0))
    width = past.shape[2]
    pooled, moment = np.zeros((width, width)), np.zeros(width)
    own: list[tuple[Floats, Floats, Floats, float] | None] = []
    for row in range(len(past)):
        x, z = past[row][selling[row]], logs[row][selling[row]]
        if not len(z):
            own.append(None)
            continue
        middle, centre = x.mean(axis=0), float(z.mean())
        x, z = x - middle, z - centre
        gram, tied = x.T @ x, x.T @ z
        pooled += gram
        moment += tied
        own.append((gram, tied, middle, centre))
    chain = np.linalg.solve(pooled + _CHAIN_RIDGE * np.eye(width), moment)
    beta, level = np.full((len(past), width), np.nan), np.full(len(past), np.nan)
    for row, found in enumerate(own):
        if found is not None:
            gram, tied, middle, centre = found
            rest = np.linalg.solve(gram + _STORE_RIDGE * np.eye(width), tied - gram @ chain)
            beta[row] = chain + rest
            level[row] = centre - middle @ beta[row]
    return beta, level


def _weekdays(panel: Panel, selling: Bools, design: _Design, beta: Floats) -> Floats:
    if "weekday" not in design.parts:
        return np.full((len(beta), _WEEK), np.nan)
    weekday = panel.dates[: panel.origin].day_of_week.to_numpy()
    sells = np.stack([selling[:, weekday == day].any(axis=1) for day in range(_WEEK)], axis=1)
    size = np.where(sells, np.exp(beta[:, design.parts["weekday"]]), np.nan)
    count = sells.sum(axis=1)
    mean = np.nansum(size, axis=1) / np.maximum(count, 1)
    return np.asarray(size / np.where(count > 0, mean, np.nan)[:, None] - 1)


def _seasons(
    panel: Panel, design: _Design, beta: Floats, parts: dict[str, Floats]
) -> tuple[Floats, Floats]:
    """Return the season ahead as shares, and the logarithm of a year's mean; both against it."""
    if "season" not in design.parts:
        return np.zeros((len(beta), panel.horizon)), np.zeros(len(beta))
    days = np.arange(_YEAR)
    angles = 2 * np.pi * np.outer(days / _YEAR, np.arange(1, _WAVES + 1))
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    usual = np.log(np.exp(beta[:, design.parts["season"]] @ waves.T).mean(axis=1))
    parts["season"] = parts["season"] - usual[:, None]
    return np.expm1(parts["season"]), usual


@dataclass(frozen=True)
class WhatIf:
    """``factor``: [S, H], by what a forecast is to be multiplied.

    ``known``: whether the chain has had such days, so that anything can be said.
    """

    factor: Floats
    known: bool


def what_if(
    panel: Panel,
    model: Model,
    rows: NDArray[np.int64],
    steps: NDArray[np.int64],
    kind: Literal["promotion", "closure"],
    *,
    promotion: str = "promotion",
    seed: int = 0,
    workers: int = 1,
) -> WhatIf:
    """Return what a promotion or a closure of stores ``rows`` on ``steps`` ahead would change.

    The model is asked twice, with the days as they are and as they would be, so days around them
    change as well; other stores do not. ``promotion`` is the covariate that says a promotion runs.
    Not ``known`` where the chain's history has no such day beside others; the factor is 1 then.
    """
    name = OPEN if kind == "closure" else promotion
    values = panel.known.get(name)
    if kind == "closure" and values is None:
        values = np.ones(panel.y.shape)
    none = np.ones((len(panel.stores), panel.horizon))
    if values is None or (kind == "promotion" and not _varies(values[:, : panel.origin])):
        return WhatIf(none, known=False)
    changed = values.copy()
    changed[np.ix_(rows, panel.origin + steps)] = 0.0 if kind == "closure" else 1.0
    other = panel.knowing({**panel.known, name: changed})
    before = model.predict(panel, seed=seed, workers=workers)
    after = model.predict(other, seed=seed, workers=workers)
    told = np.isfinite(before) & np.isfinite(after) & (before > 0)
    told[np.delete(np.arange(len(told)), rows)] = False
    factor = np.divide(after, before, out=none, where=told)
    return WhatIf(np.where(other.open[:, panel.origin :], factor, 0.0), known=True)


def _varies(values: Floats) -> bool:
    stated = values[np.isfinite(values)]
    return bool(stated.size) and bool((stated > 0).any()) and bool((stated == 0).any())
