"""CSV that opens right in Excel: a byte-order mark, ids as text, cells that cannot act.

The last lines begin with ``#`` and say what was chosen, how many rows there are and what they come
to: a file without them was cut off. ``pandas.read_csv(..., comment="#")`` leaves them out. No first
column is free text, so no row begins so.
"""

import csv
import io
from collections.abc import Iterator

import polars as pl

from reports.cells import harmless, harmless_series
from reports.table import Table, written

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own encoding."""


def lines(table: Table) -> Iterator[str]:
    """Yield the file in pieces; raises as ``Table.pieces`` does."""
    yield BOM + _line([column.head for column in table.columns])
    for piece in table.pieces():
        columns = []
        for column in table.columns:
            text = written(piece, column).fill_null("")
            columns.append(harmless_series(text) if column.kind == "text" else text)
        # "necessary" quotes a cell with a line break, and one with a comma in it.
        body = pl.DataFrame(columns).write_csv(include_header=False, line_terminator="\r\n")
        yield body
    for label, said in table.proof():
        yield _line(["#", harmless(label), harmless(said)])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
