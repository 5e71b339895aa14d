"""The business: chain, regions, stores, merchant accounts, and which place is which store."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Blank, ChainId, Currency, Id, Instant, Minor, Now, Ref, Str


class Chain(Base):
    """A business with many stores: the tenant. ``guide``: see warehouse.chains.GUIDE.

    Digests go to addresses of ``mail_domains`` alone; to all where there is none.
    """

    __tablename__ = "chain"
    chain_id: Mapped[Id]
    name: Mapped[Str]
    currency: Mapped[Currency]
    time_zone: Mapped[Str]
    country: Mapped[Str] = mapped_column(server_default=text("'CN'"))
    lang: Mapped[Str] = mapped_column(server_default=text("'en'"))
    created_at: Mapped[Now]
    fiscal: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """How it cuts its years, as ``chain.fiscal`` stores it; empty is the calendar year."""
    guide: Mapped[Blank]
    mail_domains: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class Region(Base):
    """A group of stores that somebody answers for."""

    __tablename__ = "region"
    __table_args__ = (UniqueConstraint("chain_id", "name"),)
    chain_id: Mapped[ChainId]
    region_id: Mapped[Id]
    name: Mapped[Str]
    name_en: Mapped[Blank]


class Store(Base):
    """One store. ``unassigned`` marks the chain's store for money that is bound to none."""

    __tablename__ = "store"
    __table_args__ = (
        UniqueConstraint("chain_id", "code"),
        Index("store_unassigned_idx", "chain_id", unique=True, postgresql_where=text("unassigned")),
        CheckConstraint("cutover_hour between 0 and 12", name="cutover_hour"),
        CheckConstraint("lat between -90 and 90 and lon between -180 and 180", name="place"),
    )
    chain_id: Mapped[ChainId]
    store_id: Mapped[Id]
    code: Mapped[Str]
    name: Mapped[Str]
    name_en: Mapped[Blank]
    sort_key: Mapped[Blank]
    """Pinyin of the name: the embedded server has no Chinese collation."""
    city: Mapped[Blank]
    city_en: Mapped[Blank]
    region_id: Mapped[int | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    area_sqm: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    monthly_rent: Mapped[Minor | None]
    time_zone: Mapped[Str]
    cutover_hour: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    unassigned: Mapped[bool] = mapped_column(server_default=text("false"))


class Account(Base):
    """One merchant account at one platform; ``ref`` is the platform's own number for it.

    For a personal account, whose name is a phone number or an address, ``ref`` is a keyed hash and
    ``label`` is masked.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("chain_id", "platform", "ref"),)
    chain_id: Mapped[ChainId]
    account_id: Mapped[Id]
    platform: Mapped[Str]
    ref: Mapped[Str]
    label: Mapped[Blank]


class Place(Base):
    """Where a platform says money was taken: its store, terminal and operator ids, as stated."""

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("chain_id", "account_id", "store_ref", "terminal_ref", "operator_ref"),
    )
    chain_id: Mapped[ChainId]
    place_id: Mapped[Id]
    account_id: Mapped[Ref]
    store_ref: Mapped[Blank]
    terminal_ref: Mapped[Blank]
    operator_ref: Mapped[Blank]
    label: Mapped[Blank]
    """The store's name as the platform writes it; a hint for whoever binds the place."""
    batch_id: Mapped[Ref]
    """The import that first named it; 0 where it was set up by hand."""


class StoreBinding(Base):
    """From ``from_date`` on, what carries ``ref`` was taken by ``store_id``.

    ``ref_kind`` is terminal, operator, store or account, the narrowest winning. ``from_at`` is the
    instant at which ``from_date`` starts at that store; a binding with no date holds from ever.
    """

    __tablename__ = "store_binding"
    __table_args__ = (
        UniqueConstraint("chain_id", "account_id", "ref_kind", "ref", "from_at"),
        CheckConstraint(
            "ref_kind in ('terminal', 'operator', 'store', 'account')", name="ref_kind"
        ),
    )
    chain_id: Mapped[ChainId]
    binding_id: Mapped[Id]
    account_id: Mapped[Ref]
    ref_kind: Mapped[Str]
    ref: Mapped[Str]
    store_id: Mapped[Ref]
    from_at: Mapped[Instant] = mapped_column(server_default=text("'0001-01-01 00:00+00'"))
    created_at: Mapped[Now]
    created_by: Mapped[int | None]
    """Who bound it; 0 where the place bound itself, by the store's code or name."""


class VatRateRow(Base):
    """From ``from_date`` on, prices hold tax at ``rate``; store 0 is the whole chain."""

    __tablename__ = "vat_rate"
    __table_args__ = (CheckConstraint("rate >= 0 and rate < 1", name="rate"),)
    chain_id: Mapped[ChainId]
    store_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    from_date: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(6, 5))


class StoreTermsRow(Base):
    """From ``from_date`` on, whose a store is, and what a franchised one owes."""

    __tablename__ = "store_terms"
    __table_args__ = (
        CheckConstraint("ownership in ('owned', 'franchised')", name="ownership"),
        CheckConstraint(
            "royalty_rate >= 0 and royalty_rate < 1 and royalty_minimum >= 0", name="royalty"
        ),
    )
    chain_id: Mapped[ChainId]
    store_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    from_date: Mapped[date] = mapped_column(primary_key=True)
    ownership: Mapped[Str]
    royalty_rate: Mapped[Decimal] = mapped_column(Numeric(6, 5), server_default=text("0"))
    royalty_minimum: Mapped[Minor]


class FxRate(Base):
    """From ``from_date`` on, one major unit of ``currency`` is ``rate`` of the chain's currency."""

    __tablename__ = "fx_rate"
    chain_id: Mapped[ChainId]
    currency: Mapped[Str] = mapped_column(primary_key=True)
    from_date: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 8))
