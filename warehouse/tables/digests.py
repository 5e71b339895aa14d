"""Digests: who gets which at what hour, and what became of each."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Time, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, SMALLINT
from sqlalchemy.orm import Mapped, mapped_column

from chain.schedule import RHYTHMS
from warehouse.tables.base import Base, Blank, ChainId, Id, Instant, Now, Ref, Str
from warehouse.tables.people import DIRECTORY

PLATFORMS = ("wecom", "dingtalk", "feishu")
DELIVERY_STATES = ("waiting", "sending", "sent", "unchanged", "late", "unsure", "failed")
_JSON = text("'{}'")


class Subscription(Base):
    """A digest that a person gets, in their scope: by mail, or a group of theirs by its robot.

    ``robot_id`` None: by mail. ``token`` is in the link that ends it. Nothing due before ``since``
    is sent. ``paused_key`` and ``paused_params`` say why it rests, where no person paused it.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint(f"kind in {RHYTHMS!r}", name="kind"),
        Index("subscription_chain_id_user_id_idx", "chain_id", "user_id"),
    )
    chain_id: Mapped[ChainId]
    subscription_id: Mapped[Id]
    user_id: Mapped[Ref]
    kind: Mapped[Str]
    lang: Mapped[Str] = mapped_column(server_default=text("'en'"))
    time_zone: Mapped[Str]
    at: Mapped[time] = mapped_column(Time)
    weekdays: Mapped[list[int]] = mapped_column(
        ARRAY(SMALLINT), server_default=text("'{0,1,2,3,4,5,6}'")
    )
    month_day: Mapped[int] = mapped_column(SMALLINT, server_default=text("1"))
    only_changed: Mapped[bool] = mapped_column(server_default=text("false"))
    robot_id: Mapped[int | None] = mapped_column(BigInteger)
    token: Mapped[Str]
    since: Mapped[Now]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    paused_key: Mapped[Blank]
    paused_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    made_at: Mapped[Now]


class Robot(Base):
    """A group of WeCom, DingTalk or Feishu that digests and alerts can be written into.

    ``webhook`` is its address with the secret that signs, sealed (warehouse.robots).
    """

    __tablename__ = "robot"
    __table_args__ = (CheckConstraint(f"platform in {PLATFORMS!r}", name="platform"),)
    chain_id: Mapped[ChainId]
    robot_id: Mapped[Id]
    user_id: Mapped[Ref]
    platform: Mapped[Str]
    name: Mapped[Str]
    webhook: Mapped[Str]
    made_at: Mapped[Now]


class Delivery(Base):
    """One digest for one period (its first day); claimed before anything is sent (ADR 23).

    ``asked_by`` is who asked for it beside the schedule, for a ``test`` or one more time. It is
    tried at ``next_at`` and was claimed last at ``claimed_at``.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(f"state in {DELIVERY_STATES!r}", name="state"),
        Index(
            "delivery_once_key",
            "chain_id",
            "subscription_id",
            "period",
            unique=True,
            postgresql_where=text("asked_by is null"),
        ),
        Index(
            "delivery_waiting_idx",
            "chain_id",
            "next_at",
            postgresql_where=text("state in ('waiting', 'sending')"),
        ),
        Index("delivery_made_at_idx", "chain_id", "made_at"),
    )
    chain_id: Mapped[ChainId]
    delivery_id: Mapped[Id]
    subscription_id: Mapped[Ref]
    period: Mapped[date]
    state: Mapped[Str]
    asked_by: Mapped[int | None] = mapped_column(BigInteger)
    test: Mapped[bool] = mapped_column(server_default=text("false"))
    due_at: Mapped[Instant]
    next_at: Mapped[Instant]
    made_at: Mapped[Now]
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    receiver: Mapped[Blank]
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    fingerprint: Mapped[Blank]
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)


class Unsubscribe(Base):
    """What the link in a digest ends, by the hash of its token: asked before anybody is known."""

    __tablename__ = "unsubscribe"
    __table_args__ = (DIRECTORY,)
    token_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    chain_id: Mapped[Ref]
    subscription_id: Mapped[Ref]
