"""Payments: the current version, the versions that lost, where each version was seen again."""

from datetime import date

from sqlalchemy import BigInteger, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import (
    Base,
    Blank,
    Currency,
    Hash128,
    Instant,
    Minor,
    Now,
    Ref,
    Str,
    Tenant,
)

KINDS = (
    "sale",
    "refund",
    "fee",
    "chargeback",
    "reserve",
    "release",
    "adjustment",
    "topup",
    "voucher",
)


class _Version:
    """One version of a money movement, as a platform stated it.

    ``key`` hashes the identity (platform, account ref, external_id, kind, part), which stands
    beside it; ``content_hash`` covers what the platform stated of amounts, time, method and place.
    ``store_id`` and ``business_date`` are derived, and change by re-binding.
    """

    chain_id: Mapped[Tenant]
    key: Mapped[Hash128]
    content_hash: Mapped[Hash128]
    occurred_at: Mapped[Instant]
    batch_id: Mapped[Ref]
    rank_at: Mapped[Instant]
    gross: Mapped[Minor]
    platform_subsidy: Mapped[Minor]
    merchant_subsidy: Mapped[Minor]
    fee: Mapped[Minor]
    net: Mapped[Minor]
    account_id: Mapped[int] = mapped_column(Integer)
    place_id: Mapped[int] = mapped_column(Integer)
    store_id: Mapped[int] = mapped_column(Integer)
    business_date: Mapped[date]
    payer_hash: Mapped[Hash128 | None]
    platform: Mapped[Str]
    kind: Mapped[Str]
    currency: Mapped[Currency]
    external_id: Mapped[Str]
    part: Mapped[Blank]
    method: Mapped[Blank]
    channel: Mapped[Blank]
    via: Mapped[Blank]
    """The platform that really moved the money, where a till or a marketplace reports it."""
    order_ref: Mapped[Blank]
    original_external_id: Mapped[Blank]


class Payment(_Version, Base):
    """The current version of one money movement."""

    __tablename__ = "payment"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "key"),
        Index(
            "payment_business_date_idx",
            "business_date",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32},
        ),
        Index("payment_via_idx", "chain_id", "business_date", postgresql_where=text("via <> ''")),
    )


class PaymentHistory(_Version, Base):
    """A version that lost, early or late. By month of ``occurred_at``, which the content fixes."""

    __tablename__ = "payment_history"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "key", "content_hash", "occurred_at"),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )
    lost_at: Mapped[Now]
    lost_to_batch: Mapped[int | None] = mapped_column(BigInteger)


class PaymentSighting(Base):
    """A known version that a later batch stated again.

    It may raise the version's rank, and keeps it alive when the batch that brought it is undone.
    """

    __tablename__ = "payment_sighting"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "key", "content_hash", "batch_id"),
        Index("payment_sighting_batch_idx", "batch_id", postgresql_using="brin"),
    )
    chain_id: Mapped[Tenant]
    key: Mapped[Hash128]
    content_hash: Mapped[Hash128]
    batch_id: Mapped[Ref]
    rank_at: Mapped[Instant]


class PaymentTwin(Base):
    """A payment that is the same money as ``twin_key`` seen through another source: not counted."""

    __tablename__ = "payment_twin"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "key"),
        Index("payment_twin_day_idx", "chain_id", "business_date", "store_id"),
    )
    chain_id: Mapped[Tenant]
    key: Mapped[Hash128]
    twin_key: Mapped[Hash128]
    store_id: Mapped[int] = mapped_column(Integer)
    business_date: Mapped[date]


class _Sums:
    """Sums over counted payments, in minor units of ``currency``; refunds as positive amounts."""

    chain_id: Mapped[Tenant]
    store_id: Mapped[int] = mapped_column(Integer)
    platform: Mapped[Str]
    channel: Mapped[Str]
    currency: Mapped[Currency]
    gross: Mapped[Minor]
    orders: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refund: Mapped[Minor]
    refunds: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    platform_subsidy: Mapped[Minor]
    merchant_subsidy: Mapped[Minor]
    fee: Mapped[Minor]
    net: Mapped[Minor]
    prepaid: Mapped[Minor]
    """Stored value topped up and vouchers sold: money taken, not revenue."""
    other: Mapped[Minor]
    """Chargebacks, reserves, releases and adjustments, net."""
    vat: Mapped[Minor]
    """Tax within net sales, rounded by row of ``store_day`` (chain.terms)."""
    franchised: Mapped[Minor]
    """Net sales of days on which the store was franchised."""
    royalty: Mapped[Minor]
    """What is owed for them at the day's rate."""


class StoreDay(_Sums, Base):
    """Sums of one business date; date first, as most reads ask for all stores of a period."""

    __tablename__ = "store_day"
    __table_args__ = (
        PrimaryKeyConstraint(
            "chain_id", "business_date", "store_id", "platform", "channel", "currency"
        ),
    )
    business_date: Mapped[date]


class StoreMonth(_Sums, Base):
    """Sums of one month; ``month`` is its first day."""

    __tablename__ = "store_month"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "month", "store_id", "platform", "channel", "currency"),
    )
    month: Mapped[date]


class StoreHour(Base):
    """Sales by local hour of the day, for the heat map of a store."""

    __tablename__ = "store_hour"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "business_date", "store_id", "hour", "currency"),
    )
    chain_id: Mapped[Tenant]
    business_date: Mapped[date]
    store_id: Mapped[int] = mapped_column(Integer)
    hour: Mapped[int] = mapped_column(Integer)
    currency: Mapped[Currency]
    gross: Mapped[Minor]
    orders: Mapped[int] = mapped_column(Integer, server_default=text("0"))
