"""The warehouse's past and calendar as the long frames that forecasting takes."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chain.calendars import Calendar, Entry, Kind
from chain.days import Period
from forecasting.calendar import with_calendar
from forecasting.opening import Known, opened
from warehouse.reads.history import History

HORIZON = 90
"""Days ahead that are forecast."""
SILENT_DAYS = 28
"""A store without any figure for so long gets no forecast while nobody says when it opens again."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frames:
    """What a run learns from and forecasts.

    ``history``: store, ds, y and covariates; ``future``: store, ds and those known ahead, ``open``
    among them. ``silent``: stores without a figure for so long that
    they are not forecast, with their last day.
    """

    history: pd.DataFrame
    future: pd.DataFrame
    silent: dict[int, date]

    def of(self, store_ids: NDArray[np.int64]) -> "Frames":
        """Return the frames of some stores."""
        return Frames(
            self.history[self.history["store"].isin(store_ids)].reset_index(drop=True),
            self.future[self.future["store"].isin(store_ids)].reset_index(drop=True),
            {store: day for store, day in self.silent.items() if store in set(store_ids.tolist())},
        )


def frames(past: History, country: str, own: pd.DataFrame, horizon: int = HORIZON) -> Frames:
    """Return the frames of a chain in ``country``; ``own`` is its calendar, past and ahead.

    Stores whose last day is over are left out. Of a store's days before its first figure nothing
    is said.
    """
    dates = pd.date_range(past.first, periods=past.days + horizon, freq="D")
    until = past.until.toordinal()
    kept = ~(past.opening.closed <= until)
    stores = past.store_ids[kept]
    y = past.sales[kept]
    seen = np.isfinite(y)
    last = np.where(seen.any(axis=1), past.days - 1 - seen[:, ::-1].argmax(axis=1), -1)
    silent = past.days - 1 - last >= SILENT_DAYS
    shape = (len(stores), len(dates))
    closed = _own_days(own[own["kind"] == "closed"], stores, dates)
    entries = _entries(own)
    holiday = _holidays(Calendar(country, entries), dates)
    open_ = opened(y, Known(dates, past.opening.closed[kept], closed, holiday))
    y = np.where(~seen & ~open_[:, : past.days], 0.0, y)
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), past.days)
    y[np.arange(past.days) < first[:, None]] = np.nan
    known = {"open": open_.astype(float), "promotion": _promotion(past, stores, dates)}
    learned = np.nonzero(np.isfinite(y) & ~silent[:, None])
    row, column = np.nonzero(np.broadcast_to(~silent[:, None], (shape[0], horizon)))
    before = {
        "orders": past.orders[kept],
        "ticket": past.ticket[kept],
        "subsidy_share": past.subsidy_share[kept],
    }
    history, future = with_calendar(
        _long(stores, dates, learned, {"y": y, **known, **before}),
        _long(stores, dates, (row, past.days + column), known),
        country,
        entries,
    )
    return Frames(
        history,
        future,
        {
            int(store): past.first + timedelta(days=int(day))
            for store, day in zip(stores[silent], last[silent], strict=True)
        },
    )


def _long(
    stores: NDArray[np.int64],
    dates: pd.DatetimeIndex,
    at: tuple[NDArray[Any], ...],
    columns: dict[str, Floats],
) -> pd.DataFrame:
    values = {name: each[at] for name, each in columns.items()}
    return pd.DataFrame({"store": stores[at[0]], "ds": dates[at[1]], **values})


def _entries(own: pd.DataFrame) -> tuple[Entry, ...]:
    kinds = {kind.value for kind in Kind}
    rows = own[own["kind"].isin(kinds)]
    return tuple(
        Entry(day, Kind(kind), name, int(store))
        for day, kind, name, store in zip(
            rows["day"], rows["kind"], rows["name"], rows["store_id"], strict=True
        )
    )


def _promotion(past: History, stores: NDArray[np.int64], dates: pd.DatetimeIndex) -> Floats:
    runs = np.zeros((len(stores), len(dates)))
    campaigns = past.campaigns
    for first, last, where in zip(
        campaigns["starts_on"], campaigns["ends_on"], campaigns["store_ids"], strict=True
    ):
        at = dates.slice_indexer(pd.Timestamp(first), pd.Timestamp(last))
        rows = np.ones(len(stores), dtype=bool) if where is None else np.isin(stores, where)
        runs[rows, at] = 1.0
    return runs


def _own_days(
    own: pd.DataFrame, stores: NDArray[np.int64], dates: pd.DatetimeIndex
) -> NDArray[np.bool_]:
    flags = np.zeros((len(stores), len(dates)), dtype=bool)
    for day, store in zip(own["day"], own["store_id"], strict=True):
        at = (pd.Timestamp(day) - dates[0]).days
        if 0 <= at < len(dates):
            flags[(stores == store) | (store == 0), at] = True
    return flags


def _holidays(calendar: Calendar, dates: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Return the number of the public holiday of each day, 0 for none: [T + H]."""
    period = Period(dates[0].date(), dates[-1].date())
    numbers: dict[str, int] = {}
    out = np.zeros(len(dates), dtype=np.int64)
    for day, name in calendar.holidays(period).items():
        out[(day - period.start).days] = numbers.setdefault(name, len(numbers) + 1)
    return out
