"""Many numbers in one row: a column as the bytes of its values, read into an array at once.

A number for each store and day as text costs more to read than to add up.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, LargeBinary, cast, func, literal, select

from warehouse.reads.context import Context

_NOTHING = literal(b"", LargeBinary)


def packed(
    values: ColumnElement[Any], send: Literal["int4send", "int8send", "float8send"]
) -> ColumnElement[bytes]:
    """Return an aggregate: the bytes of ``values`` one after another, in the order of the rows.

    Aggregates of one select see the rows in the same order, so that columns stay together.
    """
    return func.string_agg(getattr(func, send)(values), _NOTHING)


def integers(
    context: Context, columns: Mapping[str, ColumnElement[Any]]
) -> dict[str, NDArray[np.int64]]:
    """Return ``columns`` of one select as arrays by name; what is null is 0."""
    found = context.connection.execute(
        select(
            *(
                packed(func.coalesce(cast(each, BigInteger), 0), "int8send").label(name)
                for name, each in columns.items()
            )
        )
    ).one()
    return {
        name: np.frombuffer(part or b"", ">i8").astype(np.int64)
        for name, part in zip(columns, found, strict=True)
    }


def floats(part: bytes | None) -> NDArray[np.float64]:
    """Return the array of what ``packed(…, "float8send")`` gave."""
    return np.frombuffer(part or b"", ">f8").astype(np.float64)
