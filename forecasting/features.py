"""What models know of a day before it comes: calendar, covariates and the days around them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.panel import OPEN, Floats, Panel

Singles = NDArray[np.float32]

RARE = 0.1
"""A yes-or-no covariate that holds on fewer days than this is an event, with days around it."""

AROUND = (-3, -2, -1, 1, 2, 3)
"""The days around an event that get an effect of their own."""

_YEAR = 365.25
_LONGEST_RUN = 30
_LONG_CLOSURE = 7
_PRIOR_DAYS = 2.0
_SHARE_PRIOR = 0.5
_SHUT = 4
"""A store that sold nothing on a weekday of so many weeks is shut on it."""


@dataclass(frozen=True)
class Covariates:
    """Known-ahead covariates by kind, each [S, T + H], what is not stated filled.

    ``flags``: 0 or 1 and common; ``events``: 0 or 1 and rare; ``measures``: centred and scaled
    numbers; ``traits``: of any sort, and the same on all days of a store. ``closes``: whether any
    store is said to be closed on any day.
    """

    flags: dict[str, Singles]
    events: dict[str, Singles]
    measures: dict[str, Singles]
    traits: dict[str, Singles]
    closes: bool

    def of(self, rows: Any) -> "Covariates":
        """Return those of some stores: ``rows`` is whatever picks from an array [S, T + H]."""

        def picked(kind: dict[str, Singles]) -> dict[str, Singles]:
            return {name: values[rows] for name, values in kind.items()}

        return Covariates(
            flags=picked(self.flags),
            events=picked(self.events),
            measures=picked(self.measures),
            traits=picked(self.traits),
            closes=self.closes,
        )


def covariates(panel: Panel) -> Covariates:
    """Sort the known-ahead covariates (but ``open``) by kind; constant ones are left out.

    Kinds are those of the panel that this one was rewound from, so that columns stay the same.
    """
    if "covariates" not in panel.memo:
        panel.memo["covariates"] = _sorted(panel.root or panel)
    found: Covariates = panel.memo["covariates"]
    return found.of((slice(None), slice(len(panel.dates))))


def _sorted(panel: Panel) -> Covariates:
    found = Covariates({}, {}, {}, {}, closes=not panel.open.all())
    for name, values in panel.known.items():
        stated = np.isfinite(values)
        if name == OPEN or not stated[:, : panel.origin].any():
            continue
        seen = values[:, : panel.origin][stated[:, : panel.origin]]
        if seen.min() == seen.max():
            continue
        low = np.where(stated, values, np.inf).min(axis=1)
        high = np.where(stated, values, -np.inf).max(axis=1)
        if (low >= high).all():
            found.traits[name] = _scaled(values, seen)
        elif np.isin(seen, (0.0, 1.0)).all():
            share = float(seen.mean())
            kind = found.events if min(share, 1 - share) < RARE else found.flags
            kind[name] = np.nan_to_num(values, nan=float(share > 1 / 2)).astype(np.float32)
        else:
            found.measures[name] = _scaled(values, seen)
    return found


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


def selling_share(panel: Panel, selling: NDArray[np.bool_]) -> Floats:
    """Return the share of open days on which a store sold anything, 0 where it never did: [S, H].

    Of days, it is the share of the same weekday, so that one on which a store is always shut is
    forecast as such though nobody said so; shrunk to the share of all days. ``selling``: [S, T].
    """
    opened = np.isfinite(panel.history) & panel.open[:, : panel.origin]
    sold = selling.sum(axis=1)
    usual = np.where(sold > 0, (sold + 1) / (opened.sum(axis=1) + 1), 0.0)
    out = np.repeat(usual[:, None], panel.horizon, axis=1)
    if not panel.daily:
        return out
    phase = phases(panel)
    for at in np.unique(phase[panel.origin :]):
        like = phase[: panel.origin] == at
        days, sales = opened[:, like].sum(axis=1), selling[:, like].sum(axis=1)
        share = (sales + _SHARE_PRIOR * usual) / (days + _SHARE_PRIOR)
        share[(sales == 0) & (days >= _SHUT)] = 0.0
        out[:, phase[panel.origin :] == at] = share[:, None]
    return out


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


def since(holds: NDArray[np.bool_], most: int = 60) -> Singles:
    """Return the steps since ``holds`` was last true, 0 where it is, at most ``most``: [S, T]."""
    steps = np.arange(holds.shape[1])
    last = np.maximum.accumulate(np.where(holds, steps, -most), axis=1)
    return np.minimum(steps - last, most).astype(np.float32)


def until(holds: NDArray[np.bool_], most: int = 60) -> Singles:
    """Return the steps until ``holds`` is next true, as far as is known: [S, T]."""
    return since(holds[:, ::-1], most)[:, ::-1]


def day_columns(panel: Panel, known: Covariates) -> list[Singles]:
    """Return covariates, and how far each day is from their beginnings and ends: [S, T + H] each.

    Closures likewise: how long the one before and after a day, how long ago the last long one was.
    """
    columns = [*known.flags.values(), *known.events.values()]
    columns += [*known.measures.values(), *known.traits.values()]
    for values in (*known.flags.values(), *known.events.values()):
        holds = values > 0
        columns += [since(holds), until(holds), since(~holds), until(~holds)]
    if known.closes:
        before, after = closed_before(panel), closed_after(panel)
        columns += [np.minimum(run, _LONGEST_RUN).astype(np.float32) for run in (before, after)]
        columns.append(since(before >= _LONG_CLOSURE))
    return columns


def lately(values: Floats, usable: NDArray[np.bool_], half_life: float) -> Floats:
    """Return the mean of the past, [S], halved every ``half_life`` steps, less of a few days."""
    weight = usable * 0.5 ** (np.arange(values.shape[1])[::-1] / half_life)
    total = weight.sum(axis=1)
    return np.asarray((values * weight).sum(axis=1) / (total + _PRIOR_DAYS))


def smooth(values: Floats, usable: NDArray[np.bool_], width: int, fewest: int) -> Floats:
    """Return means over ``width`` steps to both sides, [S, T]; NaN where fewer are usable."""
    total = _moving(np.where(usable, values, 0.0), width)
    count = _moving(usable.astype(np.float64), width)
    return np.where(count >= fewest, total / np.maximum(count, 1.0), np.nan)


def _moving(values: Floats, width: int) -> Floats:
    padded = np.pad(values, ((0, 0), (width + 1, width))).cumsum(axis=1)
    return np.asarray(padded[:, 2 * width + 1 :] - padded[:, : -2 * width - 1])


def before(values: Floats, panel: Panel, steps: int) -> Floats:
    """Return what ``values`` [S, T] were so many steps before each step ahead: [S, H]."""
    at = np.arange(panel.origin, len(panel.dates)) - steps
    there = (at >= 0) & (at < values.shape[1])
    out = np.full((len(values), panel.horizon), np.nan)
    out[:, there] = values[:, at[there]]
    return out
