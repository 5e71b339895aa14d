"""What came in: batches, the rows that were refused, saved column maps."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Blank, ChainId, Count, Id, Instant, Now, Str

BATCH_STATES = ("received", "reading", "merging", "done", "quarantined", "failed", "undone")


class ImportBatch(Base):
    """One file (or one member of an archive), or one window of an API.

    ``totals`` is a list of ``{"name", "stated", "computed", "residual", "rounding"}``, exact
    decimals in major units (or whole numbers of lines) as text;
    ``rank_at`` decides between versions: export time, else the end of the stated period.
    ``parts`` holds the counts of each part of the file that is merged, so that a killed import
    goes on where it was; ``starts`` says how often it was begun since it came or since a part was
    merged.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        Index(
            "import_batch_chain_id_sha256_key",
            "chain_id",
            "sha256",
            unique=True,
            postgresql_where=text("state <> 'undone'"),
        ),
        Index("import_batch_chain_id_container_idx", "chain_id", "container_sha256"),
        CheckConstraint(f"state in {BATCH_STATES!r}", name="state"),
    )
    chain_id: Mapped[ChainId]
    batch_id: Mapped[Id]
    file_name: Mapped[Str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    container_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[Blank]
    layout: Mapped[Blank]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    account_ids: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))
    exported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    period_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    period_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    rank_at: Mapped[Instant] = mapped_column(server_default=text("'0001-01-01 00:00+00'"))
    first_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[Str] = mapped_column(server_default=text("'received'"))
    bytes_read: Mapped[Count]
    rows_accepted: Mapped[Count]
    rows_skipped: Mapped[Count]
    rows_rejected: Mapped[Count]
    rows_new: Mapped[Count]
    rows_changed: Mapped[Count]
    rows_same: Mapped[Count]
    totals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    starts: Mapped[int] = mapped_column(server_default=text("0"))
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    request_id: Mapped[Blank]
    created_by: Mapped[int | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class Reject(Base):
    """One row that was not accepted, with why; ``raw`` has phone and card numbers masked."""

    __tablename__ = "reject"
    chain_id: Mapped[ChainId]
    batch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reason: Mapped[Str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    raw: Mapped[Str]
    retried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ColumnMap(Base):
    """How the user's own table is read, saved by name; ``spec`` is the generic source's."""

    __tablename__ = "column_map"
    chain_id: Mapped[ChainId]
    name: Mapped[str] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[Now]
