"""What all stores have in common on a date, beyond the regression: shocks that fade or come again.

A Gaussian process over dates (Rasmussen and Williams, *Gaussian Processes for Machine Learning*,
chapter 2): part of a shock fades within weeks, part comes again on the same calendar day of other
years, part around it, part on the same weekday of the same week, and the rest never.
"""

import numpy as np
import pandas as pd

from forecasting.panel import Bools, Floats, Panel

_SHARES = {"fading": 0.2, "around": 0.2, "day": 0.2, "week": 0.2, "noise": 0.25}
_FADING_DAYS = 15.0
_AROUND_DAYS = 4.0
_YEAR = 365.25
_YEAR_OF_WEEKS = 364
_FEWEST_SELLING = 0.05
_MOST = 1.0
_LONGEST = 2000


def ahead(panel: Panel, residuals: Floats, selling: Bools) -> Floats:
    """Return what to add to the logarithm of every store on each step ahead: [H].

    ``residuals``: [S, T], log figure less log fit on the days where ``selling`` is true.
    """
    count = selling.sum(axis=0)
    used = np.flatnonzero(count > _FEWEST_SELLING * max(count.max(initial=0), 1))[-_LONGEST:]
    if len(used) < 2 * panel.season:
        return np.zeros(panel.horizon)
    held = np.where(selling, np.clip(residuals, -_MOST, _MOST), 0.0)
    shocks = held[:, used].sum(axis=0) / count[used]
    within = np.where(selling[:, used], (held[:, used] - shocks) ** 2, 0.0).sum(axis=0)
    own = within.sum() / count[used].sum() / count[used]
    common = max(float((shocks**2).mean() - own.mean()), 1e-8)
    past, future = panel.dates[used], panel.dates[panel.origin :]
    system = common * _covariance(past, past) + np.diag(_SHARES["noise"] * common + own)
    return np.asarray(common * _covariance(future, past) @ np.linalg.solve(system, shocks))


def _covariance(one: pd.DatetimeIndex, other: pd.DatetimeIndex) -> Floats:
    """Return how far shocks of two lists of dates go together, of 1: [len(one), len(other)]."""
    gap = np.abs(_days(one)[:, None] - _days(other)[None])
    around = np.abs(_in_year(one)[:, None] - _in_year(other)[None])
    around = np.minimum(around, _YEAR - around)
    return np.asarray(
        _SHARES["fading"] * np.exp(-gap / _FADING_DAYS)
        + _SHARES["around"] * np.exp(-0.5 * (around / _AROUND_DAYS) ** 2)
        + _SHARES["day"] * (_month_day(one)[:, None] == _month_day(other)[None])
        + _SHARES["week"] * (gap % _YEAR_OF_WEEKS == 0)
    )


def _days(dates: pd.DatetimeIndex) -> Floats:
    return np.asarray(dates.to_numpy("datetime64[D]"), dtype=np.float64)


def _in_year(dates: pd.DatetimeIndex) -> Floats:
    return np.asarray(dates.day_of_year, dtype=np.float64)


def _month_day(dates: pd.DatetimeIndex) -> Floats:
    return np.asarray(dates.month * 100 + dates.day, dtype=np.float64)
