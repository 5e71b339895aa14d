"""Find the header of a table, wherever it stands, and with it the layout."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chain.errors import LIST_SEPARATOR, PermanentError
from etl.reading.layout import Layout
from etl.reading.mask import mask

SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: its names in order, its line (from 1) and what separates its cells."""

    layout: Layout
    names: tuple[str, ...]
    line: int
    separator: str


def cells_of(line: str, separator: str) -> tuple[str, ...]:
    """Return the cells of one line, without the padding and quoting that bills put around them."""
    try:
        cells = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        cells = line.split(separator)
    return tuple(cell.strip('\ufeff\u3000 \t\r\n`"') for cell in cells)


def find_header(rows: Iterable[tuple[str, tuple[str, ...]]], layouts: Sequence[Layout]) -> Header:
    """Return the first row that holds a layout's whole signature; the fullest signature wins.

    ``rows`` are (separator, cells), several for a line where the separator is not known yet: then
    lines must come in order, each with all of SEPARATORS. Raises PermanentError (etl.empty_file,
    etl.unknown_layout).
    """
    line, last, widest = 0, "", ()  # type: int, str, tuple[str, ...]
    for separator, cells in rows:
        if separator == SEPARATORS[0] or not separator:
            line += 1
        seen = set(cells)
        known = [one for one in layouts if seen.issuperset(one.signature)]
        if known:
            best = max(known, key=lambda one: len(one.signature))
            return Header(best, cells, line, separator)
        last = last or "".join(cells)
        if sum(map(bool, cells)) > max(1, sum(map(bool, widest))):
            widest = cells
    if not last and not widest:
        raise PermanentError("etl.empty_file")
    raise _unknown(widest or (last,), layouts)


def _unknown(seen: tuple[str, ...], layouts: Sequence[Layout]) -> PermanentError:
    def shared(layout: Layout) -> float:
        return len(set(seen).intersection(layout.signature)) / len(layout.signature)

    names = [mask(name) for name in seen if name]
    header = ", ".join(names)[:400]
    # The sentence quotes the header; the form by which a table is mapped needs all of it.
    columns = LIST_SEPARATOR.join(names)
    nearest = max(layouts, key=shared)
    if not shared(nearest):
        return PermanentError("etl.unknown_layout", header=header, columns=columns)
    missing = ", ".join(name for name in nearest.signature if name not in seen)
    return PermanentError(
        "etl.unknown_layout_near",
        header=header,
        columns=columns,
        nearest=f"{nearest.source}/{nearest.name}",
        missing=missing,
    )
