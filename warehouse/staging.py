"""Staging: rows of one file in a session's TEMP table, before they are merged.

TEMP, because ``COPY FROM`` refuses tables with row-level security; binary, because the server
spends half the time on it that it spends on text (``docs/bench.md``). Only what varies from row to
row is copied.
"""

from typing import Final, Self

import polars as pl
import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

COLUMNS: Final[dict[str, tuple[str, pa.DataType]]] = {
    "line": ("bigint", pa.int64()),
    "key": ("uuid", pa.binary(16)),
    "content_hash": ("uuid", pa.binary(16)),
    "occurred_at": ("timestamptz", pa.timestamp("us", "UTC")),
    "gross": ("bigint", pa.int64()),
    "platform_subsidy": ("bigint", pa.int64()),
    "merchant_subsidy": ("bigint", pa.int64()),
    "fee": ("bigint", pa.int64()),
    "account_id": ("int", pa.int32()),
    "place_id": ("int", pa.int32()),
    "store_id": ("int", pa.int32()),
    "business_date": ("date", pa.date32()),
    "payer_hash": ("uuid", pa.binary(16)),
    "kind": ("text", pa.large_string()),
    "currency": ("text", pa.large_string()),
    "external_id": ("text", pa.large_string()),
    "part": ("text", pa.large_string()),
    "method": ("text", pa.large_string()),
    "channel": ("text", pa.large_string()),
    "via": ("text", pa.large_string()),
    "order_ref": ("text", pa.large_string()),
    "original_external_id": ("text", pa.large_string()),
}
"""The staged columns in order, with their PostgreSQL and Arrow types. ``net`` follows from the
others; hashes come as two UInt64 columns, ``<name>_hi`` and ``<name>_lo``."""

_ARROW: Final = pa.schema([(name, arrow) for name, (_, arrow) in COLUMNS.items()])
_HASHES: Final = ("key", "content_hash", "payer_hash")


def create(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the session's empty staging table, dropping one that an earlier import left."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    connection.execute("drop table if exists pg_temp.staged")
    connection.execute(f"create temp table staged ({columns})")


def analyze(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Tell the planner how many rows are staged, and how many keys: no more is needed."""
    connection.execute("set local default_statistics_target = 10")
    connection.execute("analyze pg_temp.staged (key)")


def encode(rows: pl.DataFrame) -> pa.RecordBatch:
    """Return staged rows as one Arrow batch in COLUMNS' order and types."""
    table = rows.select(*(name for name in COLUMNS if name not in _HASHES)).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
    arrays = {name: table.column(name).combine_chunks() for name in table.column_names}
    for name in _HASHES:
        arrays[name] = _sixteen_bytes(rows[f"{name}_hi"], rows[f"{name}_lo"])
    return pa.RecordBatch.from_arrays(
        [arrays[field.name].cast(field.type) for field in _ARROW], schema=_ARROW
    )


def _sixteen_bytes(high: pl.Series, low: pl.Series) -> pa.Array:
    """Return two UInt64 series as big-endian 16-byte values, null where ``high`` is null."""
    words = pl.DataFrame({"high": high.fill_null(0), "low": low.fill_null(0)}).to_numpy()
    data = pa.py_buffer(words.astype(">u8").tobytes())
    valid = None
    if high.null_count():
        valid = high.is_not_null().to_arrow().buffers()[1]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(high), [valid, data])


class Copying:
    """A running ``COPY staged FROM STDIN``: ``write`` batches, then leave the context."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._cursor = connection.cursor()
        self._encoder = ArrowToPostgresBinaryEncoder(_ARROW)

    def __enter__(self) -> Self:
        self._context = self._cursor.copy("copy pg_temp.staged from stdin (format binary)")
        self._copy = self._context.__enter__()
        self._copy.write(self._encoder.write_header())
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Send one batch of ``encode``."""
        self._copy.write(self._encoder.write_batch(batch))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._copy.write(self._encoder.finish())
        self._context.__exit__(kind, error, trace)  # type: ignore[arg-type]
