"""What an import refuses because of what is in the warehouse already."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chain.words import say
from etl.importer import Importer
from tests.bills import new_chain
from tests.conftest import Database
from warehouse import batches
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo

SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
DETAIL = SAMPLES / "alipay_merchant_detail.csv"
STATEMENT = SAMPLES / "alipay_merchant_signcustomer.csv"


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    made = Warehouse(module_database.app)
    yield made
    made.close()


@pytest.fixture
def scope(warehouse: Warehouse) -> Scope:
    return new_chain(warehouse, [NewStore("SH001", "虹桥店", "Asia/Shanghai")])


def _import(warehouse: Warehouse, scope: Scope, path: Path) -> dict[str, Any]:
    (batch,) = Importer(warehouse, scope, "k" * 32).import_path(path)
    return batch


def _fees(warehouse: Warehouse, scope: Scope) -> int:
    with warehouse.begin(scope) as connection:
        return int(connection.scalar(text("select coalesce(sum(fee), 0) from store_day")) or 0)


@pytest.mark.parametrize(("first", "second"), [(DETAIL, STATEMENT), (STATEMENT, DETAIL)])
def test_the_same_money_in_another_form_is_refused_until_the_first_is_undone(
    warehouse: Warehouse, scope: Scope, first: Path, second: Path
) -> None:
    taken = _import(warehouse, scope, first)
    fees = _fees(warehouse, scope)
    refused = _import(warehouse, scope, second)
    assert (taken["state"], refused["state"]) == ("done", "failed")
    assert (refused["error_key"], refused["error_params"]) == (
        "etl.rival_bill",
        {"other": first.name},
    )
    assert _fees(warehouse, scope) == fees
    for lang, words in (("en", "undo the other one first"), ("zh", "请先撤销那份账单")):
        said = say(lang, refused["error_key"], **refused["error_params"])
        assert first.name in said
        assert words in said
    with warehouse.begin(scope) as connection:
        undo(connection, scope.chain_id, taken["batch_id"])
    assert _import(warehouse, scope, second)["state"] == "done"


def test_another_account_is_no_rival(warehouse: Warehouse, scope: Scope, tmp_path: Path) -> None:
    _import(warehouse, scope, DETAIL)
    other = tmp_path / STATEMENT.name
    other.write_text(STATEMENT.read_text().replace("20881234567890120156", "20889999999999990156"))
    assert _import(warehouse, scope, other)["state"] == "done"


def test_a_key_that_is_another_payments_is_refused_by_line(
    warehouse: Warehouse, module_database: Database, scope: Scope, tmp_path: Path
) -> None:
    """Two identities with one hash: not to be expected, and never to be merged."""
    _import(warehouse, scope, DETAIL)
    with warehouse.begin(scope) as connection:
        changed = connection.execute(
            text("update payment set external_id = 'another' where order_ref = 'T20250301-0003'")
        )
        assert changed.rowcount == 1
    later = tmp_path / "later.csv"
    later.write_text(DETAIL.read_text().replace("10:05:00", "11:05:00"))
    batch = _import(warehouse, scope, later)
    assert (batch["state"], batch["rows_accepted"], batch["rows_rejected"]) == ("done", 4, 1)
    with warehouse.begin(scope) as connection:
        reject = connection.execute(
            text("select line, reason, params from reject where batch_id = :batch"),
            {"batch": batch["batch_id"]},
        ).one()
        kept = connection.scalars(
            text("select external_id from payment where order_ref = 'T20250301-0003'")
        ).all()
    lines = later.read_text().splitlines()
    assert "T20250301-0003" in lines[reject.line - 1]
    assert reject.reason == "etl.identity_mismatch"
    assert "left out" in say("en", reject.reason, **reject.params)
    assert "没有导入" in say("zh", reject.reason, **reject.params)
    assert kept == ["another"]


def test_a_file_that_takes_its_worker_along_each_time_is_put_aside_and_may_be_tried_again(
    warehouse: Warehouse, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("etl.importer.open_bill", killed)
        for _ in range(batches.MOST_STARTS):
            with pytest.raises(KeyboardInterrupt):
                _import(warehouse, scope, DETAIL)
        assert _batch(warehouse, scope)["state"] == "reading"
        last = _import(warehouse, scope, DETAIL)
    assert (last["state"], last["error_key"]) == ("failed", "etl.no_end")
    for lang, words in (("en", "Split the file"), ("zh", "请拆分文件")):
        assert words in say(lang, last["error_key"], **last["error_params"])
    assert _import(warehouse, scope, DETAIL)["state"] == "done"


def _batch(warehouse: Warehouse, scope: Scope) -> dict[str, Any]:
    with warehouse.begin(scope) as connection:
        (batch_id,) = connection.scalars(text("select batch_id from import_batch")).all()
        return batches.get(connection, scope.chain_id, batch_id)
