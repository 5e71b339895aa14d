"""Cut a delimited file into batches of raw cells, fast where it is regular, and safely always."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import polars as pl

from chain.errors import BadRecord, PermanentError
from chain.words import Param
from etl.reading.encodings import Blocks, Carrier
from etl.reading.head import SEPARATORS, Header, cells_of, find_header
from etl.reading.layout import Layout
from etl.reading.limits import Limits
from etl.reading.mask import mask

RAW_LENGTH = 2_000
_UNIT = b"\x1f"
_SENTINEL = "\x1e"
_PADDED = re.compile(r'"[ \t]+(?=[,;\t\n]|$)')


@dataclass(frozen=True, slots=True)
class Batch:
    """Raw cells: ``cells`` has a String column ``c<index>`` for each wanted column of the header.

    ``raw`` gives the row's line as it stood (masked), for a reject; ``rejects`` are lines that
    never became rows.
    """

    cells: pl.DataFrame
    lines: pl.Series
    raw: Callable[[int], str]
    rejects: list[BadRecord] = field(default_factory=list)


Breaks = npt.NDArray[np.intp]


def line_breaks(data: bytes) -> Breaks:
    """Return where the newlines are: several times as fast as looking for them one by one."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == 10)


class Delimited:
    """A CSV-like file: ``header`` is known once made, ``batches`` are read once."""

    def __init__(self, blocks: Blocks, layouts: Sequence[Layout], limits: Limits) -> None:
        self._blocks, self._limits = blocks, limits
        self.carrier: Carrier = blocks.carrier
        self.outside: list[str] = []
        head = blocks.read()
        if b"\n" not in head and len(head) > limits.head // 4:
            raise PermanentError("etl.line_too_long", line=1, limit=limits.head)
        lines = head.split(b"\n", limits.head_lines)[: limits.head_lines]
        self.header: Header = find_header(self._guesses(lines), layouts)
        count = self.header.line
        self.outside += [self.carrier.shown(one) for one in lines[: count - 1]]
        self._rest = head[sum(map(len, lines[:count])) + count :]
        self._line = count + 1
        self._closed = False

    def _guesses(self, lines: list[bytes]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for number, line in enumerate(lines, 1):
            text = self.carrier.shown(line)
            if max(map(text.count, SEPARATORS)) >= self._limits.columns:
                raise PermanentError(
                    "etl.too_many_columns", line=number, limit=self._limits.columns
                )
            yield from ((separator, cells_of(text, separator)) for separator in SEPARATORS)

    def batches(self, wanted: Sequence[int]) -> Iterator[Batch]:
        """Yield the table's cells in the columns ``wanted``, and gather what stands after it.

        Raises PermanentError (etl.line_too_long, etl.truncated, etl.joined_bills).
        """
        cutter: _Cutter | None = None
        carry = self._rest
        while True:
            block = self._blocks.read()
            data, final = carry + block, not block
            breaks = line_breaks(data)
            end = self._end_of_table(data)
            if end >= 0:
                table, carry, final = data[:end], data[end:], True
                self._closed = True
            elif final:
                table, carry = data, b""
            else:
                cut = int(breaks[-1]) + 1 if len(breaks) else 0
                table, carry = data[:cut], data[cut:]
                if len(carry) > self._limits.head:
                    line = self._line + table.count(b"\n")
                    raise PermanentError("etl.line_too_long", line=line, limit=self._limits.head)
            if table:
                cutter = cutter or _Cutter(self.header, self.carrier, table, wanted, self._limits)
                batch, left = cutter.cut(table, self._line, final)
                self._line += int(np.searchsorted(breaks, len(table))) - left.count(b"\n")
                carry = left + carry
                yield batch
            if final:
                break
        self._finish(carry)

    def _end_of_table(self, data: bytes) -> int:
        """Return where the line starts that ends the table, -1 where there is none yet."""
        marks = tuple(self.carrier.carry(one).encode() for one in self.header.layout.ends)
        if not marks:
            return -1
        if data.startswith(marks):
            return 0
        found = [at + 1 for mark in marks if (at := data.find(b"\n" + mark)) >= 0]
        return min(found, default=-1)

    def _finish(self, trailer: bytes) -> None:
        """Read what stands after the table: some lines, but never a second table."""
        while len(trailer) <= self._limits.trailer and (block := self._blocks.read()):
            trailer += block
        if self.header.layout.closed and not self._closed:
            raise PermanentError("etl.truncated", line=self._line)
        lines = [self.carrier.shown(one) for one in trailer.split(b"\n")]
        signature = set(self.header.layout.signature)
        if len(trailer) > self._limits.trailer or any(
            signature.issubset(cells_of(one, self.header.separator)) for one in lines
        ):
            raise PermanentError("etl.joined_bills", line=self._line)
        self.outside += lines


class _Cutter:
    """Turns blocks of whole lines into batches."""

    def __init__(
        self,
        header: Header,
        carrier: Carrier,
        sample: bytes,
        wanted: Sequence[int],
        limits: Limits,
    ) -> None:
        self._carrier, self._limits = carrier, limits
        self._named = max(i for i, name in enumerate(header.names) if name) + 1
        self._width = len(header.names)
        # WeChat writes a backtick before each cell and no quotes; its names contain commas.
        self._ticked = sample.startswith(b"`") or b"\n`" in sample
        self._separator = b",`" if self._ticked else header.separator.encode()
        self._wanted = [*wanted, self._width]
        # A carriage return stands in the last cell; where that is not read it need not go.
        self._ends_wanted = self._width - 1 in wanted
        self._names = [f"c{index}" for index in wanted]

    def cut(self, table: bytes, line: int, final: bool) -> tuple[Batch, bytes]:
        """Return a batch, and the end of ``table`` where a quoted cell is still open."""
        if self._ends_wanted:
            table = table.replace(b"\r\n", b"\n")
        if not table.endswith(b"\n"):
            table += b"\n"
        if self._ticked:
            frame = self._simply_ticked(table)
            if frame is not None:
                return self._whole(frame, table, line), b""
            table = table.removeprefix(b"`").replace(b"\n`", b"\n").replace(b",`", _UNIT)
        separator = _UNIT if self._ticked else self._separator
        frame = self._regular(table, separator)
        if frame is not None:
            return self._whole(frame, table, line), b""
        table = table.replace(b"\r\n", b"\n")
        return self._irregular(table, separator, line, final)

    def _whole(self, frame: pl.DataFrame, table: bytes, line: int) -> Batch:
        lines = pl.int_range(line, line + frame.height, eager=True)
        return Batch(frame, lines, _Raw(table, self._carrier))

    def _simply_ticked(self, table: bytes) -> pl.DataFrame | None:
        """Parse a block whose only backticks and commas are those between cells; None else.

        Taking single bytes away is several times as fast as looking for pairs of them.
        """
        rows = table.count(b"\n")
        if table.count(b"`") != rows * self._width or table.count(b",") != rows * (self._width - 1):
            return None
        return self._regular(table.translate(None, b"`"), b",")

    def _regular(self, table: bytes, separator: bytes) -> pl.DataFrame | None:
        """Parse a block in which every line is one row of full width; None for any other."""
        if b'"' in table and not self._ticked:
            return None
        breaks = line_breaks(table)
        rows = len(breaks)
        blank = breaks[0] == 0 or (np.diff(breaks) == 1).any()
        separators = np.count_nonzero(np.frombuffer(table, np.uint8) == separator[0])
        if blank or separators != rows * (self._width - 1):
            return None
        try:
            frame = self._parse(table, separator)
        except pl.exceptions.ComputeError:
            return None
        if frame.height != rows or (frame.to_series(-1).fill_null("") != "").any():
            return None
        return frame.drop(frame.columns[-1])

    def _parse(self, table: bytes, separator: bytes) -> pl.DataFrame:
        schema = {f"column_{index + 1}": pl.String for index in range(self._width + 1)}
        frame = pl.read_csv(
            table,
            has_header=False,
            separator=separator.decode(),
            quote_char=None,
            schema=schema,
            columns=self._wanted,
            truncate_ragged_lines=True,
            missing_columns="insert",
            empty_string_is_null=False,
        )
        frame.columns = [*self._names, "beyond"]
        return frame

    def _irregular(
        self, table: bytes, separator: bytes, line: int, final: bool
    ) -> tuple[Batch, bytes]:
        """Parse line by line: quoted cells, blank lines, rows too short or too long."""
        lines = table[:-1].split(b"\n")
        rows: list[bytes] = []
        numbers: list[int] = []
        rejects: list[BadRecord] = []
        at = 0
        while at < len(lines):
            row, taken, reason = self._record(lines, at, separator, final)
            if not taken:
                break
            if row is not None:
                rows.append(row)
                numbers.append(line + at)
            elif reason is not None:
                raw = mask(self._carrier.shown(lines[at][:RAW_LENGTH]))
                rejects.append(BadRecord(line + at, raw, reason[0], reason[1]))
            at += taken
        left = b"\n".join(lines[at:]) + b"\n" if at < len(lines) else b""
        if rows:
            frame = self._parse(b"\n".join(rows) + b"\n", _UNIT).drop("beyond")
        else:
            frame = pl.DataFrame(schema=dict.fromkeys(self._names, pl.String()))
        raw_of = _Raw(table, self._carrier, [number - line for number in numbers])
        return Batch(frame, pl.Series(numbers, dtype=pl.Int64), raw_of, rejects), left

    def _record(
        self, lines: list[bytes], at: int, separator: bytes, final: bool
    ) -> tuple[bytes | None, int, tuple[str, dict[str, Param]] | None]:
        """Return the record that starts ``at`` as a row, the lines it took, or why it is none.

        A blank line is neither row nor reason; no lines taken: its quoted cell is still open.
        """
        line = lines[at]
        if not line.strip():
            return None, 1, None
        quoted = b'"' in line and not self._ticked
        taken = 1
        try:
            if not quoted:
                line.decode()
                cells = [cell.replace(_UNIT, b" ") for cell in line.split(separator)]
            else:
                opened = self._quoted(lines, at, separator)
                if opened is None:
                    if not final and len(lines) - at <= self._limits.record_lines:
                        return None, 0, None
                    return None, 1, ("etl.bad.quote", {})
                cells, taken = opened
        except UnicodeDecodeError:
            return None, 1, ("etl.bad.encoding", {})
        except csv.Error:
            return None, 1, ("etl.bad.quote", {})
        fitted = self._fit(cells)
        if fitted is None:
            counts: dict[str, Param] = {"seen": len(cells), "expected": self._named}
            return None, 1, ("etl.bad.columns", counts)
        return _UNIT.join(fitted), taken, None

    def _quoted(
        self, lines: list[bytes], at: int, separator: bytes
    ) -> tuple[list[bytes], int] | None:
        """Parse a record with quoted cells, over several lines if need be; None if left open."""

        def texts() -> Iterator[str]:
            for one in lines[at : at + self._limits.record_lines]:
                yield one.decode() + "\n"
            yield _SENTINEL

        reader = csv.reader(texts(), delimiter=separator.decode())
        cells = next(reader)
        if cells and cells[-1].endswith(_SENTINEL):
            return None
        if reader.line_num > 1:
            # A stray quote pairs up with one of a later line; a true cell ends at a separator.
            joined = "".join(islice(texts(), reader.line_num))
            tidy = io.StringIO(_PADDED.sub('"', joined), newline="")
            cells = next(csv.reader(tidy, delimiter=separator.decode(), strict=True))
        flat = (cell.replace("\n", " ").replace("\x1f", " ") for cell in cells)
        return [cell.encode() for cell in flat], reader.line_num

    def _fit(self, cells: list[bytes]) -> list[bytes] | None:
        """Return as many cells as the header has, if only nameless or empty ones differ."""
        while len(cells) > self._width and not cells[-1].strip():
            cells = cells[:-1]
        if not self._named <= len(cells) <= self._width:
            return None
        return cells + [b""] * (self._width - len(cells))


class _Raw:
    """Gives the line of a row, splitting its block only when a row is refused."""

    def __init__(self, table: bytes, carrier: Carrier, at: list[int] | None = None) -> None:
        self._table, self._carrier, self._at = table, carrier, at
        self._lines: list[bytes] | None = None

    def __call__(self, row: int) -> str:
        if self._lines is None:
            self._lines = self._table.split(b"\n")
        line = self._lines[row if self._at is None else self._at[row]].rstrip(b"\r")
        text = self._carrier.shown(line[:RAW_LENGTH]).replace("\x1f", ",`")
        return mask(text)
