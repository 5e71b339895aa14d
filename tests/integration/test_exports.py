"""What is exported is what is on screen: same rows, same sums, for whoever may see them."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from chain.errors import TransientError
from chain.metrics import METRICS, shown
from dashboard import guard
from dashboard.pages import PAGES
from reports import contents, csv_file, parquet_file, xlsx_file
from reports.contents import Asked
from reports.table import Sums, Table
from tests.conftest import Database
from tests.integration.boards import Running, running
from tests.integration.test_reads import MARCH, NOW, STORES, _fill
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

ADDRESS = "period=2026-02-10..2026-03-20&metric=net_sales"


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(module_database.app)
    with opened.begin(Scope(1)) as connection:
        _fill(connection)
    yield opened
    opened.close()


@pytest.fixture
def asked(warehouse: Warehouse) -> Asked:
    return Asked(Reads(warehouse, Scope(1), now=lambda: NOW), MARCH, "en", NOW)


def _csv(table: Table) -> pd.DataFrame:
    whole = "".join(csv_file.lines(table))
    assert whole.startswith("\ufeff")
    return pd.read_csv(io.StringIO(whole[1:]), comment="#", dtype=str, keep_default_na=False)


def _sheet(path: Path, number: int = 0) -> list[tuple[Any, ...]]:
    book = load_workbook(path, read_only=True)
    return list(book.worksheets[number].iter_rows(values_only=True))


@pytest.mark.parametrize("metric", ["net_sales", "average_ticket", "refund_rate", "days_without"])
def test_a_ranking_is_the_ranking_on_screen(asked: Asked, tmp_path: Path, metric: str) -> None:
    asked = replace(asked, filters=replace(MARCH, metric=metric))
    ranked = asked.reads.by_store(asked.filters)
    xlsx_file.write(contents.ranking(asked), tmp_path / "a.xlsx")
    head, *rows = _sheet(tmp_path / "a.xlsx")
    assert [row[head.index("Store number")] for row in rows] == [
        f"S{store}" for store in ranked["store_id"]
    ]
    orders = [row[head.index("Orders")] for row in rows]
    assert orders == list(ranked["orders"])
    gross = [row[head.index("Gross sales (CNY)")] for row in rows]
    assert [round(value * 100) for value in gross] == list(ranked["gross"])
    found = _csv(contents.ranking(asked))
    assert list(found["Place"]) == ["" if pd.isna(at) else f"{at:.0f}" for at in ranked["rank"]]
    scale = 100 if METRICS[metric].unit == "money" else 1
    label = METRICS[metric].label("en")
    column = next(name for name in found.columns if name.startswith(label))
    values = [float(value) * scale if value else float("nan") for value in found[column]]
    assert values == pytest.approx(list(ranked["value"]), abs=0.51 if scale == 100 else 1e-6,
                                   nan_ok=True)  # fmt: skip


def test_days_are_the_days_on_screen(asked: Asked, tmp_path: Path) -> None:
    daily = asked.reads.daily(asked.filters, "day").frame
    parquet_file.write(contents.days(asked), tmp_path / "a.parquet")
    found = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["day"] for row in found] == list(daily["day"])
    assert [row["gross"] for row in found] == [Decimal(int(each)) / 100 for each in daily["gross"]]
    total = asked.reads.totals(asked.filters).now["gross"]
    assert sum(row["gross"] for row in found) == Decimal(total) / 100


def test_every_payment_is_there_in_its_own_currency(asked: Asked, tmp_path: Path) -> None:
    shown = asked.reads.payments(asked.filters, 0, 100_000)
    with contents.payments(asked) as table:
        parquet_file.write(table, tmp_path / "a.parquet")
    with contents.payments(asked) as table:
        xlsx_file.write(table, tmp_path / "a.xlsx")
    with contents.payments(asked) as table:
        found = _csv(table)
    ids = list(shown.rows["external_id"])
    head, *rows = _sheet(tmp_path / "a.xlsx")
    stored = pq.read_table(tmp_path / "a.parquet")
    assert len(ids) == shown.total > 100
    assert list(found["Payment number"]) == ids
    assert [row[head.index("Payment number")] for row in rows] == ids
    assert stored["external_id"].to_pylist() == ids
    assert stored["occurred_at"].to_pylist() == list(shown.rows["occurred_at"])
    gross = [Decimal(int(each)) / 100 for each in shown.rows["gross"]]
    assert [Decimal(each) for each in found["Gross sales"]] == gross
    assert stored["gross"].to_pylist() == gross
    assert set(found["Currency"]) == {"CNY", "USD", "EUR"}


def test_the_stamp_says_what_was_chosen_and_what_it_comes_to(asked: Asked, tmp_path: Path) -> None:
    with contents.payments(replace(asked, lang="zh")) as table:
        whole = "".join(csv_file.lines(table))
    total = asked.reads.payments(asked.filters).total
    assert f"#,行数,{total:,}" in whole.replace('"', "")
    assert "#,时区,Asia/Shanghai" in whole
    assert "#,区域,全部区域" in whole
    with contents.payments(asked) as table:
        parquet_file.write(table, tmp_path / "a.parquet")
    said = json.loads(pq.read_metadata(tmp_path / "a.parquet").metadata[b"tillboard"])
    rows = asked.reads.payments(asked.filters, 0, 100_000).rows
    home = int(rows["gross"][rows["currency"] == "CNY"].sum())
    assert said["Control total, gross sales (CNY)"] == f"¥{home / 100:,.2f}"
    assert said["Time zone"] == "Asia/Shanghai"


def test_a_workbook_has_types_a_frozen_head_a_chart_and_definitions(
    asked: Asked, tmp_path: Path
) -> None:
    with contents.payments(asked) as table:
        xlsx_file.write(table, tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Data", "Chart", "About", "Definitions"]
    data = book["Data"]
    assert data.freeze_panes == "A2"
    kinds = [cell.data_type for cell in data[2]]
    assert kinds[:3] == ["d", "d", "s"]
    assert kinds[7] == "n"
    assert isinstance(data["A2"].value, datetime)
    assert len(book["Chart"]._charts) == 1
    sentences = {row[0].value: row[1].value for row in book["Definitions"].iter_rows()}
    assert sentences == {one.label("en"): one.sentence("en") for one in shown(()).values()}


def test_rows_that_went_missing_are_never_a_file(asked: Asked, tmp_path: Path) -> None:
    for write, name in ((xlsx_file.write, "a.xlsx"), (parquet_file.write, "a.parquet")):
        table = contents.days(asked)
        table.expected = Sums(table.expected.rows + 1, table.expected.gross)
        with pytest.raises(TransientError, match="New data came in"):
            write(table, tmp_path / name)
    table = contents.days(asked)
    table.expected = Sums(table.expected.rows, {"CNY": 1})
    with pytest.raises(TransientError, match="New data came in"):
        list(csv_file.lines(table))
    assert list(tmp_path.iterdir()) == []


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", 11)
    table = contents.days(asked)
    xlsx_file.write(table, tmp_path / "a.xlsx")
    days = [
        row[0]
        for number in range(-(-table.sums.rows // 10))
        for row in _sheet(tmp_path / "a.xlsx", number)[1:]
    ]
    assert [day.date() for day in days] == list(asked.reads.daily(MARCH, "day").frame["day"])


def test_a_choice_without_rows_is_a_file_with_a_head(asked: Asked, tmp_path: Path) -> None:
    asked = replace(asked, filters=replace(MARCH, cities=("Nowhere",)))
    with contents.payments(asked) as table:
        xlsx_file.write(table, tmp_path / "a.xlsx")
    assert len(_sheet(tmp_path / "a.xlsx")) == 1
    assert len(_csv(contents.ranking(asked))) == 0


@pytest.fixture
def board(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)  # a role that changes counts at once
    with running(database, tmp_path, PAGES) as opened:
        with opened.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from chain"))
            _fill(connection)
        yield opened


def _be(board: Running, role: str, stores: list[int] | None = None) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(
            text("update directory.membership set role = :role, store_ids = :stores"),
            {"role": role, "stores": stores},
        )


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("what", ["ranking", "days", "payments"])
def test_each_export_is_there_for_who_may_and_for_nobody_else(
    board: Running, what: str, kind: str
) -> None:
    address = f"/export/{what}.{kind}?{ADDRESS}"
    assert board.client().get(address).status_code == 401
    _be(board, "viewer")
    refused = board.logged_in().get(address)
    assert refused.status_code == 400
    assert "may look but not export" in refused.get_json()["error"]
    _be(board, "owner")
    given = board.logged_in().get(address)
    assert given.status_code == 200
    assert len(given.data) > 500
    assert f"2026-03-20.{kind}" in given.headers["Content-Disposition"]
    assert list((board.settings.data / "exports").glob("*")) == []


def test_a_store_manager_exports_that_store_alone(board: Running) -> None:
    def codes(address: str) -> set[str]:
        given = board.logged_in().get(address)
        return set(pl.read_parquet(given.data)["code"])

    everything = f"/export/payments.parquet?{ADDRESS}"
    assert codes(everything) == {f"S{store}" for store in STORES}
    assert codes(f"{everything}&store=2") == {"S2"}
    _be(board, "store", [2])
    assert codes(everything) == {"S2"}
    # A file with a part of the stores would be read as if it held them all.
    for others in ("store=1&store=2", "store=1", "store=999"):
        refused = board.logged_in().get(f"{everything}&{others}")
        assert refused.status_code == 400
        assert "no such store among those" in refused.get_json()["error"]
    assert codes(f"/export/ranking.parquet?{ADDRESS}") == {"S2"}


def test_the_report_of_a_store_is_for_who_may_see_it(board: Running) -> None:
    address = f"/export/report.pdf?{ADDRESS}&store="
    given = board.logged_in().get(f"{address}1")
    assert given.data.startswith(b"%PDF")
    assert given.headers["Content-Type"] == "application/pdf"
    _be(board, "store", [2])
    assert board.logged_in().get(f"{address}2").data.startswith(b"%PDF")
    for other in ("1", "999", "x", ""):
        refused = board.logged_in().get(address + other)
        assert refused.status_code == 400
        assert "no such store among those" in refused.get_json()["error"]
    _be(board, "viewer")
    assert "may look but not export" in board.logged_in().get(f"{address}1").get_json()["error"]


def test_another_chain_gets_nothing_of_this_one(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(2)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone)"
                " overriding system value values (2, 'Other', 'CNY', 'Asia/Shanghai')"
            )
        )
    stranger = Asked(Reads(warehouse, Scope(2)), MARCH, "en", datetime.now(UTC))
    with contents.payments(stranger) as table:
        assert sum(len(piece) for piece in table.pieces()) == 0
    mine = replace(stranger, reads=Reads(warehouse, Scope(1)))
    with contents.payments(mine) as table:
        assert sum(len(piece) for piece in table.pieces()) > 0


@pytest.mark.parametrize("address", ["/export/everything.csv", "/export/days.exe"])
def test_what_is_no_export_is_told_so(board: Running, address: str) -> None:
    answer = board.logged_in().get(address)
    assert answer.status_code == 400
    assert "no such export" in answer.get_json()["error"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_reader_who_leaves_keeps_no_transaction_open(board: Running, method: str) -> None:
    client = board.logged_in()
    client.open(f"/export/payments.csv?{ADDRESS}", method=method, buffered=False).close()
    with board.warehouse.directory() as connection:
        left = connection.scalar(
            text(
                "select count(*) from pg_stat_activity where state = 'idle in transaction'"
                " and datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    assert left == 0
