"""The sheet of targets that people fill in: each store, each month of a year, as it is now."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

import xlsxwriter

from chain.money import exponent, to_major
from chain.words import say
from reports.cells import harmless

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def template(
    kind: str,
    lang: str,
    year: int,
    stores: Sequence[tuple[int, str, str]],
    targets: Mapping[tuple[int, date], int],
    currency: str,
) -> bytes:
    """Return the file, ``kind`` of TYPES, which reads back as it is.

    ``stores``: id, code and name of each row. Amounts are in major units.
    """
    months = [date(year, month, 1) for month in range(1, 13)]
    heads = [say(lang, f"plans.file.{name}") for name in ("code", "name")]
    heads += [f"{month:%Y-%m}" for month in months]
    rows: list[tuple[str, str, list[float | None]]] = []
    for store, code, name in stores:
        amounts = [targets.get((store, month)) for month in months]
        cells = [None if each is None else float(to_major(each, currency)) for each in amounts]
        rows.append((code, name, cells))
    if kind == "csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(heads)
        digits = exponent(currency)
        for code, name, cells in rows:
            shown = ["" if cell is None else f"{cell:.{digits}f}" for cell in cells]
            writer.writerow([harmless(code), harmless(name), *shown])
        return text.getvalue().encode("utf-8-sig")
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        money = book.add_format({"num_format": "#,##0" + (".00" if exponent(currency) else "")})
        sheet = book.add_worksheet(say(lang, "plans.file.sheet", year=year))
        sheet.set_column(0, 1, 18, plain)
        sheet.set_column(2, 13, 14, money)
        for at, head in enumerate(heads):
            sheet.write_string(0, at, head, bold)
        for line, (code, name, cells) in enumerate(rows, start=1):
            sheet.write_string(line, 0, code, plain)
            sheet.write_string(line, 1, name, plain)
            for at, cell in enumerate(cells, start=2):
                if cell is not None:
                    sheet.write_number(line, at, cell, money)
        sheet.freeze_panes(1, 2)
    return stream.getvalue()
