"""What was planned and what came of it by month, and the notes on days."""

import pandas as pd
from sqlalchemy import select, text

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.facts import store
from warehouse.reads.figures import table
from warehouse.reads.protocol import Filters

_TARGETS = text(
    """
    select t.store_id, t.month, t.amount from target t join chain c using (chain_id, currency)
    where t.month between :first and :last order by t.store_id, t.month
    """
)
_NOTES = text(
    """
    select n.note_id, n.store_id, n.starts_on, n.ends_on, n.note, n.made_by, n.made_at,
        n.changed_at, coalesce(nullif(u.name, ''), u.email, '') as author
    from day_note n left join directory.app_user u on u.user_id = n.made_by
    where n.starts_on <= :last and n.ends_on >= :first
      and (cast(:store as bigint) is null or n.store_id in (0, :store))
    order by n.starts_on desc, n.note_id desc
    """
)


def targets_between(context: Context, period: Period) -> pd.DataFrame:
    """Return ``store_id`` (0: the chain), ``month``, ``amount`` of months begun in a period."""
    asked = {"first": period.start, "last": period.end}
    return table(context.connection.execute(_TARGETS, asked)).astype({"amount": "float64"})


def net_by_month(context: Context, period: Period) -> pd.DataFrame:
    """Return ``store_id``, ``month``, ``amount`` (net sales) of the months of a period."""
    columns = ("gross", "refund", "merchant_subsidy")
    rows = context.facts(Filters(period)).sums({0: period}, ("store_id", "month"), columns)
    net = (rows.c.gross - rows.c.refund - rows.c.merchant_subsidy).label("amount")
    found = context.connection.execute(
        select(rows.c.store_id, rows.c.month, net)
        .join(store, store.c.store_id == rows.c.store_id)
        .where(~store.c.unassigned)
        .order_by(rows.c.store_id, rows.c.month)
    )
    return table(found).astype({"amount": "float64"})


def notes(context: Context, period: Period, store_id: int | None) -> pd.DataFrame:
    """Return the notes on days of a period; see the protocol."""
    asked = {"first": period.start, "last": period.end, "store": store_id}
    return table(context.connection.execute(_NOTES, asked))
