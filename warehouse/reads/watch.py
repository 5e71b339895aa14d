"""What alert rules are evaluated on: all units of a scope by day, in a few statements.

A thousand stores over four months are read as arrays, once for all the rules of one person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import func, select, text

from chain.days import Period
from warehouse.reads.attention import unassigned
from warehouse.reads.context import Context
from warehouse.reads.facts import Key, store, store_day, where_stores
from warehouse.reads.figures import NOW, table
from warehouse.reads.packed import integers
from warehouse.reads.protocol import Filters

Floats = NDArray[np.float64]
FRESH = 3
"""Days for which it is asked whether all that usually reports has come in; then they are taken as
they stand."""
USUAL_DAYS, USUALLY = 14, 12
"""A platform reports usually for a store that had data of it on so many of so many days."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Sums of units by day: ``sums`` are units × days, NaN where nothing came in."""

    units: tuple[Any, ...]
    days: tuple[date, ...]
    sums: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Reporting:
    """Which store usually reports by which platform, and on which of ``days`` it did.

    ``came`` is pairs × days.
    """

    stores: NDArray[np.int64]
    platforms: tuple[str, ...]
    days: tuple[date, ...]
    came: NDArray[np.bool_]


def sheet(
    context: Context, filters: Filters, key: Key, columns: Sequence[str], units: Sequence[Any] = ()
) -> Sheet:
    """Return the sums of each store or platform by day of ``filters.period``.

    ``units`` are those wanted, in order; without them, those that there are.
    """
    period = filters.period
    days = tuple(period.start + timedelta(days=at) for at in range(period.days))
    rows = context.facts(filters).sums({NOW: period}, (key, "day"), tuple(columns))
    at_day = rows.c.day - period.start
    if key == "store_id":
        found = integers(
            context,
            {"unit": rows.c[key], "at": at_day, **{name: rows.c[name] for name in columns}},
        )
    else:
        asked = select(rows.c[key], at_day.label("at"), *(rows.c[name] for name in columns))
        listed = list(zip(*context.connection.execute(asked).all(), strict=True))
        parts = [np.array(part) for part in listed] or [np.array([])] * (len(columns) + 2)
        found = dict(zip(("unit", "at", *columns), parts, strict=True))
    known = tuple(units) or tuple(np.unique(found["unit"]).tolist())
    place = {unit: row for row, unit in enumerate(known)}
    mine = np.array([unit in place for unit in found["unit"].tolist()], dtype=bool)
    row = np.array([place[unit] for unit in found["unit"][mine].tolist()], dtype=np.int64)
    sums = {}
    for name in columns:
        sums[name] = np.full((len(known), len(days)), np.nan)
        sums[name][row, found["at"][mine].astype(np.int64)] = found[name][mine]
    return Sheet(known, days, sums)


def reporting(context: Context, day: date) -> Reporting:
    """Return what usually reports, and whether it has for the ``FRESH`` days up to ``day``."""
    days = tuple(day - timedelta(days=back) for back in range(FRESH - 1, -1, -1))
    before = days[0] - timedelta(days=1)
    asked = {"first": before - timedelta(days=USUAL_DAYS - 1), "before": before, "day": day}
    rows = context.connection.execute(_REPORTING, asked | {"least": USUALLY}).all()
    sets = [frozenset(row.came) for row in rows]
    came = np.array([[each in one for each in days] for one in sets], dtype=bool)
    came = came.reshape(len(rows), len(days))
    stores = np.array([row.store_id for row in rows], dtype=np.int64)
    return Reporting(stores, tuple(row.platform for row in rows), days, came)


def ranges(
    context: Context, stores: Sequence[int], period: Period
) -> tuple[Floats, Floats, Floats]:
    """Return what was forecast before each day: low end, from where it is back, high end.

    Stores × days: the quantiles 0.1, 0.2 and 0.9 of the last forecast made before that day, with
    its overrides; NaN where there is none, or the store was forecast to be closed.
    """
    found = integers_of(context, _RANGES, {"first": period.start, "last": period.end})
    place = {unit: row for row, unit in enumerate(stores)}
    mine = np.array([unit in place for unit in found["store_id"].tolist()], dtype=bool)
    row = np.array([place[unit] for unit in found["store_id"][mine].tolist()], dtype=np.int64)
    made = []
    for name in ("low", "back", "high"):
        filled = np.full((len(stores), period.days), np.nan)
        filled[row, found["at"][mine]] = found[name][mine]
        made.append(filled)
    return made[0], made[1], made[2]


def integers_of(
    context: Context, statement: Any, asked: dict[str, Any]
) -> dict[str, NDArray[np.int64]]:
    """Return the packed columns of a statement's one row."""
    row = context.connection.execute(statement, asked).one()
    return {
        name: np.frombuffer(part or b"", ">i8").astype(np.int64)
        for name, part in row._mapping.items()  # noqa: SLF001 - SQLAlchemy's documented name
    }


def silence(context: Context, today: date) -> pd.DataFrame:
    """Return one row a store that is open: where it is, and until when its data has come.

    ``store_id``, ``region_id``, ``city``, ``time_zone``, ``cutover_hour``, ``opened_on``,
    ``last_day`` (None where nothing ever came), ``platforms`` (of its last two months) and
    ``closed`` (dates of the last weeks on which it was, by calendar or forecast).
    """
    return table(context.connection.execute(_SILENCE, {"day": today}))


def broken_files(context: Context, since: date) -> pd.DataFrame:
    """Return the files put aside since a day: ``batch_id``, ``file_name``, ``state``, ``day``."""
    return table(context.connection.execute(_BROKEN, {"since": since}))


def loading(context: Context) -> bool:
    """Return whether files are being read right now: what they bring is not whole yet."""
    return bool(context.connection.scalar(_LOADING))


def unbound(context: Context) -> tuple[int, int]:
    """Return the gross money that is bound to no store, and at how many places."""
    return unassigned(context)


def areas(context: Context) -> dict[int, tuple[float, int, date | None, date | None]]:
    """Return floor area (NaN), region (0), opening and closing date by store, but unassigned."""
    rows = context.connection.execute(
        select(
            store.c.store_id,
            store.c.area_sqm,
            func.coalesce(store.c.region_id, 0),
            store.c.opened_on,
            store.c.closed_on,
        ).where(~store.c.unassigned)
    )
    return {
        store_id: (float(area) if area else np.nan, region, opened, closed)
        for store_id, area, region, opened, closed in rows
    }


def matching_stores(context: Context, filters: Filters) -> tuple[int, ...]:
    """Return the stores that ``filters`` names, all that are seen where it names none."""
    asked = select(store.c.store_id).where(
        ~store.c.unassigned, *where_stores(filters, store.c.store_id)
    )
    return tuple(context.connection.scalars(asked.order_by(store.c.store_id)))


def platforms_seen(context: Context, period: Period) -> tuple[str, ...]:
    """Return the platforms with data in a period."""
    asked = select(store_day.c.platform.distinct()).where(
        store_day.c.business_date.between(period.start, period.end)
    )
    return tuple(sorted(context.connection.scalars(asked)))


_REPORTING = text(
    """
    with days as (
        select distinct store_id, platform, business_date from store_day
        where business_date between :first and :day
    ), usual as (
        select store_id, platform from days where business_date <= :before
        group by store_id, platform having count(*) >= :least
    )
    select u.store_id, u.platform,
        coalesce(array_agg(d.business_date) filter (where d.business_date is not null), '{}')
            as came
    from usual u left join days d on d.store_id = u.store_id and d.platform = u.platform
        and d.business_date > :before
    group by u.store_id, u.platform order by u.store_id, u.platform
    """
)
# Each day by the last run that was made before it: the run of that very night has not seen it.
_RANGES = text(
    """
    with days as (
        select d::date as day, (
            select run_id from forecast_run
            where state = 'done' and first_day <= d::date and last_day >= d::date
            order by first_day desc, done_at desc limit 1) as run_id
        from generate_series(cast(:first as timestamp), cast(:last as timestamp),
            interval '1 day') d
    ), found as (
        select f.store_id, f.day, coalesce(a.quantiles, f.quantiles) as quantiles
        from days d join forecast f on f.run_id = d.run_id and f.day = d.day and f.open
        left join forecast_adjusted a on a.run_id = f.run_id and a.store_id = f.store_id
            and a.day = f.day
    )
    select string_agg(int8send(store_id), '') as store_id,
        string_agg(int8send((day - cast(:first as date))::bigint), '') as at,
        string_agg(int8send(quantiles[1]), '') as low,
        string_agg(int8send(quantiles[2]), '') as back,
        string_agg(int8send(quantiles[9]), '') as high
    from found
    """
)
_SILENCE = text(
    """
    with lately as (
        select store_id, max(business_date) as last_day from store_day_total
        where business_date > cast(:day as date) - 60 group by store_id
    ), sent as (
        select store_id, array_agg(distinct platform) as platforms from store_day
        where business_date > cast(:day as date) - 60 group by store_id
    ), shut as (
        select store_id, day from calendar_day
        where kind = 'closed' and day between cast(:day as date) - 30 and :day
        union
        select f.store_id, f.day from forecast f
        where not f.open and f.day between cast(:day as date) - 30 and :day and f.run_id = (
            select run_id from forecast_run where state = 'done'
            order by done_at desc limit 1)
    )
    select s.store_id, coalesce(s.region_id, 0) as region_id, s.city, s.time_zone,
        s.cutover_hour, s.opened_on,
        coalesce(l.last_day, (
            select max(d.business_date) from store_day_total d
            where d.chain_id = s.chain_id and d.store_id = s.store_id)) as last_day,
        coalesce(p.platforms, '{}') as platforms,
        array(select day from shut where shut.store_id in (0, s.store_id)) as closed
    from store s left join lately l on l.store_id = s.store_id
    left join sent p on p.store_id = s.store_id
    where not s.unassigned and (s.closed_on is null or s.closed_on > :day)
    order by s.store_id
    """
)
_BROKEN = text(
    """
    select b.batch_id, b.file_name, b.state,
        (b.created_at at time zone c.time_zone)::date as day
    from import_batch b join chain c on c.chain_id = b.chain_id
    where b.state in ('quarantined', 'failed')
      and (b.created_at at time zone c.time_zone)::date >= :since
    order by b.batch_id
    """
)
# One that says nothing for long is at work no more.
_LOADING = text(
    """
    select exists (
        select from import_batch where state in ('received', 'reading', 'merging')
          and updated_at > clock_timestamp() - interval '10 minutes')
    """
)
