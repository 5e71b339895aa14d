"""Marketing money beside what stores took, by week, and the advice that was made of both."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import text

from warehouse.reads.context import Context
from warehouse.reads.figures import table
from warehouse.reads.marketing_protocol import Advice

MOST_WEEKS, QUARTER = 104, 13


def weeks(context: Context) -> tuple[date, date] | None:
    """Return the first and the last Monday of the whole weeks that advice is made of."""
    if context.chain.yesterday is None or context.chain.first_day is None:
        return None
    after = context.chain.yesterday + timedelta(days=1)
    last = after - timedelta(days=after.weekday() + 7)
    first = context.chain.first_day
    first += timedelta(days=-first.weekday() % 7)
    first = max(first, last - timedelta(weeks=MOST_WEEKS - 1))
    return (first, last) if first <= last else None


def sales_by_week(context: Context, first: date, last: date) -> pd.DataFrame:
    """Return a row a store and week: ``store_id``, ``week``, ``sales``, ``subsidy``, ``days``.

    Minor units of the chain's currency; sales are gross less refunds, before the chain's own
    subsidies; ``days`` counts those with data.
    """
    asked = {"first": first, "last": last + timedelta(days=6)}
    return table(context.connection.execute(_SALES, asked)).astype(
        {"sales": "float64", "subsidy": "float64", "days": "float64"}
    )


def spend_by_week(context: Context, first: date, last: date) -> pd.DataFrame:
    """Return ``week``, ``channel``, ``store_id`` (0: the chain), ``amount`` in minor units."""
    asked = {"first": first, "last": last + timedelta(days=6)}
    return table(context.connection.execute(_SPEND, asked)).astype({"amount": "float64"})


def spend(context: Context) -> pd.DataFrame:
    """Return what was spent by channel; see the protocol."""
    period = weeks(context)
    rows = spend_by_week(context, *period) if period else None
    if rows is None or rows.empty:
        names = ("channel", "amount", "recent", "stores", "first_week", "last_week")
        return pd.DataFrame({name: [] for name in names})
    recent = rows["amount"].where(rows["week"] > rows["week"].max() - timedelta(weeks=QUARTER), 0.0)
    rows = rows.assign(recent=recent, own=rows["store_id"].where(rows["store_id"] > 0))
    found = rows.groupby("channel", as_index=False).agg(
        amount=("amount", "sum"),
        recent=("recent", "sum"),
        stores=("own", "nunique"),
        first_week=("week", "min"),
        last_week=("week", "max"),
    )
    return found.sort_values("channel", ignore_index=True)


def advice(context: Context) -> Advice | None:
    """Return the latest advice that is done."""
    return _advice(context, _DONE)


def asked(context: Context) -> Advice | None:
    """Return the advice that was asked for last, without its plan."""
    return _advice(context, _LAST)


def _advice(context: Context, query: Any) -> Advice | None:
    row = context.connection.execute(query).one_or_none()
    return None if row is None else Advice(*row)


_SALES = text(
    """
    select t.store_id, date_trunc('week', t.business_date)::date as week,
        sum(t.gross - t.refund) as sales, sum(t.merchant_subsidy) as subsidy,
        count(distinct t.business_date) as days
    from store_day_total t
    join chain c on c.chain_id = t.chain_id and c.currency = t.currency
    join store s on s.chain_id = t.chain_id and s.store_id = t.store_id and not s.unassigned
    where t.business_date between :first and :last
    group by t.store_id, date_trunc('week', t.business_date) order by 1, 2
    """
)
_SPEND = text(
    """
    select date_trunc('week', p.day)::date as week, p.channel, p.store_id, sum(p.amount) as amount
    from spend p join chain c on c.chain_id = p.chain_id and c.currency = p.currency
    where p.day between :first and :last
    group by 1, 2, 3 order by 1, 2, 3
    """
)
_DONE = text(
    "select plan_id, state, made_at, plan, error_key, error_params from budget_plan"
    " where state = 'done' order by plan_id desc limit 1"
)
_LAST = text(
    "select plan_id, state, made_at, '{}'::jsonb, error_key, error_params from budget_plan"
    " order by plan_id desc limit 1"
)
