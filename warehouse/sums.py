"""Sums: the store-days, hours and months that a change touched, computed again from payments.

The order matters where imports run at once. Payments are written first; then the touched dates
are locked, in order, and only then counted, by a statement whose snapshot holds all that others
committed before they let go of the lock. Months come after days, from the days.
"""

from datetime import date

from sqlalchemy import Connection, text

from warehouse.version import bump

_TWIN_WINDOW = "interval '10 minutes'"


def create_touched(connection: Connection) -> None:
    """Make the temp table ``touched (business_date, store_id)`` that ``recompute`` reads."""
    connection.execute(
        text(
            "create temp table touched (business_date date, store_id int,"
            " primary key (business_date, store_id)) on commit drop"
        )
    )


def recompute(connection: Connection, chain_id: int) -> None:
    """Compute the sums of all ``touched`` store-days again, in the caller's transaction."""
    values: dict[str, object] = {"chain_id": chain_id}
    if not connection.scalar(text("select exists (select from touched)")):
        return
    connection.execute(text("analyze touched"))
    # Every step reads whole store-days. Before a table's first ANALYZE the planner takes a chain
    # for a handful of rows and would loop over or sort them; hashing is right at any size.
    connection.execute(text("set local enable_nestloop = off"))
    connection.execute(text("set local enable_sort = off"))
    connection.execute(_LOCK_DAYS, values)
    bounds = connection.execute(
        text("select min(business_date) as first, max(business_date) as last from touched")
    ).one()
    values |= {"first": bounds.first, "last": bounds.last}
    _pair_twins(connection, values)
    connection.execute(text("drop table if exists pg_temp.cell, pg_temp.term"))
    for statement in (
        _COUNT_CELLS,
        _FIND_TERMS,
        _CLEAR_DAYS,
        _FILL_DAYS,
        _CLEAR_DAY_TOTALS,
        _FILL_DAY_TOTALS,
        _CLEAR_HOURS,
        _FILL_HOURS,
    ):
        connection.execute(statement, values)
    _add_months(connection, values)
    bump(connection, chain_id)


def apply_terms(connection: Connection, chain_id: int, store_id: int, first: date) -> None:
    """Compute what follows from terms again, of a store (0: of all) from ``first`` on.

    From the store-days as they stand, not from payments: a day's tax and royalty are of its sums.
    """
    values: dict[str, object] = {"chain_id": chain_id, "store": store_id, "since": first}
    connection.execute(text("drop table if exists pg_temp.touched, pg_temp.term"))
    create_touched(connection)
    connection.execute(_TOUCH_SINCE, values)
    bounds = connection.execute(
        text("select min(business_date) as first, max(business_date) as last from touched")
    ).one()
    if bounds.first is None:
        return
    values |= {"first": bounds.first, "last": bounds.last}
    connection.execute(text("analyze touched"))
    connection.execute(_LOCK_DAYS, values)
    for statement in (_FIND_TERMS, _SET_TERMS, _CLEAR_DAY_TOTALS, _FILL_DAY_TOTALS):
        connection.execute(statement, values)
    _add_months(connection, values)
    bump(connection, chain_id)


def _add_months(connection: Connection, values: dict[str, object]) -> None:
    connection.execute(_LOCK_MONTHS, values)
    for statement in (_CLEAR_MONTHS, _FILL_MONTHS, _CLEAR_MONTH_TOTALS, _FILL_MONTH_TOTALS):
        connection.execute(statement, values)


def _pair_twins(connection: Connection, values: dict[str, object]) -> None:
    connection.execute(_CLEAR_TWINS, values)
    if connection.scalar(_ANY_VIA, values):
        connection.execute(_TWINS_BY_ORDER, values)
        connection.execute(_TWINS_BY_TIME, values)


# The lock's number: 24 bits of chain, then the day; months follow in a range of their own.
_LOCK_DAYS = text(
    """
    select count(pg_advisory_xact_lock((:chain_id << 24) + (business_date - date '1970-01-01')))
    from (select distinct business_date from touched order by business_date) days
    """
)
_LOCK_MONTHS = text(
    """
    select count(pg_advisory_xact_lock((:chain_id << 24) + 8388608 + month))
    from (
        select distinct (date_part('year', business_date) * 12
            + date_part('month', business_date))::bigint as month
        from touched order by month
    ) months
    """
)

_CLEAR_TWINS = text(
    """
    delete from payment_twin w using touched t
    where w.chain_id = :chain_id and w.business_date between :first and :last
      and w.business_date = t.business_date and w.store_id = t.store_id
    """
)
_ANY_VIA = text(
    """
    select exists (
        select from payment p join touched t using (business_date, store_id)
        where p.chain_id = :chain_id and p.via <> ''
          and p.business_date between :first and :last
    )
    """
)
# A till's row that names the platform which moved the money is that platform's row seen twice.
# Where both carry the order's number that decides.
_TWINS_BY_ORDER = text(
    """
    insert into payment_twin (chain_id, key, twin_key, store_id, business_date)
    select distinct on (p.key) p.chain_id, p.key, r.key, p.store_id, p.business_date
    from payment p join touched t using (business_date, store_id)
    join payment r on r.chain_id = p.chain_id and r.store_id = p.store_id
        and r.business_date = p.business_date and r.platform = p.via and r.via = ''
        and r.kind = p.kind and r.currency = p.currency and r.gross = p.gross
        and p.order_ref <> '' and p.order_ref in (r.order_ref, r.external_id)
    where p.chain_id = :chain_id and p.via <> '' and p.business_date between :first and :last
    order by p.key, r.key
    on conflict do nothing
    """
)
# Else equal amounts of one store, kind and platform are put in order of time and cut wherever ten
# minutes pass with none; within a cluster the n-th till row is the n-th platform row. A function
# of the rows alone, so the order in which files came does not matter.
_TWINS_BY_TIME = text(
    f"""
    with candidate as (
        select p.key, p.store_id, p.business_date, p.kind, p.currency, p.gross, p.occurred_at,
               coalesce(nullif(p.via, ''), p.platform) as mover, p.via <> '' as till
        from payment p join touched t using (business_date, store_id)
        where p.chain_id = :chain_id and p.business_date between :first and :last
          and (p.via <> '' or p.platform in (
              select v.via from payment v where v.chain_id = :chain_id and v.via <> ''
              and v.business_date between :first and :last))
          and not exists (
              select from payment_twin w
              where w.chain_id = :chain_id and p.key in (w.key, w.twin_key))
    ), gap as (
        select *, coalesce(occurred_at - lag(occurred_at) over same > {_TWIN_WINDOW}, true) as cut
        from candidate
        window same as (
            partition by store_id, business_date, kind, currency, gross, mover
            order by occurred_at, key)
    ), cluster as (
        select *, count(*) filter (where cut) over (
            partition by store_id, business_date, kind, currency, gross, mover
            order by occurred_at, key) as run
        from gap
    ), numbered as (
        select *, row_number() over (
            partition by store_id, business_date, kind, currency, gross, mover, run, till
            order by occurred_at, key) as n
        from cluster
    )
    insert into payment_twin (chain_id, key, twin_key, store_id, business_date)
    select cast(:chain_id as bigint), a.key, b.key, a.store_id, a.business_date
    from numbered a join numbered b
        using (store_id, business_date, kind, currency, gross, mover, run, n)
    where a.till and not b.till
    """
)

# One pass over the payments serves both days and hours: it is the most expensive step. Kinds are
# told apart by grouping, which costs less than a filter on every sum. A zone is looked up by name
# for each day and not for each payment: where it keeps one offset from the day before to two days
# after, which is all that any cut-over and any zone can reach, that offset is added.
_COUNT_CELLS = text(
    """
    create temp table cell on commit drop as
    with day as materialized (
        select t.business_date, t.store_id, s.time_zone,
            ((t.business_date - 1)::timestamp at time zone 'UTC' at time zone s.time_zone)
                - (t.business_date - 1) as early,
            ((t.business_date + 3)::timestamp at time zone 'UTC' at time zone s.time_zone)
                - (t.business_date + 3) as late
        from touched t join store s on s.chain_id = :chain_id and s.store_id = t.store_id
    )
    select p.business_date, p.store_id, p.platform, p.channel, p.currency, p.kind,
        date_part('hour', case when d.early = d.late then p.occurred_at at time zone d.early
            else p.occurred_at at time zone d.time_zone end)::int as hour,
        count(*) as rows, sum(p.gross) as gross, sum(p.platform_subsidy) as platform_subsidy,
        sum(p.merchant_subsidy) as merchant_subsidy, sum(p.fee) as fee, sum(p.net) as net
    from payment p join day d using (business_date, store_id)
    where p.chain_id = :chain_id and p.business_date between :first and :last
      and not exists (
          select from payment_twin w where w.chain_id = :chain_id and w.key = p.key)
    group by 1, 2, 3, 4, 5, 6, 7
    """
)
_SUMS = {
    "gross": "sum(gross) filter (where kind = 'sale')",
    "orders": "sum(rows) filter (where kind = 'sale')",
    "refund": "-sum(gross) filter (where kind = 'refund')",
    "refunds": "sum(rows) filter (where kind = 'refund')",
    "platform_subsidy": "sum(platform_subsidy) filter (where kind in ('sale', 'refund'))",
    "merchant_subsidy": "sum(merchant_subsidy) filter (where kind in ('sale', 'refund'))",
    "fee": "sum(fee)",
    "net": "sum(net)",
    "prepaid": "sum(gross) filter (where kind in ('topup', 'voucher'))",
    "other": "sum(gross) filter (where kind in ('chargeback', 'reserve', 'release', 'adjustment'))",
}
_NET_SALES = "(gross - merchant_subsidy - refund)"


def _share(rate: str, over: str) -> str:
    """Return net sales * rate / over, to the whole unit, half away from zero (chain.terms).

    By whole division: a numeric quotient has so many digits and no more.
    """
    return f"sign({_NET_SALES}::numeric) * div(2 * abs({_NET_SALES}) * {rate} + {over}, 2 * {over})"


_OF_TERMS = {
    "vat": _share("vat_rate", "(1 + vat_rate)"),
    "franchised": f"case when term.franchised then {_NET_SALES} else 0 end",
    "royalty": _share("royalty_rate", "1"),
}
"""What follows from the terms of a store and date, by row of ``store_day``."""
_ALL_SUMS = (*_SUMS, *_OF_TERMS)
_SUM_COLUMNS = ", ".join(_ALL_SUMS)
_ADDED = ", ".join(f"sum({name}) as {name}" for name in _ALL_SUMS)
_FIND_TERMS = text(
    """
    create temp table term on commit drop as
    select t.business_date, t.store_id,
        coalesce((select v.rate from vat_rate v
            where v.chain_id = :chain_id and v.store_id in (0, t.store_id)
              and v.from_date <= t.business_date
            order by v.store_id desc, v.from_date desc limit 1), 0) as vat_rate,
        coalesce(o.ownership = 'franchised', false) as franchised,
        case when o.ownership = 'franchised' then o.royalty_rate else 0 end as royalty_rate
    from touched t left join lateral (
        select s.ownership, s.royalty_rate from store_terms s
        where s.chain_id = :chain_id and s.store_id = t.store_id
          and s.from_date <= t.business_date
        order by s.from_date desc limit 1) o on true
    """
)
_TOUCH_SINCE = text(
    """
    insert into touched select distinct business_date, store_id from store_day_total
    where chain_id = :chain_id and business_date >= :since and :store in (0, store_id)
    """
)
_SET_TERMS = text(
    f"""
    update store_day d set {", ".join(f"{name} = {rule}" for name, rule in _OF_TERMS.items())}
    from term
    where d.chain_id = :chain_id and d.business_date between :first and :last
      and d.business_date = term.business_date and d.store_id = term.store_id
    """
)
_CLEAR_DAYS = text(
    """
    delete from store_day d using touched t
    where d.chain_id = :chain_id and d.business_date between :first and :last
      and d.business_date = t.business_date and d.store_id = t.store_id
    """
)
_FILL_DAYS = text(
    f"""
    insert into store_day
        (chain_id, business_date, store_id, platform, channel, currency, {_SUM_COLUMNS})
    select cast(:chain_id as bigint), business_date, store_id, platform, channel, currency,
        {", ".join((*_SUMS, *_OF_TERMS.values()))}
    from (
        select business_date, store_id, platform, channel, currency,
            {", ".join(f"coalesce({sum_}, 0) as {name}" for name, sum_ in _SUMS.items())}
        from cell group by business_date, store_id, platform, channel, currency
    ) added join term using (business_date, store_id)
    """
)
_CLEAR_HOURS = text(
    """
    delete from store_hour h using touched t
    where h.chain_id = :chain_id and h.business_date between :first and :last
      and h.business_date = t.business_date and h.store_id = t.store_id
    """
)
_FILL_HOURS = text(
    """
    insert into store_hour (chain_id, business_date, store_id, hour, currency, gross, orders)
    select cast(:chain_id as bigint), business_date, store_id, hour, currency,
        sum(gross), sum(rows)
    from cell where kind = 'sale' group by business_date, store_id, hour, currency
    """
)
_TOUCHED_MONTHS = (
    "(select distinct store_id, date_trunc('month', business_date)::date as month from touched)"
)
_CLEAR_MONTHS = text(
    f"""
    delete from store_month m using {_TOUCHED_MONTHS} t
    where m.chain_id = :chain_id and m.month = t.month and m.store_id = t.store_id
    """
)
_FILL_MONTHS = text(
    f"""
    insert into store_month
        (chain_id, month, store_id, platform, channel, currency, {_SUM_COLUMNS})
    select d.chain_id, t.month, d.store_id, d.platform, d.channel, d.currency,
        {", ".join(f"sum(d.{name})" for name in _ALL_SUMS)}
    from {_TOUCHED_MONTHS} t join store_day d
        on d.chain_id = :chain_id and d.store_id = t.store_id
        and d.business_date >= t.month and d.business_date < t.month + interval '1 month'
    where d.chain_id = :chain_id
      and d.business_date >= date_trunc('month', cast(:first as date))
      and d.business_date < date_trunc('month', cast(:last as date)) + interval '1 month'
    group by d.chain_id, t.month, d.store_id, d.platform, d.channel, d.currency
    """
)
_CLEAR_DAY_TOTALS = text(
    """
    delete from store_day_total d using touched t
    where d.chain_id = :chain_id and d.business_date between :first and :last
      and d.business_date = t.business_date and d.store_id = t.store_id
    """
)
_FILL_DAY_TOTALS = text(
    f"""
    insert into store_day_total (chain_id, business_date, store_id, currency, {_SUM_COLUMNS})
    select chain_id, business_date, store_id, currency, {_ADDED}
    from store_day join touched using (business_date, store_id)
    where chain_id = :chain_id and business_date between :first and :last
    group by chain_id, business_date, store_id, currency
    """
)
_CLEAR_MONTH_TOTALS = text(
    f"""
    delete from store_month_total m using {_TOUCHED_MONTHS} t
    where m.chain_id = :chain_id and m.month = t.month and m.store_id = t.store_id
    """
)
_FILL_MONTH_TOTALS = text(
    f"""
    insert into store_month_total (chain_id, month, store_id, currency, days, {_SUM_COLUMNS})
    select d.chain_id, t.month, d.store_id, d.currency, count(*), {_ADDED}
    from {_TOUCHED_MONTHS} t join store_day_total d
        on d.chain_id = :chain_id and d.store_id = t.store_id
        and d.business_date >= t.month and d.business_date < t.month + interval '1 month'
    where d.chain_id = :chain_id
      and d.business_date >= date_trunc('month', cast(:first as date))
      and d.business_date < date_trunc('month', cast(:last as date)) + interval '1 month'
    group by d.chain_id, t.month, d.store_id, d.currency
    """
)
