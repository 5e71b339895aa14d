"""Targets as people fill them in: a row a store, a column a month, CSV or XLSX."""

import re
from collections.abc import Mapping
from datetime import date

from chain.errors import PermanentError
from chain.money import parse_amount
from etl.storelist import sheet_rows
from warehouse.plans import NewTarget

CHAIN_CODE = "*"
"""In the column of codes: the whole chain."""
CODES = frozenset({"code", "编号", "门店编号"})
_MONTH = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*月|[-/.]0?1)?$")


def read_targets(content: bytes, stores: Mapping[str, int], currency: str) -> list[NewTarget]:
    """Return the targets of a file: all of it is good, or PermanentError says what is not.

    The header has a column of codes and months as ``2026-01`` or ``2026年1月``; other columns are
    not looked at. Amounts are in major units of ``currency``; an empty cell leaves a target as it
    is. ``stores``: the ids of the stores that may be planned, by code; of the chain by ``*``.
    """
    head, *body = sheet_rows(content) or [[]]
    months = {at: month for at, cell in enumerate(head) if (month := month_of(cell))}
    at_code = next((at for at, cell in enumerate(head) if cell.strip().lower() in CODES), None)
    if at_code is None or not months:
        raise PermanentError("etl.targets_header")
    found: list[NewTarget] = []
    seen: dict[str, int] = {}
    for line, row in enumerate(body, start=2):
        if not any(cell.strip() for cell in row):
            continue
        code = row[at_code].strip().removeprefix("'") if at_code < len(row) else ""
        if code not in stores:
            raise PermanentError("etl.targets_store", line=line, code=code[:40] or "–")
        if code in seen:
            raise PermanentError("etl.targets_twice", line=line, code=code, first=seen[code])
        seen[code] = line
        for at, month in months.items():
            text = row[at].strip() if at < len(row) else ""
            if text:
                amount = _amount(text, currency, line, month)
                found.append(NewTarget(stores[code], month, amount))
    return found


def month_of(heading: str) -> date | None:
    """Return the first day of the month that a column is headed with, None for another column."""
    match = _MONTH.match(heading.strip())
    if not match or not 1 <= int(match[2]) <= 12:
        return None
    return date(int(match[1]), int(match[2]), 1)


def _amount(text: str, currency: str, line: int, month: date) -> int:
    try:
        return parse_amount(text, currency)
    except ValueError as error:
        raise PermanentError(
            "etl.targets_amount", line=line, month=f"{month:%Y-%m}", text=text[:40]
        ) from error
