"""Money on its way and plans for it: payouts, bank lines, matches, spend, expenses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import (
    Base,
    Blank,
    ChainId,
    Count,
    Currency,
    Hash128,
    Id,
    Minor,
    Now,
    Ref,
    Str,
    Tenant,
)

PLAN_STATES = ("waiting", "running", "done", "failed")


class Payout(Base):
    """What a platform paid out to the bank."""

    __tablename__ = "payout"
    __table_args__ = (UniqueConstraint("chain_id", "account_id", "external_id"),)
    chain_id: Mapped[ChainId]
    payout_id: Mapped[Id]
    account_id: Mapped[Ref]
    external_id: Mapped[Str]
    paid_on: Mapped[date]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    batch_id: Mapped[Ref]


class PayoutLine(Base):
    """A payment that a payout was made of."""

    __tablename__ = "payout_line"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "payout_id", "key"),)
    chain_id: Mapped[Tenant]
    payout_id: Mapped[Ref]
    key: Mapped[Hash128]
    amount: Mapped[Minor]


class BankLine(Base):
    """One line of a bank statement."""

    __tablename__ = "bank_line"
    __table_args__ = (UniqueConstraint("chain_id", "account_ref", "external_id"),)
    chain_id: Mapped[ChainId]
    bank_line_id: Mapped[Id]
    account_ref: Mapped[Str]
    external_id: Mapped[Str]
    booked_on: Mapped[date]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    text_: Mapped[Blank] = mapped_column("text")
    batch_id: Mapped[Ref]


class Match(Base):
    """A payout found on a bank statement; ``decided_by`` and ``reason`` where a person said so."""

    __tablename__ = "match"
    chain_id: Mapped[ChainId]
    match_id: Mapped[Id]
    payout_id: Mapped[Ref]
    bank_line_id: Mapped[Ref]
    amount: Mapped[Minor]
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[Blank]
    created_at: Mapped[Now]


class TieOutException(Base):
    """Money that does not tie out, until somebody settles it."""

    __tablename__ = "exception"
    chain_id: Mapped[ChainId]
    exception_id: Mapped[Id]
    kind: Mapped[Str]
    subject: Mapped[dict[str, Any]] = mapped_column(JSONB)
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    settled_by: Mapped[int | None] = mapped_column(BigInteger)
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[Blank]
    created_at: Mapped[Now]


class Campaign(Base):
    """What ran where and when."""

    __tablename__ = "campaign"
    __table_args__ = (UniqueConstraint("chain_id", "name"),)
    chain_id: Mapped[ChainId]
    campaign_id: Mapped[Id]
    name: Mapped[Str]
    mechanic: Mapped[Blank]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class Spend(Base):
    """Marketing money of one channel on one day; ``store_id`` 0 is the chain as a whole."""

    __tablename__ = "spend"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "day", "channel", "store_id", "campaign_id", "currency"),
    )
    chain_id: Mapped[Tenant]
    day: Mapped[date]
    channel: Mapped[Str]
    store_id: Mapped[Ref] = mapped_column(server_default=text("0"))
    campaign_id: Mapped[Ref] = mapped_column(server_default=text("0"))
    currency: Mapped[Currency]
    amount: Mapped[Minor]


class Expense(Base):
    """Rent, payroll, supplier bills: when due, how often."""

    __tablename__ = "expense"
    chain_id: Mapped[ChainId]
    expense_id: Mapped[Id]
    store_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[Str]
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    due_on: Mapped[date]
    recurrence: Mapped[Blank]


class BudgetPlan(Base):
    """Stored advice on the marketing budget, with the fingerprint of its inputs.

    It is asked for (waiting), made by a job (running), and done, or failed with a sentence.
    """

    __tablename__ = "budget_plan"
    __table_args__ = (CheckConstraint(f"state in {PLAN_STATES!r}", name="state"),)
    chain_id: Mapped[ChainId]
    plan_id: Mapped[Id]
    made_at: Mapped[Now]
    fingerprint: Mapped[Blank]
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    state: Mapped[Str] = mapped_column(server_default=text("'done'"))
    updated_at: Mapped[Now]
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class SiteInput(Base):
    """The last file of areas, competitors or candidates, as it was read: WGS-84, CSV in gzip."""

    __tablename__ = "site_input"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "kind"),
        CheckConstraint("kind in ('areas', 'competitors', 'candidates')", name="kind"),
    )
    chain_id: Mapped[Tenant]
    kind: Mapped[Str]
    file_name: Mapped[Blank]
    system: Mapped[str] = mapped_column(Text, server_default=text("'wgs84'"))
    row_count: Mapped[Count]
    content: Mapped[bytes] = mapped_column(BYTEA)
    kept_at: Mapped[Now]


class SiteMarket(Base):
    """How far the advice on sites is, and the market it was made with.

    ``fingerprint`` names the inputs of what is stored, ``assumed`` what a person said of costs.
    """

    __tablename__ = "site_market"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'running', 'done', 'failed')", name="state"),
    )
    chain_id: Mapped[ChainId]
    state: Mapped[str] = mapped_column(Text, server_default=text("'waiting'"))
    step: Mapped[Blank]
    asked_at: Mapped[Now]
    heard_at: Mapped[Now]
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fingerprint: Mapped[Blank]
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    assumed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    market: Mapped[bytes | None] = mapped_column(BYTEA)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class SiteSuggestion(Base):
    """Stored advice on where to open next, with the fingerprint of its inputs."""

    __tablename__ = "site_suggestion"
    chain_id: Mapped[ChainId]
    suggestion_id: Mapped[Id]
    made_at: Mapped[Now]
    fingerprint: Mapped[Str]
    lat: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    lon: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
