"""What came in: batches, refused rows, imports at work, places bound to no store."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import CursorResult, text

from chain.errors import PermanentError
from warehouse.reads.context import Context
from warehouse.reads.figures import table
from warehouse.reads.likeness import Likeness
from warehouse.reads.protocol import Batch, Page, Series

BATCH_COLUMNS = [field.name for field in fields(Batch)]

SELECT_BATCH = "select b.*, encode(b.sha256, 'hex') as sha_hex from import_batch b"
_BATCHES = text(
    f"{SELECT_BATCH} where cast(:state as text) is null or state = :state"
    " order by created_at desc, batch_id desc limit :size offset :skip"
)
_COUNT = text(
    "select count(*) from import_batch where cast(:state as text) is null or state = :state"
)
_BATCH = text(f"{SELECT_BATCH} where batch_id = :batch")
_RUNNING = text(
    f"{SELECT_BATCH} where state in ('received', 'reading', 'merging') order by batch_id"
)
# A series that stands still for a quarter of an hour is one that nobody goes on with.
_SERIES = text(
    """
    select coalesce(max((options ->> 'nth')::int)
               filter (where state not in ('received', 'reading', 'merging')), 0) as done,
           max((options ->> 'of')::int) as of
    from import_batch
    where options ? 'of' and updated_at > now() - interval '15 minutes'
    """
)
_REJECTS = text(
    """
    select line, reason, params, raw, retried_at from reject where batch_id = :batch
    order by line limit :size offset :skip
    """
)
_REJECT_COUNT = text("select count(*) from reject where batch_id = :batch")
# The unassigned store's own dates bound the scan of payments, which are laid down by date.
_UNBOUND = text(
    """
    with money as (
        select p.place_id, count(*) as payments,
            coalesce(sum(p.gross) filter (where p.kind = 'sale'), 0)::bigint as gross,
            min(p.business_date) as first_day, max(p.business_date) as last_day
        from payment p
        where p.store_id = (select store_id from store where unassigned)
          and p.business_date between
            (select min(d.business_date) from store_day_total d
             where d.store_id = (select store_id from store where unassigned))
            and (select max(d.business_date) from store_day_total d
             where d.store_id = (select store_id from store where unassigned))
        group by p.place_id
    ), unbound as (select distinct place_id from place_store where unassigned)
    select p.place_id, p.account_id, a.platform, p.store_ref, p.terminal_ref, p.operator_ref,
        p.label, coalesce(m.payments, 0) as payments, coalesce(m.gross, 0) as gross,
        m.first_day, m.last_day
    from unbound u
    join place p on p.place_id = u.place_id
    join account a on a.account_id = p.account_id
    left join money m on m.place_id = p.place_id
    order by gross desc, p.place_id
    """
)
_NAMES = text("select store_id, code, name, name_en from store where not unassigned")


def _progress(row: Mapping[str, Any]) -> float:
    if row["state"] in {"done", "undone", "failed", "quarantined"}:
        return 1.0
    return min(1.0, row["bytes_read"] / row["size_bytes"]) if row["size_bytes"] else 0.0


def _batch(row: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(row) | {"progress": _progress(row), "sha256": row["sha_hex"]}
    return {name: known[name] for name in BATCH_COLUMNS}


def batch_frame(result: CursorResult[Any]) -> pd.DataFrame:
    """Return rows of ``import_batch`` as the protocol's ``batches`` says."""
    rows = [_batch(dict(row)) for row in result.mappings()]
    kept = pd.DataFrame.from_records(rows, columns=BATCH_COLUMNS)
    kept["residual"] = pd.Series([_residual(each["totals"]) for each in rows], dtype=object)
    return kept


def _residual(totals: Iterable[Mapping[str, Any]]) -> Decimal:
    stated = (total for total in totals if not total["rounding"])
    return sum((abs(Decimal(total["residual"])) for total in stated), Decimal(0))


def batches(context: Context, page: int = 0, size: int = 50, state: str | None = None) -> Page:
    """Return imports, latest first; see the protocol."""
    asked = {"state": state, "size": size, "skip": page * size}
    rows = batch_frame(context.connection.execute(_BATCHES, asked))
    total = context.connection.scalar(_COUNT, {"state": state})
    return Page(rows, page, size, int(total or 0))


def batch(context: Context, batch_id: int) -> Batch:
    """Return one import. Raises PermanentError ``warehouse.batch_missing``."""
    row = context.connection.execute(_BATCH, {"batch": batch_id}).mappings().one_or_none()
    if row is None:
        raise PermanentError("warehouse.batch_missing", batch=batch_id)
    return Batch(**_batch(dict(row)))


def running(context: Context) -> pd.DataFrame:
    """Return the imports at work; see the protocol."""
    rows = batch_frame(context.connection.execute(_RUNNING))
    return rows[["batch_id", "file_name", "state", "progress", "rows_accepted", "updated_at"]]


def series(context: Context) -> Series | None:
    """Return how far a series of files is; see the protocol."""
    row = context.connection.execute(_SERIES).one()
    return Series(row.done, row.of) if row.of and row.done < row.of else None


def rejects(context: Context, batch_id: int, page: int = 0, size: int = 50) -> Page:
    """Return rows that were not accepted, by line; see the protocol."""
    asked = {"batch": batch_id, "size": size, "skip": page * size}
    rows = table(context.connection.execute(_REJECTS, asked))
    total = context.connection.scalar(_REJECT_COUNT, {"batch": batch_id})
    return Page(rows, page, size, int(total or 0))


def places_unbound(context: Context) -> pd.DataFrame:
    """Return places bound to no store, each with the store it looks like; see the protocol."""
    rows = table(context.connection.execute(_UNBOUND))
    likeness = Likeness(
        [
            (row.store_id, (row.code, row.name, row.name_en))
            for row in context.connection.execute(_NAMES)
        ]
    )
    stated = (rows[name].astype(str) for name in ("label", "store_ref", "terminal_ref"))
    suggested = [likeness.best(labels) for labels in zip(*stated, strict=True)]
    rows["suggested_store_id"] = [store_id for store_id, _ in suggested]
    rows["likeness"] = [like for _, like in suggested]
    return rows
