"""No cell of an export acts in a spreadsheet, and none loses a letter on the way."""

import csv
import io
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from reports import csv_file, xlsx_file
from reports.cells import ACTIVE, harmless, harmless_series
from reports.table import Column, Sums, Table

XML = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff\r_")  # fmt: skip
TEXTS = st.lists(
    st.one_of(
        st.text(XML.filter(lambda each: each.isprintable() or each in "\t\n"), max_size=20),
        st.sampled_from(["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "＝1", "a,b", 'a"b', "<&>"]),
        st.sampled_from(["0012", "4200000000202503010000000001", " x "]),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def _table(texts: list[str]) -> Table:
    frame = pl.DataFrame({"at": list(range(len(texts))), "text": texts, "gross": [1] * len(texts)})
    columns = (
        Column("at", "count", "At"),
        Column("text", "text", "Text"),
        Column("gross", "money", "Gross", "CNY"),
    )
    return Table(
        "n", "T", columns, iter([frame]), Sums(len(texts), {"CNY": len(texts)}), "CNY", "en", "UTC",
        datetime(2026, 1, 1), [], [],  # noqa: DTZ001 - a workbook knows no zones
        {"rows": "Rows", "control": "Total", "data": "Data", "about": "About", "definitions": "D"},
    )  # fmt: skip


@given(st.text())
def test_a_cell_never_begins_with_what_acts(text: str) -> None:
    safe = harmless(text)
    assert not safe.startswith(ACTIVE)
    assert safe in {text, f"'{text}"}


@given(TEXTS)
def test_a_column_is_treated_as_its_cells(texts: list[str]) -> None:
    assert harmless_series(pl.Series(texts)).to_list() == [harmless(text) for text in texts]


@given(TEXTS)
def test_csv_gives_back_every_cell(texts: list[str]) -> None:
    whole = "".join(csv_file.lines(_table(texts)))
    rows = list(csv.reader(io.StringIO(whole[1:], newline="")))
    assert [row[1] for row in rows[1 : 1 + len(texts)]] == [harmless(text) for text in texts]
    assert rows[1 + len(texts)][:2] == ["#", "Rows"]


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_a_workbook_gives_back_every_cell_as_text(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        xlsx_file.write(_table(texts), path)
        cells = [row[1] for row in load_workbook(path)["Data"].iter_rows(min_row=2)]
        assert [cell.value or "" for cell in cells] == texts
        assert all(cell.data_type != "f" for cell in cells)
        assert all(cell.quotePrefix for cell in cells if cell.value)
