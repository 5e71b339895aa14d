"""Sums over a period, added up in SQL from as few rows as can say it.

Whole months come from the month tables and the ragged ends from the day tables, which is exactly
equal because both hold integers of the chain's own currency. Where no platform or channel is asked
for, the totals over both are read. Money of another currency is converted store-day by store-day,
at the rate of its day and rounded there, so that parts add up to the whole on every screen; where
there is no rate it is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    ColumnElement,
    Date,
    Float,
    Integer,
    Numeric,
    Select,
    Subquery,
    Table,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    null,
    select,
    union_all,
    values,
)

from chain.days import Period
from chain.metrics import Linear, Metric
from chain.money import exponent
from warehouse.reads.protocol import SUMS, Filters
from warehouse.tables import metadata

Key = Literal["store_id", "platform", "channel", "day", "week", "month"]
COUNTS = {"orders", "refunds"}
_A_MONDAY = date(1900, 1, 1)

store, store_terms, store_day, store_month, store_day_total, store_month_total = (
    metadata.tables[name]
    for name in (
        "store", "store_terms", "store_day", "store_month", "store_day_total", "store_month_total",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """One minor unit of ``currency`` is ``factor`` minor units of the chain's, in ``period``."""

    currency: str
    period: Period
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """The chain's currency, and what others are worth in it and when."""

    currency: str
    rates: tuple[Rate, ...] = ()


def rates(home: str, rows: Sequence[tuple[str, date, Decimal]]) -> tuple[Rate, ...]:
    """Return the spans of ``rows`` (currency, from_date, rate of one major unit), in order."""
    spans: list[Rate] = []
    ordered = sorted(rows)
    for at, (currency, start, rate) in enumerate(ordered):
        end = date.max
        if ordered[at + 1 :] and ordered[at + 1][0] == currency:
            end = ordered[at + 1][1] - timedelta(days=1)
        factor = rate.scaleb(exponent(home) - exponent(currency))
        if currency != home:
            spans.append(Rate(currency, Period(start, end), factor))
    return tuple(spans)


def months(period: Period) -> tuple[Period | None, list[Period]]:
    """Cut ``period`` into its whole months (as one period) and what is left at the ends."""
    first = period.start if period.start.day == 1 else _next_month(period.start)
    after = _next_month(period.end)
    last = after if (after - timedelta(days=1)) == period.end else period.end.replace(day=1)
    if first >= last:
        return None, [period]
    ends = []
    if period.start < first:
        ends.append(Period(period.start, first - timedelta(days=1)))
    if last <= period.end:
        ends.append(Period(last, period.end))
    return Period(first, last - timedelta(days=1)), ends


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def where_stores(filters: Filters, store_id: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on stores that ``filters`` makes."""
    if filters.stores:
        yield store_id == any_(cast(list(filters.stores), ARRAY(Integer)))
    named = []
    if filters.regions:
        named.append(store.c.region_id == any_(cast(list(filters.regions), ARRAY(BigInteger))))
    if filters.cities:
        named.append(store.c.city == any_(cast(list(filters.cities), ARRAY(Text))))
    if filters.ownership:
        held = _ownership(filters.period.end)
        named += [~store.c.unassigned, held == any_(cast(list(filters.ownership), ARRAY(Text)))]
    if named:
        yield store_id.in_(select(store.c.store_id).where(*named))


def _ownership(day: date) -> ColumnElement[str]:
    """Return whose ``store`` is on a day; one of which no terms are known is owned."""
    held = (
        select(store_terms.c.ownership)
        .where(
            store_terms.c.chain_id == store.c.chain_id,
            store_terms.c.store_id == store.c.store_id,
            store_terms.c.from_date <= day,
        )
        .order_by(store_terms.c.from_date.desc())
        .limit(1)
        .correlate(store)
        .scalar_subquery()
    )
    return func.coalesce(held, "owned")


def expression(
    metric: Metric, sums: Mapping[str, ColumnElement[Any]], *, grouped: bool = True
) -> ColumnElement[float]:
    """Compile ``metric`` to SQL over ``sums``, which map each of its columns to a summed column.

    ``grouped`` false takes the columns as they stand, for rows that are summed already.
    """

    def linear(part: Linear) -> ColumnElement[float]:
        terms = [(sums[name], 1) for name in part.plus] + [(sums[name], -1) for name in part.minus]
        total: ColumnElement[Any] = literal(0, BigInteger)
        for term, sign in terms:
            added = func.sum(term) if grouped else term
            total = total + added if sign > 0 else total - added
        return cast(total, Float(53))

    top = linear(metric.top)
    return top if metric.over is None else top / func.nullif(linear(metric.over), 0.0)


@dataclass(frozen=True, slots=True)
class Facts:
    """Reads sums for one set of filters in one currency; makes statements, runs none.

    ``exact_days`` keeps to the day tables however long the period is. ``with_area`` leaves out
    stores whose floor area is not known.
    """

    filters: Filters
    money: Money
    with_area: bool = False

    def sums(
        self,
        periods: Mapping[int, Period],
        keys: Sequence[Key],
        columns: Sequence[str] = SUMS,
        *,
        exact_days: bool = False,
    ) -> Subquery:
        """Return rows ``side``, ``keys``, ``columns``, ``days`` for each of ``periods``.

        ``days`` is how many store-days have data, null where platforms or channels are named.
        """
        parts = [
            part
            for side, period in periods.items()
            for part in self._parts(side, period, keys, columns, exact_days=exact_days)
        ]
        rows = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("part")
        # The parts of a period by months never share a month.
        apart = len(parts) == len(periods) or "month" in keys
        if apart and not self.money.rates:
            return rows
        names = ("side", *keys)
        return (
            select(
                *(rows.c[name] for name in names),
                *(cast(func.sum(rows.c[name]), BigInteger).label(name) for name in columns),
                cast(
                    func.greatest(func.sum(rows.c.days), func.sum(rows.c.foreign_days)), BigInteger
                ).label("days"),
            )
            .group_by(*(rows.c[name] for name in names))
            .subquery("sums")
        )

    def _parts(
        self,
        side: int,
        period: Period,
        keys: Sequence[Key],
        columns: Sequence[str],
        *,
        exact_days: bool,
    ) -> Iterator[Select[Any]]:
        if exact_days or "day" in keys or "week" in keys:
            whole, ends = None, [period]
        else:
            whole, ends = months(period)
        fine = self._fine(keys)
        if whole:
            table = store_month if fine else store_month_total
            yield self._home(side, table, "month", whole, keys, columns)
        for end in ends:
            table = store_day if fine else store_day_total
            yield self._home(side, table, "business_date", end, keys, columns)
        within = [rate for rate in self.money.rates if meet(rate.period, period)]
        if within:
            yield self._foreign(side, period, within, keys, columns)

    def _fine(self, keys: Sequence[Key]) -> bool:
        named = self.filters.platforms or self.filters.channels
        return bool(named or {"platform", "channel"} & set(keys))

    def _home(
        self,
        side: int,
        table: Table,
        day: str,
        period: Period,
        keys: Sequence[Key],
        columns: Sequence[str],
    ) -> Select[Any]:
        by = [_key(name, table, day).label(name) for name in keys]
        where = (
            table.c[day].between(period.start, period.end),
            table.c.currency == self.money.currency,
            *self.where(table),
        )
        own = {"store_id", "month"} if day == "month" else {"store_id", "day"}
        if not self._fine(keys) and set(keys) == own:
            # The table's own rows: nothing to add up.
            return select(
                literal(side).label("side"),
                *by,
                *(cast(table.c[name], BigInteger).label(name) for name in columns),
                (table.c.days if day == "month" else literal(1, BigInteger)).label("days"),
                null().cast(BigInteger).label("foreign_days"),
            ).where(*where)
        return (
            select(
                literal(side).label("side"),
                *by,
                *(cast(func.sum(table.c[name]), BigInteger).label(name) for name in columns),
                _days(table).label("days"),
                null().cast(BigInteger).label("foreign_days"),
            )
            .where(*where)
            .group_by(*by)
        )

    def _foreign(
        self,
        side: int,
        period: Period,
        within: Sequence[Rate],
        keys: Sequence[Key],
        columns: Sequence[str],
    ) -> Select[Any]:
        fx = (
            values(
                column("currency", Text),
                column("first", Date),
                column("last", Date),
                column("factor", Numeric),
                name="fx",
            )
            .data([(r.currency, r.period.start, r.period.end, r.factor) for r in within])
            .alias("fx")
        )
        by = [_key(name, store_day, "business_date").label(name) for name in keys]
        return (
            select(
                literal(side).label("side"),
                *by,
                *(converted(name, fx.c.factor).label(name) for name in columns),
                null().cast(BigInteger).label("days"),
                func.count(store_day.c.business_date.distinct()).label("foreign_days"),
            )
            .select_from(store_day)
            .join(
                fx,
                (fx.c.currency == store_day.c.currency)
                & store_day.c.business_date.between(fx.c.first, fx.c.last),
            )
            .where(
                store_day.c.business_date.between(period.start, period.end),
                *self.where(store_day),
            )
            .group_by(*by)
        )

    def where(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions on rows of ``table`` that the filters make, but for the days."""
        yield from where_stores(self.filters, table.c.store_id)
        if self.filters.platforms:
            yield table.c.platform == any_(cast(list(self.filters.platforms), ARRAY(Text)))
        if self.filters.channels:
            yield table.c.channel == any_(cast(list(self.filters.channels), ARRAY(Text)))
        if self.with_area:
            yield table.c.store_id.in_(select(store.c.store_id).where(store.c.area_sqm > 0))


def _key(name: Key, table: Table, day: str) -> ColumnElement[Any]:
    if name in {"day", day}:
        return table.c[day]
    if name == "week":
        # Back to Monday by whole numbers: date_trunc on a hundred thousand rows is felt.
        return table.c[day] - (table.c[day] - _A_MONDAY) % 7
    if name == "month":
        return cast(func.date_trunc("month", cast(table.c[day], TIMESTAMP)), Date)
    return table.c[name]


def _days(table: Table) -> ColumnElement[Any]:
    if table is store_day_total:
        return cast(func.count(), BigInteger)
    if table is store_month_total:
        return cast(func.sum(table.c.days), BigInteger)
    return null().cast(BigInteger)


def converted(
    name: str, factor: ColumnElement[Any], known: ColumnElement[bool] | None = None
) -> ColumnElement[Any]:
    """Return the sum of a column of ``store_day`` at a rate, rounded row by row; counts as is.

    ``known``: only of rows where this holds.
    """
    amount: ColumnElement[Any] = store_day.c[name]
    if name not in COUNTS:
        amount = func.round(amount * factor)
    total = func.sum(amount) if known is None else func.sum(amount).filter(known)
    return cast(total, BigInteger)


def meet(one: Period, other: Period) -> bool:
    """Return whether the periods have a day in common."""
    return one.start <= other.end and other.start <= one.end
