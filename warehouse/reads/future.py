"""The stored forecasts: runs, series with their past, sums of days, where the month will end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select, text

from chain.days import Period
from chain.metrics import METRICS
from warehouse.reads.context import Context
from warehouse.reads.facts import Key
from warehouse.reads.figures import frame, metric_values, table
from warehouse.reads.forecast_protocol import (
    QUANTILES,
    ForecastRun,
    ForecastSeries,
    Landing,
    Unit,
)
from warehouse.reads.history import METRIC
from warehouse.reads.protocol import Filters

MOST_AHEAD = 90
_COLUMNS = METRICS[METRIC].columns
_SHARES = {"waiting": (0.0, 0.0), "running": (0.05, 0.75), "closing": (0.85, 0.0), "done": (1, 0)}
_SERIES = ("day", "mean", *QUANTILES, "base", "overridden", "open")


@dataclass(frozen=True, slots=True)
class Shown:
    """The run that is shown; ``start`` is the first day ahead of what has come."""

    run: ForecastRun
    correlation: Mapping[str, float]
    start: date


def run_shown(context: Context) -> ForecastRun | None:
    """Return the run that is shown; see the protocol."""
    found = shown(context)
    return found.run if found else None


def run_at_work(context: Context) -> ForecastRun | None:
    """Return the run at work, or the last one where it failed; see the protocol."""
    row = context.connection.execute(_LAST_RUN).one_or_none()
    return None if row is None or row.state == "done" else _run(row)


def shown(context: Context) -> Shown | None:
    """Return the run that is shown, None before the first."""
    row = context.connection.execute(_SHOWN).one_or_none()
    if row is None or row.first_day is None:
        return None
    known = context.chain.yesterday
    start = max(row.first_day, known + timedelta(days=1)) if known else row.first_day
    return Shown(_run(row), row.spec.get("correlation") or {}, start)


def _run(row: Any) -> ForecastRun:
    base, more = _SHARES.get(row.state, (0.0, 0.0))
    return ForecastRun(
        run_id=row.run_id,
        kind=row.kind,
        state=row.state,
        progress=base + more * (row.done / row.chunks if row.chunks else 0.0),
        learned_until=row.learned_until,
        first_day=row.first_day,
        last_day=row.last_day,
        made_at=row.made_at,
        done_at=row.done_at,
        stores=row.stores,
        refused=row.refused,
        losing=row.losing,
        error_key=row.error_key,
        error_params=row.error_params,
    )


def series(context: Context, unit: Unit, ahead: int, history: int) -> ForecastSeries:
    """Return the past and the future of a unit; see the protocol."""
    found = shown(context)
    past = _past(context, unit, history)
    if found is None:
        return ForecastSeries(unit, past, _empty())
    days = days_ahead(context, found, unit, found.start, found.start + timedelta(days=ahead - 1))
    if unit.level != "store":
        return ForecastSeries(unit, past if len(days) else past.iloc[:0], days)
    said = context.connection.execute(
        _STORE, {"run": found.run.run_id, "store": unit.unit_id}
    ).one_or_none()
    if said is None:
        return ForecastSeries(unit, past, days)
    return ForecastSeries(
        unit,
        past,
        days,
        model=said.model,
        is_new=said.is_new,
        reason=said.reason,
        params=said.params,
        notes=tuple((key, params) for key, params in said.notes),
    )


def members(context: Context, found: Shown, unit: Unit) -> list[int]:
    """Return the stores of a unit that the run knows; none where the reader may not see all."""
    asked = {"run": found.run.run_id, "level": unit.level, "unit": unit.unit_id}
    if unit.level == "store":
        known = context.connection.scalar(_STORE, {**asked, "store": unit.unit_id})
        return [] if known is None else [unit.unit_id]
    group = context.connection.execute(_GROUP, asked).one_or_none()
    return list(group.store_ids) if group else []


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_SERIES))


def days_ahead(context: Context, found: Shown, unit: Unit, first: date, last: date) -> pd.DataFrame:
    """Return the days of a unit from ``first`` to ``last`` that are forecast; see the protocol."""
    asked = {"run": found.run.run_id, "first": first, "last": last}
    if unit.level == "store":
        rows = table(context.connection.execute(_DAYS, {**asked, "store": unit.unit_id}))
        return _with_quantiles(rows)
    group = context.connection.execute(
        _GROUP, {**asked, "level": unit.level, "unit": unit.unit_id}
    ).one_or_none()
    if group is None or found.run.first_day is None:
        return _empty()
    moved = context.connection.execute(_MOVED, {**asked, "stores": group.store_ids})
    moves = {row.day: int(row.by) for row in moved}
    days = [found.run.first_day + timedelta(days=at) for at in range(len(group.mean))]
    base = np.array(group.mean, dtype=np.int64)
    mean = base + np.array([moves.get(day, 0) for day in days], dtype=np.int64)
    scale = np.where(base > 0, mean / np.where(base > 0, base, 1), 1.0)
    spread = np.array(group.quantiles).reshape(len(base), -1) * scale[:, None]
    rows = pd.DataFrame(
        {
            "day": days,
            "mean": mean,
            "quantiles": np.rint(spread).astype(np.int64).tolist(),
            "base": base,
            "overridden": [day in moves for day in days],
            "open": base > 0,
        }
    )
    inside = [first <= day <= last for day in days]
    return _with_quantiles(rows[inside].reset_index(drop=True))


def _with_quantiles(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return _empty()
    spread = np.array(rows["quantiles"].to_list(), dtype=np.int64)
    for at, name in enumerate(QUANTILES):
        rows[name] = spread[:, at]
    return rows[list(_SERIES)].astype({"mean": "int64", "base": "int64"})


def _filters(unit: Unit, period: Period) -> Filters:
    if unit.level == "region":
        return Filters(period, regions=(unit.unit_id,))
    return Filters(period, stores=(unit.unit_id,) if unit.level == "store" else ())


def _past(context: Context, unit: Unit, days: int) -> pd.DataFrame:
    last, first = context.chain.yesterday, context.chain.first_day
    if last is None or first is None:
        return pd.DataFrame(columns=["day", "value", "open"])
    period = Period(max(first, last - timedelta(days=days - 1)), last)
    filters = _filters(unit, period)
    sums = frame(context, select(context.facts(filters).sums({0: period}, ("day",), _COLUMNS)))
    sums = sums.fillna(0).set_index("day")
    value = metric_values(METRICS[METRIC], {name: sums[name].to_numpy() for name in _COLUMNS})
    every = [period.start + timedelta(days=at) for at in range(period.days)]
    seen = pd.Series(value, index=sums.index, dtype="float64").reindex(every)
    rows = pd.DataFrame({"day": every, "value": seen.to_numpy(), "open": True})
    if unit.level == "store":
        life = context.connection.execute(_LIFE, {"store": unit.unit_id}).one_or_none()
        opened = (life.opened_on if life else None) or period.start
        closed = (life.closed_on if life else None) or period.end
        known = rows["value"].notna()
        rows["open"] = known | ((rows["day"] >= opened) & (rows["day"] <= closed))
    return rows


def spread_of_sum(
    below: float, below_squares: float, above: float, above_squares: float, shared: float
) -> tuple[float, float]:
    """Return how far a sum of days may lie below and above its mean (80 %).

    Of sums, and sums of squares, of the days' own distances; ``shared`` is the correlation of
    their misses: 1 adds them up, 0 adds their squares.
    """
    low = (1 - shared) * below_squares + shared * below**2
    high = (1 - shared) * above_squares + shared * above**2
    return float(np.sqrt(low)), float(np.sqrt(high))


def _shared(found: Shown, unit: Unit) -> float:
    return float(found.correlation.get("store" if unit.level == "store" else "group", 0.5))


def _of_days(days: pd.DataFrame, shared: float) -> tuple[int, int, int]:
    mean = int(days["mean"].sum())
    below = np.maximum(days["mean"].to_numpy(float) - days[QUANTILES[0]].to_numpy(float), 0)
    above = np.maximum(days[QUANTILES[-1]].to_numpy(float) - days["mean"].to_numpy(float), 0)
    low, high = spread_of_sum(below.sum(), (below**2).sum(), above.sum(), (above**2).sum(), shared)
    return mean, max(round(mean - low), 0), round(mean + high)


def sum_of(context: Context, unit: Unit, period: Period) -> tuple[int, int, int] | None:
    """Return mean, low and high of a sum of days ahead; see the protocol."""
    found = shown(context)
    if found is None:
        return None
    days = days_ahead(context, found, unit, period.start, period.end)
    return _of_days(days, _shared(found, unit)) if len(days) else None


def month_of(day: date) -> Period:
    """Return the whole month of a day."""
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def landing(context: Context, unit: Unit, month: date | None) -> Landing | None:
    """Return where a month will end; see the protocol."""
    found, last = shown(context), context.chain.yesterday
    if last is None or found is None or not members(context, found, unit):
        return None
    whole = month_of(month or last)
    rest = Period(min(max(whole.start, last + timedelta(days=1)), whole.end), whole.end)
    left = (whole.end - last).days if whole.start <= last < whole.end else 0
    left = whole.days if last < whole.start else left
    days = days_ahead(context, found, unit, rest.start, rest.end) if left else _empty()
    if left and days.empty:
        return None
    mean, low, high = _of_days(days, _shared(found, unit)) if left else (0, 0, 0)
    came = (
        _came(context, unit, Period(whole.start, min(last, whole.end)))
        if last >= whole.start
        else 0
    )
    return Landing(
        unit=unit,
        month=whole.start,
        last_day=last,
        to_date=came or 0,
        mean=(came or 0) + mean,
        low=(came or 0) + low,
        high=(came or 0) + high,
        base=(came or 0) + int(days["base"].sum()),
        days_left=left,
        missing=left - len(days),
        target=_target(context, unit, whole.start),
        year_before=_came(context, unit, month_of(whole.start - timedelta(days=365))),
    )


def _came(context: Context, unit: Unit, period: Period) -> int | None:
    """Return the net sales of a period, None where there is no data at all."""
    found = _sums(context, _filters(unit, period), period, ())
    return int(found[METRIC].iloc[0]) if len(found) and found["days"].iloc[0] else None


def _sums(context: Context, filters: Filters, period: Period, keys: Sequence[Key]) -> pd.DataFrame:
    sums = context.facts(filters).sums({0: period}, keys, _COLUMNS)
    rows = frame(context, select(sums)).fillna(0)
    columns: dict[str, NDArray[Any]] = {name: rows[name].to_numpy() for name in _COLUMNS}
    return rows.assign(**{METRIC: metric_values(METRICS[METRIC], columns)})


def targets(context: Context, month: date) -> dict[int, int]:
    """Return the targets of a month by store; see the protocol."""
    rows = context.connection.execute(_TARGETS, {"month": month.replace(day=1)})
    return {row.store_id: row.amount for row in rows}


def _target(context: Context, unit: Unit, month: date) -> int | None:
    known = targets(context, month)
    if unit.level == "store":
        return known.get(unit.unit_id)
    if unit.level == "chain" and 0 in known:
        return known[0]
    members = set(context.connection.scalars(_MEMBERS, {"unit": unit.unit_id}))
    own = [amount for store, amount in known.items() if store in members]
    return sum(own) if own else None


def by_store(context: Context, ahead: int) -> pd.DataFrame:
    """Return one row a store of the shown run; see the protocol."""
    found = shown(context)
    if found is None:
        return pd.DataFrame(columns=list(_BY_STORE_COLUMNS))
    last = found.start + timedelta(days=ahead - 1)
    rows = _ranges(context, found, found.start, last)
    before = Period(found.start - timedelta(days=ahead), found.start - timedelta(days=1))
    came = _sums(context, Filters(before), before, ("store_id",)).set_index("store_id")[METRIC]
    rows["before"] = came.reindex(rows["store_id"]).to_numpy(dtype="float64")
    return rows[list(_BY_STORE_COLUMNS)]


def _ranges(context: Context, found: Shown, first: date, last: date) -> pd.DataFrame:
    asked = {"run": found.run.run_id, "first": first, "last": last}
    rows = table(context.connection.execute(_SUMS_BY_STORE, asked))
    numbers = ["mean", "base", "below", "below_2", "above", "above_2"]
    rows = rows.astype(dict.fromkeys([*numbers, *_WAPES], "float64"))
    shared = _shared(found, Unit("store"))
    low = (1 - shared) * rows["below_2"] + shared * rows["below"] ** 2
    high = (1 - shared) * rows["above_2"] + shared * rows["above"] ** 2
    rows["low"] = (rows["mean"] - np.sqrt(low)).clip(lower=0).round()
    rows["high"] = (rows["mean"] + np.sqrt(high)).round()
    return rows


def landings(context: Context) -> pd.DataFrame:
    """Return where the month of each store will end; see the protocol."""
    found, last = shown(context), context.chain.yesterday
    if found is None or last is None:
        return pd.DataFrame(columns=list(_LANDING_COLUMNS))
    whole = month_of(last)
    rows = _ranges(context, found, last + timedelta(days=1), whole.end)
    to_date = Period(whole.start, last)
    year = month_of(whole.start - timedelta(days=365))
    came, before = (
        _sums(context, Filters(each), each, ("store_id",)).set_index("store_id")[METRIC]
        for each in (to_date, year)
    )
    goals = targets(context, whole.start)
    so_far = came.reindex(rows["store_id"]).fillna(0).to_numpy(dtype="float64")
    left = (whole.end - last).days
    for name in ("mean", "low", "high", "base"):
        rows[name] = so_far + (rows[name].fillna(0) if not left else rows[name])
    rows = rows.assign(
        month=whole.start,
        last_day=last,
        to_date=so_far,
        days_left=left,
        missing=left - rows["days"],
        target=[float(goals.get(store, np.nan)) for store in rows["store_id"]],
        year_before=before.reindex(rows["store_id"]).to_numpy(dtype="float64"),
    )
    return rows[list(_LANDING_COLUMNS)]


_WAPES = ("wape", "naive_wape", "prophet_wape")
_BY_STORE_COLUMNS = (
    "store_id", "model", "mean", "low", "high", "base", "before", *_WAPES, "loses", "is_new",
    "overridden", "reason", "params",
)  # fmt: skip
_LANDING_COLUMNS = (
    "store_id", "month", "last_day", "to_date", "mean", "low", "high", "base", "days_left",
    "missing", "target", "year_before",
)  # fmt: skip

_RUN_COLUMNS = """
    r.*,
    (select count(*) from forecast_chunk k where k.run_id = r.run_id) as chunks,
    (select count(*) from forecast_chunk k where k.run_id = r.run_id and k.done_at is not null)
        as done,
    (select count(*) from forecast_store s where s.run_id = r.run_id and s.reason = '') as stores,
    (select count(*) from forecast_store s where s.run_id = r.run_id and s.reason <> '')
        as refused,
    (select count(*) from forecast_store s where s.run_id = r.run_id and s.loses) as losing
"""
_SHOWN = text(
    f"select {_RUN_COLUMNS} from forecast_run r where state = 'done'"
    " order by done_at desc, run_id desc limit 1"
)
_LAST_RUN = text(f"select {_RUN_COLUMNS} from forecast_run r order by run_id desc limit 1")
_STORE = text("select * from forecast_store where run_id = :run and store_id = :store")
_LIFE = text("select opened_on, closed_on from store where store_id = :store")
_MEMBERS = text("select store_id from store where :unit = 0 or region_id = :unit")
_TARGETS = text(
    "select t.store_id, t.amount from target t join chain c using (chain_id, currency)"
    " where t.month = :month"
)
_GROUP = text(
    "select store_ids, mean, quantiles from forecast_group"
    " where run_id = :run and level = :level and unit_id = :unit"
)
_MOVED = text(
    """
    select a.day, sum(a.mean - f.mean) as by
    from forecast_adjusted a
    join forecast f using (chain_id, run_id, store_id, day)
    where a.run_id = :run and a.day between :first and :last
      and a.store_id = any(cast(:stores as bigint[]))
    group by a.day
    """
)
_BOTH = """
    from forecast f
    left join forecast_adjusted a using (chain_id, run_id, store_id, day)
    where f.run_id = :run and day between :first and :last
"""
_DAYS = text(
    f"""
    select day, coalesce(a.mean, f.mean) as mean, coalesce(a.quantiles, f.quantiles) as quantiles,
        f.mean as base, a.mean is not null as overridden, f.open
    {_BOTH} and store_id = :store order by day
    """
)
_SUMS_BY_STORE = text(
    f"""
    with days as (
        select store_id, f.mean as base, coalesce(a.mean, f.mean) as mean,
            greatest(coalesce(a.mean, f.mean) - (coalesce(a.quantiles, f.quantiles))[1], 0)
                ::float8 as below,
            greatest((coalesce(a.quantiles, f.quantiles))[9] - coalesce(a.mean, f.mean), 0)
                ::float8 as above,
            a.mean is not null as overridden
        {_BOTH}
    ), sums as (
        select store_id, count(*) as days, sum(mean)::float8 as mean, sum(base)::float8 as base,
            sum(below) as below, sum(below ^ 2) as below_2, sum(above) as above,
            sum(above ^ 2) as above_2, bool_or(overridden) as overridden
        from days group by store_id
    )
    select s.store_id, s.model, d.mean, d.base, d.below, d.below_2, d.above, d.above_2,
        coalesce(d.days, 0) as days, coalesce(d.overridden, false) as overridden, s.wape,
        s.naive_wape, s.prophet_wape, s.loses, s.is_new, s.reason, s.params
    from forecast_store s join store t using (chain_id, store_id) left join sums d using (store_id)
    where s.run_id = :run order by t.sort_key, t.name, s.store_id
    """
)
