"""Workbooks written as plain sheet XML: many rows of one shape cost one template each.

Cells are what platforms' exports have: texts, and numbers as numbers. There are no styles and no
shared strings (ECMA-376, part 1, 18.3.1: `inlineStr`).
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_DATE = (1980, 1, 1, 0, 0, 0)

Cell = str | int | float | None


class Sheet:
    """A sheet being filled from its first row down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rows: list[str] = []

    def add(self, *cells: Cell) -> None:
        """Add one row; None leaves a cell empty."""
        number = len(self._rows) + 1
        body = "".join(
            _cell(column(i), str(number), cell) for i, cell in enumerate(cells) if cell is not None
        )
        self._rows.append(f'<row r="{number}">{body}</row>')

    def add_table(self, columns: Sequence[tuple[bool, Sequence[str]]]) -> None:
        """Add many rows, given by columns: (is it a number, the texts of its cells).

        Texts are taken as they are: they must need no escaping in XML.
        """
        if not columns:
            return
        body = "".join(
            f'<c r="{column(i)}%s"><v>%s</v></c>'
            if number
            else f'<c r="{column(i)}%s" t="inlineStr"><is><t>%s</t></is></c>'
            for i, (number, _) in enumerate(columns)
        )
        template = f'<row r="%s">{body}</row>'
        start = len(self._rows) + 1
        numbers = [str(n) for n in range(start, start + len(columns[0][1]))]
        parts = chain([numbers], *((numbers, texts) for _, texts in columns))
        self._rows += [template % cells for cells in zip(*parts, strict=True)]

    def xml(self) -> str:
        """Return the sheet's part."""
        rows = "".join(self._rows)
        return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


@lru_cache(maxsize=128)
def column(index: int) -> str:
    """Return the letters of the column at ``index``, counted from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(letters: str, number: str, cell: Cell) -> str:
    if isinstance(cell, str):
        text = escape(cell)
        return f'<c r="{letters}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
    return f'<c r="{letters}{number}"><v>{cell}</v></c>'


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """Return an XLSX file of ``sheets``; the same sheets always give the same bytes."""
    made = list(sheets)
    parts = {
        "[Content_Types].xml": _content_types(len(made)),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _book(made),
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(made) + 1)}
        ),
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": s.xml() for n, s in enumerate(made, 1)}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, text in parts.items():
            member = zipfile.ZipInfo(name, _DATE)
            out.writestr(member, text, zipfile.ZIP_DEFLATED, compresslevel=1)
    return archive.getvalue()


def _content_types(count: int) -> str:
    overrides = f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    overrides += "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in range(1, count + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="{name}" Type="{_DOC}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _book(sheets: list[Sheet]) -> str:
    found = "".join(
        f'<sheet name="{escape(s.name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, s in enumerate(sheets, 1)
    )
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>{found}</sheets></workbook>'
