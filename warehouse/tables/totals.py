"""Store-days and store-months over all platforms and channels, and the version of the figures.

Most questions name no platform. Answered from these a month of a thousand stores is a fifth of the
rows that ``store_day`` has for five platforms.
"""

from datetime import date

from sqlalchemy import Integer, PrimaryKeyConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Count, Currency, Minor, Now, Tenant


class _Totals:
    """The sums of ``store_day``, platforms and channels added up."""

    chain_id: Mapped[Tenant]
    store_id: Mapped[int] = mapped_column(Integer)
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
    other: Mapped[Minor]
    vat: Mapped[Minor]
    franchised: Mapped[Minor]
    royalty: Mapped[Minor]


class StoreDayTotal(_Totals, Base):
    """All of a store's business date in one currency."""

    __tablename__ = "store_day_total"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "business_date", "store_id", "currency"),)
    business_date: Mapped[date]


class StoreMonthTotal(_Totals, Base):
    """All of a store's month in one currency; ``days`` is how many of its dates have data."""

    __tablename__ = "store_month_total"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "month", "store_id", "currency"),)
    month: Mapped[date]
    days: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class ChainVersion(Base):
    """Goes up with each change of what a ``part`` is made of: what is kept of it carries it."""

    __tablename__ = "chain_version"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "part"),)
    chain_id: Mapped[Tenant]
    part: Mapped[str] = mapped_column(Text, server_default=text("'figures'"))
    version: Mapped[Count]
    changed_at: Mapped[Now]
