"""Which stores are open on which days, told from what was taken and from what is known ahead.

A day without a figure is one of two things. The store was closed: then nothing was taken, and
models may learn from the zero. Or its figure is missing: then nothing is known of that day.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel import Bools, Floats

REGULAR_WEEKS = 8
"""A weekday without a figure for so long is the store's day off."""

_RARELY = 0.1
_FEWEST = 4


@dataclass(frozen=True)
class Known:
    """What is known of S stores on T + H days.

    ``dates``: [T + H] days in a row. ``closed_on``: [S], a store's last day as an ordinal, NaN
    while it goes on. ``stated``: [S, T + H], closed because somebody said so. ``holiday``: [T + H],
    the number of the public holiday, 0 for none.
    """

    dates: pd.DatetimeIndex
    closed_on: Floats
    stated: Bools
    holiday: NDArray[np.int64]


def opened(figures: Floats, known: Known) -> Bools:
    """Return which stores are open: [S, T + H]; ``figures``: [S, T], NaN where there is none.

    Of the past, a day without a figure was a closed day where somebody said so, where it is a
    public holiday, or where the store hardly ever has a figure on that weekday; else its figure is
    missing. Ahead, a store is closed after its last day, on days that were stated, on the weekday
    off that it has lately, and on public holidays on which it used to be.
    """
    seen: Bools = np.asarray(np.isfinite(figures))
    days = seen.shape[1]
    ordinals = np.array([day.toordinal() for day in known.dates])
    over: Bools = (
        ordinals[None, :] > np.where(np.isnan(known.closed_on), np.inf, known.closed_on)[:, None]
    )
    alive: Bools = np.asarray(seen.any(axis=1))[:, None] & (
        np.arange(days) >= seen.argmax(axis=1)[:, None]
    )
    weekday = known.dates.day_of_week.to_numpy()
    closed = over | known.stated
    holiday: Bools = known.holiday[:days] > 0
    past = holiday[None, :] | _hardly_ever(seen, alive, weekday[:days])[:, weekday[:days]]
    closed[:, :days] = (closed[:, :days] | past) & ~seen
    closed[:, days:] |= _days_off(seen, alive, weekday[:days])[:, weekday[days:]]
    closed[:, days:] |= _holidays_off(seen, alive, known.holiday, days)
    return ~closed


def _hardly_ever(seen: Bools, alive: Bools, weekday: NDArray[np.int64]) -> Bools:
    """Return on which weekdays each store hardly ever has a figure: [S, 7]."""
    off = np.zeros((len(seen), 7), dtype=bool)
    for day in range(7):
        of_day: Bools = weekday == day
        count = alive[:, of_day].sum(axis=1)
        share = (seen[:, of_day] & alive[:, of_day]).sum(axis=1) / np.maximum(count, 1)
        off[:, day] = (count >= _FEWEST) & (share < _RARELY)
    return off


def _days_off(seen: Bools, alive: Bools, weekday: NDArray[np.int64]) -> Bools:
    """Return on which weekdays each store has lately had no figure, but had on others: [S, 7]."""
    lately = slice(max(seen.shape[1] - 7 * REGULAR_WEEKS, 0), None)
    off = _hardly_ever(seen[:, lately], alive[:, lately], weekday[lately])
    return np.asarray(off & ~np.asarray(off.all(axis=1))[:, None])


def _holidays_off(seen: Bools, alive: Bools, holiday: NDArray[np.int64], days: int) -> Bools:
    """Return the days ahead that are holidays on which a store mostly had no figure: [S, H]."""
    off = np.zeros((len(seen), len(holiday) - days), dtype=bool)
    for number in np.unique(holiday[days:][holiday[days:] > 0]):
        before: Bools = holiday[:days] == number
        count = alive[:, before].sum(axis=1)
        open_ = (seen[:, before] & alive[:, before]).sum(axis=1)
        usually = (count > 0) & (2 * open_ < count)
        off |= usually[:, None] & (holiday[days:] == number)[None, :]
    return off
