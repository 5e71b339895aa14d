"""Runs of the forecast: how one is started, cut into chunks, taken up again, and how it failed.

One run of a chain is at work at a time. All that says how far it is stands in its rows, so that
a job may be killed at any line, and lost or doubled messages do no harm.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from chain.errors import PermanentError, TillboardError

AT_WORK = ("waiting", "running", "closing")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its job sees it; ``spec`` holds what it was started with."""

    run_id: int
    kind: str
    state: str
    learned_until: date | None
    first_day: date | None
    last_day: date | None
    spec: dict[str, Any]


def start(
    connection: Connection,
    chain_id: int,
    kind: str,
    *,
    spec: dict[str, Any] | None = None,
    request_id: str = "",
) -> Run:
    """Return the run at work, begun now where there is none."""
    values = {
        "chain": chain_id,
        "kind": kind,
        "spec": json.dumps(spec or {}),
        "request": request_id,
    }
    connection.execute(_START, values)
    return _run(connection.execute(_AT_WORK, {"chain": chain_id}).one())


def get(connection: Connection, chain_id: int, run_id: int) -> Run:
    """Return a run. Raises PermanentError where there is none."""
    row = connection.execute(_GET, {"chain": chain_id, "run": run_id}).one_or_none()
    if row is None:
        raise PermanentError("warehouse.forecast_missing", run=run_id)
    return _run(row)


def at_work(connection: Connection, chain_id: int) -> Run | None:
    """Return the run at work, if there is one."""
    row = connection.execute(_AT_WORK, {"chain": chain_id}).one_or_none()
    return None if row is None else _run(row)


def shown(connection: Connection, chain_id: int) -> Run | None:
    """Return the run that is shown: the one done last."""
    row = connection.execute(_SHOWN, {"chain": chain_id}).one_or_none()
    return None if row is None else _run(row)


def _run(row: Any) -> Run:
    return Run(
        row.run_id,
        row.kind,
        row.state,
        row.learned_until,
        row.first_day,
        row.last_day,
        dict(row.spec),
    )


def cut(
    connection: Connection,
    chain_id: int,
    run_id: int,
    *,
    learned_until: date,
    last_day: date,
    chunks: Sequence[Sequence[int]],
) -> bool:
    """Say what the run learns from and forecasts, and cut it into chunks; once.

    Returns whether this call did it. With no chunks the run is at once ready to be closed.
    """
    values = {
        "chain": chain_id,
        "run": run_id,
        "until": learned_until,
        "last": last_day,
        "state": "running" if chunks else "closing",
    }
    if connection.execute(_CUT, values).rowcount != 1:
        return False
    rows = [
        {"chain": chain_id, "run": run_id, "chunk": number, "stores": list(stores)}
        for number, stores in enumerate(chunks)
    ]
    if rows:
        connection.execute(_CHUNK, rows)
    return True


def chunks_to_do(
    connection: Connection, chain_id: int, run_id: int, silent_for: timedelta = timedelta(0)
) -> list[int]:
    """Return the chunks not done and not sent for so long, and note them as sent now."""
    values = {"chain": chain_id, "run": run_id, "silent": silent_for}
    return sorted(connection.scalars(_TO_DO, values))


def chunk_stores(connection: Connection, chain_id: int, run_id: int, chunk: int) -> list[int]:
    """Return the stores of a chunk; empty where it is done, or its run no longer at work."""
    values = {"chain": chain_id, "run": run_id, "chunk": chunk}
    found: list[int] | None = connection.scalar(_CHUNK_STORES, values)
    return found or []


def chunk_done(
    connection: Connection, chain_id: int, run_id: int, chunk: int, played: bytes
) -> bool:
    """Write a chunk, unless it is written; return whether it was the last one of the run."""
    values = {"chain": chain_id, "run": run_id, "chunk": chunk, "played": played}
    # The run's row first: of two last chunks one waits here, and then sees the other's.
    connection.execute(_TOUCH_RUN, values)
    connection.execute(_CHUNK_DONE, values)
    return connection.execute(_ALL_DONE, values).rowcount == 1


def played(connection: Connection, chain_id: int, run_id: int) -> list[bytes]:
    """Return what the chunks of a run wrote, in order."""
    values = {"chain": chain_id, "run": run_id}
    return [bytes(each) for each in connection.scalars(_PLAYED, values)]


def fail(connection: Connection, chain_id: int, run_id: int, error: TillboardError) -> None:
    """End a run with the sentence that says why; the one before stays shown."""
    connection.execute(
        _FAIL,
        {
            "chain": chain_id,
            "run": run_id,
            "key": error.key,
            "params": json.dumps(error.params),
        },
    )


def note(connection: Connection, chain_id: int, run_id: int, spec: dict[str, Any]) -> None:
    """Add to what is noted of a run."""
    values = {"chain": chain_id, "run": run_id, "spec": json.dumps(spec)}
    connection.execute(_NOTE, values)


def stuck(connection: Connection, chain_id: int, silent_for: timedelta) -> Run | None:
    """Return the run at work if it was silent for so long, and note that it was seen."""
    row = connection.execute(_STUCK, {"chain": chain_id, "silent": silent_for}).one_or_none()
    return None if row is None else _run(row)


_COLUMNS = "run_id, kind, state, learned_until, first_day, last_day, spec"
_START = text(
    """
    insert into forecast_run (chain_id, kind, spec, request_id)
    values (:chain, :kind, cast(:spec as jsonb), :request)
    on conflict (chain_id) where state in ('waiting', 'running', 'closing') do nothing
    """
)
_AT_WORK = text(
    f"select {_COLUMNS} from forecast_run"
    " where chain_id = :chain and state in ('waiting', 'running', 'closing')"
)
_GET = text(f"select {_COLUMNS} from forecast_run where chain_id = :chain and run_id = :run")
_SHOWN = text(
    f"select {_COLUMNS} from forecast_run where chain_id = :chain and state = 'done'"
    " order by done_at desc, run_id desc limit 1"
)
_CUT = text(
    """
    update forecast_run set state = :state, learned_until = :until,
        first_day = cast(:until as date) + 1, last_day = :last, updated_at = clock_timestamp()
    where chain_id = :chain and run_id = :run and state = 'waiting'
    """
)
_CHUNK = text(
    "insert into forecast_chunk (chain_id, run_id, chunk, store_ids)"
    " values (:chain, :run, :chunk, :stores)"
)
_TO_DO = text(
    """
    update forecast_chunk set sent_at = clock_timestamp()
    where chain_id = :chain and run_id = :run and done_at is null
      and (sent_at is null or sent_at <= clock_timestamp() - cast(:silent as interval))
    returning chunk
    """
)
_CHUNK_STORES = text(
    """
    select store_ids from forecast_chunk c
    join forecast_run r using (chain_id, run_id)
    where c.chain_id = :chain and c.run_id = :run and c.chunk = :chunk and c.done_at is null
      and r.state = 'running'
    """
)
_TOUCH_RUN = text(
    "update forecast_run set updated_at = clock_timestamp()"
    " where chain_id = :chain and run_id = :run"
)
_CHUNK_DONE = text(
    """
    update forecast_chunk set played = :played, done_at = clock_timestamp()
    where chain_id = :chain and run_id = :run and chunk = :chunk and done_at is null
    """
)
_ALL_DONE = text(
    """
    update forecast_run set updated_at = clock_timestamp(), state = 'closing'
    where chain_id = :chain and run_id = :run and state = 'running'
      and not exists (
          select from forecast_chunk
          where chain_id = :chain and run_id = :run and done_at is null)
    """
)
_PLAYED = text(
    "select played from forecast_chunk"
    " where chain_id = :chain and run_id = :run and played is not null order by chunk"
)
_FAIL = text(
    """
    update forecast_run set state = 'failed', error_key = :key,
        error_params = cast(:params as jsonb), updated_at = clock_timestamp()
    where chain_id = :chain and run_id = :run and state in ('waiting', 'running', 'closing')
    """
)
_NOTE = text(
    "update forecast_run set spec = spec || cast(:spec as jsonb)"
    " where chain_id = :chain and run_id = :run"
)
_STUCK = text(
    f"""
    update forecast_run set updated_at = clock_timestamp()
    where chain_id = :chain and state in ('waiting', 'running', 'closing')
      and updated_at <= clock_timestamp() - cast(:silent as interval)
    returning {_COLUMNS}
    """
)
