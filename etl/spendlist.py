"""Marketing spend as people keep it: a row a day or week, channel and store; CSV or XLSX."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from chain.errors import PermanentError
from chain.money import parse_amount
from etl.storelist import sheet_rows
from warehouse.spend import WHOLE, Spent

HEADINGS: Mapping[str, frozenset[str]] = {
    "day": frozenset({"day", "date", "week", "monday", "日期", "周一", "周", "报表日期"}),
    "channel": frozenset({"channel", "渠道", "推广渠道", "产品", "推广产品"}),
    "store": frozenset({"store", "store code", "门店", "门店编号", "门店id", "店铺"}),
    "amount": frozenset({"amount", "spend", "cost", "花费", "金额", "消费", "推广费", "消费金额"}),
}
"""What columns may be headed with; the last names are those of delivery platforms' reports."""
_CHAIN = frozenset({"", "*", "全部", "all"})
_DAY = re.compile(r"^(\d{4})\D?(\d{1,2})\D?(\d{1,2})日?(?:[T ].*)?$")
_CHANNEL_MAX = 60


def read_spend(content: bytes, stores: Mapping[str, int], currency: str) -> list[Spent]:
    """Return the spend of a file: all of it is good, or PermanentError says what is not.

    Columns are found by their headings; without one of stores, all of it is the chain's. A week
    is named by any one day of it. ``stores``: ids by code; an empty code, ``*`` or 全部 is the
    chain as a whole. Amounts are in major units of ``currency`` and not negative. Lines of the
    same day, channel and store are added up.
    """
    head, *body = sheet_rows(content) or [[]]
    at = columns(head)
    missing = [name for name in ("day", "channel", "amount") if name not in at]
    if missing:
        raise PermanentError("etl.spend_header", columns=", ".join(missing))
    found: dict[tuple[date, str, int], int] = {}
    for line, row in enumerate(body, start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: row[n].strip() if n < len(row) else "" for name, n in at.items()}
        spent = _spent(cells, stores, currency, line)
        key = spent.day, spent.channel, spent.store_id
        found[key] = found.get(key, 0) + spent.amount
    return [Spent(*key, amount) for key, amount in found.items()]


def columns(head: Sequence[str]) -> dict[str, int]:
    """Return where each known column stands, the first of several."""
    found: dict[str, int] = {}
    for at, cell in enumerate(head):
        # A unit behind the heading, as in 花费（元）, is no part of its name.
        bare = re.split(r"[（(]", cell.strip().lower())[0].strip()
        for name, known in HEADINGS.items():
            if bare in known:
                found.setdefault(name, at)
    return found


def _spent(cells: Mapping[str, str], stores: Mapping[str, int], currency: str, line: int) -> Spent:
    channel = cells["channel"][:_CHANNEL_MAX]
    if not channel:
        raise PermanentError("etl.spend_channel", line=line)
    code = cells.get("store", "").removeprefix("'")
    if code.lower() not in _CHAIN and code not in stores:
        raise PermanentError("etl.spend_store", line=line, code=code[:40])
    store = WHOLE if code.lower() in _CHAIN else stores[code]
    return Spent(_day(cells["day"], line), channel, store, _amount(cells["amount"], currency, line))


def _day(text: str, line: int) -> date:
    match = _DAY.match(text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise PermanentError("etl.spend_day", line=line, text=text[:40] or "–")


def _amount(text: str, currency: str, line: int) -> int:
    if text.startswith(("-", "−", "(")):
        raise PermanentError("etl.spend_negative", line=line, text=text[:40])
    try:
        return parse_amount(text, currency)
    except ValueError as error:
        raise PermanentError("etl.spend_amount", line=line, text=text[:40] or "–") from error
