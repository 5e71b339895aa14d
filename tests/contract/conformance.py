"""What every source must keep: give it a sample and it gets the whole suite (test_sources.py)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import xlsxwriter

from chain.errors import BadRecord
from etl.canonical import SCHEMA, Bill
from etl.reading import LIMITS, ColumnMapSpec, Leaf, Limits, open_bill
from etl.reading.head import SEPARATORS, Header, cells_of, find_header
from etl.sources import known_layouts

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file in ``samples``, in UTF-8: what is read from it, in the order of its lines.

    ``rows`` are (kind, gross, fee, net) in minor units; ``skipped`` rows are no payments.
    """

    file: str
    source: str
    layout: str
    rows: tuple[tuple[str, int, int, int], ...] = ()
    skipped: int = 0
    maps: tuple[ColumnMapSpec, ...] = ()

    @property
    def text(self) -> str:
        """The file's text."""
        return (SAMPLES / self.file).read_text(encoding="utf-8")

    @property
    def header(self) -> Header:
        """The header as the machinery finds it."""
        rows = (
            (separator, cells_of(line, separator))
            for line in self.text.split("\n")
            for separator in SEPARATORS
        )
        return find_header(rows, known_layouts(self.maps))

    def body(self) -> tuple[list[str], list[str], list[str]]:
        """Return the lines up to the header, those of the table, and those after it."""
        lines, start = self.text.rstrip("\n").split("\n"), self.header.line
        ends = self.header.layout.ends
        stop = next(
            (i for i in range(start, len(lines)) if ends and lines[i].startswith(ends)), len(lines)
        )
        return lines[:start], lines[start:stop], lines[stop:]


@dataclass(frozen=True, slots=True)
class Read:
    """A bill, read to its end."""

    bill: Bill
    rows: pl.DataFrame
    rejects: list[BadRecord]
    skipped: int

    @property
    def payments(self) -> pl.DataFrame:
        """The rows without their line numbers."""
        return self.rows.drop("line")


def leaf_of(content: bytes, name: str = "bill.csv") -> Leaf:
    """Return a leaf that holds ``content``."""
    return Leaf(name, None, len(content), lambda: io.BytesIO(content))


def read(sample: Sample, content: bytes, limits: Limits = LIMITS) -> Read:
    """Read ``content`` as a bill of ``sample``'s layout."""
    bill = open_bill(leaf_of(content), maps=sample.maps, limits=limits)
    chunks = list(bill.chunks())
    rejects = [reject for chunk in chunks for reject in chunk.rejects]
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *(chunk.rows for chunk in chunks)])
    return Read(bill, rows, rejects, sum(chunk.skipped for chunk in chunks))


def cells(sample: Sample) -> Iterator[list[str]]:
    """Yield the sample's lines as cells: the table's cut as its separator says, others whole."""
    head, table, tail = sample.body()
    separator = sample.header.separator
    yield from ([line] for line in head[:-1])
    for line in [head[-1], *table]:
        if line.startswith("`"):
            yield line[1:].split(",`")
        else:
            yield next(csv.reader([line], delimiter=separator), [])
    yield from (line.replace("`", "").split(",") for line in tail)


def workbook(sample: Sample) -> bytes:
    """Return the sample as the only sheet of a workbook, each cell a text."""
    layout, made = sample.header.layout, io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet(layout.sheets[0] if layout.sheets else "Sheet1")
        for at, row in enumerate(cells(sample)):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return made.getvalue()


def reordered(sample: Sample) -> str:
    """Return the sample with its columns in reverse order."""
    head, table, tail = sample.body()
    separator = sample.header.separator
    made = [separator.join(reversed([*sample.header.names]))]
    for line in table:
        if line.startswith("`"):
            made.append("`" + ",`".join(reversed(line[1:].split(",`"))))
            continue
        text = io.StringIO()
        row = next(csv.reader([line], delimiter=separator), [])
        width = len(sample.header.names)
        row = (row + [""] * width)[:width]
        csv.writer(text, delimiter=separator, lineterminator="").writerow(reversed(row))
        made.append(text.getvalue())
    return "\n".join([*head[:-1], *made, *tail]) + "\n"
