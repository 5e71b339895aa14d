"""What a person must look at: silence, weakness, money with no place, files that did not load."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Executable, select, text

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.figures import NOW, frame, table
from warehouse.reads.imports import batch_frame
from warehouse.reads.packed import floats
from warehouse.reads.protocol import Attention, Filters

WEEKS = 8
FEWEST = 4
"""With fewer same weekdays in the past nothing is said of what is usual."""
FAR = 3.0
"""Robust standard deviations below the median that count as far below."""
SCATTER = 1.4826
"""MAD of a normal distribution times this is its standard deviation (Rousseeuw & Croux, 1993)."""
FLOOR = 0.05
"""The least scatter, as a share of the median: a store that hardly varies is not accused of 3 %."""
BAND = 1.2816
"""Standard deviations of the band that holds four days of five."""

_SILENT = text(
    """
    with lately as (
        select store_id, max(business_date) as last_day from store_day_total
        where business_date > cast(:day as date) - 60 group by store_id
    )
    select s.store_id, coalesce(l.last_day, (
        select max(d.business_date) from store_day_total d
        where d.chain_id = s.chain_id and d.store_id = s.store_id)) as last_day
    from store s left join lately l on l.store_id = s.store_id
    where not s.unassigned and coalesce(s.opened_on, cast(:day as date)) <= :day
      and (s.closed_on is null or s.closed_on > :day)
      and (l.last_day is null or l.last_day < cast(:day as date) - 1)
    order by last_day, s.store_id
    """
)
# In the chain's own currency only: a rate that moves is no weak day.
_WEEKDAYS = text(
    """
    select string_agg(int4send(d.store_id), ''),
        string_agg(int4send((cast(:day as date) - d.business_date) / 7), ''),
        string_agg(float8send(d.gross), '')
    from store_day_total d join store s on s.chain_id = d.chain_id and s.store_id = d.store_id
    where d.business_date = any (cast(:days as date[])) and d.currency = :home
      and not s.unassigned
    """
)
_UNASSIGNED = text("select store_id from store where unassigned")
_PLACES = text("select count(distinct place_id) from place_store where unassigned")
_BATCHES = text(
    """
    select b.*, encode(b.sha256, 'hex') as sha_hex from import_batch b
    where state in ('quarantined', 'failed') order by created_at desc limit 50
    """
)
_RESIDUALS = text(
    """
    select b.batch_id, b.file_name, t ->> 'name' as name, (t ->> 'stated')::numeric as stated,
        (t ->> 'computed')::numeric as computed, (t ->> 'residual')::numeric as residual
    from import_batch b cross join lateral jsonb_array_elements(b.totals) t
    where b.state = 'done' and (t ->> 'residual')::numeric <> 0
        and not (t ->> 'rounding')::boolean
    order by abs((t ->> 'residual')::numeric) desc limit 50
    """
)
# Months are few enough to ask all of them for their currency.
_UNCONVERTED = text(
    """
    select m.currency, sum(m.gross)::bigint as gross, min(m.month) as first_day,
        max(m.month) as last_day
    from store_month_total m
    where m.currency <> :home and not exists (
        select from fx_rate f where f.chain_id = m.chain_id and f.currency = m.currency
          and f.from_date <= m.month)
    group by m.currency order by m.currency
    """
)


def attention(context: Context, today: date | None = None) -> Attention:
    """Return what a person must look at; see the protocol."""
    day = context.chain.yesterday
    if today is not None and day is not None:
        day = min(day, today - timedelta(days=1))
    amount, places = unassigned(context)
    batches, residuals = files(context)
    return Attention(
        silent=_silent(context, day),
        low=_low(context, day),
        unassigned_amount=amount,
        unassigned_places=places,
        batches=batches,
        residuals=residuals,
        unconverted=_read(context, _UNCONVERTED, home=context.money.currency),
    )


def files(context: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ``batches`` and ``residuals`` of ``Attention``: what is wrong with files."""
    return batch_frame(context.connection.execute(_BATCHES)), _read(context, _RESIDUALS)


def _read(context: Context, statement: Executable, **params: object) -> pd.DataFrame:
    return table(context.connection.execute(statement, params))


def _silent(context: Context, day: date | None) -> pd.DataFrame:
    if day is None:
        return pd.DataFrame(columns=["store_id", "last_day", "days"])
    rows = _read(context, _SILENT, day=day)
    rows["days"] = [(day - last).days if last else None for last in rows["last_day"]]
    return rows


def unassigned(context: Context) -> tuple[int, int]:
    """Return the gross money that is bound to no store, and at how many places it stands."""
    chain = context.chain
    store_id: int | None = context.connection.scalar(_UNASSIGNED)
    if store_id is None or chain.first_day is None or chain.last_day is None:
        return 0, 0
    period = Period(chain.first_day, chain.last_day)
    facts = context.facts(Filters(period, stores=(store_id,)))
    rows = frame(context, select(facts.sums({NOW: period}, (), ("gross",))))
    places = context.connection.scalar(_PLACES) or 0
    return int(rows["gross"].fillna(0).sum()), int(places)


_LOW = ["store_id", "day", "value", "usual", "low", "high", "deviation"]


def _low(context: Context, day: date | None) -> pd.DataFrame:
    if day is None:
        return pd.DataFrame(columns=_LOW)
    days = [day - timedelta(weeks=back) for back in range(WEEKS + 1)]
    asked = {"day": day, "days": days, "home": context.money.currency}
    ids, back, gross = context.connection.execute(_WEEKDAYS, asked).one()
    stores, at = np.unique(np.frombuffer(ids or b"", ">i4"), return_inverse=True)
    sales = np.full((len(stores), WEEKS + 1), np.nan)
    sales[at, np.frombuffer(back or b"", ">i4")] = floats(gross)
    return far_below(stores, sales, day)


def far_below(
    stores: NDArray[np.integer[Any]], sales: NDArray[np.float64], day: date
) -> pd.DataFrame:
    """Return the stores that sold far less on ``day`` than they usually do, worst first.

    ``sales``: one row a store, column 0 the sales of the day, 1 to 8 those of the same weekday so
    many weeks before, NaN where there is no data. Median and MAD, as one odd week must not move
    what is usual.
    """
    enough = (~np.isnan(sales[:, 1:])).sum(axis=1) >= FEWEST
    stores, sales = stores[enough], sales[enough]
    usual = np.nanmedian(sales[:, 1:], axis=1) if len(sales) else np.zeros(0)
    scatter = usual
    if len(sales):
        scatter = np.nanmedian(np.abs(sales[:, 1:] - usual[:, None]), axis=1) * SCATTER
    scatter = np.maximum(scatter, np.abs(usual) * FLOOR)
    deviation = (usual - sales[:, 0]) / np.where(scatter == 0, np.nan, scatter)
    far = np.flatnonzero(deviation >= FAR)
    far = far[np.argsort(-deviation[far], kind="stable")]
    return pd.DataFrame(
        {
            "store_id": stores[far].astype(np.int64),
            "day": [day] * len(far),
            "value": sales[far, 0],
            "usual": usual[far],
            "low": np.maximum(usual[far] - BAND * scatter[far], 0),
            "high": usual[far] + BAND * scatter[far],
            "deviation": deviation[far],
        }
    )
