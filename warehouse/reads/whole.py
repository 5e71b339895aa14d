"""Every payment of a choice, streamed, beside what the server itself counts and sums of them."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import polars as pl
from sqlalchemy import Select, func, select
from sqlalchemy.sql.elements import ColumnElement

from warehouse.reads.context import Context
from warehouse.reads.details import counted_elsewhere, matching, payment
from warehouse.reads.protocol import Filters
from warehouse.session import driver

PIECE_BYTES = 1 << 20
"""How much text is turned into a frame at once: some 7,000 payments."""

COLUMNS: Mapping[str, pl.DataType] = {
    "occurred_at": pl.Datetime("us"),
    "business_date": pl.Date(),
    "store_id": pl.Int64(),
    "platform": pl.String(),
    "kind": pl.String(),
    "currency": pl.String(),
    "gross": pl.Int64(),
    "platform_subsidy": pl.Int64(),
    "merchant_subsidy": pl.Int64(),
    "fee": pl.Int64(),
    "net": pl.Int64(),
    "method": pl.String(),
    "channel": pl.String(),
    "external_id": pl.String(),
    "order_ref": pl.String(),
    "batch_id": pl.Int64(),
    "twin": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class WholePayments:
    """``frames`` have the columns of ``payments`` but ``key``, latest first; UTC, minor units.

    ``rows`` and ``gross`` (by currency) are what the server says of the same snapshot.
    """

    rows: int
    gross: Mapping[str, int]
    frames: Iterator[pl.DataFrame]


@contextmanager
def whole_payments(context: Context, filters: Filters) -> Iterator[WholePayments]:
    """Open all payments of ``filters``; ``context`` must see one snapshot in all statements."""
    where = matching(filters, filters.period)
    counted = context.connection.execute(
        select(payment.c.currency, func.count(), func.sum(payment.c.gross))
        .where(*where)
        .group_by(payment.c.currency)
    ).all()
    statement = (
        select(*(_column(name) for name in COLUMNS))
        .where(*where)
        .order_by(payment.c.occurred_at.desc(), payment.c.key)
    )
    frames = _frames(context, statement)
    try:
        yield WholePayments(
            sum(int(count) for _, count, _ in counted),
            {currency: int(gross) for currency, _, gross in counted},
            frames,
        )
    finally:
        # Whoever leaves early leaves a COPY at work, and the transaction could not end.
        frames.close()


def _column(name: str) -> ColumnElement[Any]:
    if name == "twin":
        return counted_elsewhere().label(name)
    if name == "occurred_at":
        # Without a zone, in UTC whatever the session's own is.
        return func.timezone("UTC", payment.c.occurred_at).label(name)
    return payment.c[name]


def _frames(context: Context, statement: Select[Any]) -> Generator[pl.DataFrame]:
    compiled = statement.compile(context.connection)
    with (
        driver(context.connection).cursor() as cursor,
        # Polars reads text faster than any driver makes objects of rows.
        cursor.copy(f"copy ({compiled}) to stdout (format csv)", compiled.params) as copying,
    ):
        piece = BytesIO()
        # Each message is one row, whole (PostgreSQL, "COPY Operations" of the protocol).
        for row in copying:
            piece.write(row)
            if piece.tell() >= PIECE_BYTES:
                yield _frame(piece)
                piece = BytesIO()
        if piece.tell():
            yield _frame(piece)


def _frame(piece: BytesIO) -> pl.DataFrame:
    texts = dict.fromkeys(COLUMNS, pl.String()) | {
        name: kind for name, kind in COLUMNS.items() if kind == pl.Int64()
    }
    frame = pl.read_csv(piece.getvalue(), has_header=False, new_columns=list(COLUMNS), schema=texts)
    return frame.with_columns(
        pl.col(pl.String).fill_null(""),
    ).with_columns(
        pl.col("occurred_at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"),
        pl.col("business_date").str.to_date("%Y-%m-%d"),
        pl.col("twin") == "t",
    )
