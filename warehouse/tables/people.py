"""People and what they may see. What is needed before a chain is known lives in ``directory``."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Blank, ChainId, Id, Instant, Now, Ref, Str, Tenant

ROLES = ("owner", "finance", "regional", "store", "viewer")
DIRECTORY = {"schema": "directory", "info": {"tenant": False}}


class AppUser(Base):
    """A person who logs in; ``session_epoch`` goes up to end all of their sessions."""

    __tablename__ = "app_user"
    __table_args__ = (
        Index("app_user_email_key", text("lower(email)"), unique=True),
        DIRECTORY,
    )
    user_id: Mapped[Id]
    email: Mapped[Str]
    name: Mapped[Blank]
    lang: Mapped[Str] = mapped_column(server_default=text("'en'"))
    password_hash: Mapped[Str]
    session_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Now]


class Membership(Base):
    """What a person is in a chain; regions and stores bound the scope of the narrower roles."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(f"role in {ROLES!r}", name="role"),
        DIRECTORY,
    )
    chain_id: Mapped[ChainId]
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    role: Mapped[Str]
    region_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class DirectoryChain(Base):
    """The chains there are: what a job that serves all of them walks over."""

    __tablename__ = "chain"
    __table_args__ = (DIRECTORY,)
    chain_id: Mapped[ChainId]
    name: Mapped[Str]


class Subscription(Base):
    """A digest that a person gets."""

    __tablename__ = "subscription"
    chain_id: Mapped[ChainId]
    subscription_id: Mapped[Id]
    user_id: Mapped[Ref]
    kind: Mapped[Str]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))


class Delivery(Base):
    """One digest for one period; the row is claimed before anything is sent."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("chain_id", "subscription_id", "period"),)
    chain_id: Mapped[ChainId]
    delivery_id: Mapped[Id]
    subscription_id: Mapped[Ref]
    period: Mapped[date]
    state: Mapped[Str]
    claimed_at: Mapped[Now]
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AuditLog(Base):
    """Who changed what; append-only, by month."""

    __tablename__ = "audit_log"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "audit_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )
    chain_id: Mapped[Tenant]
    audit_id: Mapped[int] = mapped_column(BigInteger, Identity())
    at: Mapped[Instant] = mapped_column(server_default=text("now()"))
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[Str]
    subject: Mapped[Blank]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
