"""Bring a file of any known platform into canonical frames: find it, recognise it, read it."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from chain.errors import PermanentError
from etl.canonical import Bill
from etl.reading.bill import ReadBill
from etl.reading.columnmap import ColumnMapSpec
from etl.reading.dates import decided
from etl.reading.encodings import Blocks
from etl.reading.layout import Layout
from etl.reading.leaves import Leaf, leaves
from etl.reading.limits import LIMITS, Limits
from etl.reading.sheet import Sheet
from etl.reading.table import Delimited
from etl.sources import known_layouts

__all__ = ["LIMITS", "ColumnMapSpec", "Leaf", "Limits", "leaves", "open_bill"]

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class _Whole:
    """The progress of a workbook, which is read in one go."""

    def __init__(self, size: int) -> None:
        self.bytes_read = size


_Opened = tuple[Sheet | Delimited, Blocks | _Whole, BinaryIO]


def open_bill(
    leaf: Leaf,
    *,
    maps: Sequence[ColumnMapSpec] = (),
    hint: str | None = None,
    limits: Limits = LIMITS,
) -> Bill:
    """Recognise ``leaf`` by its header and return its bill, not yet read.

    ``maps`` are the user's own column maps; ``hint`` names the one source or map to try. Raises
    PermanentError: etl.empty_file, etl.unknown_layout(_near), etl.wrong_encoding,
    etl.line_too_long, etl.too_many_columns, etl.day_or_month, and for zips and workbooks those of
    their readers.
    """
    layouts = [one for one in known_layouts(maps) if hint in (None, one.source, one.name)]

    def table() -> _Opened:
        stream = leaf.open()
        with _closed_on_error(stream):
            return _recognise(leaf, stream, layouts, limits)

    found, progress, stream = table()
    if found.header.layout.undecided:
        # Whether the day or the month stands first is only known from the whole file.
        ahead, _, again = table()
        with again, _closed_on_error(stream):
            found.header = decided(ahead)
    return ReadBill(found, progress, stream)


@contextmanager
def _closed_on_error(stream: BinaryIO) -> Iterator[None]:
    """Close ``stream`` where what is done inside fails."""
    try:
        yield
    except BaseException:
        stream.close()
        raise


def _recognise(leaf: Leaf, stream: BinaryIO, layouts: Sequence[Layout], limits: Limits) -> _Opened:
    first = stream.read(limits.head)
    if not first.strip():
        raise PermanentError("etl.empty_file")
    if first.startswith(_WORKBOOKS):
        book = _in_memory(first, stream, limits)
        return Sheet(book, layouts, limits), _Whole(leaf.size), book
    blocks = Blocks(stream, first, limits.block)
    return Delimited(blocks, layouts, limits), blocks, stream


def _in_memory(first: bytes, stream: BinaryIO, limits: Limits) -> BinaryIO:
    with stream:
        content = first + stream.read(limits.workbook_bytes)
    if len(content) > limits.workbook_bytes:
        raise PermanentError("etl.workbook_large", limit=limits.workbook_bytes >> 20)
    return io.BytesIO(content)
