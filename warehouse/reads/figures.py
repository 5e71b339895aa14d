"""Totals, series and breakdowns by platform and channel."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    TIMESTAMP,
    Date,
    Executable,
    Result,
    Select,
    any_,
    cast,
    column,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from chain.days import Period
from chain.metrics import Linear, Metric, metric
from warehouse.reads.context import Context
from warehouse.reads.facts import Key, store, store_day, store_day_total, where_stores
from warehouse.reads.packed import integers
from warehouse.reads.protocol import SUMS, Daily, Filters, Grain, Totals, grain_for

NOW, BEFORE = 0, 1


def frame(context: Context, statement: Executable) -> pd.DataFrame:
    """Run ``statement`` and return its rows, columns named as it names them."""
    return table(context.connection.execute(statement))


def table(result: Result[Any]) -> pd.DataFrame:
    """Return the rows of ``result``, column by column, as pandas is slow at rows."""
    names = list(result.keys())
    columns = zip(*result.fetchall(), strict=True)
    filled = dict(zip(names, map(list, columns), strict=False))
    return pd.DataFrame({name: filled.get(name, []) for name in names})


def metric_values(one: Metric, sums: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return ``one`` of arrays of sums; of what it is about, where a read answers the metric."""
    top = _linear(one.top, sums)
    if one.over is None:
        return top
    over = _linear(one.over, sums)
    return top / np.where(over == 0, np.nan, over)


def _linear(part: Linear, sums: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    total = sums[part.plus[0]].astype(np.float64)
    for name in part.plus[1:]:
        total = total + sums[name]
    for name in part.minus:
        total = total - sums[name]
    return total


Sides = tuple[dict[str, int], dict[str, int]]


def sides(filters: Filters) -> dict[int, Period]:
    """Return the periods that ``filters`` asks for, by side."""
    now = {NOW: filters.period}
    return now if filters.alone else now | {BEFORE: filters.before}


def totals(context: Context, filters: Filters, sums: Sides | None = None) -> Totals:
    """Return the base sums and the metric, now and before; see the protocol.

    ``sums`` are those of ``filters`` now and before, where they are at hand.
    """
    periods = sides(filters)
    now, before = sums or sums_of(context, filters, periods)
    one = metric(filters.metric)
    value, value_before = (
        None
        if one.read or side not in periods
        else one.value(_for_area(context, filters, one, side, each))
        for side, each in ((NOW, now), (BEFORE, before))
    )
    days = days_with_data(context, filters, periods)
    return Totals(
        period=filters.period,
        before_period=filters.before,
        now=now,
        before=before,
        value=value,
        value_before=value_before,
        days=len(days[NOW]),
        days_before=len(days.get(BEFORE, ())),
    )


def sums_of(
    context: Context, filters: Filters, periods: dict[int, Period], *, with_area: bool = False
) -> Sides:
    """Return the sums of both sides; zeros where a side is not asked for."""
    rows = (
        frame(context, select(context.facts(filters, with_area=with_area).sums(periods, ())))
        .set_index("side")
        .fillna(0)
    )
    both = [{name: int(rows[name].get(side, 0)) for name in SUMS} for side in (NOW, BEFORE)]
    return both[0], both[1]


def _for_area(
    context: Context, filters: Filters, one: Metric, side: int, sums: dict[str, int]
) -> dict[str, float]:
    """Return the sums a metric needs; by area, only those of stores whose area is known."""
    if "area_sqm" not in one.columns:
        return dict(sums)
    period = filters.before if side else filters.period
    known, _ = sums_of(context, filters, {NOW: period, BEFORE: period}, with_area=True)
    return {**known, "area_sqm": area(context, filters, period)}


def area(context: Context, filters: Filters, period: Period) -> float:
    """Return the floor area in square metres of the stores that were open in ``period``."""
    found = context.connection.scalar(
        select(func.sum(store.c.area_sqm)).where(
            func.coalesce(store.c.opened_on, period.end) <= period.end,
            func.coalesce(store.c.closed_on, period.start) >= period.start,
            *where_stores(filters, store.c.store_id),
        )
    )
    return float(found or 0)


def days_with_data(
    context: Context, filters: Filters, periods: dict[int, Period]
) -> dict[int, set[date]]:
    """Return the dates of each period on which anything came in, asked for date by date.

    A probe for each date costs less than to read every store-day of a long period; it is written
    as a limited sub-select, as ``exists`` would be planned as one join over all of them.
    """
    found: dict[int, set[date]] = {side: set() for side in periods}
    probes = [_probe(filters, side, period) for side, period in periods.items()]
    for side, day in context.connection.execute(union_all(*probes)):
        found[side].add(day)
    return found


def _probe(filters: Filters, side: int, period: Period) -> Select[int, date]:
    table = store_day if filters.platforms or filters.channels else store_day_total
    steps = (
        func.generate_series(
            cast(period.start, TIMESTAMP), cast(period.end, TIMESTAMP), timedelta(days=1)
        )
        .table_valued(column("at", TIMESTAMP))
        .render_derived()
    )
    day = cast(steps.c.at, Date)
    anything = select(1).where(
        table.c.business_date == day, *where_stores(filters, table.c.store_id)
    )
    if filters.platforms:
        anything = anything.where(
            table.c.platform == any_(cast(list(filters.platforms), ARRAY(TEXT)))
        )
    if filters.channels:
        anything = anything.where(
            table.c.channel == any_(cast(list(filters.channels), ARRAY(TEXT)))
        )
    return select(literal(side), day).where(anything.limit(1).scalar_subquery().is_not(None))


def daily(context: Context, filters: Filters, grain: Grain | None = None) -> Daily:
    """Return the series of the period and its comparison; see the protocol."""
    grain = grain or grain_for(filters.period)
    periods = sides(filters)
    series = _series(context, filters, periods, grain)
    days = days_with_data(context, filters, periods)
    now = _with_days(series[NOW], days[NOW], grain)
    before = _with_days(series[BEFORE], days[BEFORE], grain) if BEFORE in series else now.iloc[:0]
    last = context.chain.last_day
    gaps: tuple[date, ...] = ()
    if last is not None and days[NOW]:
        end = min(filters.period.end, last)
        whole = (filters.period.start + timedelta(days=i) for i in range(filters.period.days))
        gaps = tuple(day for day in whole if day <= end and day not in days[NOW])
    return Daily(now, before, gaps, grain)


def _series(
    context: Context, filters: Filters, periods: dict[int, Period], grain: Grain
) -> dict[int, dict[str, NDArray[Any]]]:
    """Return for each side arrays in order of ``day`` (an ordinal): the sums, and ``value``."""
    one = metric(filters.metric)
    found = _by_day(context, filters, periods, grain)
    if "area_sqm" not in one.columns:
        return {side: {**all_, "value": metric_values(one, all_)} for side, all_ in found.items()}
    known = _by_day(context, filters, periods, grain, with_area=True)
    for side, sums in known.items():
        sums["area_sqm"] = np.full(len(sums["day"]), area(context, filters, periods[side]))
        valued = dict(zip(sums["day"].tolist(), metric_values(one, sums).tolist(), strict=True))
        values = [valued.get(day, np.nan) for day in found[side]["day"].tolist()]
        found[side]["value"] = np.array(values, dtype=np.float64)
    return found


def _by_day(
    context: Context,
    filters: Filters,
    periods: dict[int, Period],
    grain: Grain,
    *,
    with_area: bool = False,
) -> dict[int, dict[str, NDArray[Any]]]:
    rows = context.facts(filters, with_area=with_area).sums(periods, (grain,))
    found = integers(
        context,
        {
            "side": rows.c.side,
            "day": rows.c[grain] - date.min + 1,
            **{name: rows.c[name] for name in SUMS},
        },
    )
    by_side: dict[int, dict[str, NDArray[Any]]] = {}
    for side in periods:
        mine = np.flatnonzero(found["side"] == side)
        order = mine[np.argsort(found["day"][mine])]
        by_side[side] = {name: found[name][order] for name in ("day", *SUMS)}
    return by_side


def _with_days(rows: dict[str, NDArray[Any]], days: set[date], grain: Grain) -> pd.DataFrame:
    counts = Counter(_start(day, grain) for day in days)
    dates = [date.fromordinal(day) for day in rows["day"].tolist()]
    return pd.DataFrame(
        {
            "day": pd.Series(dates, dtype=object),
            "value": rows["value"],
            "n_days": np.array([counts[day] for day in dates], dtype=np.int64),
            **{name: rows[name] for name in SUMS},
        }
    )


def _start(day: date, grain: Grain) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def by_part(
    context: Context, filters: Filters, part: Literal["platform", "channel"]
) -> pd.DataFrame:
    """Return one row for each platform or channel, largest gross first; see the protocol."""
    asked = context.facts(filters).sums(sides(filters), (part,))
    found = context.connection.execute(select(asked))
    both: dict[int, dict[str, dict[str, float]]] = {NOW: {}, BEFORE: {}}
    for row in found.mappings():
        sums = {name: int(row[name] or 0) for name in SUMS}
        both[row["side"]][row[part]] = {**sums, "area_sqm": 0}
    one = metric(filters.metric)
    # What a read answers is shown by what it is about.
    plain = replace(one, read=None)
    whole = sum(sums["gross"] for sums in both[NOW].values())
    rows = [
        {
            part: name,
            "value": plain.value(both[NOW][name]) if name in both[NOW] else None,
            "value_before": plain.value(both[BEFORE][name]) if name in both[BEFORE] else None,
            "share": both[NOW][name]["gross"] / whole if whole and name in both[NOW] else None,
            **{each: both[NOW].get(name, {}).get(each, 0) for each in SUMS},
        }
        for name in sorted(
            {*both[NOW], *both[BEFORE]},
            key=lambda name: (-both[NOW].get(name, {}).get("gross", 0), name),
        )
    ]
    columns = [part, "value", "value_before", "share", *SUMS]
    made = pd.DataFrame(rows, columns=columns)
    ratios = dict.fromkeys(("value", "value_before", "share"), "float64")
    return made.astype({**ratios, **dict.fromkeys(SUMS, "int64")})


def platform_daily(context: Context, filters: Filters, grain: Grain | None = None) -> pd.DataFrame:
    """Return one row per day (week, month) and platform; see the protocol."""
    grain = grain or grain_for(filters.period)
    keys: tuple[Key, ...] = (grain, "platform")
    rows = frame(context, select(context.facts(filters).sums({NOW: filters.period}, keys)))
    sums: dict[str, NDArray[Any]] = {name: rows[name].to_numpy() for name in SUMS}
    sums["area_sqm"] = np.full(len(rows), np.nan)
    rows["value"] = metric_values(metric(filters.metric), sums)
    ordered = rows.rename(columns={grain: "day"}).sort_values(["day", "platform"])
    return ordered[["day", "platform", "value", "gross", "orders"]].reset_index(drop=True)
