"""What a bill holds, read to its end and kept nowhere: for a look before an import."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from chain.errors import PermanentError
from etl.loading import as_json
from etl.reading import ColumnMapSpec, Leaf, open_bill

SUMS = ("gross", "platform_subsidy", "merchant_subsidy", "fee", "net")


def preview(
    leaf: Leaf,
    maps: Sequence[ColumnMapSpec] = (),
    progress: Callable[[str, int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Parse one bill and return its description, ready for JSON; memory stays flat.

    Amounts in ``sums`` (``{kind: {currency: {column: amount}}}``) are minor units; ``totals`` are
    those the file states, in major units as text. ``state`` is ``read``, or ``failed`` with
    ``error_key``.
    """
    about: dict[str, Any] = {"file_name": leaf.name, "bytes": leaf.size, "state": "read"}
    tally = _Tally()
    try:
        bill = open_bill(leaf, maps=maps)
        about |= {"source": bill.source, "platform": bill.platform, "layout": bill.layout}
        for chunk in bill.chunks():
            tally.add(chunk.rows)
            tally.skipped += chunk.skipped
            tally.rejected += len(chunk.rejects)
            if progress:
                progress(leaf.name, chunk.bytes_read, leaf.size, tally.accepted)
    except PermanentError as error:
        about |= {"state": "failed", "error_key": error.key, "error_params": error.params}
        return about | tally.counts()
    totals = [as_json(total) for total in bill.statement.totals]
    return about | tally.counts() | tally.rest() | {"totals": totals}


class _Tally:
    def __init__(self) -> None:
        self.accepted = self.skipped = self.rejected = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.sums: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def add(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        self.accepted += rows.height
        low, high = rows.select(
            low=pl.col("occurred_at").min(), high=pl.col("occurred_at").max()
        ).row(0)
        self.first = low if self.first is None else min(self.first, low)
        self.last = high if self.last is None else max(self.last, high)
        grouped = rows.group_by("kind", "currency").agg(pl.len().alias("rows"), pl.sum(*SUMS))
        for row in grouped.iter_rows(named=True):
            sums = self.sums[row["kind"], row["currency"]]
            for name in ("rows", *SUMS):
                sums[name] = sums.get(name, 0) + int(row[name])

    def counts(self) -> dict[str, Any]:
        return {
            "rows_accepted": self.accepted,
            "rows_skipped": self.skipped,
            "rows_rejected": self.rejected,
        }

    def rest(self) -> dict[str, Any]:
        sums: dict[str, dict[str, dict[str, int]]] = {}
        for (kind, currency), values in sorted(self.sums.items()):
            sums.setdefault(kind, {})[currency] = values
        return {
            "first_at": self.first and self.first.isoformat(),
            "last_at": self.last and self.last.isoformat(),
            "sums": sums,
        }
