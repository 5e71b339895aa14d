"""The demo writes what the platforms write: its bills are held against real files."""

import json
import re
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from etl.reading import leaves, open_bill
from runtime import demo
from runtime.demo import alipay, meituan, till, wechat

TODAY = date(2026, 11, 24)
SIZE = demo.DemoSize(stores=6, months=3, payments=4_000)


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("formats") / "bills"
    list(demo.write_bills(directory, today=TODAY, size=SIZE))
    return directory


@pytest.fixture(scope="module")
def payments(real_data: Path) -> Path:
    return real_data / "payments"


def alipay_parts(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(i).decode("gbk").split("\n") for i in archive.infolist()]


def first(bills: Path, pattern: str) -> Path:
    return min(bills.glob(pattern))


def shape(line: str) -> str:
    """Return what a line's form is, whatever its values: words and numbers become one sign."""
    return re.sub(r"[^,\t`#：\[\]，]+", "x", line)


def test_alipay_header_is_the_real_one(payments: Path) -> None:
    real = (payments / "alipay_merchant_detail_20190916_gbk.csv").read_text(encoding="gbk")
    assert alipay.HEADER in real.splitlines()


def test_alipay_lines_above_and_below_have_the_real_form(payments: Path, bills: Path) -> None:
    real = (payments / "alipay_merchant_detail_20190916_gbk.csv").read_bytes()
    told = [line for line in real.decode("gbk").split("\n") if line.startswith("#")]
    written = [
        line for line in alipay_parts(first(bills, "2088*.csv.zip"))[0] if line.startswith("#")
    ]
    assert [digits(line) for line in written] == [digits(line) for line in told]


def digits(line: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?", "0", line)


def test_alipay_rows_have_the_real_tabs_and_commas(payments: Path, bills: Path) -> None:
    real = (payments / "alipay_merchant_detail_20190916_gbk.csv").read_text(encoding="gbk")
    seps = {re.sub(r"[^,\t]", "", line) for line in real.split("\n") if re.match(r"\d", line)}
    for path in bills.glob("2088*.csv.zip"):
        lines = alipay_parts(path)[0]
        rows = [line for line in lines if re.match(r"\d", line)]
        assert rows
        assert {re.sub(r"[^,\t]", "", line) for line in rows} == seps


def test_alipay_refunds_state_a_request_and_negative_money(bills: Path) -> None:
    rows = [
        dict(zip(alipay.HEADER.split(","), line.split(","), strict=True))
        for path in bills.glob("2088*.csv.zip")
        for line in alipay_parts(path)[0]
        if "\t,退款\t," in line
    ]
    assert rows
    for row in rows:
        assert row["退款批次号/请求号"].strip()
        assert float(row["商家实收（元）"]) < 0 < float(row["服务费（元）"]) + 0.005


def test_alipay_zip_holds_detail_and_summary_under_names_in_gbk(bills: Path) -> None:
    with zipfile.ZipFile(first(bills, "2088*.csv.zip")) as archive:
        infos = archive.infolist()
    assert not any(info.flag_bits & 0x800 for info in infos)
    names = [info.filename.encode("cp437").decode("gbk") for info in infos]
    assert [name.split("_", 3)[3] for name in names] == ["业务明细.csv", "业务明细(汇总).csv"]


def test_alipay_summary_agrees_with_the_detail(bills: Path) -> None:
    for path in bills.glob("2088*.csv.zip"):
        detail, summary = alipay_parts(path)
        total = next(line for line in summary if line.startswith("合计")).split(",")
        (stated,) = (line for line in detail if line.startswith("#交易合计"))
        assert f"交易合计：{total[2]}笔" in stated


def test_wechat_headers_are_the_real_ones(payments: Path) -> None:
    real = (payments / "wechat_merchant_trade_bill_v3_20210128.csv").read_text(encoding="utf-8")
    lines = real.splitlines()
    assert lines[0] == wechat.HEADER
    assert lines[-2] == wechat.SUMMARY


def test_wechat_rows_have_the_real_form(payments: Path, bills: Path) -> None:
    real = (payments / "wechat_merchant_trade_bill_v3_20210128.csv").read_text(encoding="utf-8")
    fields = {line.count(",`") for line in real.splitlines()[1:-2]}
    known = real.splitlines()[1].split(",`")
    for path in bills.glob("1638*.csv"):
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        assert lines[0] == wechat.HEADER
        assert lines[-3:] == [wechat.SUMMARY, lines[-2], ""]
        rows = lines[1:-3]
        assert {line.count(",`") for line in rows} == fields
        sale = next(line for line in rows if "`SUCCESS,`OTHERS" in line).split(",`")
        for at in (0, 12, 22, 23):
            assert re.sub(r"\d+", "0", sale[at]) == re.sub(r"\d+", "0", known[at])
        assert [len(sale[at]) for at in (5, 7)] == [len(known[at]) for at in (5, 7)]


def test_wechat_refund_rows_keep_the_payment_out(bills: Path) -> None:
    """Form of a refund: an order of zero, the refund's own number, the fee given back."""
    rows = [
        line[1:].split(",`")
        for path in bills.glob("1638*.csv")
        for line in path.read_text(encoding="utf-8-sig").split("\n")
        if ",`REFUND,`" in line
    ]
    assert rows
    for row in rows:
        assert (row[12], row[24]) == ("0.00", "0.00")
        assert len(row[14]) == 29
        assert row[15].startswith("TK")
        assert row[18:20] == ["ORIGINAL", "SUCCESS"]
        assert float(row[25]) >= float(row[16]) > 0 > float(row[22])
        assert re.fullmatch(r"-\d+\.\d{5}", row[22])


def test_wechat_bills_come_with_and_without_a_byte_order_mark(bills: Path) -> None:
    marks = {path.read_bytes()[:3] == b"\xef\xbb\xbf" for path in bills.glob("1638*.csv")}
    assert marks == {True, False}


def test_some_wechat_product_names_hold_a_comma(bills: Path) -> None:
    lines = [
        line
        for path in bills.glob("1638*.csv")
        for line in path.read_text(encoding="utf-8-sig").split("\n")
        if line.startswith("`20")
    ]
    held = [line for line in lines if line.count(",") > line.count(",`")]
    assert 0 < len(held) < len(lines) / 10


def test_wechat_stated_fees_are_the_sum_of_the_rows(bills: Path) -> None:
    for path in bills.glob("1638*.csv"):
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        fees = sum(round(float(line.split(",`")[22]) * 100_000) for line in lines[1:-3])
        assert round(float(lines[-2].split(",`")[4]) * 100_000) == fees


def test_meituan_columns_are_those_merchants_list(payments: Path, bills: Path) -> None:
    listed = json.loads((payments / "field_lists_headers.json").read_text(encoding="utf-8"))
    assert list(meituan.ORDER_COLUMNS) == listed["meituan_waimai_fin_order_订单明细"]
    assert list(meituan.BILL_COLUMNS) == listed["meituan_waimai_fin_bill_账单明细"]
    assert list(till.COLUMNS) == listed["meituan_pos_收款明细"]


def test_meituan_workbook_has_its_four_sheets(bills: Path) -> None:
    book = openpyxl.load_workbook(first(bills, "美团*.xlsx"), read_only=True)
    assert book.sheetnames == ["账单明细", "订单明细", "汇总信息", "账户余额流水"]
    _, second = book["账单明细"].iter_rows(max_row=2, values_only=True)
    assert second == meituan.BILL_COLUMNS
    (header,) = book["订单明细"].iter_rows(max_row=1, values_only=True)
    assert header == meituan.ORDER_COLUMNS
    book.close()


def test_till_report_has_title_and_filter_above_its_header(bills: Path) -> None:
    book = openpyxl.load_workbook(first(bills, "收款明细_*.xlsx"), read_only=True)
    title, told, header = book["收款明细"].iter_rows(max_row=3, values_only=True)
    assert (title[0], header) == ("收款明细", till.COLUMNS)
    assert str(told[0]).startswith("营业日期：")
    book.close()


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_the_importer_reads_every_bill_to_the_fen(bills: Path, platform: str) -> None:
    """Sums by kind as in the manifest, no row refused, stated totals met."""
    for entry in demo.read_manifest(bills.parent / demo.MANIFEST):
        if entry.platform != platform or not entry.by_kind:
            continue
        frames = []
        for leaf in leaves(bills / entry.path):
            bill = open_bill(leaf)
            for chunk in bill.chunks():
                assert not chunk.rejects
                frames.append(chunk.rows)
            assert not [t for t in bill.statement.totals if t.residual and not t.rounding]
        names = ("gross", "merchant_subsidy", "platform_subsidy", "fee", "net")
        sums = pl.concat(frames).group_by("kind").agg(pl.len(), pl.sum(*names))
        assert {kind: demo.Sums(*rest) for kind, *rest in sums.rows()} == entry.by_kind


def test_places_in_the_bills_are_what_the_description_binds(bills: Path) -> None:
    bound = {(b.platform, b.ref_kind, b.ref) for b in demo.describe(TODAY, size=SIZE).bindings}
    for entry in demo.read_manifest(bills.parent / demo.MANIFEST):
        if entry.platform not in {"wechat", "alipay"}:
            continue
        for leaf in leaves(bills / entry.path):
            for chunk in open_bill(leaf).chunks():
                places = chunk.rows.select("store_ref", "terminal_ref").unique()
                for store, terminal in places.iter_rows():
                    assert terminal == "YX990173" or (
                        {(entry.platform, "store", store), (entry.platform, "terminal", terminal)}
                        & bound
                    )
