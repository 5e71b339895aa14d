"""Stores come from the owner's own CSV, all or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.errors import PermanentError
from runtime.stores import add_stores
from tests.bills import new_chain
from tests.conftest import Database
from warehouse.session import Warehouse


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    """A warehouse on a fresh database."""
    made = Warehouse(database.app)
    yield made
    made.close()


def test_stores_are_added_and_brought_up_to_date(warehouse: Warehouse, tmp_path: Path) -> None:
    """Excel's GBK is read; the same code again is the same store; blanks take the chain's zone."""
    scope = new_chain(warehouse)
    source = tmp_path / "stores.csv"
    source.write_bytes(
        "code,name,city,opened_on,area_sqm\nA1,静安寺店,上海,2024-05-01,80.5\n".encode("gbk")
    )
    assert add_stores(warehouse, scope.chain_id, source) == 1
    source.write_text("code,name,cutover_hour\nA1,静安店,2\n", encoding="utf-8")
    assert add_stores(warehouse, scope.chain_id, source) == 1
    with warehouse.begin(scope) as connection:
        found = connection.execute(
            text("select name, cutover_hour, time_zone, sort_key from store where code = 'A1'")
        ).one()
    assert tuple(found) == ("静安店", 2, "Asia/Shanghai", "jing an dian")


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("name,city\nx,y\n", "etl.stores_header"),
        ("code,name,opened_on\nA,a,\nB,b,yesterday\n", "etl.stores_line"),
        ("code,name\nA,a\n,b\n", "etl.stores_line"),
    ],
)
def test_a_bad_file_adds_no_store(
    warehouse: Warehouse, tmp_path: Path, content: str, key: str
) -> None:
    """One bad line, and nothing of the file is kept; the error names the line."""
    scope = new_chain(warehouse)
    source = tmp_path / "stores.csv"
    source.write_text(content, encoding="utf-8")
    with pytest.raises(PermanentError) as refused:
        add_stores(warehouse, scope.chain_id, source)
    assert refused.value.key == key
    with warehouse.begin(scope) as connection:
        assert connection.scalar(text("select count(*) from store where not unassigned")) == 0
