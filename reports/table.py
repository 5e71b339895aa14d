"""A table on its way out: typed columns, rows in pieces, and what proves that it is whole.

Every format is written from the same ``Table``, so that CSV, XLSX and Parquet cannot disagree.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

from chain.errors import TransientError
from chain.money import exponent
from figures import formats

Kind = Literal["text", "date", "instant", "money", "count", "ratio", "number"]
MOST_DECIMALS = 3
"""No currency has more (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``head`` is what a person reads over it; ``name`` is what a program does.

    Money is whole minor units of ``currency``, or of the row's own column ``currency`` where that
    is None. ``text`` holds ids too: they stay text however much they look like numbers.
    """

    name: str
    kind: Kind
    head: str
    currency: str | None = None

    @property
    def decimals(self) -> int:
        """How many decimals an amount is written with, at most."""
        return exponent(self.currency) if self.currency else MOST_DECIMALS


@dataclass(frozen=True, slots=True)
class Chart:
    """What the workbook draws: a value for each category, summed where ``summed``.

    ``currency`` None takes all rows; ``most`` is how many categories are drawn at most.
    """

    kind: Literal["bar", "line"]
    category: str
    value: str
    most: int = 400
    summed: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Row count and control totals: gross in minor units, by currency."""

    rows: int = 0
    gross: Mapping[str, int] = field(default_factory=dict)

    def plus(self, frame: pl.DataFrame, home: str) -> "Sums":
        """Return the sums with ``frame``'s rows added; without a column ``currency`` all is home.

        A control total is of the column ``gross``.
        """
        if "currency" in frame.columns:
            parts = frame.group_by("currency").agg(pl.col("gross").sum()).rows()
        else:
            parts = [(home, frame["gross"].sum())]
        gross = dict(self.gross)
        for currency, amount in parts:
            gross[currency] = gross.get(currency, 0) + int(amount or 0)
        return Sums(self.rows + len(frame), gross)

    def same(self, other: "Sums") -> bool:
        """Whether both say the same; a currency with nothing in it is none."""
        mine, theirs = ({k: v for k, v in one.gross.items() if v} for one in (self, other))
        return self.rows == other.rows and mine == theirs


@dataclass(slots=True)
class Table:
    """Columns, rows and their stamp. ``pieces()`` may be asked for once.

    ``expected`` is what the warehouse itself counted and summed; rows that come to anything else
    are refused, so nothing is cut off in silence. ``stamp`` is (label, text), in reading order;
    ``definitions`` is (metric, sentence).
    """

    name: str
    title: str
    columns: Sequence[Column]
    frames: Iterator[pl.DataFrame]
    expected: Sums
    home: str
    lang: str
    zone: str
    made_at: datetime
    stamp: Sequence[tuple[str, str]]
    definitions: Sequence[tuple[str, str]]
    labels: Mapping[str, str]
    chart: Chart | None = None
    sums: Sums = field(init=False, default_factory=Sums)

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield the rows in pieces.

        Raises TransientError ``reports.changed`` after the last one where rows are missing or the
        control totals are not those expected.
        """
        for frame in self.frames:
            self.sums = self.sums.plus(frame, self.home)
            yield frame.select(column.name for column in self.columns)
        if not self.sums.same(self.expected):
            raise TransientError("reports.changed")

    def proof(self) -> list[tuple[str, str]]:
        """Return the stamp with the row count and control totals of what was written."""
        totals = [
            (
                f"{self.labels['control']} ({currency})",
                formats.money_full(amount, currency, self.lang),
            )
            for currency, amount in sorted(self.sums.gross.items())
        ]
        return [
            *self.stamp,
            (self.labels["rows"], formats.count_full(self.sums.rows, self.lang)),
            *totals,
        ]


def written(frame: pl.DataFrame, column: Column) -> pl.Series:
    """Return a column as exact text, amounts in major units; null where there is nothing."""
    series = frame[column.name]
    if column.kind == "money":
        return _major(frame, column)
    if column.kind == "ratio":
        return series.cast(pl.Float64).round(6).cast(pl.String)
    if column.kind == "number":
        return series.cast(pl.Float64).cast(pl.String)
    if column.kind == "instant":
        return series.dt.strftime("%Y-%m-%d %H:%M:%S")
    return series.cast(pl.String)


def _major(frame: pl.DataFrame, column: Column) -> pl.Series:
    if column.currency:
        return _scaled(frame[column.name], exponent(column.currency))
    found = pl.Series(column.name, [None] * len(frame), dtype=pl.String)
    for currency in frame["currency"].unique():
        mask = frame["currency"] == currency
        found = found.zip_with(~mask, _scaled(frame[column.name], exponent(currency)))
    return found


def _scaled(minor: pl.Series, decimals: int) -> pl.Series:
    if decimals == 0:
        return minor.cast(pl.String)
    digits = minor.abs().cast(pl.String).str.zfill(decimals + 1)
    sign = (minor < 0).replace_strict({True: "-", False: ""}, return_dtype=pl.String)
    return sign + digits.str.head(-decimals) + "." + digits.str.tail(decimals)
