"""Past forecasts and overrides held against what came: once, when their time is over."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text


def score_months(connection: Connection, chain_id: int, until: date) -> Sequence[date]:
    """Score the months that are over by ``until``, the last complete day; return which.

    A month is held against the last forecast made before it. One for which there is none is left
    out, and so are days without data.
    """
    values = {"chain": chain_id, "until": until}
    found = connection.execute(_MONTHS, values).all()
    for month, run_id in found:
        connection.execute(_SCORE_MONTH, {**values, "month": month, "run": run_id})
    return [month for month, _ in found]


def score_overrides(connection: Connection, chain_id: int, until: date) -> Sequence[int]:
    """Score the overrides whose period is over by ``until``; return their ids.

    Each against the forecast that it corrected, as if it were the only one. One that was revoked
    before its period was over is not scored, only closed.
    """
    values = {"chain": chain_id, "until": until}
    found = connection.scalars(_OVERRIDES, values).all()
    for override_id in found:
        connection.execute(_SCORE_OVERRIDE, {**values, "override": override_id})
        connection.execute(_SCORED, {**values, "override": override_id})
    return found


_MONTHS = text(
    """
    select m.month, r.run_id
    from (
        select distinct generate_series(
            date_trunc('month', first_day), date_trunc('month', cast(:until as timestamp)),
            interval '1 month')::date as month
        from forecast_run where chain_id = :chain and state = 'done'
    ) m
    cross join lateral (
        select run_id from forecast_run
        where chain_id = :chain and state = 'done' and first_day <= m.month
          and last_day >= m.month + interval '1 month' - interval '1 day'
        order by first_day desc, done_at desc limit 1
    ) r
    where m.month + interval '1 month' - interval '1 day' <= :until
      and not exists (
          select from forecast_month s where s.chain_id = :chain and s.month = m.month)
    order by m.month
    """
)
_CAME = """
    came as (
        select t.store_id, t.business_date as day,
            sum(t.gross - t.refund - t.merchant_subsidy)::bigint as actual
        from store_day_total t join chain c on c.chain_id = :chain and c.currency = t.currency
        where t.chain_id = :chain and t.business_date between {first} and {last}
        group by t.store_id, t.business_date
    )
"""
_SUMS = """
    count(*), sum(actual), sum(base), sum(adjusted), sum(abs(actual - base)),
    sum(abs(actual - adjusted))
"""
_SCORE_MONTH = text(
    f"""
    with {
        _CAME.format(
            first="cast(:month as date)",
            last="(cast(:month as date) + interval '1 month' - interval '1 day')::date",
        )
    }, days as (
        select f.store_id, c.actual, f.mean as base, coalesce(a.mean, f.mean) as adjusted,
            c.actual between (coalesce(a.quantiles, f.quantiles))[1]
                and (coalesce(a.quantiles, f.quantiles))[9] as inside
        from forecast f
        join came c using (store_id, day)
        left join forecast_adjusted a on a.chain_id = :chain and a.run_id = :run
            and a.store_id = f.store_id and a.day = f.day
        where f.chain_id = :chain and f.run_id = :run
    )
    insert into forecast_month (chain_id, month, store_id, run_id, inside, days, actual, base,
        adjusted, base_error, adjusted_error)
    select :chain, :month, store_id, :run, count(*) filter (where inside), {_SUMS}
    from days group by store_id
    """
)
_OVERRIDES = text(
    """
    select override_id from forecast_override
    where chain_id = :chain and scored_at is null and ends_on <= :until
    order by override_id
    """
)
# What the override alone made of the forecast: a share of each day, or an amount over the period.
_SCORE_OVERRIDE = text(
    f"""
    with one as (
        select * from forecast_override
        where chain_id = :chain and override_id = :override
          and (revoked_at is null or revoked_at::date > ends_on)
    ), {_CAME.format(first="(select starts_on from one)", last="(select ends_on from one)")},
    forecasts as (
        select f.store_id, f.day, f.mean from one o
        join forecast f on f.chain_id = :chain and f.run_id = o.run_id
            and f.store_id = any(o.store_ids) and f.day between o.starts_on and o.ends_on
    ), before as (
        select coalesce(sum(c.actual), 0) as amount from one o
        join forecast_run r on r.chain_id = :chain and r.run_id = o.run_id
        join came c on c.store_id = any(o.store_ids) and c.day < r.first_day
    ), days as (
        select f.store_id, c.actual, f.mean as base,
            round(f.mean * coalesce(o.factor::numeric, greatest(o.amount - b.amount, 0)
                / nullif((select sum(mean) from forecasts), 0), 1))::bigint as adjusted
        from forecasts f join came c using (store_id, day) cross join one o cross join before b
    )
    insert into forecast_override_score (chain_id, override_id, store_id, days, actual, base,
        adjusted, base_error, adjusted_error)
    select :chain, :override, store_id, {_SUMS} from days group by store_id
    """
)
_SCORED = text(
    """
    update forecast_override set scored_at = clock_timestamp()
    where chain_id = :chain and override_id = :override
    """
)
