"""What every table shares: the metadata, its naming rule, and column shorthands."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)


class Base(DeclarativeBase):
    """Every mapped table; ``info={"tenant": False}`` marks the few outside row-level security."""

    metadata = metadata


ChainId = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
"""The tenant; first in every primary key and unique constraint, so that Citus can distribute."""
Tenant = Annotated[int, mapped_column(BigInteger)]
"""The same, in a table that names its primary key itself."""
Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Ref = Annotated[int, mapped_column(BigInteger)]
Minor = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
"""Money in minor units of the row's currency."""
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
Currency = Annotated[str, mapped_column(Text)]
Hash128 = Annotated[str, mapped_column(UUID(as_uuid=False))]
"""A 128-bit hash, kept in PostgreSQL's 16-byte uuid type."""
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Str = Annotated[str, mapped_column(Text)]
Blank = Annotated[str, mapped_column(Text, server_default=text("''"))]
