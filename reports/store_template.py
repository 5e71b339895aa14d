"""The empty list of stores that an owner fills in: CSV or XLSX, headed in their language."""

import csv
import io

import xlsxwriter

from chain.words import say
from etl.storelist import COLUMNS

SHOWN = tuple(name for name in COLUMNS if name != "region_en")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WIDTH = 16


def template(kind: str, lang: str) -> bytes:
    """Return the file, ``kind`` of TYPES. It reads as a list without a store.

    The workbook keeps every cell as text, so that a code like 007 stays one, and explains each
    column on a second sheet; the CSV has a BOM, by which Excel knows its encoding.
    """
    heads = [say(lang, f"dashboard.setup.column.{name}") for name in SHOWN]
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text).writerow(heads)
        return text.getvalue().encode("utf-8-sig")
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(say(lang, "dashboard.setup.template.stores"))
        sheet.set_column(0, len(heads) - 1, _WIDTH, plain)
        sheet.write_row(0, 0, heads, bold)
        sheet.freeze_panes(1, 2)
        _explain(book.add_worksheet(say(lang, "dashboard.setup.template.how")), lang, heads, bold)
    return stream.getvalue()


def _explain(
    sheet: "xlsxwriter.worksheet.Worksheet",
    lang: str,
    heads: list[str],
    bold: "xlsxwriter.format.Format",
) -> None:
    sheet.set_column(0, 0, _WIDTH)
    sheet.set_column(1, 1, 5 * _WIDTH)
    titles = [say(lang, f"dashboard.setup.template.{name}") for name in ("column", "meaning")]
    sheet.write_row(0, 0, titles, bold)
    for row, (name, head) in enumerate(zip(SHOWN, heads, strict=True), start=1):
        sheet.write_row(row, 0, [head, say(lang, f"dashboard.setup.meaning.{name}")])
