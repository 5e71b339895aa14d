"""The door of the model: a table of stores and weeks becomes arrays, or says what is wrong."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from advice.marketing.transforms import LAGS, Flags, Floats
from chain.errors import PermanentError
from chain.words import Param

LEAST_WEEKS = 26
LEAST_STORES = 3
_SPOILT = 4
"""Weeks that an unknown spend makes useless: most of what it carried over is over by then."""
_MOST_UNKNOWN = 0.2


@dataclass(frozen=True, slots=True)
class Note:
    """What was found in the panel and how it was handled: a key of the catalogues."""

    key: str
    params: dict[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """``outcome`` [S, T] and ``spend`` [C, S, T] in one currency, ``controls`` [K, S, T].

    ``valid`` [S, T]: the store took money in that week and what was spent before is known.
    ``level`` [S]: a usual week's outcome of the store.
    """

    stores: tuple[str, ...]
    weeks: pd.DatetimeIndex
    channels: tuple[str, ...]
    outcome: Floats
    spend: Floats
    controls: Floats
    valid: Flags
    level: Floats
    notes: tuple[Note, ...]
    refused: dict[str, Note]


def read(
    panel: pd.DataFrame,
    *,
    channels: Sequence[str],
    outcome: str,
    store: str,
    date: str,
    controls: Sequence[str] = (),
) -> Panel:
    """Return the panel as arrays, its stores in order of their names.

    Raises PermanentError for what cannot be read: columns that are missing, a store and week
    twice, weeks that are not seven days apart, negative spend, more than one currency, spend that
    is unknown for long, too few stores or weeks.
    """
    rows = _checked(panel, channels, outcome, store, date, controls)
    weeks = _weeks(rows, date)
    names = sorted(rows[store].unique())
    index = pd.MultiIndex.from_product([names, weeks], names=[store, date])
    grid = rows.set_index([store, date]).reindex(index)
    shape = (len(names), len(weeks))
    y = grid[outcome].to_numpy(dtype=np.float64, na_value=np.nan).reshape(shape)
    notes: list[Note] = []
    kept, refused = _kept(names, y)
    spend, known = _spend(grid, channels, shape, _life(y), notes)
    extra, told = _controls(grid, controls, shape)
    valid = np.isfinite(y) & (np.nan_to_num(y) > 0) & known & told
    idle = int(((np.nan_to_num(y, nan=1.0) <= 0) & _life(y))[kept].sum())
    if idle:
        notes.append(Note("marketing.note.idle", {"count": idle}))
    enough = valid.sum(1) >= LEAST_WEEKS
    for at in np.flatnonzero(kept & ~enough):
        refused[names[at]] = Note("marketing.refused.short", {"weeks": int(valid[at].sum())})
    kept &= enough
    if kept.sum() < LEAST_STORES:
        raise PermanentError("marketing.too_little", stores=LEAST_STORES, weeks=LEAST_WEEKS)
    level = np.array([np.median(y[s][valid[s]]) for s in np.flatnonzero(kept)])
    return Panel(
        stores=tuple(np.array(names, dtype=object)[kept]),
        weeks=weeks,
        channels=tuple(channels),
        outcome=y[kept],
        spend=spend[:, kept],
        controls=extra[:, kept],
        valid=valid[kept],
        level=level,
        notes=tuple(notes),
        refused=refused,
    )


def spread(
    panel: pd.DataFrame, spend: pd.Series, *, store: str, date: str, by: str
) -> "pd.Series[float]":
    """Return chain or region spend given to the rows of ``panel`` (one region's, or all).

    ``spend``: an amount a week, its index the weeks. A week's amount is shared by the stores' mean
    of ``by`` (sales), so that it does not follow the week's own sales. Its effect is then told
    apart by time alone, and the answer is wide.
    """
    usual = panel[store].map(panel.groupby(store)[by].mean())
    present = panel[by].notna() & (panel[by] > 0)
    usual = usual.where(present, 0.0)
    shares = usual / usual.groupby(panel[date]).transform("sum")
    return panel[date].map(spend).astype("float64") * shares


def _checked(
    panel: pd.DataFrame,
    channels: Sequence[str],
    outcome: str,
    store: str,
    date: str,
    controls: Sequence[str],
) -> pd.DataFrame:
    wanted = [store, date, outcome, *channels, *controls]
    for column in wanted:
        if column not in panel.columns:
            raise PermanentError("marketing.missing_column", column=column)
    if not channels or len(set(wanted)) < len(wanted):
        raise PermanentError("marketing.channels")
    if "currency" in panel.columns:
        currencies = sorted(panel["currency"].dropna().astype(str).unique())
        if len(currencies) > 1:
            raise PermanentError("marketing.currencies", currencies=", ".join(currencies))
    rows = panel[wanted].copy()
    rows[store] = rows[store].astype(str)
    rows[date] = pd.to_datetime(rows[date], errors="coerce").astype("datetime64[ns]")
    if rows[date].isna().any():
        raise PermanentError("marketing.no_date", row=_row(rows[date].isna()))
    twice = rows.duplicated([store, date])
    if twice.any():
        bad = rows[twice].iloc[0]
        raise PermanentError("marketing.twice", store=bad[store], week=_day(bad[date]))
    for column in (outcome, *channels, *controls):
        rows[column] = _numbers(rows, column, store, date)
    for channel in channels:
        _not_negative(rows, channel, store, date)
    return rows


def _not_negative(rows: pd.DataFrame, channel: str, store: str, date: str) -> None:
    below = rows[channel] < 0
    if below.any():
        bad = rows[below].iloc[0]
        raise PermanentError(
            "marketing.negative",
            channel=channel,
            store=bad[store],
            week=_day(bad[date]),
            amount=f"{bad[channel]:g}",
        )


def _numbers(rows: pd.DataFrame, column: str, store: str, date: str) -> "pd.Series[float]":
    found = pd.to_numeric(rows[column], errors="coerce").astype("float64")
    wrong = (found.isna() & rows[column].notna()) | np.isinf(found)
    if wrong.any():
        bad = rows[wrong].iloc[0]
        raise PermanentError(
            "marketing.no_number",
            column=column,
            store=bad[store],
            week=_day(bad[date]),
            value=str(bad[column]),
        )
    return found


def _row(wrong: "pd.Series[bool]") -> int:
    return int(np.flatnonzero(wrong.to_numpy())[0]) + 1


def _day(value: Hashable) -> str:
    return str(value)[:10]


def _weeks(rows: pd.DataFrame, date: str) -> pd.DatetimeIndex:
    found = pd.DatetimeIndex(sorted(rows[date].unique()))
    if len(found) < LEAST_WEEKS:
        raise PermanentError("marketing.too_little", stores=LEAST_STORES, weeks=LEAST_WEEKS)
    off = (found - found[0]).days % 7 != 0
    if off.any():
        raise PermanentError("marketing.off_week", week=_day(found[off][0]))
    return pd.date_range(found[0], found[-1], freq="7D")


def _life(y: Floats) -> Flags:
    """Return from the first to the last week of which a store's outcome is known."""
    known = np.isfinite(y)
    begun = np.maximum.accumulate(known, axis=1)
    open_ = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    return begun & open_


def _kept(names: list[str], y: Floats) -> tuple[Flags, dict[str, Note]]:
    sells = np.nansum(np.maximum(y, 0), axis=1) > 0
    refused = {
        name: Note("marketing.refused.no_sales")
        for name, fine in zip(names, sells, strict=True)
        if not fine
    }
    return sells, refused


def _spend(
    grid: pd.DataFrame,
    channels: Sequence[str],
    shape: tuple[int, int],
    life: Flags,
    notes: list[Note],
) -> tuple[Floats, Flags]:
    """Return spend without holes, and the weeks to which no unknown spend carries over.

    What was spent before the first week is as unknown as what a hole hides.
    """
    spend = np.empty((len(channels), *shape))
    spoilt = np.zeros(shape, dtype=np.bool_)
    spoilt[:, : _SPOILT - 1] = True
    for c, channel in enumerate(channels):
        x = grid[channel].to_numpy(dtype=np.float64, na_value=np.nan).reshape(shape).copy()
        unknown = np.isnan(x) & life
        if unknown.sum() > _MOST_UNKNOWN * max(life.sum(), 1):
            raise PermanentError("marketing.unknown_spend", channel=channel)
        if unknown.any():
            count = int(unknown.sum())
            notes.append(Note("marketing.note.gap", {"channel": channel, "count": count}))
        for s in np.flatnonzero(unknown.any(axis=1)):
            usual = x[s][~np.isnan(x[s])]
            x[s, unknown[s]] = usual.mean() if len(usual) else 0.0
        spend[c] = np.nan_to_num(x)
        for lag in range(_SPOILT):
            spoilt[:, lag:] |= unknown[:, : shape[1] - lag]
    return spend, ~spoilt


def _controls(
    grid: pd.DataFrame, controls: Sequence[str], shape: tuple[int, int]
) -> tuple[Floats, Flags]:
    """Return controls on a common scale, and the weeks in which all are known."""
    found = np.zeros((len(controls), *shape))
    told = np.ones(shape, dtype=np.bool_)
    for k, name in enumerate(controls):
        values = grid[name].to_numpy(dtype=np.float64, na_value=np.nan).reshape(shape)
        told &= np.isfinite(values)
        scale = np.nanstd(values) or 1.0
        found[k] = np.nan_to_num((values - np.nanmean(values)) / scale)
    return found, told


def run_in(panel: Panel) -> Floats:
    """Return what each channel and store is taken to have spent a week before the panel; [C, S]."""
    return np.asarray(panel.spend[:, :, :LAGS].mean(axis=2), dtype=np.float64)
