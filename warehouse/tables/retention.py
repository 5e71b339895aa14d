"""What a chain says of how long personal data is kept."""

from sqlalchemy import BigInteger, CheckConstraint, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, ChainId, Now


class Retention(Base):
    """The days that one kind of personal data (chain.retention) is kept in this chain."""

    __tablename__ = "retention"
    __table_args__ = (CheckConstraint("days > 0", "days"),)
    chain_id: Mapped[ChainId]
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    days: Mapped[int] = mapped_column(Integer)
    set_by: Mapped[int | None] = mapped_column(BigInteger)
    set_at: Mapped[Now]
