"""How good forecasts were, what moves sales, what would be, and what people changed or planned."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import text

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.figures import table
from warehouse.reads.forecast_protocol import QUANTILES, Accuracy, Drivers, Unit, WhatIf
from warehouse.reads.future import days_ahead, members, shown

PROMOTION = "promotion"
"""The covariate that says that a campaign runs at a store."""

_MODELS = ("model", "stores", "wape", "wql", "coverage", "seconds", "chosen_on")
_PAST = ("month", "actual", "base", "adjusted", "wape", "adjusted_wape", "coverage")
_STEPS = ("first", "last", "coverage")
_LOSING = ("store_id", "model", "wape", "naive_wape")
_SUMS = ("actual", "base", "adjusted", "base_error", "adjusted_error")


def accuracy(context: Context, unit: Unit) -> Accuracy:
    """Return how the models did; see the protocol."""
    found = shown(context)
    stores = members(context, found, unit) if found else []
    if found is None or not stores:
        return Accuracy(*(pd.DataFrame(columns=list(c)) for c in (_MODELS, _STEPS, _LOSING, _PAST)))
    asked = {"run": found.run.run_id, "store": unit.unit_id if unit.level == "store" else 0}
    if unit.level == "region":
        asked["store"] = -1
    scores = table(context.connection.execute(_SCORES, asked))
    losing = table(context.connection.execute(_LOSES, {**asked, "stores": stores}))
    past = table(context.connection.execute(_MONTHS, {"stores": stores}))
    return Accuracy(
        models=_models(context, scores, asked),
        horizons=_horizons(scores),
        losing=losing,
        past=past.astype(dict.fromkeys(("wape", "adjusted_wape", "coverage"), "float64")),
    )


def _models(context: Context, scores: pd.DataFrame, asked: dict[str, int]) -> pd.DataFrame:
    whole = scores[scores["last_step"] == 0]
    if whole.empty:
        return pd.DataFrame(columns=list(_MODELS))
    wide = whole.pivot_table(index="model", columns="metric", values="score").reset_index()
    rows = wide.reindex(columns=list(_MODELS))
    if asked["store"] > 0:
        served = context.connection.scalar(_SERVED, asked)
        rows["stores"] = (rows["model"] == served).astype(float)
        first = rows[rows["model"] == served].assign(model="served")
        rows = pd.concat([first, rows], ignore_index=True)
    rows["_served"] = rows["model"] != "served"
    ordered = rows.sort_values(["_served", "wape"], kind="stable", ignore_index=True)
    numbers = dict.fromkeys(_MODELS[1:], "float64")
    return ordered[list(_MODELS)].astype(numbers)


def _horizons(scores: pd.DataFrame) -> pd.DataFrame:
    rows = scores[(scores["last_step"] > 0) & (scores["metric"] == "coverage")]
    named = rows.rename(columns={"first_step": "first", "last_step": "last", "score": "coverage"})
    return named[list(_STEPS)].sort_values("first", ignore_index=True)


def drivers(context: Context, unit: Unit) -> Drivers:
    """Return what moves the sales of a unit; of several stores, weighed by what they take."""
    known = _drivers(context, unit)
    if not known:
        return Drivers(
            pd.DataFrame(columns=["weekday", "effect"]),
            pd.DataFrame(columns=["day", "effect"]),
            pd.DataFrame(columns=["name", "effect", "days"]),
            None,
        )
    first = known[0].first_day
    weight = np.array([float(row.weight) for row in known])
    said = [row.drivers for row in known]
    weekday = _weighed([each.get("weekday") or [] for each in said], weight)
    season = _weighed([each.get("season") or [] for each in said], weight)
    trend = _weighed([[each.get("trend")] for each in said], weight)
    names = sorted({name for each in said for name in each.get("events", {})})
    events = [
        {
            "name": name,
            "effect": _weighed([[each.get("events", {}).get(name)] for each in said], weight)[0],
            "days": len({day for each in said for day in each.get("days", {}).get(name, [])}),
        }
        for name in names
    ]
    return Drivers(
        pd.DataFrame({"weekday": np.arange(len(weekday)), "effect": weekday}),
        pd.DataFrame(
            {"day": [d.date() for d in pd.date_range(first, periods=len(season))], "effect": season}
        ),
        pd.DataFrame(events, columns=["name", "effect", "days"]).sort_values(
            "effect", key=abs, ascending=False, ignore_index=True
        ),
        float(trend[0]) if len(trend) and np.isfinite(trend[0]) else None,
    )


def _drivers(context: Context, unit: Unit) -> list[Any]:
    found = shown(context)
    stores = members(context, found, unit) if found else []
    if found is None or not stores:
        return []
    asked = {"run": found.run.run_id, "stores": stores}
    return [row for row in context.connection.execute(_DRIVERS, asked) if row.drivers]


def _weighed(rows: list[list[float | None]], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighed mean of each place over rows that have it; NaN where none has."""
    width = max((len(row) for row in rows), default=0)
    values = np.array(
        [[np.nan if x is None else x for x in row] + [np.nan] * (width - len(row)) for row in rows],
        dtype=float,
    ).reshape(len(rows), width)
    known = np.isfinite(values)
    total = (known * weight[:, None]).sum(axis=0)
    found = np.where(known, values, 0.0) * weight[:, None]
    return np.where(total > 0, found.sum(axis=0) / np.where(total > 0, total, 1.0), np.nan)


def what_if(
    context: Context, unit: Unit, period: Period, kind: Literal["promotion", "closure"]
) -> WhatIf | None:
    """Return the days of a period as they would be; see the protocol.

    By the stored effect of a promotion at each store: no model is asked. A day on which one runs
    anyway stays as it is.
    """
    found = shown(context)
    if found is None:
        return None
    days = days_ahead(context, found, unit, period.start, period.end)
    if days.empty:
        return None
    shape = days[["day", "mean"]].copy()
    factor, known = np.zeros(len(days)), True
    if kind == "promotion":
        factor, known = _promoted(context, unit, list(days["day"]))
    changed = np.rint(days["mean"].to_numpy(float) * factor)
    frame = shape.assign(
        changed=changed.astype(np.int64),
        low=np.rint(days[QUANTILES[0]].to_numpy(float) * factor).astype(np.int64),
        high=np.rint(days[QUANTILES[-1]].to_numpy(float) * factor).astype(np.int64),
    )
    total = float(days["mean"].sum())
    return WhatIf(frame, float(changed.sum() / total - 1) if total else 0.0, known)


def _promoted(context: Context, unit: Unit, days: list[Any]) -> tuple[NDArray[np.float64], bool]:
    rows = _drivers(context, unit)
    factor, weight, known = np.zeros(len(days)), 0.0, False
    for row in rows:
        effect = row.drivers.get("events", {}).get(PROMOTION)
        known = known or effect is not None
        running = set(row.drivers.get("days", {}).get(PROMOTION, []))
        steps = [(day - row.first_day).days for day in days]
        own = [1.0 if step in running else 1.0 + (effect or 0.0) for step in steps]
        factor += float(row.weight) * np.array(own)
        weight += float(row.weight)
    return (factor / weight if weight else np.ones(len(days))), known


def overrides(context: Context, unit: Unit | None) -> pd.DataFrame:
    """Return the overrides that touch a unit; see the protocol."""
    asked = {"level": unit.level if unit else "", "unit": unit.unit_id if unit else 0}
    rows = table(context.connection.execute(_OVERRIDES, asked))
    rows["kind"] = np.where(rows["amount"].isna(), "scale", "set")
    numbers = ("factor", "amount", *_SUMS)
    rows = rows.astype(dict.fromkeys(numbers, "float64"))
    came = rows["actual"].where(rows["actual"] > 0)
    rows["base_wape"] = rows["base_error"] / came
    rows["adjusted_wape"] = rows["adjusted_error"] / came
    scored = rows["actual"].notna()
    rows["helped"] = (
        (rows["adjusted_error"] < rows["base_error"]).where(scored, None).astype(object)
    )
    return rows[list(_OVERRIDE_COLUMNS)]


_OVERRIDE_COLUMNS = (
    "override_id", "level", "unit_id", "starts_on", "ends_on", "kind", "factor", "amount",
    "reason", "made_by", "made_at", "revoked_at", "revoked_by", "scored_at", "actual", "base",
    "adjusted", "base_wape", "adjusted_wape", "helped",
)  # fmt: skip

_SCORES = text(
    "select model, metric, first_step, last_step, score from forecast_score"
    " where run_id = :run and store_id = :store"
)
_SERVED = text("select model from forecast_store where run_id = :run and store_id = :store")
_LOSES = text(
    """
    select store_id, model, wape, naive_wape from forecast_store
    where run_id = :run and loses and store_id = any(cast(:stores as bigint[]))
    order by wape - naive_wape desc, store_id
    """
)
_MONTHS = text(
    """
    select month, sum(actual)::bigint as actual, sum(base)::bigint as base,
        sum(adjusted)::bigint as adjusted,
        sum(base_error)::float8 / nullif(sum(abs(actual)), 0) as wape,
        sum(adjusted_error)::float8 / nullif(sum(abs(actual)), 0) as adjusted_wape,
        sum(inside)::float8 / nullif(sum(days), 0) as coverage
    from forecast_month where store_id = any(cast(:stores as bigint[]))
    group by month order by month
    """
)
_DRIVERS = text(
    """
    select s.store_id, s.drivers, r.first_day, f.weight
    from forecast_store s
    join forecast_run r using (chain_id, run_id)
    join (select store_id, sum(mean)::float8 as weight from forecast
          where run_id = :run group by store_id) f using (store_id)
    where s.run_id = :run and s.store_id = any(cast(:stores as bigint[])) and f.weight > 0
    order by s.store_id
    """
)
_OVERRIDES = text(
    """
    select o.override_id, o.level, o.unit_id, o.starts_on, o.ends_on, o.factor, o.amount, o.reason,
        o.made_at, o.revoked_at, o.scored_at,
        coalesce(nullif(m.name, ''), m.email, '') as made_by,
        coalesce(nullif(v.name, ''), v.email, '') as revoked_by,
        s.actual, s.base, s.adjusted, s.base_error, s.adjusted_error
    from forecast_override o
    left join directory.app_user m on m.user_id = o.made_by
    left join directory.app_user v on v.user_id = o.revoked_by
    left join lateral (
        select sum(actual) as actual, sum(base) as base, sum(adjusted) as adjusted,
            sum(base_error) as base_error, sum(adjusted_error) as adjusted_error
        from forecast_override_score s
        where s.chain_id = o.chain_id and s.override_id = o.override_id
    ) s on true
    where :level = '' or o.level = 'chain'
       or (:level = 'store' and :unit = any(o.store_ids))
       or (:level = 'region' and (o.unit_id = :unit and o.level = 'region'
           or o.level = 'store' and o.unit_id in (
               select store_id from store where region_id = :unit)))
       or :level = 'chain'
    order by o.made_at desc, o.override_id desc
    """
)
