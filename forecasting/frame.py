"""The door: a long frame of stores and days becomes a ``Panel``, or is refused with a reason.

What is wrong with the table as a whole raises; what is wrong with one store refuses that store
alone, and the others go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chain.errors import PermanentError
from chain.words import Param, say
from forecasting.covariates import numeric_columns
from forecasting.panel import Floats, Panel

CURRENCY = "currency"
"""The column of history that says what ``y`` is counted in; it is not a covariate."""

SHORT = 14
"""Below so many known days a store is noted as leaning on the others."""

SPIKE = 20.0
"""A day more than so many times the store's 95 % quantile is taken for an error."""

_MOST_STEPS = 20_000
_WEEKS_A_YEAR = 52
_KEYS = ("store", "ds", "y", CURRENCY)


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of one store: ``reason`` is a catalogue key with its ``params``."""

    store: Any
    reason: str
    params: dict[str, Param] = field(default_factory=dict)

    def say(self, lang: str = "en") -> str:
        """Return the sentence in ``lang``."""
        return say(lang, self.reason, **self.params)


@dataclass(frozen=True)
class Reading:
    """What came through the door.

    ``wanted``: [S, H], which cells of the future were asked for. ``refused``: the stores that are
    not in the panel, and why. ``notes``: what was done to stores that are in it.
    """

    panel: Panel
    wanted: NDArray[np.bool_]
    refused: tuple[Note, ...]
    notes: tuple[Note, ...]


def read(history: pd.DataFrame, future: pd.DataFrame, *, season: int = 7) -> Reading:
    """Return the panel of a long frame: history (store, ds, y, covariates), future (store, ds, …).

    Covariates that are in both frames are known ahead, the others of the past only. ``season``:
    steps of one season in daily data; weekly data has one of 52. A day that stands twice with the
    same values counts once. Raises PermanentError naming store and day where a table as a whole
    cannot be read.
    """
    past = _dated(history, "history", ("store", "ds", "y")).reset_index(drop=True)
    ahead = _dated(future, "future", ("store", "ds")).reset_index(drop=True)
    past = past.assign(y=_figures(past))
    past = past[past["y"].notna()].drop_duplicates(ignore_index=True)
    if past.empty:
        raise PermanentError("forecasting.no_history")
    _check_ahead(past, ahead)
    past, refused = _without_duplicates(past)
    past, notes = _one_currency(past)
    strangers = ahead.loc[~ahead["store"].isin(past["store"]), "store"].unique()
    gone = {note.store for note in refused}
    refused += [Note(s, "forecasting.refused.no_figure") for s in strangers if s not in gone]
    panel, wanted = _panel(past, ahead[~ahead["store"].isin(strangers)], season)
    panel, hidden = _without_spikes(panel)
    return Reading(panel, wanted, tuple(refused), (*notes, *hidden, *_short(panel)))


def _dated(frame: pd.DataFrame, name: str, needed: Sequence[str]) -> pd.DataFrame:
    for column in needed:
        if column not in frame.columns:
            raise PermanentError("forecasting.missing_column", frame=name, column=column)
    days = frame["ds"]
    if not pd.api.types.is_datetime64_any_dtype(days):
        days = pd.to_datetime(days.astype("str"), format="ISO8601", errors="coerce")
    if days.isna().any():
        bad = frame[days.isna()].iloc[0]
        raise PermanentError("forecasting.no_date", store=str(bad["store"]), value=str(bad["ds"]))
    if frame["store"].isna().any():
        day = days[frame["store"].isna()].iloc[0]
        raise PermanentError("forecasting.no_store", day=_day(day))
    days = days.dt.tz_localize(None).dt.normalize().astype("datetime64[ns]")
    return frame.assign(ds=days)


def _figures(past: pd.DataFrame) -> pd.Series:
    figures = pd.to_numeric(past["y"], errors="coerce").astype("float64")
    wrong = (figures.isna() & past["y"].notna()) | np.isinf(figures)
    if wrong.any():
        bad = past[wrong].iloc[0]
        raise PermanentError(
            "forecasting.no_number",
            store=str(bad["store"]),
            day=_day(bad["ds"]),
            column="y",
            value=str(bad["y"]),
        )
    return figures


def _check_ahead(past: pd.DataFrame, ahead: pd.DataFrame) -> None:
    if ahead.empty:
        raise PermanentError("forecasting.no_future")
    twice = ahead.duplicated(["store", "ds"])
    if twice.any():
        bad = ahead[twice].iloc[0]
        raise PermanentError(
            "forecasting.twice_ahead", store=str(bad["store"]), day=_day(bad["ds"])
        )
    first = ahead["ds"].min()
    over = past["ds"] >= first
    if over.any():
        bad = past[over].iloc[0]
        raise PermanentError(
            "forecasting.overlap", store=str(bad["store"]), day=_day(bad["ds"]), first=_day(first)
        )


def _without_duplicates(past: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    twice = past.duplicated(["store", "ds"])
    if not twice.any():
        return past, []
    firsts = past[twice].groupby("store", sort=True)["ds"].min()
    refused = [
        Note(store, "forecasting.refused.duplicate", {"day": _day(day)})
        for store, day in firsts.items()
    ]
    left = past[~past["store"].isin(firsts.index)]
    if left.empty:
        raise PermanentError(
            "forecasting.no_number",
            store=str(firsts.index[0]),
            day=_day(firsts.iloc[0]),
            column="y",
            value="2×",
        )
    return left, refused


def _one_currency(past: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Keep of each store what came after its currency changed last."""
    if CURRENCY not in past.columns:
        return past, []
    rows = past.sort_values(["store", "ds"], kind="stable")
    currency = rows[CURRENCY].astype("str")
    same_store = rows["store"].eq(rows["store"].shift())
    change = same_store & currency.ne(currency.shift())
    if not change.any():
        return past, []
    last = rows[change].groupby("store")["ds"].max()
    notes = [
        Note(
            store,
            "forecasting.note.currency",
            {"day": _day(day), "currency": str(currency[_at(rows, store, day)].iloc[0])},
        )
        for store, day in last.items()
    ]
    return past[past["ds"] >= past["store"].map(last).fillna(past["ds"].min())], notes


def _at(rows: pd.DataFrame, store: Any, day: Any) -> pd.Series:
    return rows["store"].eq(store) & rows["ds"].eq(day)


def _panel(past: pd.DataFrame, ahead: pd.DataFrame, season: int) -> tuple[Panel, NDArray[np.bool_]]:
    dates, origin = _grid(past, ahead)
    stores = pd.Index(np.sort(past["store"].unique()), name="store")
    rows = pd.concat([past, ahead], ignore_index=True)
    at_store = stores.get_indexer(pd.Index(rows["store"]))
    at_date = dates.get_indexer(pd.DatetimeIndex(rows["ds"]))
    shape = (len(stores), len(dates))

    def dense(values: NDArray[Any], end: int) -> Floats:
        out = np.full(shape, np.nan)
        out[at_store[:end], at_date[:end]] = values[:end]
        return out

    known_names = [name for name in past.columns if name in ahead.columns and name not in _KEYS]
    past_names = [name for name in past.columns if name not in ahead.columns and name not in _KEYS]
    panel = Panel(
        stores=stores,
        dates=dates,
        y=dense(rows["y"].to_numpy("float64"), len(past)),
        origin=origin,
        season=season if (dates[1] - dates[0]).days == 1 else _WEEKS_A_YEAR,
        known={n: dense(v, len(rows)) for n, v in numeric_columns(rows, known_names)},
        past={n: dense(v, len(past)) for n, v in numeric_columns(past, past_names)},
    )
    wanted = np.zeros(shape, dtype=bool)
    wanted[at_store[len(past) :], at_date[len(past) :]] = True
    return panel, wanted[:, origin:]


def _grid(past: pd.DataFrame, ahead: pd.DataFrame) -> tuple[pd.DatetimeIndex, int]:
    """Return all steps from the first day of history to the last one ahead, and the origin."""
    days = _step(past, ahead)
    first, last = past["ds"].min(), ahead["ds"].max()
    if (last - first).days // days > _MOST_STEPS:
        raise PermanentError(
            "forecasting.too_long", first=_day(first), last=_day(last), limit=_MOST_STEPS
        )
    for frame in (past, ahead):
        off = (frame["ds"] - first).dt.days % days != 0
        if off.any():
            bad = frame[off].iloc[0]
            raise PermanentError(
                "forecasting.off_step", store=str(bad["store"]), day=_day(bad["ds"])
            )
    dates = pd.date_range(first, last, freq=f"{days}D")
    return dates, int(dates.get_indexer(pd.Index([ahead["ds"].min()]))[0])


def _step(past: pd.DataFrame, ahead: pd.DataFrame) -> int:
    """Return 1 where the data is daily and 7 where it is weekly: the commonest distance."""
    apart: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    for frame in (past, ahead):
        rows = frame[["store", "ds"]].sort_values(["store", "ds"])
        days = rows["ds"].diff().dt.days[rows["store"].eq(rows["store"].shift())]
        apart = np.concatenate([apart, days.to_numpy("int64")])
    if not len(apart):
        return 1
    common = int(np.bincount(apart).argmax())
    if common not in {1, 7} and common > 7:
        raise PermanentError("forecasting.step", days=common)
    return 7 if common == 7 else 1


def _without_spikes(panel: Panel) -> tuple[Panel, list[Note]]:
    """Hide days so far above the usual that they can only be errors of entry."""
    seen = np.where(panel.history > 0, panel.history, np.nan)
    known = np.isfinite(seen).sum(axis=1)
    usual = np.full(len(seen), np.nan)
    enough = known >= SHORT
    if enough.any():
        usual[enough] = np.nanquantile(seen[enough], 0.95, axis=1)
    spikes = panel.y > SPIKE * usual[:, None]
    if not spikes.any():
        return panel, []
    notes = [
        Note(
            panel.stores[row],
            "forecasting.note.spike",
            {
                "count": int(spikes[row].sum()),
                "times": int(SPIKE),
                "day": _day(panel.dates[spikes[row].argmax()]),
            },
        )
        for row in np.flatnonzero(spikes.any(axis=1)).tolist()
    ]
    return panel.showing(np.where(spikes, np.nan, panel.y)), notes


def _short(panel: Panel) -> list[Note]:
    known = np.isfinite(panel.history).sum(axis=1)
    return [
        Note(panel.stores[row], "forecasting.note.short", {"count": int(known[row])})
        for row in np.flatnonzero(known < SHORT).tolist()
    ]


def _day(value: Any) -> str:
    return f"{pd.Timestamp(value):%Y-%m-%d}"
