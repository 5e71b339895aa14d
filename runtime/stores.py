"""``tillboard stores``: the owner's stores from a CSV, by the columns named in its header."""

import csv
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pypinyin import lazy_pinyin
from sqlalchemy import text

from chain.errors import PermanentError
from warehouse.chains import NewStore, add_store
from warehouse.session import Scope, Warehouse

COLUMNS = [name for name in NewStore.__dataclass_fields__ if name != "sort_key"]
_STORE = TypeAdapter(NewStore)


def add_stores(warehouse: Warehouse, chain_id: int, source: Path) -> int:
    """Add the stores in ``source``, or bring those of the same code up to date; return how many.

    Needs the columns code and name; of the others those that are there. All or none is added.
    Raises PermanentError for a file or a line that is no good.
    """
    with warehouse.begin(Scope(chain_id)) as connection:
        zone = connection.scalar(text("select time_zone from chain"))
        stores = list(_read(source, str(zone)))
        for store in stores:
            add_store(connection, chain_id, store)
    return len(stores)


def _read(source: Path, zone: str) -> Iterator[NewStore]:
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = source.read_text(encoding="gb18030", errors="replace").splitlines()
    rows = csv.DictReader(lines)
    known = set(rows.fieldnames or ())
    if not {"code", "name"} <= known:
        raise PermanentError("runtime.stores_header", columns=", ".join(COLUMNS))
    for number, row in enumerate(rows, start=2):
        given = {name: row[name].strip() for name in COLUMNS if row.get(name, "")}
        pinyin = " ".join(lazy_pinyin(given.get("name", "")))
        try:
            yield _STORE.validate_python({"time_zone": zone, "sort_key": pinyin, **given})
        except ValidationError as error:
            raise PermanentError("runtime.stores_line", line=number, path=source.name) from error
