"""A workbook: real types, a frozen header, a native chart, what was chosen, and definitions.

XlsxWriter makes the book; the rows of the data sheet are written as XML by Polars, a piece at a
time, into the file in which XlsxWriter keeps rows in its constant-memory mode: cell by cell a
million rows took a minute and a half, see ``docs/bench.md``. Text cells carry "quote prefix", so
that one which begins with ``=`` stays text even after somebody has edited it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from chain.money import exponent
from reports.table import Chart, Column, Table, written

MOST_ROWS = 1_048_576
"""Of one sheet, the header included; what is more goes on in the next."""
_EPOCH = 25_569
"""1970-01-01 in a workbook's own count of days."""
_WIDTHS = {"text": 22, "date": 12, "instant": 20, "money": 16, "count": 12, "ratio": 11}
_ILLEGAL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]"
"""What XML 1.0 cannot hold (section 2.2)."""


def write(table: Table, path: Path) -> None:
    """Write ``table`` to ``path``; raises as ``Table.pieces`` does, and leaves nothing then."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".book-") as scratch:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": scratch})
        book.use_zip64()
        try:
            book.set_properties({"title": table.title, "created": table.made_at})
            drawn = _data(book, table)
            if table.chart is not None:
                _chart(book, table, table.chart, drawn)
            _pairs(book, table.labels["about"], table.proof())
            _pairs(book, table.labels["definitions"], table.definitions)
            book.close()
        except BaseException:
            # An unfinished workbook closes itself when it is thrown away, and warns of it.
            book.fileclosed = True
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
            path.unlink(missing_ok=True)
            raise


def _data(book: Any, table: Table) -> pl.DataFrame:
    """Write the data sheets; return what the chart draws."""
    styles = _styles(book, table)
    drawn: list[pl.DataFrame] = []
    sheet: Any = None
    row, number = MOST_ROWS, 0
    for piece in _pieces_of(table):
        if table.chart is not None:
            drawn = [_gathered(table.chart, [*drawn, _part(table.chart, piece)])]
        at = 0
        while at < len(piece) or sheet is None:
            if row == MOST_ROWS:
                number += 1
                sheet = _sheet(book, table, number)
                row = 1
            taken = piece.slice(at, MOST_ROWS - row)
            _rows(sheet, taken, table, styles)
            at, row = at + len(taken), row + len(taken)
            # What the sheet says of its own extent.
            sheet.dim_rowmax, sheet.dim_colmax = row - 1, len(table.columns) - 1
    return drawn[0] if drawn else pl.DataFrame()


def _pieces_of(table: Table) -> Iterator[pl.DataFrame]:
    """Yield at least one piece, so that a table without rows has its header."""
    some = False
    for piece in table.pieces():
        some = True
        yield piece
    if not some:
        yield pl.DataFrame({column.name: [] for column in table.columns}, schema=_empty(table))


def _empty(table: Table) -> dict[str, Any]:
    types: dict[str, Any] = {
        "text": pl.String,
        "date": pl.Date,
        "instant": pl.Datetime("us", table.zone),
        "money": pl.Int64,
        "count": pl.Int64,
        "ratio": pl.Float64,
        "number": pl.Float64,
    }
    return {column.name: types[column.kind] for column in table.columns}


def _sheet(book: Any, table: Table, number: int) -> Any:
    name = table.labels["data"] if number == 1 else f"{table.labels['data']} {number}"
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "quote_prefix": True}
    )
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, _WIDTHS.get(column.kind, 12))
    cells = "".join(_text(column.head, _style(head)) for column in table.columns)
    sheet.row_data_fh.write(f"<row>{cells}</row>")
    sheet.dim_rowmin = sheet.dim_colmin = sheet.dim_rowmax = 0
    sheet.dim_colmax = len(table.columns) - 1
    return sheet


def _text(text: str, style: int) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escaped}</t></is></c>'


def _styles(book: Any, table: Table) -> list[int]:
    kinds = {
        "text": {"quote_prefix": True},
        "date": {"num_format": "yyyy-mm-dd"},
        "instant": {"num_format": "yyyy-mm-dd hh:mm:ss"},
        "count": {"num_format": "#,##0"},
        "ratio": {"num_format": "0.00%"},
        "number": {"num_format": "0.##"},
    }
    return [
        _style(book.add_format({"num_format": amount(column)} if column.kind == "money" else
                               kinds[column.kind]))
        for column in table.columns
    ]  # fmt: skip


def amount(column: Column) -> str:
    """Return the number format of an amount; with mixed currencies its decimals are its own."""
    if column.currency is None:
        return "#,##0.00#"
    decimals = exponent(column.currency)
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _style(format_: Any) -> int:
    return int(format_._get_xf_index())  # noqa: SLF001 - the number that a row of XML names


def _rows(sheet: Any, piece: pl.DataFrame, table: Table, styles: list[int]) -> None:
    cells = [
        _cells(piece, column, style) for column, style in zip(table.columns, styles, strict=True)
    ]
    frame = pl.DataFrame([cell.alias(str(at)) for at, cell in enumerate(cells)])
    joined = frame.select(pl.concat_str([pl.lit("<row>"), pl.all(), pl.lit("</row>")]))
    sheet.row_data_fh.writelines(joined.to_series().to_list())


def _cells(piece: pl.DataFrame, column: Column, style: int) -> pl.Series:
    if column.kind == "text":
        text = piece[column.name].fill_null("")
        escaped = text.str.replace_all(_ILLEGAL, "\ufffd").str.replace_many(
            ["&", "<", ">"], ["&amp;", "&lt;", "&gt;"]
        )
        before = f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        filled = before + escaped + "</t></is></c>"
        return filled.zip_with(text != "", pl.Series(["<c/>"]))
    if column.kind == "date":
        value = (piece[column.name].cast(pl.Int32) + _EPOCH).cast(pl.String)
    elif column.kind == "instant":
        local = piece[column.name].dt.replace_time_zone(None).dt.epoch("us")
        value = (local / 86_400_000_000 + _EPOCH).cast(pl.String)
    else:
        value = written(piece, column)
    return (f'<c s="{style}"><v>' + value + "</v></c>").fill_null("<c/>")


def _part(chart: Chart, piece: pl.DataFrame) -> pl.DataFrame:
    if chart.currency and "currency" in piece.columns:
        piece = piece.filter(pl.col("currency") == chart.currency)
    return piece.select(chart.category, chart.value)


def _gathered(chart: Chart, parts: list[pl.DataFrame]) -> pl.DataFrame:
    frame = pl.concat(parts)
    if chart.summed:
        frame = frame.group_by(chart.category).agg(pl.col(chart.value).sum()).sort(chart.category)
        return frame.tail(chart.most)
    return frame.head(chart.most) if chart.kind == "bar" else frame.tail(chart.most)


def _chart(book: Any, table: Table, chart: Chart, drawn: pl.DataFrame) -> None:
    """Write what is drawn as a small table, and the picture of it beside."""
    category, value = (
        next(column for column in table.columns if column.name == name)
        for name in (chart.category, chart.value)
    )
    if not len(drawn):
        return
    sheet = book.add_worksheet(table.labels["chart"])
    bold = book.add_format({"bold": True, "bottom": 1})
    dates = book.add_format({"num_format": "yyyy-mm-dd"})
    texts = book.add_format({"quote_prefix": True})
    kinds = {"money": "#,##0.00", "ratio": "0.00%"}
    numbers = book.add_format({"num_format": kinds.get(value.kind, "#,##0")})
    sheet.set_column(0, 1, 20)
    picture = book.add_chart({"type": "bar" if chart.kind == "bar" else "line"})
    name, last = table.labels["chart"], len(drawn)
    picture.add_series(
        {
            "name": [name, 0, 1],
            "categories": [name, 1, 0, last, 0],
            "values": [name, 1, 1, last, 1],
            "line" if chart.kind == "line" else "fill": {"color": table.labels["colour"]},
        }
    )
    picture.set_title({"name": table.title, "name_font": {"size": 12, "bold": True}})
    picture.set_legend({"none": True})
    if chart.kind == "bar":
        picture.set_y_axis({"reverse": True})
    picture.set_size({"width": 860, "height": 420 if chart.kind == "line" else 80 + 22 * last})
    for at, column in enumerate((category, value)):
        sheet.write_string(0, at, column.head, bold)
    sheet.insert_chart(0, 3, picture)
    scale = 10 ** exponent(value.currency or table.home) if value.kind == "money" else 1
    for row, (key, number) in enumerate(drawn.rows(), start=1):
        if category.kind == "date":
            sheet.write_datetime(row, 0, key, dates)
        else:
            sheet.write_string(row, 0, str(key), texts)
        if number is not None:
            sheet.write_number(row, 1, number / scale, numbers)


def _pairs(book: Any, name: str, pairs: Any) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    for row, (label, text) in enumerate(pairs):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, text, wrap)
