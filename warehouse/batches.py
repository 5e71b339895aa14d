"""Import batches: how a file is received, how far it is, and how it ended."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from chain.errors import BadRecord, PermanentError, TillboardError

RESUMABLE = ("received", "reading", "merging")
MOST_STARTS = 8
"""States in which a batch that nobody works on is taken up again."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is known: its batch, and whether there is anything to do for it."""

    batch_id: int
    state: str


@dataclass(slots=True)
class Outcome:
    """How an import ended: what stands on the batch once its rows are merged."""

    source: str
    layout: str
    account_ids: list[int]
    exported_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    rank_at: datetime
    first_at: datetime | None
    last_at: datetime | None
    rows_accepted: int
    rows_skipped: int
    rows_rejected: int
    totals: list[dict[str, Any]]
    rejects: list[BadRecord] = field(default_factory=list)


def receive(
    connection: Connection,
    chain_id: int,
    *,
    sha256: bytes,
    file_name: str,
    size_bytes: int,
    container_sha256: bytes | None = None,
    options: dict[str, Any] | None = None,
    request_id: str = "",
    user_id: int | None = None,
) -> Received:
    """Return the batch of a file, made on first sight; one that failed is set to start again.

    The same bytes are the same batch, whatever the file is called. One that is done and refused
    lines is set to try those again: what refused them may have been mended since.
    """
    values = {
        "chain": chain_id,
        "sha": sha256,
        "name": file_name,
        "size": size_bytes,
        "container": container_sha256,
        "options": json.dumps(options or {}),
        "request": request_id,
        "user": user_id,
    }
    row = connection.execute(_RECEIVE, values).one()
    return Received(row.batch_id, row.state)


def find(connection: Connection, chain_id: int, sha256: bytes) -> Received | None:
    """Return the batch of these bytes, if there is one that was not undone."""
    row = connection.execute(_FIND, {"chain": chain_id, "sha": sha256}).one_or_none()
    return None if row is None else Received(row.batch_id, row.state)


def get(connection: Connection, chain_id: int, batch_id: int) -> dict[str, Any]:
    """Return the batch as a dictionary. Raises PermanentError where there is none."""
    row = (
        connection.execute(
            text("select * from import_batch where chain_id = :chain and batch_id = :batch"),
            {"chain": chain_id, "batch": batch_id},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise PermanentError("warehouse.batch_missing", batch=batch_id)
    return dict(row)


def overlap(connection: Connection, chain_id: int, batch_id: int, outcome: Outcome) -> bool:
    """Return whether another batch of the same accounts has payments of the same time."""
    return bool(connection.scalar(_OVERLAP, _extent(chain_id, batch_id, outcome)))


def rival(
    connection: Connection, chain_id: int, batch_id: int, outcome: Outcome, layout: str
) -> str | None:
    """Return the name of a file that states the same accounts and time in ``layout``, if any."""
    values = {**_extent(chain_id, batch_id, outcome), "source": outcome.source, "layout": layout}
    name: str | None = connection.scalar(_RIVAL, values)
    return name


def _extent(chain_id: int, batch_id: int, outcome: Outcome) -> dict[str, object]:
    return {
        "chain": chain_id,
        "batch": batch_id,
        "accounts": outcome.account_ids,
        "first": outcome.first_at,
        "last": outcome.last_at,
    }


def start(connection: Connection, chain_id: int, batch_id: int) -> None:
    """Say that the file is being read; an earlier failure is forgotten.

    Raises PermanentError where it was begun ``MOST_STARTS`` times already and came to no end: what
    takes all memory, or crashes a library, takes its worker along each time.
    """
    found = connection.execute(_START, {"chain": chain_id, "batch": batch_id}).one()
    if found.starts > MOST_STARTS:
        raise PermanentError("etl.no_end", times=MOST_STARTS)


def progress(
    connection: Connection, chain_id: int, batch_id: int, *, bytes_read: int, rows: int
) -> None:
    """Say how far the file is read."""
    _update(
        connection,
        chain_id,
        batch_id,
        "bytes_read = :bytes, rows_accepted ="
        " case when options ? 'retry' then rows_accepted else :rows end",
        bytes=bytes_read,
        rows=rows,
    )


def merging(connection: Connection, chain_id: int, batch_id: int) -> None:
    """Say that the whole file was checked and is being merged."""
    _update(connection, chain_id, batch_id, "state = 'merging', bytes_read = size_bytes")


def part_done(
    connection: Connection, chain_id: int, batch_id: int, part: str, counts: dict[str, int]
) -> None:
    """Note, in the transaction that merged it, that a part of the file is in."""
    _update(
        connection,
        chain_id,
        batch_id,
        "parts = parts || jsonb_build_object(cast(:part as text), cast(:counts as jsonb)),"
        " starts = 0",
        part=part,
        counts=json.dumps(counts),
    )


def finish(connection: Connection, chain_id: int, batch_id: int, outcome: Outcome) -> None:
    """Close the batch: its counts, totals and refused rows; the row counts come from its parts."""
    connection.execute(
        _FINISH,
        {
            "chain": chain_id,
            "batch": batch_id,
            "source": outcome.source,
            "layout": outcome.layout,
            "accounts": json.dumps(outcome.account_ids),
            "exported": outcome.exported_at,
            "period_start": outcome.period_start,
            "period_end": outcome.period_end,
            "rank": outcome.rank_at,
            "first": outcome.first_at,
            "last": outcome.last_at,
            "accepted": outcome.rows_accepted,
            "skipped": outcome.rows_skipped,
            "rejected": outcome.rows_rejected,
            "totals": json.dumps(outcome.totals),
        },
    )
    reject(connection, chain_id, batch_id, outcome.rejects)


def reject(
    connection: Connection, chain_id: int, batch_id: int, records: Iterable[BadRecord]
) -> None:
    """Keep the refused rows of a batch in place of those of an earlier try."""
    earlier = connection.execute(
        text("delete from reject where chain_id = :chain and batch_id = :batch"),
        {"chain": chain_id, "batch": batch_id},
    )
    rows = [
        {
            "chain": chain_id,
            "batch": batch_id,
            "line": record.line,
            "reason": record.reason,
            "params": json.dumps(record.params),
            "raw": record.raw.replace("\x00", "\ufffd"),
            "again": earlier.rowcount > 0,
        }
        for record in records
    ]
    if rows:
        connection.execute(_REJECT, rows)


def fail(
    connection: Connection, chain_id: int, batch_id: int, state: str, error: TillboardError
) -> None:
    """End the batch as ``quarantined`` or ``failed``, with the sentence that says why.

    One that was tried again for its refused lines stays as it was before, and says why too.
    """
    _update(
        connection,
        chain_id,
        batch_id,
        "state = case when options ? 'retry' then 'done' else :state end,"
        " options = options - 'retry', error_key = :key, error_params = cast(:params as jsonb)",
        state=state,
        key=error.key,
        params=json.dumps(error.params),
    )


def close_archive(connection: Connection, chain_id: int, batch_id: int) -> None:
    """End the batch of an archive whose members have batches of their own."""
    _update(
        connection,
        chain_id,
        batch_id,
        "state = 'done', source = 'archive', bytes_read = size_bytes",
    )


def _update(
    connection: Connection, chain_id: int, batch_id: int, assignments: str, **values: object
) -> None:
    connection.execute(
        text(
            f"update import_batch set {assignments}, updated_at = clock_timestamp()"
            " where chain_id = :chain and batch_id = :batch"
        ),
        {"chain": chain_id, "batch": batch_id, **values},
    )


_START = text(
    """
    update import_batch set state = 'reading', bytes_read = 0, error_key = '', error_params = '{}',
        starts = starts + 1, updated_at = clock_timestamp()
    where chain_id = :chain and batch_id = :batch
    returning starts
    """
)
_FIND = text(
    "select batch_id, state from import_batch"
    " where chain_id = :chain and sha256 = :sha and state <> 'undone'"
)
_RECEIVE = text(
    """
    insert into import_batch (chain_id, file_name, sha256, container_sha256, size_bytes, options,
                              request_id, created_by)
    values (:chain, :name, :sha, :container, :size, cast(:options as jsonb), :request, :user)
    on conflict (chain_id, sha256) where state <> 'undone' do update set
        state = case when import_batch.state in ('quarantined', 'failed')
                       or import_batch.state = 'done' and import_batch.rows_rejected > 0
                     then 'received' else import_batch.state end,
        starts = case when import_batch.state in ('quarantined', 'failed', 'done')
                      then 0 else import_batch.starts end,
        options = import_batch.options || excluded.options
            || case when import_batch.state = 'done' and import_batch.rows_rejected > 0
                    then '{"retry": true}'::jsonb else '{}' end
    returning batch_id, state
    """
)
_OVERLAPPING = """
    from import_batch b
    where b.chain_id = :chain and b.batch_id <> :batch
      and (b.state = 'done' or b.options ? 'retry')
      and b.first_at <= cast(:last as timestamptz)
      and b.last_at >= cast(:first as timestamptz)
      and exists (
          select from jsonb_array_elements(b.account_ids) a
          where a::int = any(cast(:accounts as int[])))
"""
_OVERLAP = text(f"select exists (select {_OVERLAPPING})")
_RIVAL = text(
    f"select b.file_name {_OVERLAPPING} and b.source = :source and b.layout = :layout limit 1"
)
_FINISH = text(
    """
    update import_batch set
        state = 'done', source = :source, layout = :layout,
        account_ids = cast(:accounts as jsonb),
        exported_at = :exported, period_start = :period_start, period_end = :period_end,
        rank_at = :rank, first_at = :first, last_at = :last,
        rows_accepted = :accepted, rows_skipped = :skipped, rows_rejected = :rejected,
        rows_new = (select coalesce(sum((value ->> 'new')::bigint), 0) from jsonb_each(parts)),
        rows_changed = (
            select coalesce(sum((value ->> 'changed')::bigint), 0) from jsonb_each(parts)),
        rows_same = (select coalesce(sum((value ->> 'same')::bigint), 0) from jsonb_each(parts)),
        totals = cast(:totals as jsonb), error_key = '', error_params = '{}',
        options = options - 'retry', starts = 0,
        bytes_read = size_bytes, updated_at = clock_timestamp()
    where chain_id = :chain and batch_id = :batch
    """
)
_REJECT = text(
    "insert into reject (chain_id, batch_id, line, reason, params, raw, retried_at)"
    " values (:chain, :batch, :line, :reason, cast(:params as jsonb), :raw,"
    " case when :again then now() end)"
    " on conflict do nothing"
)
