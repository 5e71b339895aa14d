"""The business itself: stores, regions, cities, platforms, channels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import text

from chain.days import Period
from warehouse.chains import TYPED
from warehouse.reads.context import Context
from warehouse.reads.figures import table
from warehouse.reads.packed import floats

_STORES = text(
    """
    select s.store_id, s.code, s.name, s.name_en, s.sort_key, s.city, s.city_en,
        coalesce(s.region_id, 0) as region_id, coalesce(r.name, '') as region,
        coalesce(r.name_en, '') as region_en, s.opened_on, s.closed_on,
        s.area_sqm::float8 as area_sqm, s.monthly_rent::float8 as monthly_rent, s.lat, s.lon,
        s.time_zone, s.cutover_hour, s.unassigned
    from store s left join region r on r.chain_id = s.chain_id and r.region_id = s.region_id
    order by s.unassigned, s.sort_key, s.name, s.store_id
    """
)
_REGIONS = text(
    """
    select r.region_id, r.name, r.name_en, count(s.store_id) as stores
    from region r join store s on s.chain_id = r.chain_id and s.region_id = r.region_id
    group by r.region_id, r.name, r.name_en order by r.name
    """
)
_CITIES = text(
    """
    select city, max(city_en) as city_en, count(*) as stores
    from store where city <> '' group by city order by min(sort_key), city
    """
)
_CHANNELS = text("select distinct channel from store_month order by channel")
_PLATFORMS = text(
    """
    select platform from (select distinct platform from account) a
    where exists (select from store_month m where m.platform = a.platform)
    order by platform
    """
)


_CAMPAIGNS = text(
    """
    select name, mechanic, starts_on, ends_on, store_ids from campaign
    where starts_on <= :last and ends_on >= :first
      and (cast(:store as bigint) is null or store_ids is null or :store = any(store_ids))
    order by starts_on, name
    """
)
_CASH = text(
    """
    select p.business_date as day, p.gross as amount
    from payment p join account a on a.account_id = p.account_id
    where a.platform = 'cash' and a.ref = :ref and p.store_id = :store
      and p.business_date between :first and :last
    order by day
    """
)
_OPENING = text(
    """
    select string_agg(int8send(store_id), '' order by store_id),
        string_agg(float8send(coalesce(opened_on - date '0001-01-01' + 1, 'NaN'::float8)), ''
            order by store_id),
        string_agg(float8send(coalesce(closed_on - date '0001-01-01' + 1, 'NaN'::float8)), ''
            order by store_id),
        string_agg(float8send(coalesce(nullif(area_sqm, 0)::float8, 'NaN')), ''
            order by store_id),
        string_agg(int4send(unassigned::int), '' order by store_id)
    from store
    """
)


@dataclass(frozen=True)
class Opening:
    """Arrays by store: days as ordinals and square metres, NaN where not known."""

    opened: NDArray[np.float64]
    closed: NDArray[np.float64]
    area_sqm: NDArray[np.float64]
    unassigned: NDArray[np.bool_]


def opening(context: Context, ids: NDArray[np.int64]) -> Opening:
    """Return when each of the stores ``ids`` (in order) opened and closed, and its area."""
    found = context.connection.execute(_OPENING).one()
    known = np.frombuffer(found[0] or b"", ">i8")
    at = np.searchsorted(known, ids)
    return Opening(
        opened=floats(found[1])[at],
        closed=floats(found[2])[at],
        area_sqm=floats(found[3])[at],
        unassigned=np.frombuffer(found[4] or b"", ">i4")[at] > 0,
    )


def stores(context: Context) -> pd.DataFrame:
    """Return one row a store; see the protocol."""
    rows = table(context.connection.execute(_STORES))
    return rows.astype(dict.fromkeys(("area_sqm", "monthly_rent", "lat", "lon"), "float64"))


def regions(context: Context) -> pd.DataFrame:
    """Return one row a region; see the protocol."""
    return table(context.connection.execute(_REGIONS))


def cities(context: Context) -> pd.DataFrame:
    """Return one row a city; see the protocol."""
    return table(context.connection.execute(_CITIES))


def campaigns(context: Context, period: Period, store_id: int | None) -> pd.DataFrame:
    """Return what ran in ``period``; see the protocol."""
    asked = {"first": period.start, "last": period.end, "store": store_id}
    return table(context.connection.execute(_CAMPAIGNS, asked))


def cash_typed(context: Context, store_id: int, period: Period) -> pd.DataFrame:
    """Return the cash takings that were typed; see the protocol."""
    asked = {"ref": TYPED, "store": store_id, "first": period.start, "last": period.end}
    return table(context.connection.execute(_CASH, asked))


def platforms(context: Context) -> tuple[str, ...]:
    """Return the platforms that have sent data, in order."""
    return tuple(context.connection.scalars(_PLATFORMS))


def channels(context: Context) -> tuple[str, ...]:
    """Return the channels that occur."""
    return tuple(context.connection.scalars(_CHANNELS))
