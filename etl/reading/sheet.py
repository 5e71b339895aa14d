"""Read a workbook's sheet with the same declarations as a delimited file.

The reader holds one sheet in memory, so a workbook is measured first, without trusting what it
says of itself: how large its sheets unpack, and how many cells they span.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import IO, BinaryIO

import polars as pl
import python_calamine as calamine

from chain.errors import PermanentError
from etl.reading.encodings import Carrier
from etl.reading.head import Header, find_header
from etl.reading.layout import Layout
from etl.reading.limits import Limits
from etl.reading.mask import mask
from etl.reading.table import RAW_LENGTH, Batch

_CELL = re.compile(rb'\br="([A-Z]{0,3})(\d{1,7})"')
_COMPOUND, _LOCKED = b"\xd0\xcf\x11\xe0", "EncryptedPackage".encode("utf-16-le")
"""How a compound file starts, and the name of its stream when a workbook has a password."""
_ROWS = 50_000
_SAFE_INTEGER = 10**15
Row = list[str]


class Sheet:
    """The sheet of a workbook that has a known header."""

    carrier = Carrier(None)

    def __init__(self, stream: BinaryIO, layouts: Sequence[Layout], limits: Limits) -> None:
        measure(stream, limits)
        self.outside: list[str] = []
        self._limits = limits
        try:
            self._book = calamine.CalamineWorkbook.from_filelike(stream)
            self.header, self._rows = self._choose(layouts)
        except calamine.PasswordError as error:
            raise PermanentError("etl.workbook_encrypted") from error
        except calamine.CalamineError as error:
            raise PermanentError("etl.workbook_damaged") from error

    def _choose(self, layouts: Sequence[Layout]) -> tuple[Header, Iterator[Row]]:
        """Return the sheet whose header is known best, left standing after its header."""
        refused: PermanentError | None = None
        for name in self._book.sheet_names:
            fitting = [one for one in layouts if not one.sheets or name in one.sheets]
            rows = self._texts(name)
            head = list(islice(rows, self._limits.head_lines))
            try:
                header = find_header((("", _bare(row)) for row in head), fitting)
            except PermanentError as error:
                if refused is None or refused.key == "etl.empty_file":
                    refused = error
                continue
            self.outside += [" ".join(filter(None, row)) for row in head[: header.line - 1]]
            return header, _chain(head[header.line :], rows)
        raise refused or PermanentError("etl.empty_file")

    def _texts(self, name: str) -> Iterator[Row]:
        sheet = self._book.get_sheet_by_name(name)
        # Rows above the first filled one are left out by the reader; lines must still count them.
        above = sheet.start[0] if sheet.start else 0
        yield from ([] for _ in range(above))
        for row in sheet.iter_rows():
            yield [cell_text(cell) for cell in row]

    def batches(self, wanted: Sequence[int]) -> Iterator[Batch]:
        """Yield the sheet's cells in the columns ``wanted``; see Delimited.batches."""
        line, ends = self.header.line + 1, self.header.layout.ends
        names = [f"c{index}" for index in wanted]
        while rows := list(islice(self._rows, _ROWS)):
            stop = next((i for i, row in enumerate(rows) if _first(row).startswith(ends)), None)
            if not ends:
                stop = None
            body = rows if stop is None else rows[:stop]
            kept = [(line + i, row) for i, row in enumerate(body) if any(row)]
            cells = {
                name: [row[index] if index < len(row) else "" for _, row in kept]
                for name, index in zip(names, wanted, strict=True)
            }
            frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String()))
            lines = pl.Series([number for number, _ in kept], dtype=pl.Int64)
            yield Batch(frame, lines, _raw(kept))
            line += len(rows)
            if stop is not None:
                left = islice(self._rows, self._limits.head_lines)
                self.outside += [_line(row) for row in [*rows[stop:], *left]]
                return
        if self.header.layout.closed:
            raise PermanentError("etl.truncated", line=line)


def _chain(head: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from head
    yield from rest


def _bare(row: Row) -> tuple[str, ...]:
    return tuple(cell.strip('\ufeff\u3000 \t\r\n`"') for cell in row)


def _line(row: Row) -> str:
    """Return a row below the table as a CSV would have it: what its cells mean hangs on place."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def _first(row: Row) -> str:
    return row[0] if row else ""


def _raw(kept: list[tuple[int, Row]]) -> Callable[[int], str]:
    return lambda index: mask(",".join(kept[index][1])[:RAW_LENGTH])


def cell_text(cell: object) -> str:
    """Return a cell as the text a CSV of the same sheet would have.

    A number of more than 15 digits has lost some in the spreadsheet, so it is written as a float
    and an id column refuses it.
    """
    if isinstance(cell, str):
        return cell.replace("\0", "\ufffd")
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, bool | date):
        return str(cell)
    if isinstance(cell, int | float):
        if abs(cell) >= _SAFE_INTEGER:
            return f"{cell:.14E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    return str(cell)


def measure(stream: BinaryIO, limits: Limits) -> None:
    """Refuse a workbook that would unpack to more than ``limits`` allow; leaves stream at 0.

    Raises PermanentError (etl.workbook_damaged, etl.workbook_encrypted, etl.zip_bomb,
    etl.too_many_columns).
    """
    stream.seek(0)
    start = stream.read(4)
    if start == _COMPOUND and _LOCKED in stream.read():
        raise PermanentError("etl.workbook_encrypted")
    if start == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(stream) as archive:
                _measure(archive, limits)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise PermanentError("etl.workbook_damaged") from error
        except RuntimeError as error:
            raise PermanentError("etl.workbook_encrypted") from error
    stream.seek(0)


def _measure(archive: zipfile.ZipFile, limits: Limits) -> None:
    members = archive.infolist()
    if len(members) > limits.zip_members:
        raise PermanentError("etl.zip_many", limit=limits.zip_members)
    total = 0
    for member in members:
        width = height = 0
        tail = b""
        # What unpacks is counted, whatever the directory of the archive claims.
        member.file_size = max(member.file_size, limits.sheet_bytes + 1)
        with archive.open(member) as part:
            while piece := _read(part):
                total += len(piece)
                if total > limits.sheet_bytes:
                    raise PermanentError("etl.zip_bomb", limit=limits.sheet_bytes >> 20)
                if "/worksheets/" not in member.filename:
                    continue
                for column, row in _CELL.findall(tail + piece):
                    width, height = max(width, _number(column)), max(height, int(row))
                tail = piece[-16:]
        if width > limits.columns:
            raise PermanentError("etl.too_many_columns", line=1, limit=limits.columns)
        if width * height > limits.sheet_cells:
            raise PermanentError("etl.sheet_too_large", limit=limits.sheet_cells)


def _read(part: IO[bytes]) -> bytes:
    return part.read(1 << 20)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
