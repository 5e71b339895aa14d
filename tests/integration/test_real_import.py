"""The real files, all of them, through the real import: what stands in the warehouse afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etl.importer import Importer
from tests.bills import new_chain
from tests.conftest import Database
from tests.contract.test_real_files import FILES, RESIDUALS
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo

FORMATS = {"field_lists_headers.json"}
SUMS = text(
    "select platform, currency, sum(orders), sum(gross), sum(refunds), sum(refund), sum(fee),"
    " sum(net) from store_day group by 1, 2 order by 1, 2"
)
# Orders, gross, refunds, refunded, fees, net, added up by hand from the files. WeChat's personal
# bill is there as text and as workbook, and counts once; two of its anonymised rows (0.35 and
# 23.00) have one number, so that they are versions of one payment.
EXPECTED = [
    ("adyen", "USD", 0, 0, 0, 0, 9, -9),
    ("alipay", "CNY", 6 + 1, 6 + 222_228_50, 4, 4, 0, 2 + 222_228_50),
    ("paypal", "USD", 26, 84_00 + 70_576_80, 0, 0, 4_25 + 2_921_63, 67_734_92),
    ("wechat", "CNY", 3 + 4, 3 + 23_00 + 7 + 7 + 5_00, 0, 0, 0, 3 + 28_14),
]
TABLES = (
    "payment",
    "payment_history",
    "payment_sighting",
    "payment_twin",
    "store_day",
    "store_day_total",
    "store_month",
    "store_month_total",
    "store_hour",
    "place",
    "account",
    "store_binding",
)


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    made = Warehouse(database.app)
    yield made
    made.close()


def _days(warehouse: Warehouse, scope: Scope) -> list[tuple[object, ...]]:
    with warehouse.begin(scope) as connection:
        return [tuple(row) for row in connection.execute(SUMS)]


def test_every_real_file_comes_in_once_and_goes_again(
    warehouse: Warehouse, real_data: Path
) -> None:
    folder = real_data / "payments"
    assert {path.name for path in folder.iterdir()} == {*FILES, *FORMATS}
    scope = new_chain(warehouse)
    importer = Importer(warehouse, scope, "k" * 32)
    batches = {name: next(iter(importer.import_path(folder / name))) for name in sorted(FILES)}
    for name, (source, layout, rows, skipped, rejected, *_) in FILES.items():
        batch = batches[name]
        seen = [batch[key] for key in ("state", "source", "layout")]
        assert seen == ["done", source, layout], name
        counts = [batch[f"rows_{fate}"] for fate in ("accepted", "skipped", "rejected")]
        assert counts == [rows, skipped, rejected], name
        left = {
            total["name"].removeprefix("etl.total."): total["residual"]
            for total in batch["totals"]
            if not total["rounding"] and float(total["residual"])
        }
        assert left == RESIDUALS.get(name, {}), name
    days = _days(warehouse, scope)
    assert days == EXPECTED
    with warehouse.begin(scope) as connection:
        lost = connection.execute(text("select gross, platform from payment_history")).all()
    assert [tuple(row) for row in lost] == [(35, "wechat")]
    for name in FILES:
        (again,) = importer.import_path(folder / name)
        assert again["batch_id"] == batches[name]["batch_id"]
    assert _days(warehouse, scope) == days
    for batch in batches.values():
        with warehouse.begin(scope) as connection:
            undo(connection, scope.chain_id, batch["batch_id"])
    with warehouse.begin(scope) as connection:
        left = {name: connection.scalar(text(f"select count(*) from {name}")) for name in TABLES}
    assert left == dict.fromkeys(TABLES, 0)
