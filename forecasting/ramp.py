"""Stores that have just opened: the ramp of earlier openings, scaled by their own first weeks.

A ramp is what stores took in each week after they opened, relative to what they took once they had
settled. It is learned from openings that history shows, and leans on a prior where there are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from forecasting.panel import Bools, Floats, Panel

NAME = "new_store"
"""What the tables call the model of a store in its first weeks."""

NEW_WEEKS = 8
"""A store with less history than this is new."""

_RAMP_WEEKS = 26
_SETTLED = slice(16, 26)
_DAYS_A_WEEK = 7
_PRIOR_OPENINGS = 3.0
_PRIOR_LOW, _PRIOR_PACE = 0.7, 6.0
_PRIOR_SPREAD = 0.25
_DAY_SPREAD = 0.25
_BETWEEN_STORES = 0.7
_PRIOR_DAYS = 7.0
_UNSEEN_WEEKS = 2


@dataclass(frozen=True)
class Ramp:
    """What openings of a chain look like.

    ``shape``: [26], each week's takings relative to a settled store's, 1 after. ``spread``: the
    standard deviation, in logarithms, of a store's level about what its first weeks promise.
    ``week``: [7], what each weekday takes relative to the mean. ``level``: what a settled store of
    the chain takes a day. ``openings``: how many stores it was learned from.
    """

    shape: Floats
    spread: float
    week: Floats
    level: float
    openings: int


def new(panel: Panel, opening: NDArray[np.int64] | None = None) -> Bools:
    """Return which stores are in their first eight weeks, or have not opened yet: [S].

    ``opening``: [S], the position among ``dates`` of a store's first day, -1 where nobody says;
    then it is the first day with sales, if that is some time after the panel begins: of a store
    that sold from the start nothing is known of its opening.
    """
    first, per_week = _opened(panel, opening), _per_week(panel)
    return np.asarray((first >= 0) & (panel.origin - first < NEW_WEEKS * per_week))


def learned(panel: Panel) -> Ramp:
    """Return the ramp of the openings in the panel's history.

    An opening is a store whose first sale is some time after the panel begins and that has settled
    since. The growth, season and weekdays of the older stores are taken out. The fewer openings,
    the more of the shape is a prior: 70 % at first, settling within some months.
    """
    seen = _sales(panel)
    first, per_week = _opened(panel, None), _per_week(panel)
    relative = seen / _index(panel, seen)[None, :]
    settled = (first >= 0) & (panel.origin - first >= _RAMP_WEEKS * per_week)
    curves = [_curve(relative[row], int(first[row]), per_week) for row in np.flatnonzero(settled)]
    logs = np.array([c for c in curves if np.isfinite(c).all()]).reshape(-1, _RAMP_WEEKS)
    prior = np.log(1 - (1 - _PRIOR_LOW) * np.exp(-np.arange(_RAMP_WEEKS) / _PRIOR_PACE))
    shape = (logs.sum(axis=0) + _PRIOR_OPENINGS * prior) / (len(logs) + _PRIOR_OPENINGS)
    early = (logs - shape)[:, :NEW_WEEKS].mean(axis=1)
    variance = early @ early + _PRIOR_OPENINGS * _PRIOR_SPREAD**2
    return Ramp(
        shape=np.exp(shape),
        spread=float(np.sqrt(variance / (len(logs) + _PRIOR_OPENINGS))),
        week=_week(panel, seen),
        level=_level(panel, seen, first),
        openings=len(logs),
    )


def forecast(
    panel: Panel,
    ramp: Ramp,
    levels: Sequence[float],
    opening: NDArray[np.int64] | None = None,
) -> tuple[Floats, Floats]:
    """Return mean [S, H] and quantiles [S, H, Q] by the ramp, to be used for ``new`` stores.

    A store's level is what its first days took over what the ramp says of them, shrunk to the
    chain's while there are few. Ranges are wide: of the level, by how openings differed, and of
    single days. Closed days and those before the opening are 0. NaN where neither the store nor
    the chain has ever sold.
    """
    per_week, ahead = _per_week(panel), slice(panel.origin, None)
    seen = _sales(panel)
    first = _opened(panel, opening)
    first = np.where(first >= 0, first, 0)
    age = np.arange(len(panel.dates))[None, :] - first[:, None]
    shape = np.append(ramp.shape, 1.0)
    ramped = shape[np.clip(age // per_week, 0, _RAMP_WEEKS)] * ramp.week[_phase(panel)][None, :]
    usable = np.isfinite(seen) & (age[:, : panel.origin] >= 0)
    days = usable.sum(axis=1)
    promised = np.where(usable, ramped[:, : panel.origin], 0.0).sum(axis=1)
    took = np.where(usable, seen, 0.0).sum(axis=1)
    own = np.log(np.where(days > 0, took, 1.0) / np.where(days > 0, promised, 1.0))
    prior = _PRIOR_DAYS * per_week / _DAYS_A_WEEK
    chain = np.log(ramp.level) if ramp.level > 0 else np.where(days > 0, own, np.nan)
    level = (days * own + prior * chain) / (days + prior)
    unsure = (_BETWEEN_STORES * prior / (days + prior)) ** 2
    deviation = np.sqrt(ramp.spread**2 + _DAY_SPREAD**2 + unsure)
    live = panel.open[:, ahead] & (age[:, ahead] >= 0)
    mean = np.where(live, np.exp(level)[:, None] * ramped[:, ahead], 0.0)
    scores = np.array([NormalDist().inv_cdf(each) for each in levels])
    return mean, mean[:, :, None] * np.exp(deviation[:, None, None] * scores)


def _per_week(panel: Panel) -> int:
    return _DAYS_A_WEEK if panel.daily else 1


def _phase(panel: Panel) -> NDArray[np.int64]:
    """Return the weekday of each date, Monday 0; weekly figures have none."""
    days = panel.dates.day_of_week.to_numpy() if panel.daily else np.zeros(len(panel.dates))
    return np.asarray(days, dtype=np.int64)


def _sales(panel: Panel) -> Floats:
    """Return what was taken on days that sold something, [S, T], else NaN."""
    selling = panel.open[:, : panel.origin] & (panel.history > 0)
    return np.where(selling, panel.history, np.nan)


def _opened(panel: Panel, opening: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return when each store opened, -1 where that is before what is known: [S]."""
    sold = np.isfinite(_sales(panel))
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), panel.origin)
    found = np.where(first >= _UNSEEN_WEEKS * _per_week(panel), first, -1)
    if opening is None:
        return found.astype(np.int64)
    return np.where(opening >= 0, opening, found).astype(np.int64)


def _index(panel: Panel, seen: Floats) -> Floats:
    """Return how the stores that are there from the start did on each date, mean 1: [T]."""
    old = seen[_opened(panel, None) < 0]
    known = np.isfinite(old)
    usual = np.where(known, old, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    relative = np.where(known, old, 0.0) / np.where(usual > 0, usual, 1.0)[:, None]
    count = known.sum(axis=0)
    index = np.where(count > 0, relative.sum(axis=0) / np.maximum(count, 1), np.nan)
    return index if np.isfinite(index).any() else np.ones(panel.origin)


def _curve(relative: Floats, first: int, per_week: int) -> Floats:
    """Return the logarithm of each of 26 weeks over the settled ones, NaN unknown."""
    weeks = relative[first : first + _RAMP_WEEKS * per_week].reshape(_RAMP_WEEKS, per_week)
    count = np.isfinite(weeks).sum(axis=1)
    took = np.where(count > 0, np.nansum(weeks, axis=1) / np.maximum(count, 1), np.nan)
    return np.asarray(np.log(took / took[_SETTLED].mean()))


def _week(panel: Panel, seen: Floats) -> Floats:
    """Return what each weekday takes relative to the mean over weekdays: [7]."""
    phase = _phase(panel)[: panel.origin]
    known = np.isfinite(seen)
    usual = np.where(known, seen, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    relative = np.where(known, seen, 0.0) / np.where(usual > 0, usual, 1.0)[:, None]
    sums = np.array([relative[:, phase == day].sum() for day in range(_DAYS_A_WEEK)])
    counts = np.array([known[:, phase == day].sum() for day in range(_DAYS_A_WEEK)])
    found = (sums + _PRIOR_DAYS) / (counts + _PRIOR_DAYS)
    return found if panel.daily else np.ones(_DAYS_A_WEEK)


def _level(panel: Panel, seen: Floats, first: NDArray[np.int64]) -> float:
    """Return the median over settled stores of what they lately took a day; 0 with none."""
    per_week = _per_week(panel)
    late = seen[panel.origin - first >= _RAMP_WEEKS * per_week, -NEW_WEEKS * per_week :]
    late = late[np.isfinite(late).any(axis=1)] if len(late) else late
    return float(np.median(np.nanmean(late, axis=1))) if len(late) else 0.0
