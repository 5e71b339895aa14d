"""Exports made by jobs: asked for, made in chunks that may be done again, kept, removed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from chain.errors import PermanentError, TillboardError
from warehouse.session import Scope

CHAIN = "chain"
"""``what`` of an archive of the whole chain; such a file is for an owner alone."""


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One export; ``scope`` is what its owner saw when they asked. See ``tables.Export``."""

    export_id: int
    scope: Scope
    what: str
    query: dict[str, Any]
    parts: tuple[int, ...]
    lang: str
    state: str
    done: int
    total: int
    file_name: str
    size_bytes: int
    error_key: str
    error_params: dict[str, Any]
    made_at: datetime
    expires_at: datetime | None


def add(
    connection: Connection,
    scope: Scope,
    user_id: int,
    *,
    what: str,
    query: Mapping[str, Any],
    lang: str,
    request_id: str = "",
) -> int:
    """Keep what was asked for; return its number."""
    values = {
        "chain": scope.chain_id,
        "user": user_id,
        "role": scope.role,
        "stores": None if scope.store_ids is None else list(scope.store_ids),
        "what": what,
        "query": json.dumps(query),
        "lang": lang,
        "request": request_id,
    }
    return int(connection.execute(_ADD, values).scalar_one())


def get(connection: Connection, chain_id: int, export_id: int) -> ExportJob:
    """Return an export. Raises PermanentError ``reports.missing`` where none is seen."""
    row = connection.execute(_GET, {"chain": chain_id, "export": export_id}).one_or_none()
    if row is None:
        raise PermanentError("reports.missing")
    return _job(row)


def of_person(
    connection: Connection, chain_id: int, user_id: int, most: int = 20
) -> list[ExportJob]:
    """Return a person's exports, latest first."""
    values = {"chain": chain_id, "user": user_id, "most": most}
    return [_job(row) for row in connection.execute(_OF_PERSON, values)]


def begin(
    connection: Connection, chain_id: int, export_id: int, parts: Sequence[int]
) -> Sequence[int]:
    """Say what it is made of, once; return what it is made of, nothing where it is over."""
    values = {"chain": chain_id, "export": export_id, "parts": list(parts)}
    found = connection.scalars(_BEGIN, values).one_or_none()
    return tuple(found or ())


def step(connection: Connection, chain_id: int, export_id: int, done: int) -> bool:
    """Say how far it is; return whether it is still wanted."""
    values = {"chain": chain_id, "export": export_id, "done": done}
    return connection.execute(_STEP, values).rowcount == 1


def finish(
    connection: Connection,
    chain_id: int,
    export_id: int,
    *,
    file_name: str,
    size_bytes: int,
    keep: timedelta,
) -> None:
    """Say that the file is there, for as long as ``keep``."""
    values = {
        "chain": chain_id,
        "export": export_id,
        "name": file_name,
        "size": size_bytes,
        "keep": keep,
    }
    connection.execute(_FINISH, values)


def fail(connection: Connection, chain_id: int, export_id: int, error: TillboardError) -> None:
    """Say why there will be no file."""
    values = {
        "chain": chain_id,
        "export": export_id,
        "key": error.key,
        "params": json.dumps(error.params, default=str),
    }
    connection.execute(_FAIL, values)


def stuck(connection: Connection, chain_id: int, silent_for: timedelta) -> Sequence[int]:
    """Return the exports nobody is at work on, noted as seen now."""
    return connection.scalars(_STUCK, {"chain": chain_id, "silent": silent_for}).all()


def expire(connection: Connection, chain_id: int) -> Sequence[int]:
    """Mark the exports whose time is up, and those that failed, as gone; return their numbers."""
    return connection.scalars(_EXPIRE, {"chain": chain_id}).all()


def _job(row: Any) -> ExportJob:
    stores = None if row.store_ids is None else tuple(row.store_ids)
    return ExportJob(
        row.export_id,
        Scope(row.chain_id, row.user_id, row.role, stores),
        row.what,
        dict(row.query),
        tuple(row.parts),
        row.lang,
        row.state,
        row.done,
        row.total,
        row.file_name,
        row.size_bytes,
        row.error_key,
        dict(row.error_params),
        row.made_at,
        row.expires_at,
    )


_ADD = text(
    """
    insert into export (chain_id, user_id, role, store_ids, what, query, lang, request_id)
    values (:chain, :user, :role, cast(:stores as bigint[]), :what, cast(:query as jsonb), :lang,
        :request)
    returning export_id
    """
)
_GET = text("select * from export where chain_id = :chain and export_id = :export")
_OF_PERSON = text(
    """
    select * from export where chain_id = :chain and user_id = :user
    order by export_id desc limit :most
    """
)
_BEGIN = text(
    """
    update export set state = 'running', updated_at = clock_timestamp(),
        parts = case when parts = '{}' then cast(:parts as bigint[]) else parts end,
        total = cardinality(case when parts = '{}' then cast(:parts as bigint[]) else parts end)
    where chain_id = :chain and export_id = :export and state in ('waiting', 'running')
    returning parts
    """
)
_STEP = text(
    """
    update export set done = greatest(done, :done), updated_at = clock_timestamp()
    where chain_id = :chain and export_id = :export and state = 'running'
    """
)
_FINISH = text(
    """
    update export set state = 'done', done = total, file_name = :name, size_bytes = :size,
        updated_at = clock_timestamp(), expires_at = clock_timestamp() + :keep
    where chain_id = :chain and export_id = :export and state = 'running'
    """
)
_FAIL = text(
    """
    update export set state = 'failed', error_key = :key, error_params = cast(:params as jsonb),
        updated_at = clock_timestamp(), expires_at = clock_timestamp() + interval '1 day'
    where chain_id = :chain and export_id = :export and state in ('waiting', 'running')
    """
)
_STUCK = text(
    """
    update export set updated_at = clock_timestamp()
    where chain_id = :chain and state in ('waiting', 'running')
      and updated_at < clock_timestamp() - :silent
    returning export_id
    """
)
_EXPIRE = text(
    """
    update export set state = 'expired', updated_at = clock_timestamp()
    where chain_id = :chain and state in ('done', 'failed') and expires_at < clock_timestamp()
    returning export_id
    """
)
