"""Exports that jobs make."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Blank, ChainId, Count, Id, Now, Ref, Str

EXPORT_STATES = ("waiting", "running", "done", "failed", "expired")
_JSON = text("'{}'")


class Export(Base):
    """One file that a person asked for: the choice, the scope it was asked in, how far it is.

    ``query`` is the choice with its dates; ``parts`` are the stores it is made of, set
    once. The file is removed at ``expires_at``.
    """

    __tablename__ = "export"
    __table_args__ = (CheckConstraint(f"state in {EXPORT_STATES!r}", name="state"),)
    chain_id: Mapped[ChainId]
    export_id: Mapped[Id]
    user_id: Mapped[Ref]
    role: Mapped[Str]
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    what: Mapped[Str]
    query: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    parts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    lang: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=text("'waiting'"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    file_name: Mapped[Blank]
    size_bytes: Mapped[Count]
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    request_id: Mapped[Blank]
    made_at: Mapped[Now]
    updated_at: Mapped[Now]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
