"""Parquet for programs: exact decimals, real dates and instants, the stamp in its metadata."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from reports.table import Column, Table, written

STAMP = b"tillboard"
_PLAIN = {
    "text": pa.large_string(),
    "date": pa.date32(),
    "count": pa.int64(),
    "ratio": pa.float64(),
    "number": pa.float64(),
}


def write(table: Table, path: Path) -> None:
    """Write ``table`` to ``path``; raises as ``Table.pieces`` does, and leaves nothing then.

    The key ``tillboard`` of the file's metadata holds the stamp as JSON.
    """
    schema = pa.schema([(column.name, _type(column, table.zone)) for column in table.columns])
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for piece in table.pieces():
                writer.write_table(_arrow(piece, table).cast(schema))
            writer.add_key_value_metadata(
                {STAMP.decode(): json.dumps(dict(table.proof()), ensure_ascii=False)}
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _type(column: Column, zone: str) -> pa.DataType:
    if column.kind == "money":
        return pa.decimal128(20, column.decimals)
    if column.kind == "instant":
        return pa.timestamp("us", zone)
    return _PLAIN[column.kind]


def _arrow(piece: pl.DataFrame, table: Table) -> pa.Table:
    exact = [
        written(piece, column).cast(pl.Decimal(20, column.decimals))
        for column in table.columns
        if column.kind == "money"
    ]
    return piece.with_columns(exact).to_arrow()
