"""What explains a figure: sums by kind of day, weeks of each store, and where a store stands.

A *kind* of day is a number: 0 to 6 a plain Monday to Sunday, 7 a worked make-up day, 8 and more a
public holiday, each name its own. The chain's own calendar counts where it is of all stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    any_,
    case,
    cast,
    func,
    literal,
    select,
    text,
)

from chain.calendars import Calendar, Entry, Kind
from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.facts import store
from warehouse.reads.figures import table
from warehouse.reads.history import calendar_days
from warehouse.reads.packed import integers
from warehouse.reads.protocol import Filters

SUMMED = ("gross", "orders", "refund", "merchant_subsidy", "fee")
MAKE_UP, HOLIDAYS = 7, 8
WEEKS = 13
A_YEAR = 364
_A_MONDAY = date(1900, 1, 1)


@dataclass(frozen=True)
class DayKinds:
    """Sums by store and kind of day of two periods, and the kinds of their days.

    ``frame``: ``store``, ``side`` (0 before, 1 now), ``kind``, ``days`` (with data) and ``SUMMED``.
    ``kinds``: of each day of the periods on which the chain had data at all, or may have had.
    ``usual``: the chain's months of the last year: ``group``, ``kind``, ``days``, ``amount``.
    """

    frame: pd.DataFrame
    kinds: Mapping[date, int]
    usual: pd.DataFrame


def by_day_kind(context: Context, filters: Filters) -> DayKinds:
    """Return what the bridge of ``filters`` is made of; see ``DayKinds``.

    Stores that a filter names are those of both periods, and platforms and channels are left out:
    a platform that has sent nothing is no closed day.
    """
    plain = replace(filters, platforms=(), channels=())
    end = max(plain.period.end, plain.before.end)
    year = Period(
        min(end - timedelta(days=A_YEAR - 1), plain.period.start, plain.before.start), end
    )
    named = kinds_of(context, year)
    periods = {1: plain.period, 0: plain.before}
    rows = context.facts(plain).sums(periods, ("store_id", "day"), SUMMED, exact_days=True)
    kind = _kind(rows.c.day, named)
    grouped = (
        select(
            rows.c.side,
            rows.c.store_id,
            kind.label("kind"),
            func.count().label("days"),
            *(cast(func.sum(rows.c[name]), BigInteger).label(name) for name in SUMMED),
        )
        .group_by(rows.c.side, rows.c.store_id, kind)
        .subquery("by_kind")
    )
    names = {"store": "store_id", **{name: name for name in ("side", "kind", "days", *SUMMED)}}
    found = integers(context, {name: grouped.c[column] for name, column in names.items()})
    frame = pd.DataFrame(found).sort_values(["store", "side", "kind"], ignore_index=True)
    first = context.chain.first_day or date.max
    last = context.chain.last_day or date.min
    within = {day: kind for day, kind in named.items() if first <= day <= last}
    return DayKinds(frame, within, _usual(context, year, named))


def kinds_of(context: Context, period: Period) -> dict[date, int]:
    """Return the kind of each day of a period, by the country's calendar and the chain's own."""
    own = calendar_days(context, period)
    entries = tuple(
        Entry(day, Kind(kind), name, int(store_id))
        for day, kind, name, store_id in zip(
            own["day"], own["kind"], own["name"], own["store_id"], strict=True
        )
    )
    calendar = Calendar(context.chain.country, entries)
    off = calendar.holidays(period)
    number = {name: HOLIDAYS + at for at, name in enumerate(sorted(set(off.values())))}
    worked = calendar.makeup_workdays(period)
    days = (period.start + timedelta(days=at) for at in range(period.days))
    return {
        day: number[off[day]] if day in off else MAKE_UP if day in worked else day.weekday()
        for day in days
    }


def _kind(day: ColumnElement[date], named: Mapping[date, int]) -> ColumnElement[int]:
    special: dict[int, list[date]] = {}
    for each, kind in named.items():
        if kind >= MAKE_UP:
            special.setdefault(kind, []).append(each)
    weekday = cast((day - _A_MONDAY) % 7, Integer)
    whens = [
        (day == any_(cast(days, ARRAY(Date))), literal(kind)) for kind, days in special.items()
    ]
    return case(*whens, else_=weekday) if whens else weekday


def _usual(context: Context, year: Period, named: Mapping[date, int]) -> pd.DataFrame:
    """Return the year's months by kind of day, over all stores that the reader sees."""
    rows = context.facts(Filters(year)).sums({0: year}, ("day",), ("gross",), exact_days=True)
    found = integers(
        context,
        {
            "at": rows.c.day - literal(year.start, Date),
            "days": rows.c.days,
            "amount": rows.c.gross,
        },
    )
    days = [year.start + timedelta(days=int(at)) for at in found["at"]]
    frame = pd.DataFrame(
        {
            "group": [day.strftime("%Y-%m") for day in days],
            "kind": [named[day] for day in days],
            "days": found["days"],
            "amount": found["amount"],
        }
    )
    return frame.groupby(["group", "kind"], as_index=False)[["days", "amount"]].sum()


def weekly(context: Context, filters: Filters) -> pd.DataFrame:
    """Return gross less refunds and discounts of each store's last whole weeks.

    ``store``, ``week`` (its Monday), ``amount``; up to 13 weeks that end by the period's end.
    """
    end = filters.period.end - timedelta(days=(filters.period.end.weekday() + 1) % 7)
    period = Period(end - timedelta(days=7 * WEEKS - 1), end)
    plain = replace(filters, platforms=(), channels=())
    columns = ("gross", "refund", "merchant_subsidy")
    rows = context.facts(plain).sums({0: period}, ("store_id", "week"), columns)
    found = integers(
        context,
        {
            "store": rows.c.store_id,
            "at": rows.c.week - literal(period.start, Date),
            "amount": rows.c.gross - rows.c.refund - rows.c.merchant_subsidy,
        },
    )
    return pd.DataFrame(
        {
            "store": found["store"],
            "week": period.start.toordinal() + found["at"],
            "amount": found["amount"],
        }
    ).sort_values(["store", "week"], ignore_index=True)


def by_store_and_platform(context: Context, filters: Filters) -> pd.DataFrame:
    """Return ``store``, ``platform``, ``amount`` (gross in the period)."""
    plain = replace(filters, platforms=(), channels=())
    rows = context.facts(plain).sums({0: plain.period}, ("store_id", "platform"), ("gross",))
    found = table(
        context.connection.execute(
            select(rows.c.store_id.label("store"), rows.c.platform, rows.c.gross.label("amount"))
            .join(store, store.c.store_id == rows.c.store_id)
            .where(~store.c.unassigned)
            .order_by(rows.c.store_id, rows.c.platform)
        )
    )
    return found.astype({"amount": "float64"})


FEWEST_PEERS = 8
"""Fewer would let a reader guess whose figure a quartile is; the function refuses as well."""
PEERS_DAYS = 7
"""A standing is over at least so many days: single days would tell too much of single stores."""


@dataclass(frozen=True)
class Standing:
    """Where a store stands among ``peers`` stores of its kind, which have no names here.

    ``frame``: a row a measure: ``measure`` (net_sales, orders: a day with data; average_ticket;
    refund_rate; merchant_subsidy_rate; growth: of net sales a day against the comparison, left out
    where that is nothing),
    ``own``, ``low``, ``middle``, ``high`` (quartiles of the peers, rounded to two digits so that
    none is a store's own figure), ``rank`` (1 best) of ``of``. Empty, with ``peers`` the number
    there are, where they are fewer than ``FEWEST_PEERS``.
    """

    period: Period
    peers: int
    frame: pd.DataFrame


_STANDING = text(
    "select measure, own, low, middle, high, rank, of_stores, peers"
    " from peer_standing(:store, :first, :last, :first_before, :last_before)"
)


def standing(context: Context, filters: Filters, store_id: int) -> Standing:
    """Return where a store of the reader's stands; of another, as if there were no peers."""
    period = filters.period
    if period.days < PEERS_DAYS:
        period = Period(period.end - timedelta(days=PEERS_DAYS - 1), period.end)
        before = period.before()
    else:
        before = filters.before
    rows = table(
        context.connection.execute(
            _STANDING,
            {
                "store": store_id,
                "first": period.start,
                "last": period.end,
                "first_before": before.start,
                "last_before": before.end,
            },
        )
    ).rename(columns={"of_stores": "of"})
    peers = int(rows["peers"].max()) if len(rows) else 0
    left_out = ["", "growth"] if filters.alone else [""]
    known = rows[~rows["measure"].isin(left_out)].drop(columns="peers")
    numbers = dict.fromkeys(("own", "low", "middle", "high", "rank", "of"), np.float64)
    return Standing(period, peers, known.astype(numbers).reset_index(drop=True))
