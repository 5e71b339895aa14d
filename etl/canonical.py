"""The canonical frame: what every source makes of its rows, and what the importer takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import polars as pl

from chain.errors import BadRecord

SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "account_ref": pl.String(),
    "external_id": pl.String(),
    "kind": pl.String(),
    "part": pl.String(),
    "occurred_at": pl.Datetime("us", "UTC"),
    "currency": pl.String(),
    "gross": pl.Int64(),
    "platform_subsidy": pl.Int64(),
    "merchant_subsidy": pl.Int64(),
    "fee": pl.Int64(),
    "net": pl.Int64(),
    "method": pl.String(),
    "channel": pl.String(),
    "via": pl.String(),
    "payer": pl.String(),
    "order_ref": pl.String(),
    "original_external_id": pl.String(),
    "store_ref": pl.String(),
    "store_label": pl.String(),
    "terminal_ref": pl.String(),
    "operator_ref": pl.String(),
}
"""One row is one money movement. ``line`` counts from 1 in the file or sheet. Amounts are minor
units of ``currency``: ``gross`` is positive for a sale and negative for a refund, the subsidies
are parts of it with its sign, ``fee`` is what the platform keeps (negative where it gives back),
and ``net = gross - merchant_subsidy - fee``. Texts are stripped and never null ('' where absent);
``payer`` alone may be null: it is set only where the source gives a whole payer id."""


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """A total that the file states, beside the same total computed from its rows.

    Amounts are exact decimals in major units (counts are whole numbers); ``name`` is a key of the
    ``etl.total`` catalogue. ``rounding`` marks the line that fees finer than a minor unit leave.
    """

    name: str
    stated: Decimal
    computed: Decimal
    rounding: bool = False

    @property
    def residual(self) -> Decimal:
        """Stated less computed."""
        return self.stated - self.computed


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a bill: ``rows`` by SCHEMA, refused rows beside them, how far the file is."""

    rows: pl.DataFrame
    rejects: list[BadRecord]
    skipped: int
    bytes_read: int


@dataclass(slots=True)
class Statement:
    """What a bill says of itself outside its rows; complete once all chunks are read.

    ``account_refs`` maps each account ref to a label that may be shown; for a personal account the
    ref is to be hashed (``personal``), and the label is masked.
    """

    account_refs: dict[str, str] = field(default_factory=dict)
    personal: bool = False
    exported_at: datetime | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    totals: list[ControlTotal] = field(default_factory=list)


class Bill(Protocol):
    """One recognised file, read once from front to back with flat memory.

    ``rival`` names the layout of the same source, if there is one, that states the same money in
    another way: of one account and time only one of the two may be in.
    """

    source: str
    platform: str
    layout: str
    rival: str
    statement: Statement

    def chunks(self) -> Iterator[Chunk]:
        """Yield the bill's rows. Raises PermanentError where the file as a whole is no good."""
        ...
