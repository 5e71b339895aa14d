"""What the Imports page changes: try again, undo, save a column map, bind a place to a store."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.imports.words import AT_WORK
from warehouse import batches
from warehouse.binding import bind
from warehouse.reads.protocol import Batch

NEEDED = ("occurred_at", "gross")
"""Without these no row is a payment; a row without a number is known by what it says."""
FAILED = frozenset({"failed", "quarantined"})
NARROWEST = ("terminal", "operator", "store")
"""A place is bound by the narrowest id that the platform states for it."""


def allow(here: Here) -> None:
    """Raise PermanentError where the reader may look but not change."""
    if not here.may("import"):
        raise PermanentError("dashboard.upload.not_allowed")


def can_retry(batch: Batch) -> bool:
    """Whether there is something to try again: the file, or lines of it that were refused."""
    return batch.state in FAILED or (batch.state == "done" and batch.rows_rejected > 0)


def retry(board: Board, here: Here, batch_id: int, column_map: str = "") -> None:
    """Start an import again that failed, was put aside or refused lines.

    It is read by ``column_map`` where one is named.
    """
    allow(here)
    chain_id = here.scope.chain_id
    with board.warehouse.begin(here.scope) as connection:
        batch = batches.get(connection, chain_id, batch_id)
        batches.receive(
            connection,
            chain_id,
            sha256=bytes(batch["sha256"]),
            file_name=batch["file_name"],
            size_bytes=batch["size_bytes"],
            request_id=here.request_id,
            user_id=here.person.user_id,
        )
        if column_map:
            connection.execute(
                text(
                    "update import_batch set options = options || cast(:options as jsonb)"
                    " where chain_id = :chain and batch_id = :batch"
                ),
                {
                    "options": json.dumps({"map": column_map}),
                    "chain": chain_id,
                    "batch": batch_id,
                },
            )
    board.jobs.import_batch(chain_id, batch_id)


def undo(board: Board, here: Here, batch_id: int) -> None:
    """Take back what a batch brought; a job does it."""
    allow(here)
    state = here.reads.batch(batch_id).state
    if state in AT_WORK:
        raise PermanentError("dashboard.imports.undo_at_work", batch=batch_id)
    board.jobs.undo_batch(here.scope.chain_id, batch_id)


def save_map(board: Board, here: Here, name: str, spec: Mapping[str, Any]) -> None:
    """Save how the user's own table is read. Raises PermanentError where something is missing."""
    allow(here)
    columns = spec["columns"]
    if not name.strip():
        raise PermanentError("dashboard.map.no_name")
    for needed in NEEDED:
        if not columns.get(needed):
            raise PermanentError("dashboard.map.no_column", column=column_name(here, needed))
    with board.warehouse.begin(here.scope) as connection:
        connection.execute(
            text(
                "insert into column_map (chain_id, name, spec)"
                " values (:chain, :name, cast(:spec as jsonb))"
                " on conflict (chain_id, name) do update set spec = excluded.spec,"
                " updated_at = now()"
            ),
            {
                "chain": here.scope.chain_id,
                "name": name.strip(),
                "spec": json.dumps(dict(spec), ensure_ascii=False),
            },
        )


def column_name(here: Here, column: str) -> str:
    """Return what people call a canonical column."""
    return here.say(f"dashboard.map.column.{column}")


def bind_place(
    board: Board, here: Here, place: Mapping[str, Any], store_id: int, since: str | None
) -> int:
    """Say that a place is a store, from ``since`` (ISO date) or from ever; return moved payments.

    Raises PermanentError where no store is chosen.
    """
    allow(here)
    if not store_id:
        raise PermanentError("dashboard.places.no_store")
    kind = next((kind for kind in NARROWEST if place.get(f"{kind}_ref")), "account")
    with board.warehouse.begin(here.scope) as connection:
        return bind(
            connection,
            account_id=int(place["account_id"]),
            ref_kind=kind,
            ref=str(place.get(f"{kind}_ref") or ""),
            store_id=store_id,
            from_date=date.fromisoformat(since) if since else None,
            user_id=here.person.user_id,
        )
