"""Ids for tables that have none: what a row says, and which of its equals in the file it is."""

from collections.abc import Sequence

import polars as pl
import polars_hash as plh

_SEPARATOR = "\x1f"


class RowNumbers:
    """Numbers equal rows in the order of the file.

    The same rows in another file get the same ids, so a file that overlaps gives each row once; of
    rows that are equal in all of ``columns``, the n-th is the n-th in both. What was seen is kept
    as twelve bytes for each distinct row.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._seen = pl.DataFrame(schema={"said": pl.UInt64, "before": pl.UInt32})

    def put(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return ``rows`` (canonical) with ``external_id`` filled where it is empty."""
        if not self._columns:
            return rows
        told = plh.concat_str(
            *(pl.col(name).cast(pl.String).fill_null("") for name in self._columns),
            separator=_SEPARATOR,
        )
        hashed = rows.select(said=told.nchash.xxh3_64(), whole=told.nchash.xxh3_128())
        order = pl.int_range(pl.len()).over("said")
        numbered = hashed.with_columns(nth=order).join(
            self._seen, on="said", how="left", maintain_order="left"
        )
        # Both halves of the hash stand in the id; the short one only counts.
        made = numbered.select(
            pl.col("whole").cast(pl.String)
            + "-"
            + (pl.col("nth") + pl.col("before").fill_null(0) + 1).cast(pl.String)
        ).to_series()
        counts = hashed.group_by("said").agg(pl.len().cast(pl.UInt32).alias("before"))
        self._seen = pl.concat([self._seen, counts]).group_by("said").agg(pl.sum("before"))
        given = pl.col("external_id")
        return rows.with_columns(external_id=pl.when(given == "").then(made).otherwise(given))
