"""Alerts: rules in words, what fired and what was done, who is told, what is snoozed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chain.alerts import SEVERITIES
from warehouse.tables.base import Base, Blank, ChainId, Id, Instant, Now, Ref, Str, Tenant

NOTICE_STATES = ("waiting", "sending", "sent", "failed", "skipped")
_JSON = text("'{}'")


class AlertRule(Base):
    """A rule as somebody made it; ``spec`` is the sentence (chain.alerts.Rule).

    It is evaluated in the scope of ``user_id``. ``shared``: whoever may see what fires has it on
    the board. ``changed_at`` is from when on it stands as it is. ``origin`` names a rule that every
    chain starts with.
    """

    __tablename__ = "alert_rule"
    __table_args__ = (
        CheckConstraint(f"severity in {SEVERITIES!r}", name="severity"),
        Index(
            "alert_rule_chain_id_origin_key",
            "chain_id",
            "origin",
            unique=True,
            postgresql_where=text("origin <> ''"),
        ),
    )
    chain_id: Mapped[ChainId]
    rule_id: Mapped[Id]
    user_id: Mapped[Ref]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    severity: Mapped[Str] = mapped_column(server_default=text("'warning'"))
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    tell_users: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=_JSON)
    tell_robots: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=_JSON)
    quiet_from: Mapped[Blank]
    quiet_to: Mapped[Blank]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    origin: Mapped[Blank]
    made_at: Mapped[Now]
    changed_at: Mapped[Now]
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Alert(Base):
    """One event: what a rule found at a subject, from ``day`` on, over since ``until``.

    A subject is ``store:7``, ``region:2``, ``platform:alipay``, ``batch:9`` or ``chain``.

    ``store_ids`` are the stores that it tells about, null for the whole chain: who may see all of
    them may see it. ``facts`` are the figures of ``last_day``.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("chain_id", "rule_id", "subject", "day"),
        Index(
            "alert_chain_id_open_key",
            "chain_id",
            "rule_id",
            "subject",
            unique=True,
            postgresql_where=text("cleared_at is null"),
        ),
    )
    chain_id: Mapped[ChainId]
    alert_id: Mapped[Id]
    rule_id: Mapped[Ref]
    user_id: Mapped[Ref]
    subject: Mapped[Str]
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    day: Mapped[date]
    since: Mapped[date]
    last_day: Mapped[date]
    until: Mapped[date | None]
    late: Mapped[bool] = mapped_column(server_default=text("false"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    fired_at: Mapped[Now]
    cleared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cleared_why: Mapped[Blank]
    acked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acked_by: Mapped[int | None] = mapped_column(BigInteger)
    ack_note: Mapped[Blank]


class AlertNotice(Base):
    """That one receiver (``user:7``, ``robot:3``) is told of one alert; claimed before it is sent.

    Those of one message share a ``claim``, which is also the message's id.
    """

    __tablename__ = "alert_notice"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "alert_id", "receiver"),
        CheckConstraint(f"state in {NOTICE_STATES!r}", name="state"),
    )
    chain_id: Mapped[Tenant]
    alert_id: Mapped[Ref]
    receiver: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=text("'waiting'"))
    due_at: Mapped[Instant]
    claim: Mapped[Blank]
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)


class AlertSnooze(Base):
    """That a rule is silent until an instant, everywhere (``subject`` empty) or about one thing."""

    __tablename__ = "alert_snooze"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "rule_id", "subject"),)
    chain_id: Mapped[Tenant]
    rule_id: Mapped[Ref]
    subject: Mapped[Str]
    until: Mapped[Instant]
    made_by: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[Now]


class AlertWatch(Base):
    """What the rules of a chain were last evaluated on, so that nothing is done for nothing."""

    __tablename__ = "alert_watch"
    chain_id: Mapped[ChainId]
    seen: Mapped[Blank]
    watched_at: Mapped[Now]
