"""Exports that jobs make."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, Time, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chain.schedule import RHYTHMS
from warehouse.tables.base import Base, Blank, ChainId, Count, Id, Now, Ref, Str

MAIL_STATES = ("", "waiting", "sending", "sent", "failed")
EXPORT_STATES = ("waiting", "running", "done", "failed", "expired")
_JSON = text("'{}'")


class Export(Base):
    """One file that a person asked for: the choice, the scope it was asked in, how far it is.

    ``query`` is the choice with its dates; ``parts`` are the stores it is made of, set
    once. The file is removed at ``expires_at``. One of a schedule is made once for ``due_on``, the
    local date on which it is due, and told by mail once (``mail``).
    """

    __tablename__ = "export"
    __table_args__ = (
        CheckConstraint(f"state in {EXPORT_STATES!r}", name="state"),
        CheckConstraint(f"mail in {MAIL_STATES!r}", name="mail"),
        Index(
            "export_once_key",
            "chain_id",
            "schedule_id",
            "due_on",
            unique=True,
            postgresql_where=text("schedule_id is not null"),
        ),
    )
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
    schedule_id: Mapped[int | None] = mapped_column(BigInteger)
    due_on: Mapped[date | None]
    mail: Mapped[Blank]
    mail_claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExportSchedule(Base):
    """An export that is made again and again for its owner, in the scope that they have then.

    ``choice`` is what it shows but for the days, which ``span`` says and the date it is due on;
    ``at`` is the local time of the chain. Nothing due before ``since`` is made.
    """

    __tablename__ = "export_schedule"
    __table_args__ = (CheckConstraint(f"rhythm in {RHYTHMS!r}", name="rhythm"),)
    chain_id: Mapped[ChainId]
    schedule_id: Mapped[Id]
    user_id: Mapped[Ref]
    what: Mapped[Str]
    choice: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    span: Mapped[Str]
    rhythm: Mapped[Str]
    at: Mapped[time] = mapped_column(Time)
    weekday: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    month_day: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    lang: Mapped[Str]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    since: Mapped[Now]
    made_at: Mapped[Now]
