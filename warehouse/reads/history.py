"""The past as forecasting wants it: net sales of every store and day, and what is known of days.

Arrays by store and day, since a chain of a thousand stores has a million store-days. A store-day
with no data is NaN, never zero: whether the store was closed or its data is missing is for the
forecast's own frame to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, cast, literal, text
from sqlalchemy.types import Date

from chain.days import Period
from chain.metrics import METRICS
from warehouse.reads.business import Opening, opening
from warehouse.reads.context import Context
from warehouse.reads.figures import metric_values, table
from warehouse.reads.overview import missing_platforms
from warehouse.reads.packed import integers
from warehouse.reads.protocol import Filters

Floats = NDArray[np.float64]

METRIC = "net_sales"
"""What is forecast."""
LATE_DAYS = 7
"""A platform that has been silent for longer is no longer waited for."""

_COLUMNS = ("gross", "orders", "refund", "merchant_subsidy")
_CAMPAIGNS = text(
    "select name, starts_on, ends_on, store_ids from campaign order by starts_on, campaign_id"
)
_CALENDAR = text(
    "select calendar_id, day, kind, name, store_id from calendar_day"
    " where day between :first and :last order by day, kind, name, store_id"
)
_REGIONS = text("select store_id, coalesce(region_id, 0) as region_id from store")
_FINGERPRINTS = text(
    """
    select store_id, bit_xor(hash_record_extended(
        row(business_date, currency, gross, refund, merchant_subsidy, orders), 0))
    from store_day_total where business_date <= :until group by store_id
    """
)


@dataclass(frozen=True)
class History:
    """S stores (without the unassigned one), by id, and T days from ``first`` to ``until``.

    ``sales`` (minor units of the chain's currency), ``orders``, ``ticket``, ``subsidy_share``:
    [S, T], NaN with no data. ``regions``: [S], 0 for none. ``campaigns``: ``name``, ``starts_on``,
    ``ends_on``, ``store_ids`` (None: all), past and to come.
    """

    store_ids: NDArray[np.int64]
    first: date
    until: date
    sales: Floats
    orders: Floats
    ticket: Floats
    subsidy_share: Floats
    regions: NDArray[np.int64]
    opening: Opening
    campaigns: pd.DataFrame

    @property
    def days(self) -> int:
        """T."""
        return (self.until - self.first).days + 1


def learned_until(context: Context) -> date | None:
    """Return the last complete day on which each platform that usually reports has reported."""
    last = context.chain.yesterday
    for back in range(LATE_DAYS if last else 0):
        day = last - timedelta(days=back) if last else None
        if day is not None and not missing_platforms(context, day):
            return day
    return last


def history(context: Context, until: date, stores: Sequence[int] = ()) -> History | None:
    """Return the past of ``stores`` (none: all) up to ``until``; None where there is none."""
    if context.chain.first_day is None or context.chain.first_day > until:
        return None
    period = Period(context.chain.first_day, until)
    rows = context.facts(Filters(period, stores=tuple(stores))).sums(
        {0: period}, ("store_id", "day"), _COLUMNS
    )
    found = integers(
        context,
        {
            "store_id": rows.c.store_id,
            "day": rows.c.day - cast(literal(period.start), Date),
            **{name: rows.c[name] for name in _COLUMNS},
        },
    )
    ids = np.unique(found["store_id"])
    known = opening(context, ids)
    ids, known = ids[~known.unassigned], _of(known, ~known.unassigned)
    if not len(ids):
        return None
    at = np.searchsorted(ids, found["store_id"]).clip(max=len(ids) - 1)
    kept = ids[at] == found["store_id"]
    where = at[kept], found["day"][kept]
    sums = {name: found[name][kept] for name in _COLUMNS}

    def dense(name: str) -> Floats:
        out = np.full((len(ids), period.days), np.nan)
        out[where] = metric_values(METRICS[name], sums)
        return out

    return History(
        store_ids=ids,
        first=period.start,
        until=until,
        sales=dense(METRIC),
        orders=dense("orders"),
        ticket=dense("average_ticket"),
        subsidy_share=dense("merchant_subsidy_rate"),
        regions=_regions(context, ids),
        opening=known,
        campaigns=table(context.connection.execute(_CAMPAIGNS)),
    )


def _of(known: Opening, kept: NDArray[np.bool_]) -> Opening:
    return Opening(
        known.opened[kept], known.closed[kept], known.area_sqm[kept], known.unassigned[kept]
    )


def _regions(context: Context, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    regions = {row.store_id: row.region_id for row in context.connection.execute(_REGIONS)}
    return np.array([regions.get(int(store), 0) for store in ids], dtype=np.int64)


def calendar_days(context: Context, period: Period) -> pd.DataFrame:
    """Return the chain's own calendar; see the protocol."""
    asked = {"first": period.start, "last": period.end}
    return table(context.connection.execute(_CALENDAR, asked))


def fingerprints(connection: Connection, until: date) -> dict[int, int]:
    """Return a number a store that changes whenever its figures up to ``until`` do."""
    rows = connection.execute(_FINGERPRINTS, {"until": until})
    return {int(store): int(print_) for store, print_ in rows}
