"""Advice on the marketing budget: asked for, made by a job that may be done again, kept."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from chain.errors import TillboardError

KEPT = 12
"""So many pieces of advice are kept."""


def ask(connection: Connection, chain_id: int) -> int:
    """Return the advice that is to be made: the one at work, else a new one."""
    found = connection.scalar(_AT_WORK, {"chain": chain_id})
    return int(found or connection.execute(_ASK, {"chain": chain_id}).scalar_one())


def begin(connection: Connection, chain_id: int, plan_id: int) -> bool:
    """Say that it is being made; return whether it is still wanted."""
    values = {"chain": chain_id, "plan": plan_id}
    return connection.execute(_BEGIN, values).rowcount == 1


def finish(
    connection: Connection, chain_id: int, plan_id: int, fingerprint: str, plan: dict[str, Any]
) -> None:
    """Keep what was found, and let the oldest go."""
    values = {"chain": chain_id, "plan": plan_id, "print": fingerprint, "found": json.dumps(plan)}
    connection.execute(_FINISH, values)
    connection.execute(_FORGET, {"chain": chain_id, "kept": KEPT})


def fail(connection: Connection, chain_id: int, plan_id: int, error: TillboardError) -> None:
    """Say why there will be none."""
    params = json.dumps(error.params, default=str)
    values = {"chain": chain_id, "plan": plan_id, "key": error.key, "params": params}
    connection.execute(_FAIL, values)


def silent(
    connection: Connection, chain_id: int, *, waiting: timedelta, running: timedelta
) -> int | None:
    """Return the advice at work of which nothing was heard for so long, marked as heard of."""
    values = {"chain": chain_id, "waiting": waiting, "running": running}
    found = connection.execute(_SILENT, values).scalar_one_or_none()
    return None if found is None else int(found)


_AT_WORK = text(
    "select plan_id from budget_plan where chain_id = :chain and state in ('waiting', 'running')"
    " order by plan_id limit 1"
)
_ASK = text(
    "insert into budget_plan (chain_id, state) values (:chain, 'waiting') returning plan_id"
)
_BEGIN = text(
    "update budget_plan set state = 'running', updated_at = clock_timestamp()"
    " where chain_id = :chain and plan_id = :plan and state in ('waiting', 'running')"
)
_FINISH = text(
    "update budget_plan set state = 'done', fingerprint = :print, plan = cast(:found as jsonb),"
    " made_at = clock_timestamp(), updated_at = clock_timestamp()"
    " where chain_id = :chain and plan_id = :plan"
)
_FORGET = text(
    "delete from budget_plan where chain_id = :chain and plan_id not in ("
    "select plan_id from budget_plan where chain_id = :chain order by plan_id desc limit :kept)"
)
_FAIL = text(
    "update budget_plan set state = 'failed', error_key = :key,"
    " error_params = cast(:params as jsonb), updated_at = clock_timestamp()"
    " where chain_id = :chain and plan_id = :plan"
)
_SILENT = text(
    "update budget_plan set updated_at = clock_timestamp()"
    " where chain_id = :chain and state in ('waiting', 'running')"
    " and updated_at < clock_timestamp() - case state when 'waiting'"
    " then cast(:waiting as interval) else cast(:running as interval) end returning plan_id"
)
