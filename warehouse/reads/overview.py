"""The first look: the last complete day and the month up to it, each against the same weekdays."""

from datetime import date, timedelta

import pandas as pd
from sqlalchemy import select, text

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.figures import frame
from warehouse.reads.protocol import SUMS, Compared, Filters, Overview

SPARK_DAYS = 28
YEAR = 364
"""52 weeks, so that weekdays line up."""

_REPORTING = text(
    """
    select distinct platform, business_date from store_day
    where business_date in (:day, cast(:day as date) - 7, cast(:day as date) - 14)
    """
)
_LAST_BEFORE = text("select max(business_date) from store_day_total where business_date < :today")


def overview(context: Context, today: date | None = None) -> Overview:
    """Return the last complete day and the month up to it; see the protocol."""
    day = context.chain.yesterday
    if today is not None:
        day = context.connection.scalar(_LAST_BEFORE, {"today": today})
    if day is None:
        empty = pd.DataFrame(columns=["day", *SUMS, *(f"{name}_year" for name in SUMS)])
        return Overview(None, None, None, provisional=False, missing=(), spark=empty)
    yesterday, month = Period(day, day), Period(day.replace(day=1), day)
    start = min(month.before().start, day - timedelta(days=SPARK_DAYS - 1))
    recent = Period(start, day)
    days = _days(context, recent)
    missing = missing_platforms(context, day)
    return Overview(
        day=day,
        yesterday=_compared(days, yesterday),
        month=_compared(days, month),
        provisional=bool(missing),
        missing=missing,
        spark=_spark(days, day),
    )


def _days(context: Context, recent: Period) -> pd.DataFrame:
    """Return the sums of each day with data, of the recent ones and those a year before."""
    periods = {0: recent, 1: recent.shifted(-YEAR)}
    rows = frame(context, select(context.facts(Filters(recent)).sums(periods, ("day",))))
    return rows.set_index("day")[list(SUMS)]


def _compared(days: pd.DataFrame, period: Period) -> Compared:
    week, year = period.before(), period.year_before()
    now = _total(days, period)
    return Compared(
        period=period,
        now=now or dict.fromkeys(SUMS, 0),
        week=_total(days, week),
        year=_total(days, year),
        week_period=week,
        year_period=year,
    )


def _total(days: pd.DataFrame, period: Period) -> dict[str, int] | None:
    within = days[[period.start <= day <= period.end for day in days.index]]
    if within.empty:
        return None
    return {name: int(within[name].sum()) for name in SUMS}


def _spark(days: pd.DataFrame, last: date) -> pd.DataFrame:
    dates = [last - timedelta(days=back) for back in reversed(range(SPARK_DAYS))]
    now = days.reindex(dates)
    year = days.reindex([day - timedelta(days=YEAR) for day in dates]).add_suffix("_year")
    joined = pd.concat([now.reset_index(drop=True), year.reset_index(drop=True)], axis=1)
    joined.insert(0, "day", dates)
    return joined


def missing_platforms(context: Context, day: date) -> tuple[str, ...]:
    """Return the platforms that reported one or two weeks before ``day``, but not on it."""
    rows = context.connection.execute(_REPORTING, {"day": day}).fetchall()
    there = {row.platform for row in rows if row.business_date == day}
    return tuple(sorted({row.platform for row in rows} - there))
