"""People and what they may see. What is needed before a chain is known lives in ``directory``."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chain.roles import ROLES
from warehouse.tables.base import Base, Blank, ChainId, Count, Id, Instant, Now, Ref, Str, Tenant

DIRECTORY = {"schema": "directory", "info": {"tenant": False}}


class AppUser(Base):
    """A person who logs in. An empty ``password_hash`` fits no password.

    ``totp_secret`` is encrypted; ``totp_step`` is the last time step whose code was used.
    ``oidc_subject`` is who this is at the provider of single sign-on. ``mail_refused_at`` is when a
    mail server said for good that it takes no mail for them, and ``mail_refused_why`` its words.
    """

    __tablename__ = "app_user"
    __table_args__ = (
        Index("app_user_email_key", text("lower(email)"), unique=True),
        Index("app_user_oidc_subject_key", "oidc_subject", unique=True),
        DIRECTORY,
    )
    user_id: Mapped[Id]
    email: Mapped[Str]
    name: Mapped[Blank]
    lang: Mapped[Str] = mapped_column(server_default=text("'en'"))
    password_hash: Mapped[Str]
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Now]
    totp_secret: Mapped[str | None] = mapped_column(Text)
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    oidc_subject: Mapped[str | None] = mapped_column(Text)
    mail_refused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    mail_refused_why: Mapped[Blank]


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
    made_at: Mapped[Now]
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Session(Base):
    """A log-in of one browser; the cookie holds the token, here is its hash."""

    __tablename__ = "session"
    __table_args__ = (
        Index("session_token_hash_key", "token_hash", unique=True),
        Index("session_user_id_idx", "user_id"),
        DIRECTORY,
    )
    session_id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(BYTEA)
    user_id: Mapped[Ref]
    chain_id: Mapped[Ref]
    device: Mapped[Blank]
    address: Mapped[Blank]
    made_at: Mapped[Now]
    seen_at: Mapped[Now]
    ends_at: Mapped[Instant]


class Invitation(Base):
    """Somebody who may join a chain by the link that was sent; gone once they did."""

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint(f"role in {ROLES!r}", name="role"),
        Index("invitation_email_key", "chain_id", text("lower(email)"), unique=True),
        Index("invitation_token_hash_key", "token_hash", unique=True),
        DIRECTORY,
    )
    invitation_id: Mapped[Id]
    chain_id: Mapped[Ref]
    email: Mapped[Str]
    name: Mapped[Blank]
    lang: Mapped[Str] = mapped_column(server_default=text("'en'"))
    role: Mapped[Str]
    region_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    invited_by: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[Now]
    ends_at: Mapped[Instant]
    token_hash: Mapped[bytes | None] = mapped_column(BYTEA)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error_key: Mapped[Blank]


class PasswordReset(Base):
    """The one link by which a person may choose a new password; gone once they did."""

    __tablename__ = "password_reset"
    __table_args__ = (
        Index("password_reset_token_hash_key", "token_hash", unique=True),
        DIRECTORY,
    )
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    made_at: Mapped[Now]
    ends_at: Mapped[Instant]
    token_hash: Mapped[bytes | None] = mapped_column(BYTEA)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error_key: Mapped[Blank]


class RecoveryCode(Base):
    """A code that stands in once for the second factor."""

    __tablename__ = "recovery_code"
    __table_args__ = (DIRECTORY,)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code_hash: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)


class ApiToken(Base):
    """A secret by which a program reads; ``scopes`` say what, regions and stores of which stores.

    It never sees more than ``user_id``, who made it, sees at that moment. ``prefix`` is how its
    owner recognises it.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        Index("api_token_token_hash_key", "token_hash", unique=True),
        Index("api_token_chain_id_idx", "chain_id", "user_id"),
        DIRECTORY,
    )
    token_id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(BYTEA)
    prefix: Mapped[Str]
    chain_id: Mapped[Ref]
    user_id: Mapped[Ref]
    name: Mapped[Str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    region_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    made_at: Mapped[Now]
    ends_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DirectoryChain(Base):
    """The chains there are: what a job that serves all of them walks over."""

    __tablename__ = "chain"
    __table_args__ = (DIRECTORY,)
    chain_id: Mapped[ChainId]
    name: Mapped[Str]


class ChainRemoval(Base):
    """A chain that is to be removed, or was: this row is all that stays of it."""

    __tablename__ = "chain_removal"
    __table_args__ = (DIRECTORY,)
    chain_id: Mapped[ChainId]
    asked_at: Mapped[Now]
    asked_by: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[Instant]
    begun_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    row_count: Mapped[Count]
    file_count: Mapped[Count]


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
