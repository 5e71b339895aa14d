"""The hours of the week, returning payers, and payments one by one."""

import pandas as pd
from sqlalchemy import (
    ARRAY,
    Date,
    Float,
    Text,
    any_,
    cast,
    distinct,
    exists,
    func,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.facts import where_stores
from warehouse.reads.figures import frame
from warehouse.reads.protocol import Filters, Page
from warehouse.tables import metadata

payment = metadata.tables["payment"]
payment_twin = metadata.tables["payment_twin"]
store_hour = metadata.tables["store_hour"]


def hour_of_week(context: Context, filters: Filters) -> pd.DataFrame:
    """Return the mean of each weekday's hour over the days with data; see the protocol."""
    weekday = cast(func.date_part("isodow", store_hour.c.business_date), Float) - 1
    within = (
        store_hour.c.business_date.between(filters.period.start, filters.period.end),
        store_hour.c.currency == context.money.currency,
        *where_stores(filters, store_hour.c.store_id),
    )
    days = (
        select(
            weekday.label("weekday"), func.count(distinct(store_hour.c.business_date)).label("n")
        )
        .where(*within)
        .group_by(weekday)
        .subquery("days")
    )
    hours = (
        select(
            weekday.label("weekday"),
            store_hour.c.hour,
            func.sum(store_hour.c.gross).label("gross"),
            func.sum(store_hour.c.orders).label("orders"),
        )
        .where(*within)
        .group_by(weekday, store_hour.c.hour)
        .subquery("hours")
    )
    rows = frame(
        context,
        select(
            hours.c.weekday,
            hours.c.hour,
            cast(hours.c.gross / days.c.n, Float).label("gross"),
            cast(hours.c.orders / days.c.n, Float).label("orders"),
            days.c.n.label("n_days"),
        )
        .join(days, days.c.weekday == hours.c.weekday)
        .order_by(hours.c.weekday, hours.c.hour),
    )
    return rows.astype({"weekday": "int64", "gross": "float64", "orders": "float64"})


def repeat_share(context: Context, filters: Filters) -> tuple[float | None, float | None]:
    """Return the share of payers seen at least twice, now and before."""
    seen = payers(context, filters, filters.period)
    now = seen[1] / seen[0] if seen[0] else None
    if filters.alone:
        return now, None
    seen = payers(context, filters, filters.before)
    return now, seen[1] / seen[0] if seen[0] else None


def payers(context: Context, filters: Filters, period: Period) -> tuple[int, int]:
    """Return how many payers are known by a whole id, and how many of them paid at least twice."""
    by_payer = (
        select(func.count().label("n"))
        .where(
            *matching(filters, period),
            payment.c.kind == "sale",
            payment.c.payer_hash.is_not(None),
            ~counted_elsewhere(),
        )
        .group_by(payment.c.payer_hash)
        .subquery("by_payer")
    )
    found = context.connection.execute(
        select(func.count(), func.count().filter(by_payer.c.n > 1)).select_from(by_payer)
    ).one()
    return int(found[0]), int(found[1])


def matching(filters: Filters, period: Period) -> list[ColumnElement[bool]]:
    """Return the conditions on payments of ``period`` that ``filters`` lets through."""
    conditions = [
        payment.c.business_date.between(cast(period.start, Date), cast(period.end, Date)),
        *where_stores(filters, payment.c.store_id),
    ]
    if filters.platforms:
        conditions.append(payment.c.platform == any_(cast(list(filters.platforms), ARRAY(Text))))
    if filters.channels:
        conditions.append(payment.c.channel == any_(cast(list(filters.channels), ARRAY(Text))))
    return conditions


def counted_elsewhere() -> ColumnElement[bool]:
    """Return whether a payment is the twin of one that is counted."""
    return exists().where(
        payment_twin.c.chain_id == payment.c.chain_id, payment_twin.c.key == payment.c.key
    )


SHOWN = (
    "key",
    "occurred_at",
    "business_date",
    "store_id",
    "platform",
    "kind",
    "currency",
    "gross",
    "platform_subsidy",
    "merchant_subsidy",
    "fee",
    "net",
    "method",
    "channel",
    "external_id",
    "order_ref",
    "batch_id",
)


def payments(context: Context, filters: Filters, page: int = 0, size: int = 50) -> Page:
    """Return payments one by one, latest first; see the protocol."""
    where = matching(filters, filters.period)
    rows = frame(
        context,
        select(*(payment.c[name] for name in SHOWN), counted_elsewhere().label("twin"))
        .where(*where)
        .order_by(payment.c.occurred_at.desc(), payment.c.key)
        .limit(size)
        .offset(page * size),
    )
    total = context.connection.scalar(select(func.count()).select_from(payment).where(*where))
    return Page(rows, page, size, int(total or 0))
