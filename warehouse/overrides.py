"""Overrides: a person corrects the forecast of some stores and days; the model's stays beside it.

An override is never changed, only revoked. In the order in which they were made each scales what
the earlier ones left, or says what its whole period shall come to; that is spread over stores and
days as the forecast is, so that the sum is met to the minor unit and closed days stay at zero.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.session import Scope, Warehouse

LEAST, MOST = 0.0, 10.0
"""Between these a factor must lie: ten times the forecast is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class NewOverride:
    """A correction of ``level`` ``unit_id`` (0: the chain) from ``starts_on`` to ``ends_on``.

    Either ``factor`` (1.1: 10 % more each day) or ``amount`` (what the whole period comes to, in
    minor units of the chain's currency).
    """

    level: str
    unit_id: int
    starts_on: date
    ends_on: date
    reason: str
    factor: float | None = None
    amount: int | None = None


def add_override(warehouse: Warehouse, scope: Scope, new: NewOverride) -> int:
    """Keep an override and bring the shown forecast up to it; return its id.

    Raises PermanentError where there is no forecast of that unit and time, where the reader may not
    see all of it, or where reason or size are missing or out of range.
    """
    _check(new)
    with warehouse.begin(scope) as connection:
        seen = connection.scalars(_STORES, {"level": new.level, "unit": new.unit_id}).all()
    with warehouse.begin(Scope(scope.chain_id, user_id=scope.user_id)) as connection:
        values = {
            "chain": scope.chain_id,
            "level": new.level,
            "unit": new.unit_id,
            "first": new.starts_on,
            "last": new.ends_on,
            "factor": new.factor,
            "amount": new.amount,
            "reason": new.reason.strip(),
            "user": scope.user_id,
        }
        whole = connection.scalars(_STORES, values).all()
        run_id = connection.scalar(_SHOWN, values)
        values |= {"stores": list(whole), "run": run_id}
        if not seen or set(seen) != set(whole) or not connection.scalar(_REACHED, values):
            raise PermanentError("warehouse.override_nothing")
        number = int(connection.scalar(_ADD, values) or 0)
        apply(connection, scope.chain_id, int(run_id or 0))
    return number


def _check(new: NewOverride) -> None:
    if not new.reason.strip():
        raise PermanentError("warehouse.override_reason")
    if new.ends_on < new.starts_on:
        raise PermanentError("warehouse.override_period")
    size = new.factor if new.factor is not None else new.amount
    if (new.factor is None) == (new.amount is None) or size is None or not size >= LEAST:
        raise PermanentError("warehouse.override_size", most=int(MOST))
    if new.factor is not None and new.factor > MOST:
        raise PermanentError("warehouse.override_size", most=int(MOST))


def revoke_override(warehouse: Warehouse, scope: Scope, override_id: int) -> None:
    """Take an override back; the shown forecast follows. One that is revoked stays so.

    Raises PermanentError where the reader sees no such override.
    """
    with warehouse.begin(scope) as connection:
        if not connection.scalar(_SEEN, {"override": override_id}):
            raise PermanentError("warehouse.override_missing")
    values = {"chain": scope.chain_id, "override": override_id, "user": scope.user_id}
    with warehouse.begin(Scope(scope.chain_id, user_id=scope.user_id)) as connection:
        connection.execute(_REVOKE, values)
        run_id = connection.scalar(_SHOWN, values)
        if run_id is not None:
            apply(connection, scope.chain_id, int(run_id))


def apply(connection: Connection, chain_id: int, run_id: int) -> None:
    """Compute the overridden days of a run again; needs a scope of the whole chain."""
    values = {"chain": chain_id, "run": run_id}
    # Two people at once: the second computes with what the first has added.
    connection.execute(_LOCK, values)
    connection.execute(_CLEAR, values)
    for override in connection.execute(_LIVE, values).all():
        one = {**values, "override": override.override_id}
        connection.execute(_SCALE if override.amount is None else _SET, one)


_STORES = text(
    """
    select store_id from store
    where not unassigned and (:level = 'chain' or :level = 'store' and store_id = :unit
        or :level = 'region' and region_id = :unit)
    order by store_id
    """
)
_SHOWN = text(
    "select run_id from forecast_run where chain_id = :chain and state = 'done'"
    " order by done_at desc, run_id desc limit 1"
)
_REACHED = text(
    """
    select coalesce(sum(mean), 0) > 0 from forecast
    where chain_id = :chain and run_id = :run and store_id = any(:stores)
      and day between :first and :last
    """
)
_ADD = text(
    """
    insert into forecast_override (chain_id, run_id, level, unit_id, store_ids, starts_on, ends_on,
        factor, amount, reason, made_by)
    values (:chain, :run, :level, :unit, :stores, :first, :last, :factor, :amount, :reason, :user)
    returning override_id
    """
)
_SEEN = text("select count(*) from forecast_override where override_id = :override")
_REVOKE = text(
    """
    update forecast_override set revoked_at = clock_timestamp(), revoked_by = :user
    where chain_id = :chain and override_id = :override and revoked_at is null
    """
)
_LOCK = text("select from forecast_run where chain_id = :chain and run_id = :run for update")
_CLEAR = text("delete from forecast_adjusted where chain_id = :chain and run_id = :run")
_LIVE = text(
    """
    select o.override_id, o.amount from forecast_override o
    join forecast_run r on r.chain_id = o.chain_id and r.run_id = :run
    where o.chain_id = :chain and o.revoked_at is null and o.ends_on >= r.first_day
    order by o.made_at, o.override_id
    """
)
# The days of one override as the earlier ones left them.
_DAYS = """
    with one as (
        select * from forecast_override where chain_id = :chain and override_id = :override
    ), days as (
        select f.store_id, f.day, coalesce(a.mean, f.mean) as mean,
            coalesce(a.quantiles, f.quantiles) as quantiles
        from one o
        join forecast f on f.chain_id = :chain and f.run_id = :run
            and f.store_id = any(o.store_ids) and f.day between o.starts_on and o.ends_on
        left join forecast_adjusted a on a.chain_id = :chain and a.run_id = :run
            and a.store_id = f.store_id and a.day = f.day
    )
"""
_CHANGED = """
    on conflict (chain_id, run_id, store_id, day)
        do update set mean = excluded.mean, quantiles = excluded.quantiles
"""
_QUANTILES = """
    array(select round(each * ratio.by)::bigint
          from unnest(d.quantiles) with ordinality as q (each, nth) order by nth)
"""
_SCALE = text(
    f"""
    insert into forecast_adjusted (chain_id, run_id, store_id, day, mean, quantiles)
    {_DAYS}, ratio as (select factor::numeric as by from one)
    select :chain, :run, d.store_id, d.day, round(d.mean * ratio.by)::bigint, {_QUANTILES}
    from days d cross join ratio
    {_CHANGED}
    """
)
# What came in the part of the period that is over counts towards the amount. Rounded running sums
# are subtracted, so that the parts add up to it exactly.
_SET = text(
    f"""
    insert into forecast_adjusted (chain_id, run_id, store_id, day, mean, quantiles)
    {_DAYS}, came as (
        select coalesce(sum(t.gross - t.refund - t.merchant_subsidy), 0) as amount
        from one o
        join forecast_run r on r.chain_id = :chain and r.run_id = :run
        join chain c on c.chain_id = :chain
        join store_day_total t on t.chain_id = :chain and t.store_id = any(o.store_ids)
            and t.business_date >= o.starts_on and t.business_date < r.first_day
            and t.business_date <= o.ends_on and t.currency = c.currency
    ), ratio as (
        select greatest(o.amount - came.amount, 0)::numeric
            / nullif((select sum(mean) from days), 0) as by
        from one o cross join came
    ), running as (
        select d.*, ratio.by, sum(d.mean) over (order by d.store_id, d.day) as up_to
        from days d cross join ratio where ratio.by is not null
    )
    select :chain, :run, d.store_id, d.day,
        (round(d.up_to * d.by) - round((d.up_to - d.mean) * d.by))::bigint,
        {_QUANTILES.replace("ratio.by", "d.by")}
    from running d
    {_CHANGED}
    """
)
