"""What goes wrong while a file is merged: nothing is lost, nothing hangs, nothing stays behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text

from chain.errors import TransientError
from chain.words import say
from etl.importer import Importer
from etl.loading import Lane, Loader
from etl.reading.layout import either
from etl.sources import alipay_merchant
from tests.bills import MadeBill, load, new_chain, store_id, utc
from tests.conftest import Database
from warehouse import staging
from warehouse.binding import bind
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo

SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
DETAIL = SAMPLES / "alipay_merchant_detail.csv"
STORES = [
    NewStore("SH001", "虹桥店", "Asia/Shanghai"),
    NewStore("LATE", "夜店", "Asia/Shanghai", cutover_hour=4),
]
PLACES = ("account", "place", "store_binding")


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    made = Warehouse(module_database.app)
    yield made
    made.close()


@pytest.fixture
def scope(warehouse: Warehouse) -> Scope:
    return new_chain(warehouse, STORES)


def _import(warehouse: Warehouse, scope: Scope, path: Path, large: int = 1 << 30) -> dict[str, Any]:
    (batch,) = Importer(warehouse, scope, "k" * 32, large_bytes=large).import_path(path)
    return batch


def _count(warehouse: Warehouse, scope: Scope, table: str) -> int:
    with warehouse.begin(scope) as connection:
        return int(connection.scalar(text(f"select count(*) from {table}")) or 0)


def _bind(warehouse: Warehouse, scope: Scope, kind: str, ref: str, code: str) -> None:
    with warehouse.begin(scope) as connection:
        account = connection.scalar(text("select account_id from account"))
        assert account is not None
    with warehouse.begin(scope) as connection:
        store = store_id(warehouse, scope, code)
        bind(connection, account_id=account, ref_kind=kind, ref=ref, store_id=store)


def _breaking(monkeypatch: pytest.MonkeyPatch, part: str, error: Exception) -> None:
    """Let the merge of one part fail, after the others are in."""
    plain = Loader.merge

    def merge(self: Loader, lane: Lane, *arguments: Any, **options: Any) -> None:
        if lane.name == part:
            raise error
        plain(self, lane, *arguments, **options)

    monkeypatch.setattr(Loader, "merge", merge)


def test_a_place_bound_between_the_parts_of_a_file_loses_no_payment(
    warehouse: Warehouse, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later end of the day moves payments from odd to even dates, whose part is in already."""
    with monkeypatch.context() as patch:
        _breaking(patch, "odd", TransientError("warehouse.busy"))
        with pytest.raises(TransientError):
            _import(warehouse, scope, DETAIL, large=1)
    assert 0 < _count(warehouse, scope, "payment") < 5
    _bind(warehouse, scope, "terminal", "T02", "LATE")
    batch = _import(warehouse, scope, DETAIL, large=1)
    counts = [batch[f"rows_{name}"] for name in ("accepted", "new", "changed", "same")]
    assert (batch["state"], counts) == ("done", [5, 5, 0, 0])
    assert _count(warehouse, scope, "payment") == 5


def test_a_file_that_breaks_us_is_failed_and_leaves_nothing(
    warehouse: Warehouse, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One half is in when the other breaks: the half is taken back, and the batch says why."""
    with monkeypatch.context() as patch:
        _breaking(patch, "odd", ZeroDivisionError("13800138000"))
        batch = _import(warehouse, scope, DETAIL, large=1)
    assert (batch["state"], batch["error_key"]) == ("failed", "etl.unexpected")
    said = [say(lang, batch["error_key"], **batch["error_params"]) for lang in ("en", "zh")]
    assert said == [
        (
            "Tillboard itself failed at this file (ZeroDivisionError), so nothing of it was "
            "loaded. Try it again; if it fails again, keep the file and report this to whoever "
            "runs Tillboard."
        ),
        (
            "Tillboard 在处理这个文件时自身出错（ZeroDivisionError），没有导入其中任何内容。"
            "请重试；如果再次失败，请保留文件，并告知 Tillboard 的管理员。"
        ),
    ]
    for table in (*PLACES, "payment", "store_day", "store_day_total", "store_month", "store_hour"):
        assert _count(warehouse, scope, table) == 0, table
    assert _import(warehouse, scope, DETAIL, large=1)["rows_new"] == 5


def test_a_server_that_refuses_the_last_rows_ends_the_import(
    warehouse: Warehouse, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a COPY fails when nothing more is to come: nobody waits for what never does."""

    def refuse(_: object) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(staging, "analyze", refuse)
        batch = _import(warehouse, scope, DETAIL)
    assert (batch["state"], batch["error_key"]) == ("failed", "etl.unexpected")


def test_a_file_that_fails_at_its_end_leaves_no_places(
    warehouse: Warehouse, scope: Scope, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.csv"
    lines = DETAIL.read_text().splitlines(keepends=True)
    cut.write_text("".join(line for line in lines[:10] if "合计" not in line))
    batch = _import(warehouse, scope, cut)
    assert (batch["state"], batch["error_key"]) == ("failed", "etl.truncated")
    assert [_count(warehouse, scope, table) for table in PLACES] == [0, 0, 0]


def test_undone_the_first_file_of_an_account_leaves_no_trace_of_it(
    warehouse: Warehouse, scope: Scope
) -> None:
    batch = _import(warehouse, scope, DETAIL)
    assert min(_count(warehouse, scope, table) for table in PLACES) > 0
    with warehouse.begin(scope) as connection:
        undo(connection, scope.chain_id, batch["batch_id"])
    assert [_count(warehouse, scope, table) for table in PLACES] == [0, 0, 0]


def test_what_a_person_bound_outlives_the_file(warehouse: Warehouse, scope: Scope) -> None:
    batch = _import(warehouse, scope, DETAIL)
    _bind(warehouse, scope, "store", "SH001", "LATE")
    with warehouse.begin(scope) as connection:
        undo(connection, scope.chain_id, batch["batch_id"])
    assert [_count(warehouse, scope, table) for table in PLACES] == [1, 0, 1]


def test_two_files_of_a_place_undone_one_by_one_leave_no_trace(
    warehouse: Warehouse, scope: Scope
) -> None:
    """The place counts as the first file's, and goes with the last."""
    batches = [
        load(
            warehouse,
            scope,
            MadeBill([{"external_id": name, "gross": 1, "occurred_at": utc(3), "store_ref": "s"}]),
        )
        for name in ("one", "two")
    ]
    for left, batch in zip((1, 0), batches, strict=True):
        with warehouse.begin(scope) as connection:
            undo(connection, scope.chain_id, batch)
        assert _count(warehouse, scope, "place") == left
    assert _count(warehouse, scope, "account") == 0


@pytest.fixture
def with_a_new_type(tmp_path: Path) -> Path:
    """A bill with one line of a type that is not known yet, and one that never will be."""
    path = tmp_path / "types.csv"
    lines = DETAIL.read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "0000003\t" in line)
    lines[at] = lines[at].replace("交易\t", "预授权\t")
    lines.insert(at, lines[at].replace("0000003\t", "0000009\t").replace("预授权", "坏"))
    path.write_text("".join(lines))
    return path


def _know(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Do what a new release does: teach the source a word for sales."""
    kinds = {**alipay_merchant._KINDS, word: "sale"}
    known = {"etl.bad.type": ~pl.col("type").is_in(list(kinds))}
    layout = replace(
        alipay_merchant.DETAIL,
        refuses={**alipay_merchant.DETAIL.refuses, **known},
        makes={**alipay_merchant.DETAIL.makes, "kind": either("type", kinds)},
    )
    monkeypatch.setattr("etl.reading.known_layouts", lambda _maps: [layout])


def test_refused_lines_are_tried_again_after_a_fix(
    warehouse: Warehouse, scope: Scope, with_a_new_type: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is imported again, as the refusal said: the lines come in, the rest stays."""
    first = _import(warehouse, scope, with_a_new_type)
    assert (first["rows_new"], first["rows_rejected"]) == (4, 2)
    again = _import(warehouse, scope, with_a_new_type)
    assert again["batch_id"] == first["batch_id"]
    assert (again["state"], again["rows_new"], again["rows_rejected"]) == ("done", 4, 2)
    _know(monkeypatch, "预授权")
    fixed = _import(warehouse, scope, with_a_new_type)
    assert (fixed["state"], fixed["rows_new"], fixed["rows_rejected"]) == ("done", 5, 1)
    assert (fixed["rows_accepted"], fixed["options"]) == (5, {})
    assert _count(warehouse, scope, "payment") == 5
    assert _count(warehouse, scope, "payment_history") == 0
    with warehouse.begin(scope) as connection:
        left = connection.execute(text("select params, retried_at from reject")).one()
    assert left.params["value"] == "坏"
    assert left.retried_at is not None


def test_a_retry_that_fails_leaves_what_was_in(
    warehouse: Warehouse, scope: Scope, with_a_new_type: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import(warehouse, scope, with_a_new_type)
    with monkeypatch.context() as patch:
        _breaking(patch, "more 1", ZeroDivisionError())
        again = _import(warehouse, scope, with_a_new_type)
    assert (again["state"], again["error_key"]) == ("done", "etl.unexpected")
    assert (again["rows_accepted"], _count(warehouse, scope, "payment")) == (4, 4)
    with warehouse.begin(scope) as connection:
        undo(connection, scope.chain_id, again["batch_id"])
    assert _count(warehouse, scope, "payment") == 0


@pytest.mark.parametrize("bound_first", [True, False])
def test_a_store_knows_its_code_whether_it_is_bound_before_or_after(
    warehouse: Warehouse, scope: Scope, bound_first: bool
) -> None:
    """A binding from a later day on leaves the days before to the store whose code it is."""
    first = {"external_id": "one", "gross": 1, "occurred_at": utc(3)}
    sale = {"external_id": "two", "gross": 1, "occurred_at": utc(5), "store_ref": "SH001"}
    load(warehouse, scope, MadeBill([first]))

    def bind_late() -> None:
        with warehouse.begin(scope) as connection:
            account = connection.scalar(text("select account_id from account"))
            assert account is not None
            bind(
                connection,
                account_id=account,
                ref_kind="store",
                ref="SH001",
                store_id=store_id(warehouse, scope, "LATE"),
                from_date=utc(10).date(),
            )

    if bound_first:
        bind_late()
    load(warehouse, scope, MadeBill([sale]))
    if not bound_first:
        bind_late()
    with warehouse.begin(scope) as connection:
        code = connection.scalar(
            text("select s.code from payment join store s using (store_id) where external_id='two'")
        )
    assert code == "SH001"
