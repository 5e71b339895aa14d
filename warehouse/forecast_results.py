"""What a run found is written in one transaction, and old runs go by a rule."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from warehouse import overrides
from warehouse.version import bump

Integers = NDArray[np.int64]

BLOCK = 2_000
"""Stores whose days are sent to the server at once."""
KEEP_RUNS = 7
"""So many runs stay at least. Those that a score is still to be taken from stay longer."""


@dataclass(frozen=True)
class StoreResult:
    """What a run says of one store; see ``ForecastStore``. ``mean`` None: it has no forecast.

    ``mean``: [H], ``quantiles``: [H, 9] in minor units, ``open``: [H].
    """

    store_id: int
    fingerprint: int
    mean: Integers | None = None
    quantiles: Integers | None = None
    open: NDArray[np.bool_] | None = None
    model: str = ""
    is_new: bool = False
    reason: str = ""
    params: dict[str, Any] | None = None
    notes: Sequence[tuple[str, dict[str, Any]]] = ()
    wape: float | None = None
    naive_wape: float | None = None
    prophet_wape: float | None = None
    loses: bool = False
    drivers: dict[str, Any] | None = None


@dataclass(frozen=True)
class GroupResult:
    """A region or the chain: ``mean`` [H], the sum over ``store_ids``, and ``quantiles`` [H, 9]."""

    level: str
    unit_id: int
    store_ids: Sequence[int]
    mean: Integers
    quantiles: Integers


@dataclass(frozen=True)
class Score:
    """One figure of ``forecast_score``; ``store_id`` 0 is the chain."""

    store_id: int
    model: str
    metric: str
    score: float
    first_step: int = 0
    last_step: int = 0


@dataclass(frozen=True)
class RunResult:
    """All that a run found, from ``first_day``; ``spec`` is added to the run's own."""

    first_day: date
    stores: Sequence[StoreResult]
    groups: Sequence[GroupResult]
    scores: Sequence[Score]
    spec: dict[str, Any]


def publish(connection: Connection, chain_id: int, run_id: int, result: RunResult) -> bool:
    """Write what a run found and show it; return False where it was published before.

    Chunks and runs that are no longer needed go.
    """
    ids = {"chain": chain_id, "run": run_id}
    if connection.scalar(_LOCK, ids) != "closing":
        return False
    served = [store for store in result.stores if store.mean is not None]
    for start in range(0, len(served), BLOCK):
        connection.execute(_DAYS, {**ids, **_columns(result, served[start : start + BLOCK])})
    for statement, rows in (
        (_STORE, [_store(store) for store in result.stores]),
        (_GROUP, [_group(group) for group in result.groups]),
        (_SCORE, [_score(score) for score in result.scores]),
    ):
        if rows:
            connection.execute(statement, [{**ids, **row} for row in rows])
    connection.execute(_DONE, {**ids, "spec": json.dumps(result.spec)})
    overrides.apply(connection, chain_id, run_id)
    connection.execute(_NO_CHUNKS, ids)
    prune(connection, chain_id)
    bump(connection, chain_id)
    connection.execute(_VERSION, ids)
    return True


def _columns(result: RunResult, stores: Sequence[StoreResult]) -> dict[str, Any]:
    parts = [
        (store.store_id, store.mean, store.quantiles, store.open)
        for store in stores
        if store.mean is not None and store.quantiles is not None and store.open is not None
    ]
    days = [
        result.first_day + timedelta(days=ahead)
        for _, mean, _, _ in parts
        for ahead in range(len(mean))
    ]
    spread = np.concatenate([quantiles for _, _, quantiles, _ in parts])
    return {
        "stores": np.repeat([part[0] for part in parts], [len(part[1]) for part in parts]).tolist(),
        "days": days,
        "mean": np.concatenate([part[1] for part in parts]).tolist(),
        "open": np.concatenate([part[3] for part in parts]).tolist(),
        **{f"q{at}": spread[:, at].tolist() for at in range(spread.shape[1])},
    }


def _store(store: StoreResult) -> dict[str, Any]:
    return {
        "store": store.store_id,
        "model": store.model,
        "new": store.is_new,
        "reason": store.reason,
        "params": json.dumps(store.params or {}),
        "notes": json.dumps([list(note) for note in store.notes]),
        "fingerprint": store.fingerprint,
        "wape": store.wape,
        "naive": store.naive_wape,
        "prophet": store.prophet_wape,
        "loses": store.loses,
        "drivers": json.dumps(store.drivers or {}),
    }


def _group(group: GroupResult) -> dict[str, Any]:
    return {
        "level": group.level,
        "unit": group.unit_id,
        "stores": [int(store) for store in group.store_ids],
        "mean": group.mean.tolist(),
        "quantiles": group.quantiles.ravel().tolist(),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "store": score.store_id,
        "model": score.model,
        "metric": score.metric,
        "first": score.first_step,
        "last": score.last_step,
        "score": score.score,
    }


def prune(connection: Connection, chain_id: int) -> int:
    """Remove runs that are not needed; return how many went.

    Needed are the last runs, the last one made before each month that is not yet scored, and those
    that an override which is not yet scored has corrected. Of runs that failed the last is kept.
    """
    gone = list(connection.scalars(_OLD, {"chain": chain_id, "keep": KEEP_RUNS}))
    for table in _OF_A_RUN if gone else ():
        connection.execute(
            text(f"delete from {table} where chain_id = :chain and run_id = any(:gone)"),
            {"chain": chain_id, "gone": gone},
        )
    return len(gone)


_OF_A_RUN = (
    "forecast",
    "forecast_adjusted",
    "forecast_group",
    "forecast_store",
    "forecast_score",
    "forecast_chunk",
    "forecast_run",
)
_LOCK = text("select state from forecast_run where chain_id = :chain and run_id = :run for update")
_DAYS = text(
    """
    insert into forecast (chain_id, run_id, store_id, day, mean, quantiles, open)
    select :chain, :run, store, day, mean, array[q0, q1, q2, q3, q4, q5, q6, q7, q8], open
    from unnest(
        cast(:stores as bigint[]), cast(:days as date[]), cast(:mean as bigint[]),
        cast(:open as boolean[]), cast(:q0 as bigint[]), cast(:q1 as bigint[]),
        cast(:q2 as bigint[]), cast(:q3 as bigint[]), cast(:q4 as bigint[]),
        cast(:q5 as bigint[]), cast(:q6 as bigint[]), cast(:q7 as bigint[]),
        cast(:q8 as bigint[])
    ) as sent (store, day, mean, open, q0, q1, q2, q3, q4, q5, q6, q7, q8)
    """
)
_STORE = text(
    """
    insert into forecast_store (chain_id, run_id, store_id, model, is_new, reason, params, notes,
        fingerprint, wape, naive_wape, prophet_wape, loses, drivers)
    values (:chain, :run, :store, :model, :new, :reason, cast(:params as jsonb),
        cast(:notes as jsonb), :fingerprint, :wape, :naive, :prophet, :loses,
        cast(:drivers as jsonb))
    """
)
_GROUP = text(
    """
    insert into forecast_group (chain_id, run_id, level, unit_id, store_ids, mean, quantiles)
    values (:chain, :run, :level, :unit, :stores, :mean, :quantiles)
    """
)
_SCORE = text(
    """
    insert into forecast_score (chain_id, run_id, store_id, model, metric, first_step, last_step,
        score)
    values (:chain, :run, :store, :model, :metric, :first, :last, :score)
    """
)
_DONE = text(
    """
    update forecast_run set state = 'done', spec = spec || cast(:spec as jsonb),
        done_at = clock_timestamp(), updated_at = clock_timestamp()
    where chain_id = :chain and run_id = :run
    """
)
# The version that figures have with this run in them: while it stands, nothing has changed since.
_VERSION = text(
    """
    update forecast_run set spec = spec || jsonb_build_object('version', (
        select version from chain_version where chain_id = :chain and part = 'figures'))
    where chain_id = :chain and run_id = :run
    """
)
_NO_CHUNKS = text("delete from forecast_chunk where chain_id = :chain and run_id = :run")
_OLD = text(
    """
    with done as (
        select run_id, first_day, row_number() over (order by done_at desc, run_id desc) as nth
        from forecast_run where chain_id = :chain and state = 'done'
    ), before_month as (
        select distinct on (m.month) d.run_id
        from (select distinct (date_trunc('month', first_day) + interval '1 month')::date as month
              from done) m
        join done d on d.first_day <= m.month and d.nth is not null
        where not exists (
            select from forecast_month s where s.chain_id = :chain and s.month = m.month)
        order by m.month, d.first_day desc, d.nth
    ), failed as (
        select run_id, row_number() over (order by run_id desc) as nth
        from forecast_run where chain_id = :chain and state = 'failed'
    )
    select run_id from done
    where nth > :keep and run_id not in (select run_id from before_month)
      and run_id not in (
          select run_id from forecast_override where chain_id = :chain and scored_at is null)
    union all
    select run_id from failed where nth > 1
    """
)
