"""The owner's list of stores: from a CSV or XLSX by the names in its header, or from a form."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import available_timezones

from pydantic import TypeAdapter, ValidationError
from pypinyin import lazy_pinyin

from chain.errors import PermanentError
from chain.money import parse_amount
from chain.terms import parse_rate
from warehouse.chains import UNASSIGNED, NewStore

COLUMNS = tuple(name for name in NewStore.__dataclass_fields__ if name != "sort_key")
HEADINGS = {
    **{name: name for name in COLUMNS},
    **dict.fromkeys(("编号", "门店编号"), "code"),
    **dict.fromkeys(("名称", "门店", "门店名称"), "name"),
    **dict.fromkeys(("英文名", "英文名称"), "name_en"),
    "城市": "city",
    **dict.fromkeys(("区域", "大区"), "region"),
    **dict.fromkeys(("开业", "开业日期"), "opened_on"),
    **dict.fromkeys(("关店", "关店日期"), "closed_on"),
    "面积": "area_sqm",
    **dict.fromkeys(("月租", "月租金"), "monthly_rent"),
    **dict.fromkeys(("纬度",), "lat"),
    **dict.fromkeys(("经度",), "lon"),
    "时区": "time_zone",
    **dict.fromkeys(("日切", "日切时间"), "cutover_hour"),
    **dict.fromkeys(("经营方式", "直营加盟"), "ownership"),
    **dict.fromkeys(("经营方式起", "加盟起始日"), "ownership_from"),
    **dict.fromkeys(("特许权费率", "特许权使用费率"), "royalty_rate"),
    **dict.fromkeys(("月最低额", "特许权月最低额"), "royalty_minimum"),
    **dict.fromkeys(("税率", "增值税率"), "vat_rate"),
    **dict.fromkeys(("税率起", "税率起始日"), "vat_from"),
}
"""What a column may be called, in English or Chinese."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_STORE = TypeAdapter(NewStore)
_MOST_AREA, _MOST_HOUR = 10**7, 12


@dataclass(frozen=True, slots=True)
class Listed:
    """A store of the list, and the fields that the list states of it."""

    store: NewStore
    given: frozenset[str]


class BadFieldError(ValueError):
    """A field that is not right; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Rules:
    """What the chain gives to a store that does not say it, and the currency of its rent."""

    time_zone: str
    currency: str


def listed(fields: Mapping[str, str], rules: Rules) -> Listed:
    """Return the store that ``fields`` (texts by column) describe; an empty one is not stated.

    Amounts are in major units, rates in per cent. Raises BadFieldError naming the first field that
    is wrong.
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    for needed in ("code", "name"):
        if not given.get(needed) or given[needed] == UNASSIGNED:
            raise BadFieldError(needed)
    values: dict[str, object] = {
        "time_zone": rules.time_zone,
        "sort_key": " ".join(lazy_pinyin(given["name"])),
        **given,
    }
    for name, read in _READ.items():
        if name in given:
            try:
                values[name] = read(given[name], rules)
            except (KeyError, ValueError) as error:
                raise BadFieldError(name) from error
    try:
        store = _STORE.validate_python(values)
    except ValidationError as error:
        raise BadFieldError(str(error.errors()[0]["loc"][0])) from error
    _check(store)
    return Listed(store, frozenset(given))


_OWNERSHIP = {"owned": "owned", "直营": "owned", "franchised": "franchised", "加盟": "franchised"}
_READ: Mapping[str, Callable[[str, Rules], object]] = {
    "monthly_rent": lambda text, rules: parse_amount(text, rules.currency),
    "royalty_minimum": lambda text, rules: parse_amount(text, rules.currency),
    "royalty_rate": lambda text, _rules: parse_rate(text),
    "vat_rate": lambda text, _rules: parse_rate(text),
    "ownership": lambda text, _rules: _OWNERSHIP[text.casefold()],
}
"""Columns that are read otherwise than by their type. Raise KeyError or ValueError."""


def _check(store: NewStore) -> None:
    opened = store.opened_on or date.min
    good = {
        "time_zone": store.time_zone in available_timezones(),
        "cutover_hour": 0 <= store.cutover_hour <= _MOST_HOUR,
        "lat": store.lat is None or -90 <= store.lat <= 90,
        "lon": store.lon is None or -180 <= store.lon <= 180,
        "area_sqm": store.area_sqm is None or 0 < store.area_sqm < _MOST_AREA,
        "closed_on": store.closed_on is None or store.closed_on >= opened,
    }
    for name, fine in good.items():
        if not fine:
            raise BadFieldError(name)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: its number in the file, its texts by column, the store it describes.

    Where it describes none, ``wrong`` names the column to look at, and ``twice`` the line that has
    the same code before, 0 for none.
    """

    number: int
    fields: dict[str, str]
    store: Listed | None
    wrong: str = ""
    twice: int = 0


def read_list(name: str, content: bytes, rules: Rules) -> list[Listed]:
    """Return the stores in a CSV (UTF-8 or GB18030) or a workbook's first sheet.

    Raises PermanentError for a file or a line that is no good: all is read or nothing.
    """
    found = []
    for line in check_list(content, rules):
        if line.twice:
            raise PermanentError("etl.stores_twice", line=line.number, path=name, first=line.twice)
        if line.store is None:
            raise PermanentError("etl.stores_line", line=line.number, path=name, column=line.wrong)
        found.append(line.store)
    return found


def check_list(content: bytes, rules: Rules) -> list[Line]:
    """Return every line of such a list, whether it is good or not.

    Raises PermanentError for a file that is no list.
    """
    head, *body = sheet_rows(content) or [[]]
    columns = [HEADINGS.get(cell.strip(), "") for cell in head]
    if not {"code", "name"} <= set(columns):
        raise PermanentError("etl.stores_header", columns=", ".join(COLUMNS))
    return list(_checked(columns, body, rules))


def _checked(columns: Sequence[str], body: Sequence[Sequence[str]], rules: Rules) -> Iterator[Line]:
    seen: dict[str, int] = {}
    for number, row in enumerate(body, start=2):
        if not any(cell.strip() for cell in row):
            continue
        fields = {column: cell for column, cell in zip(columns, row, strict=False) if column}
        try:
            store = listed(fields, rules)
        except BadFieldError as error:
            yield Line(number, fields, None, error.name)
            continue
        first = seen.setdefault(store.store.code, number)
        if first == number:
            yield Line(number, fields, store)
        else:
            yield Line(number, fields, None, "code", first)


def sheet_rows(content: bytes) -> list[list[str]]:
    """Return the cells of a CSV (UTF-8 or GB18030) or of a workbook's first sheet, as texts."""
    return _sheet(content) if content.startswith(_WORKBOOKS) else _lines(content)


def _lines(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def _sheet(content: bytes) -> list[list[str]]:
    import python_calamine as calamine  # heavy, and needed for a workbook alone

    from etl.reading.limits import LIMITS
    from etl.reading.sheet import cell_text, measure

    stream = io.BytesIO(content)
    measure(stream, LIMITS)
    try:
        book = calamine.CalamineWorkbook.from_filelike(stream)
    except calamine.PasswordError as error:
        raise PermanentError("etl.workbook_encrypted") from error
    except calamine.CalamineError as error:
        raise PermanentError("etl.workbook_damaged") from error
    rows = book.get_sheet_by_index(0).iter_rows()
    return [[cell_text(cell).removesuffix(" 00:00:00") for cell in row] for row in rows]
