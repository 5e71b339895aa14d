"""Store against store: the ranking, its sparklines, ranks over time, same-store growth.

A ranking has a few numbers for each of a thousand stores, so it is worked out in arrays, and made a
frame once at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Float, desc, func, literal, select

from chain.days import Period
from chain.metrics import Metric, metric
from warehouse.reads.business import Opening, opening
from warehouse.reads.context import Context
from warehouse.reads.facts import expression, store
from warehouse.reads.figures import BEFORE, NOW, frame, metric_values, sides
from warehouse.reads.packed import floats, integers, packed
from warehouse.reads.protocol import SUMS, Filters, Grain

SPARK_DAYS = 28
_WEEKS_UP_TO = 200

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def by_store(
    context: Context, filters: Filters, compared: "Compared | None" = None
) -> pd.DataFrame:
    """Return one row for each store with data now or before, best first; see the protocol.

    ``compared`` is what ``compare`` gave for ``filters``, where it is at hand.
    """
    one = metric(filters.metric)
    compared = compared or compare(context, filters)
    values = compared.values(one)
    ranks = [_ranks(each, ~compared.of.unassigned, one) for each in values]
    whole = np.nansum(values[NOW]) if one.additive else 0.0
    gross = compared.sums["gross"][NOW]
    order = np.lexsort((-gross, np.where(np.isnan(ranks[NOW]), np.inf, ranks[NOW])))
    sparks = _sparks(context, filters, one, compared)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {
            "store_id": compared.ids,
            "value": values[NOW],
            "value_before": values[BEFORE],
            "change": values[NOW] / np.where(values[BEFORE] == 0, np.nan, values[BEFORE]) - 1,
            "rank": ranks[NOW],
            "rank_before": ranks[BEFORE],
            "rank_change": ranks[BEFORE] - ranks[NOW],
            "share": values[NOW] / (whole or np.nan),
            **{name: compared.sums[name][NOW] for name in SUMS},
        }
    rows = pd.DataFrame({name: column[order] for name, column in columns.items()})
    rows["spark"] = sparks[order].tolist()
    rows["days"] = compared.days[NOW][order]
    rows["days_without"] = compared.days_without[NOW][order]
    return rows


@dataclass(frozen=True)
class Compared:
    """Stores with data now or before; arrays have a row for each side, a column for each store."""

    filters: Filters
    ids: Integers
    sums: Mapping[str, Integers]
    days: Integers
    days_without: Integers
    of: Opening

    def values(self, one: Metric) -> Floats:
        """Return the metric of both sides; NaN where there is no data or nothing to divide by."""
        values = self._expression(one)
        if one.name == "share_of_chain":
            whole = np.nansum(values, axis=1, keepdims=True)
            values = values / np.where(whole == 0, np.nan, whole)
        elif one.name == "days_without":
            values = self.days_without.astype(float)
            if self.filters.alone:
                values[BEFORE] = np.nan
        elif one.name == "same_store_growth":
            same = self.same_stores() & (values[BEFORE] > 0)
            growth = np.full_like(values[NOW], np.nan)
            np.divide(values[NOW], values[BEFORE], out=growth, where=same)
            values = np.stack([growth - 1, np.full_like(growth, np.nan)])
        return values

    def _expression(self, one: Metric) -> Floats:
        sums = {**self.sums, "area_sqm": np.stack([self.of.area_sqm] * 2)}
        return np.where(self.days > 0, metric_values(one, sums), np.nan)

    def totals(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the sums over all stores, now and before."""
        now, before = (
            {name: int(self.sums[name][side].sum()) for name in SUMS} for side in (NOW, BEFORE)
        )
        return now, before

    def same_stores(self) -> NDArray[np.bool_]:
        """Tell which stores were open in all of both periods; what is not known counts as open."""
        start = min(self.filters.period.start, self.filters.before.start).toordinal()
        end = max(self.filters.period.end, self.filters.before.end).toordinal()
        return ~(self.of.opened > start) & ~(self.of.closed < end) & ~self.of.unassigned


def compare(context: Context, filters: Filters) -> Compared:
    """Read the sums of each store now and before."""
    periods = sides(filters)
    names = ("side", "store_id", *SUMS, "days")
    rows = context.facts(filters).sums(periods, ("store_id",))
    found = integers(context, {name: rows.c[name] for name in names})
    ids, at = np.unique(found["store_id"], return_inverse=True)
    side = found["side"]

    def wide(values: Integers) -> Integers:
        filled = np.zeros((2, len(ids)), dtype=np.int64)
        filled[side, at] = values
        return filled

    days = wide(found["days"])
    if filters.platforms or filters.channels:
        days = _days(context, filters, ids)
    of = opening(context, ids)
    opened = np.stack(
        [_open_days(context, of, period) for period in (filters.period, filters.before)]
    )
    return Compared(
        filters,
        ids,
        {name: wide(found[name]) for name in SUMS},
        days,
        np.maximum(opened - days, 0),
        of,
    )


def _days(context: Context, filters: Filters, ids: Integers) -> Integers:
    """Return days with data from any platform: what one platform has not sent is no gap."""
    anything = replace(filters, platforms=(), channels=())
    sums = context.facts(anything).sums(sides(filters), ("store_id",), ("orders",))
    found = integers(context, {name: sums.c[name] for name in ("side", "store_id", "days")})
    known = np.isin(found["store_id"], ids)
    days = np.zeros((2, len(ids)), dtype=np.int64)
    at = np.searchsorted(ids, found["store_id"][known])
    days[found["side"][known], at] = found["days"][known]
    return days


def _open_days(context: Context, of: Opening, period: Period) -> Integers:
    """Return the days of the period on which each store was open and the chain has data."""
    chain = context.chain
    first = max(period.start, chain.first_day or period.start).toordinal()
    last = min(period.end, chain.last_day or period.end).toordinal()
    opened, closed = np.fmax(of.opened, first), np.fmin(of.closed, last)
    days: Integers = np.maximum(closed - opened + 1, 0).astype(np.int64)
    return days


def _ranks(values: Floats, ranked: NDArray[np.bool_], one: Metric) -> Floats:
    """Return ranks from 1 in the metric's own sense of good, ties sharing the better."""
    there = ranked & ~np.isnan(values)
    keys = values[there] if one.up_is_good is False else -values[there]
    ranks = np.full(len(values), np.nan)
    ranks[there] = np.searchsorted(np.sort(keys), keys) + 1
    return ranks


def same_store_growth(context: Context, filters: Filters) -> float | None:
    """Return the growth of net sales over stores open in all of both periods."""
    compared = compare(context, filters)
    values = compared.values(metric("net_sales"))
    same = compared.same_stores() & (values[BEFORE] > 0)
    before = float(values[BEFORE][same].sum())
    return float(np.nansum(values[NOW][same])) / before - 1 if before else None


def _sparks(
    context: Context, filters: Filters, one: Metric, compared: Compared
) -> NDArray[np.object_]:
    """Return the metric of the period's last days by store, None where there is no data."""
    end = filters.period.end
    last = Period(end - timedelta(days=SPARK_DAYS - 1), end)
    by_area = "area_sqm" in one.columns
    plain = Metric(one.name, one.unit, one.up_is_good, one.top) if by_area else one
    sums = context.facts(filters).sums({NOW: last}, ("store_id", "day"), plain.columns)
    value = expression(plain, {name: sums.c[name] for name in plain.columns}, grouped=False)
    ids, at, found = context.connection.execute(
        select(
            packed(sums.c.store_id, "int4send"),
            packed(sums.c.day - last.start, "int4send"),
            packed(func.coalesce(value, literal("NaN", Float(53))), "float8send"),
        )
    ).one()
    stores = np.frombuffer(ids or b"", ">i4")
    known = np.isin(stores, compared.ids)
    lines = np.full((len(compared.ids), SPARK_DAYS), np.nan)
    row = np.searchsorted(compared.ids, stores[known])
    lines[row, np.frombuffer(at or b"", ">i4")[known]] = floats(found)[known]
    if by_area:
        lines /= compared.of.area_sqm[:, None]
    # Finer than a line a finger wide can show, and it halves what the browser is sent.
    lines = np.round(lines, 4 if one.unit == "ratio" else 0)
    filled = lines.astype(object)
    filled[np.isnan(lines)] = None
    return filled


def ranks_over_time(
    context: Context, filters: Filters, grain: Grain | None = None, top: int = 30
) -> pd.DataFrame:
    """Return one row per store and week or month, for the best of the last; see the protocol."""
    grain = grain or ("week" if filters.period.days <= _WEEKS_UP_TO else "month")
    one = metric(filters.metric)
    needed = _needed(one.columns)
    sums = context.facts(filters).sums({NOW: filters.period}, ("store_id", grain), needed)
    columns: dict[str, ColumnElement[Any]] = {name: sums.c[name] for name in needed}
    if "area_sqm" in one.columns:
        columns["area_sqm"] = func.nullif(store.c.area_sqm, 0)
    value = expression(one, columns, grouped=False).label("value")
    valued = (
        select(sums.c[grain].label("start"), sums.c.store_id, value)
        .join(store, store.c.store_id == sums.c.store_id)
        .where(~store.c.unassigned)
        .subquery("valued")
    )
    best = valued.c.value if one.up_is_good is False else desc(valued.c.value)
    order = func.rank().over(partition_by=valued.c.start, order_by=best)
    ranked = select(valued, order.label("rank")).where(valued.c.value.is_not(None)).cte("ranked")
    latest = select(func.max(ranked.c.start)).scalar_subquery()
    chosen = (
        select(ranked.c.store_id)
        .where(ranked.c.start == latest)
        .order_by(ranked.c.rank, ranked.c.store_id)
        .limit(top)
    )
    rows = frame(
        context,
        select(ranked)
        .where(ranked.c.store_id.in_(chosen))
        .order_by(ranked.c.start, ranked.c.rank, ranked.c.store_id),
    )
    rows["partial"] = [_cut(start, grain, filters.period) for start in rows["start"]]
    return rows[["start", "store_id", "value", "rank", "partial"]]


def _needed(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name != "area_sqm"]


def _cut(start: date, grain: Grain, period: Period) -> bool:
    if grain == "day":
        return False
    if grain == "week":
        end = start + timedelta(days=6)
    else:
        end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return start < period.start or end > period.end
