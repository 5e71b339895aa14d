"""What a figure is made of: its terms, and its split by store, platform, channel and day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select

from chain.metrics import Linear, Metric, metric
from warehouse.reads import details, ranking
from warehouse.reads.behind import DERIVED, kinds_of
from warehouse.reads.context import Context
from warehouse.reads.facts import Key, store, where_stores
from warehouse.reads.figures import BEFORE, NOW, area, frame, sides, sums_of
from warehouse.reads.parts_protocol import MadeOf, Part, Split
from warehouse.reads.protocol import Filters, Grain, grain_for

NO_STORE = 0
"""No store has this id: what is narrowed to no store at all."""
ALL_SPLITS: tuple[Split, ...] = ("store", "platform", "channel", "day")


def made_of(context: Context, filters: Filters) -> MadeOf:
    """Return the parts of ``filters.metric``; see the protocol."""
    one = metric(filters.metric)
    if one.read is None:
        return _plain(context, filters, one)
    makers = {
        "share_of_chain": _share,
        "same_store_growth": _growth,
        "repeat_share": _repeats,
        "days_without": _days_without,
    }
    return makers[one.name](context, filters)


def _plain(context: Context, filters: Filters, one: Metric) -> MadeOf:
    by_area = "area_sqm" in one.columns
    periods = sides(filters)
    found = sums_of(context, filters, periods, with_area=by_area)
    sums: dict[int, dict[str, float]] = {side: {**found[side]} for side in periods}
    for side, period in periods.items() if by_area else ():
        sums[side]["area_sqm"] = area(context, filters, period)
    asked = _with_area(context, filters) if by_area else filters
    return _made(one, sums, asked)


def _made(one: Metric, sums: Mapping[int, Mapping[str, float]], asked: Filters) -> MadeOf:
    counted = "net_sales" if DERIVED & set(one.columns) else one.name
    plain = replace(one, read=None)
    values = {side: plain.value(each) for side, each in sums.items()}
    return MadeOf(
        value=values[NOW],
        value_before=values.get(BEFORE),
        top=_parts(one.top, sums),
        over=_parts(one.over, sums) if one.over else (),
        growth=False,
        asked=asked,
        splits=ALL_SPLITS,
        counted=counted,
        kinds=kinds_of(metric(counted)),
    )


def _parts(part: Linear, sums: Mapping[int, Mapping[str, float]]) -> tuple[Part, ...]:
    past = sums.get(BEFORE)
    return tuple(
        Part(name, 1 if name in part.plus else -1, sums[NOW][name], past[name] if past else None)
        for name in part.columns
    )


def _with_area(context: Context, filters: Filters) -> Filters:
    """Narrow to the stores whose floor area is known, which alone are in a figure by area."""
    found = context.connection.scalars(
        select(store.c.store_id).where(
            store.c.area_sqm > 0, *where_stores(filters, store.c.store_id)
        )
    )
    return replace(filters, stores=tuple(found) or (NO_STORE,))


def _share(context: Context, filters: Filters) -> MadeOf:
    one = metric("net_sales")
    asked = replace(filters, metric=one.name)
    shown = _plain(context, asked, one)
    # As far as the reader's scope goes: what is out of it is not told by a ratio either.
    everything = Filters(filters.period, filters.comparison, one.name, alone=filters.alone)
    whole = _plain(context, everything, one)
    return replace(
        shown,
        value=_ratio(shown.value, whole.value),
        value_before=_ratio(shown.value_before, whole.value_before),
        over=(Part("net_sales_of_chain", 1, whole.value or 0, whole.value_before),),
    )


def _growth(context: Context, filters: Filters) -> MadeOf:
    one = metric("net_sales")
    compared = ranking.compare(context, filters)
    values = compared.values(one)
    same = compared.same_stores() & (values[BEFORE] > 0)
    now, before = (float(np.nansum(values[side][same])) for side in (NOW, BEFORE))
    ids = tuple(int(each) for each in compared.ids[same]) or (NO_STORE,)
    asked = replace(filters, metric=one.name, stores=ids)
    made = _plain(context, replace(asked, alone=True), one)
    ratio = _ratio(now, before)
    return replace(
        made,
        value=None if ratio is None else ratio - 1,
        over=(Part("net_sales_before", 1, before, None),),
        growth=True,
        asked=asked,
    )


def _repeats(context: Context, filters: Filters) -> MadeOf:
    payers, again = details.payers(context, filters, filters.period)
    payers_before, again_before = (
        (None, None) if filters.alone else details.payers(context, filters, filters.before)
    )
    return MadeOf(
        value=_ratio(again, payers),
        value_before=_ratio(again_before, payers_before),
        top=(Part("payers_again", 1, again, again_before),),
        over=(Part("payers", 1, payers, payers_before),),
        growth=False,
        asked=replace(filters, metric="orders"),
        splits=(),
        counted="",
        kinds=(),
    )


def _days_without(context: Context, filters: Filters) -> MadeOf:
    values = ranking.compare(context, filters).values(metric(filters.metric))
    now = float(np.nansum(values[NOW]))
    before = None if filters.alone else float(np.nansum(values[BEFORE]))
    return MadeOf(
        value=now,
        value_before=before,
        top=(Part("days_without", 1, now, before),),
        over=(),
        growth=False,
        asked=filters,
        splits=("store",),
        counted="",
        kinds=(),
    )


def _ratio(top: float | None, over: float | None) -> float | None:
    return None if top is None or not over else top / over


def split(context: Context, filters: Filters, by: Split, grain: Grain | None) -> pd.DataFrame:
    """Return one row a store, platform, channel or day; see the protocol."""
    one = metric(filters.metric)
    if one.name == "days_without":
        return _days_by_store(context, filters, one)
    grain = grain or grain_for(filters.period)
    key: Key = grain if by == "day" else "store_id" if by == "store" else by
    columns: list[str] = [name for name in one.columns if name != "area_sqm"]
    rows = frame(context, select(context.facts(filters).sums(sides(filters), (key,), columns)))
    of_side = rows["side"].astype("int64")
    found = {side: rows[of_side == side].set_index(key) for side in (NOW, BEFORE)}
    if by == "day":
        found[BEFORE] = _beside(found[BEFORE], filters, grain)
    keys = list(dict.fromkeys([*found[NOW].index, *found[BEFORE].index]))
    made: dict[str, Any] = {"day" if by == "day" else key: keys}
    for side, suffix in ((NOW, ""), (BEFORE, "_before")):
        sums = {name: found[side][name].reindex(keys).astype("float64") for name in columns}
        if "area_sqm" in one.columns:
            sums["area_sqm"] = _areas(context, filters, side, by, keys)
        made.update(_valued(one, sums, suffix))
    table = pd.DataFrame(made)
    if by == "day":
        return table.sort_values("day", ignore_index=True)
    return table.sort_values(
        ["top", "top_before"], ascending=False, na_position="last", ignore_index=True
    )


def _valued(
    one: Metric, sums: Mapping[str, "pd.Series[float]"], suffix: str
) -> dict[str, NDArray[np.float64]]:
    top = np.asarray(one.top.value(sums), dtype=np.float64)  # type: ignore[arg-type]
    over = np.full(len(top), np.nan)
    value = top
    if one.over:
        over = np.asarray(one.over.value(sums), dtype=np.float64)  # type: ignore[arg-type]
        value = top / np.where(over == 0, np.nan, over)
    return {f"top{suffix}": top, f"over{suffix}": over, f"value{suffix}": value}


def _areas(
    context: Context, filters: Filters, side: int, by: Split, keys: list[Any]
) -> "pd.Series[float]":
    """Return the floor area of each store; of all of them where the rows are no stores."""
    period = filters.before if side else filters.period
    if by != "store":
        return pd.Series(area(context, filters, period), index=keys, dtype="float64")
    found = frame(
        context,
        select(store.c.store_id, store.c.area_sqm).where(*where_stores(filters, store.c.store_id)),
    )
    return found.set_index("store_id")["area_sqm"].astype("float64").reindex(keys)


def _beside(before: pd.DataFrame, filters: Filters, grain: Grain) -> pd.DataFrame:
    """Put the days compared with beside those of the period, where they line up."""
    shift = (filters.period.start - filters.before.start).days
    if grain == "month" or (grain == "week" and shift % 7):
        return before.iloc[:0]
    days: list[date] = [day + timedelta(days=shift) for day in before.index]
    moved = before.set_axis(pd.Index(days, dtype=object), axis=0)
    within = [filters.period.start <= day <= filters.period.end for day in days]
    return moved[np.array(within, dtype=bool)]


def _days_by_store(context: Context, filters: Filters, one: Metric) -> pd.DataFrame:
    compared = ranking.compare(context, filters)
    now, before = compared.values(one)
    nothing = np.full(len(now), np.nan)
    rows = pd.DataFrame(
        {
            "store_id": compared.ids,
            "top": now,
            "over": nothing,
            "value": now,
            "top_before": before,
            "over_before": nothing,
            "value_before": before,
        }
    )
    return rows.sort_values("top", ascending=False, ignore_index=True)
