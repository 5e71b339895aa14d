"""What a file holds, read to its end and kept nowhere: for a look before an import."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from chain.errors import TillboardError
from chain.money import to_major
from etl.canonical import ControlTotal
from etl.reading import ColumnMapSpec, Leaf, open_bill

AMOUNTS = ("gross", "platform_subsidy", "merchant_subsidy", "fee", "net")


class _Tally:
    """Counts and sums of the chunks seen so far; no row is kept."""

    def __init__(self) -> None:
        self.accepted = self.skipped = self.rejected = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._sums: dict[tuple[str, str], list[int]] = {}

    def add(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        self.accepted += rows.height
        at = pl.col("occurred_at")
        first, last = rows.select(at.min().alias("first"), at.max().alias("last")).row(0)
        self.first = min(first, self.first or first)
        self.last = max(last, self.last or last)
        grouped = rows.group_by("kind", "currency").agg(pl.len(), pl.sum(*AMOUNTS))
        for kind, currency, *figures in grouped.iter_rows():
            before = self._sums.get((kind, currency), [0] * len(figures))
            self._sums[kind, currency] = [a + b for a, b in zip(before, figures, strict=True)]

    def sums(self) -> list[dict[str, Any]]:
        return [
            {
                "kind": kind,
                "currency": currency,
                "rows": rows,
                **{
                    name: str(to_major(one, currency))
                    for name, one in zip(AMOUNTS, minor, strict=True)
                },
            }
            for (kind, currency), (rows, *minor) in sorted(self._sums.items())
        ]


def preview(leaf: Leaf, maps: Sequence[ColumnMapSpec] = (), *, lang: str = "en") -> dict[str, Any]:
    """Return what ``leaf`` holds, ready for JSON; amounts are exact decimals in major units.

    A file that is refused has ``error`` with the refusal's ``key`` and ``sentence``, and the counts
    up to there. Memory stays flat however long the file is.
    """
    tally = _Tally()
    about: dict[str, Any] = {"file": leaf.name, "bytes": leaf.size}
    totals: list[ControlTotal] = []
    try:
        bill = open_bill(leaf, maps=maps)
        about |= {"source": bill.source, "platform": bill.platform, "layout": bill.layout}
        for chunk in bill.chunks():
            tally.add(chunk.rows)
            tally.skipped += chunk.skipped
            tally.rejected += len(chunk.rejects)
        totals = bill.statement.totals
    except TillboardError as error:
        about["error"] = {"key": error.key, "sentence": error.say(lang)}
    return about | {
        "accepted": tally.accepted,
        "skipped": tally.skipped,
        "rejected": tally.rejected,
        "sums": tally.sums(),
        "first": tally.first and tally.first.isoformat(),
        "last": tally.last and tally.last.isoformat(),
        "totals": [_shown(one) for one in totals],
    }


def _shown(total: ControlTotal) -> dict[str, Any]:
    return {
        "name": total.name,
        "stated": str(total.stated),
        "computed": str(total.computed),
        "residual": str(total.residual),
        "rounding": total.rounding,
    }
