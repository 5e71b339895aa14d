"""A run's results as they were stored: what its refit starts from."""

from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.forecast_results import GroupResult, RunResult, Score, StoreResult


def learned(connection: Connection, chain_id: int, run_id: int) -> dict[int, int]:
    """Return the fingerprint of the figures that a run learned from, by store."""
    rows = connection.execute(_PRINTS, {"chain": chain_id, "run": run_id})
    return {row.store_id: row.fingerprint for row in rows}


def stored(connection: Connection, chain_id: int, run_id: int) -> RunResult:
    """Return all that a run found. Raises PermanentError where it is not there any more."""
    ids = {"chain": chain_id, "run": run_id}
    run = connection.execute(_RUN, ids).one_or_none()
    if run is None:
        raise PermanentError("warehouse.forecast_missing", run=run_id)
    days: dict[int, list[Any]] = {}
    for row in connection.execute(_DAYS, ids):
        days.setdefault(row.store_id, []).append(row)
    return RunResult(
        first_day=run.first_day,
        stores=[
            _store(row, days.get(row.store_id, [])) for row in connection.execute(_STORES, ids)
        ],
        groups=[
            GroupResult(
                row.level,
                row.unit_id,
                row.store_ids,
                np.array(row.mean, dtype=np.int64),
                np.array(row.quantiles, dtype=np.int64).reshape(len(row.mean), -1),
            )
            for row in connection.execute(_GROUPS, ids)
        ],
        scores=[
            Score(row.store_id, row.model, row.metric, row.score, row.first_step, row.last_step)
            for row in connection.execute(_SCORES, ids)
        ],
        spec={"correlation": run.correlation},
    )


def _store(row: Any, days: list[Any]) -> StoreResult:
    return StoreResult(
        store_id=row.store_id,
        fingerprint=row.fingerprint,
        mean=np.array([day.mean for day in days], dtype=np.int64) if days else None,
        quantiles=np.array([day.quantiles for day in days], dtype=np.int64) if days else None,
        open=np.array([day.open for day in days], dtype=bool) if days else None,
        model=row.model,
        is_new=row.is_new,
        reason=row.reason,
        params=row.params,
        notes=[(key, params) for key, params in row.notes],
        wape=row.wape,
        naive_wape=row.naive_wape,
        prophet_wape=row.prophet_wape,
        loses=row.loses,
        drivers=row.drivers,
    )


_OF_RUN = "where chain_id = :chain and run_id = :run"
_PRINTS = text(f"select store_id, fingerprint from forecast_store {_OF_RUN} order by store_id")
_RUN = text(f"select first_day, spec -> 'correlation' as correlation from forecast_run {_OF_RUN}")
_DAYS = text(
    f"select store_id, mean, quantiles, open from forecast {_OF_RUN} order by store_id, day"
)
_STORES = text(f"select * from forecast_store {_OF_RUN} order by store_id")
_GROUPS = text(
    f"select level, unit_id, store_ids, mean, quantiles from forecast_group {_OF_RUN}"
    " order by level, unit_id"
)
_SCORES = text(f"select * from forecast_score {_OF_RUN}")
