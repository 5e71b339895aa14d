"""A recognised file, read from front to back into canonical chunks."""

import re
import weakref
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

from chain.errors import PermanentError
from etl.canonical import Chunk, ControlTotal, Statement
from etl.reading.encodings import Carrier
from etl.reading.head import Header, cells_of
from etl.reading.layout import Layout, Total
from etl.reading.mask import mask
from etl.reading.rows import RowMaker
from etl.reading.table import Batch

_STAMPS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y年%m月%d日",
)


class Table(Protocol):
    """What a delimited file and a sheet have in common."""

    header: Header
    carrier: Carrier
    outside: list[str]

    def batches(self, wanted: Sequence[int]) -> Iterator[Batch]:
        """Yield raw cells."""
        ...


class Progress(Protocol):
    """How far a file has been read."""

    bytes_read: int


class ReadBill:
    """A bill of one known layout; implements etl.canonical.Bill."""

    def __init__(self, table: Table, progress: Progress, stream: BinaryIO) -> None:
        layout: Layout = table.header.layout
        self._table, self._progress, self._layout = table, progress, layout
        self.source, self.platform, self.layout = layout.source, layout.platform, layout.name
        self.rival = layout.rival
        self.statement = Statement(personal=layout.personal)
        self._close = weakref.finalize(self, stream.close)
        self._hear()
        refs = list(self.statement.account_refs)
        self._rows = RowMaker(table.header, table.carrier, refs[0] if refs else "")

    def chunks(self) -> Iterator[Chunk]:
        """Yield the bill's rows; then the statement is complete. May be read once."""
        try:
            for batch in self._table.batches(self._rows.wanted):
                chunk = self._rows.chunk(batch, self._progress.bytes_read)
                for ref in chunk.rows["account_ref"].unique():
                    self.statement.account_refs.setdefault(ref, mask(ref))
                yield chunk
        finally:
            self._close()
        self._hear()
        self.statement.totals = list(self._totals())

    def _hear(self) -> None:
        """Take from the lines outside the table what they say of account and period."""
        text, heard = "\n".join(self._table.outside), {}
        for pattern in self._layout.says:
            if match := re.search(pattern, text):
                heard.update({key: word.strip() for key, word in match.groupdict("").items()})
        statement = self.statement
        if ref := heard.get("account"):
            shown = heard.get("label", ref)
            statement.account_refs.setdefault(
                ref, _veil(shown) if statement.personal else mask(shown)
            )
        statement.exported_at = self._stamp(heard.get("exported")) or statement.exported_at
        statement.period_start = self._stamp(heard.get("start")) or statement.period_start
        statement.period_end = self._stamp(heard.get("end")) or statement.period_end

    def _stamp(self, word: str | None) -> datetime | None:
        zone = ZoneInfo(self._layout.zone)
        for form in _STAMPS if word else ():
            try:
                local = datetime.strptime(word or "", form).replace(tzinfo=zone)
            except ValueError:
                continue
            return local.astimezone(UTC)
        return None

    def _totals(self) -> Iterator[ControlTotal]:
        outside, header = self._table.outside, self._table.header
        text = "\n".join([*outside, *_summary(outside), *_sum_row(outside, header)])
        for total in self._layout.totals:
            computed = self._rows.sums[total.name]
            computed = Decimal(self._rows.lines) if total.lines else computed
            stated = self._rows.stated[total.name] if total.rows is not None else None
            if stated is None:
                stated = _stated(total, text)
            if stated is not None:
                yield ControlTotal(f"etl.total.{total.name}", stated, computed)
        for name, (exact, rounded) in self._rows.rounding.items():
            if exact != rounded:
                yield ControlTotal(f"etl.total.{name}_rounding", exact, rounded, rounding=True)


def _veil(name: str) -> str:
    """Return as much of a person's account name as tells their accounts apart."""
    masked = mask(name)
    if masked != name:
        return masked
    return f"{name[:2]}***{name[-2:]}" if len(name) > 6 else f"{name[:1]}***"


def _stated(total: Total, text: str) -> Decimal | None:
    match = re.search(total.says, text, re.MULTILINE)
    if match is None:
        return None
    try:
        return Decimal(match[1].replace(",", ""))
    except InvalidOperation as error:
        raise PermanentError("etl.total_unreadable", value=mask(match[0])[:80]) from error


def _summary(outside: Sequence[str]) -> Iterator[str]:
    """Write the table of totals that some bills end with as lines of name：figure."""
    lines = [line.strip() for line in outside]
    for names, figures in pairwise(lines):
        heads, values = names.replace("`", "").split(","), figures.replace("`", "").split(",")
        if len(heads) > 1 and len(heads) == len(values):
            yield from (f"{head}：{value}" for head, value in zip(heads, values, strict=True))


def _sum_row(outside: Sequence[str], header: Header) -> Iterator[str]:
    """Write the row of sums below a table as lines of its first cell, the column and the figure."""
    for line in outside:
        cells = cells_of(line, header.separator or ",")
        if len(cells) == len(header.names) and cells[0].startswith(header.layout.ends or "\0"):
            pairs = zip(header.names[1:], cells[1:], strict=True)
            yield from (f"{cells[0]} {name}：{figure}" for name, figure in pairs if figure)
