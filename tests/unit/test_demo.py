"""The demo chain: what its bills promise to whoever imports them."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import h3
import openpyxl
import polars as pl
import pytest

from runtime import demo

TODAY = date(2026, 11, 24)
SIZE = demo.DemoSize(stores=12, months=4, payments=9_000)


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a tiny chain's bills."""
    directory = tmp_path_factory.mktemp("demo") / "bills"
    list(demo.write_bills(directory, today=TODAY, size=SIZE))
    return directory


@pytest.fixture(scope="module")
def entries(bills: Path) -> list[demo.Entry]:
    return demo.read_manifest(bills.parent / demo.MANIFEST)


@pytest.fixture(scope="module")
def chain() -> demo.DemoChain:
    return demo.describe(TODAY, size=SIZE)


def wechat_rows(path: Path) -> list[list[str]]:
    """Split a WeChat bill as its form says: a field starts behind ",`"."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [line[1:].split(",`") for line in lines if line.startswith("`")][:-1]


def alipay_rows(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.infolist()[0]).decode("gbk")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(lines)]


def test_every_file_is_in_the_manifest_and_complete_when_it_is_yielded(tmp_path: Path) -> None:
    seen = []
    for path in demo.write_bills(tmp_path / "bills", today=TODAY, size=SIZE):
        entry = demo.read_manifest(tmp_path / demo.MANIFEST)[-1]
        assert entry.path == path.name
        seen.append((path, hashlib.sha256(path.read_bytes()).hexdigest()))
    assert all(hashlib.sha256(p.read_bytes()).hexdigest() == was for p, was in seen)
    assert len(seen) == demo.count_bills(TODAY, size=SIZE)


def test_the_newest_month_comes_first(entries: list[demo.Entry]) -> None:
    months = [entry.end[:7] for entry in entries]
    assert months == sorted(months, reverse=True)
    assert (months[0], entries[0].end) == ("2026-11", "2026-11-23")


def test_the_same_seed_writes_the_same_bytes(bills: Path, tmp_path: Path) -> None:
    for path in demo.write_bills(tmp_path / "again", today=TODAY, size=SIZE):
        assert path.read_bytes() == (bills / path.name).read_bytes(), path.name


def test_another_seed_is_another_history(bills: Path, tmp_path: Path) -> None:
    first = next(demo.write_bills(tmp_path / "other", today=TODAY, seed=3, size=SIZE))
    assert first.read_bytes() != (bills / first.name).read_bytes()


def test_payments_come_close_to_the_size_asked(entries: list[demo.Entry]) -> None:
    totals = demo.expected_totals(entries)
    sold = sum(
        s.rows for (p, k), s in totals.items() if k != "refund" and p not in {"cash", "till"}
    )
    assert sold == pytest.approx(SIZE.payments, rel=0.05)


def test_wechat_sums_by_kind_are_those_of_the_manifest(
    bills: Path, entries: list[demo.Entry]
) -> None:
    for entry in (e for e in entries if e.platform == "wechat"):
        rows = wechat_rows(bills / entry.path)
        back = [row for row in rows if row[9] == "REFUND"]
        paid = [row for row in rows if row[9] == "SUCCESS"]
        refund = entry.by_kind.get("refund", demo.Sums())
        assert (len(back), -sum(fen(row[25]) for row in back)) == (refund.rows, refund.gross)
        bought = [s for kind, s in entry.by_kind.items() if kind != "refund"]
        assert len(paid) == sum(s.rows for s in bought)
        assert sum(fen(row[24]) for row in paid) == sum(s.gross for s in bought)
        settled = sum(s.gross - s.merchant_subsidy for s in bought)
        assert sum(fen(row[12]) for row in paid) == settled


def test_alipay_sums_by_kind_are_those_of_the_manifest(
    bills: Path, entries: list[demo.Entry]
) -> None:
    for entry in (e for e in entries if e.platform == "alipay" and e.by_kind):
        rows = alipay_rows(bills / entry.path)
        sums = entry.by_kind.values()
        assert len(rows) == sum(s.rows for s in sums)
        assert sum(fen(r["订单金额（元）"]) for r in rows) == sum(s.gross for s in sums)
        assert -sum(fen(r["服务费（元）"]) for r in rows) == sum(s.fee for s in sums)
        received = sum(fen(r["商家实收（元）"]) for r in rows)
        assert received == sum(s.gross - s.merchant_subsidy for s in sums)


def fen(amount: str) -> int:
    """Return an amount in yuan with two decimals in fen."""
    whole, decimals = amount.lstrip("-").split(".")
    assert len(decimals) == 2
    return (-1 if amount.startswith("-") else 1) * (int(whole) * 100 + int(decimals))


def test_meituan_receivables_are_the_sum_of_their_parts(
    bills: Path, entries: list[demo.Entry]
) -> None:
    for entry in (e for e in entries if e.platform == "meituan"):
        book = openpyxl.load_workbook(bills / entry.path, read_only=True)
        header, *rows = book["订单明细"].iter_rows(values_only=True)
        due = 0
        for row in (dict(zip(header, cells, strict=True)) for cells in rows):
            parts = (
                "商品总价",
                "餐盒费",
                "打包袋",
                "商家活动总支出",
                "公益捐款",
                "佣金",
                "配送服务费",
            )
            total = sum(round(float(str(row[name])) * 100) for name in parts)
            assert total == round(float(str(row["商家应收款"])) * 100)
            due += total
        assert len(rows) == sum(s.rows for s in entry.by_kind.values())
        assert due == sum(s.net for s in entry.by_kind.values())
        bill = list(book["账单明细"].iter_rows(min_row=3, values_only=True))
        assert sum(round(float(str(line[5])) * 100) for line in bill) == due
        book.close()


def test_cash_file_adds_up(bills: Path, entries: list[demo.Entry], chain: demo.DemoChain) -> None:
    codes = {store.code for store in chain.stores}
    for entry in (e for e in entries if e.platform == "cash"):
        text = (bills / entry.path).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == list(chain.cash_columns.values())
        assert {row["门店"] for row in rows} <= codes
        assert sum(fen(row["金额"]) for row in rows) == entry.by_kind["sale"].gross


def test_every_stable_identity_is_unique(bills: Path, entries: list[demo.Entry]) -> None:
    wechat: set[str] = set()
    alipay: set[tuple[str, str]] = set()
    for entry in (e for e in entries if e.role == "bill"):
        if entry.platform == "wechat":
            rows = wechat_rows(bills / entry.path)
            ids = {row[14] if row[9] == "REFUND" else row[5] for row in rows}
            assert len(ids) == len(rows)
            assert not ids & wechat
            wechat |= ids
        if entry.platform == "alipay":
            found = alipay_rows(bills / entry.path)
            pairs = {(r["支付宝交易号"], r["退款批次号/请求号"]) for r in found}
            assert len(pairs) == len(found)
            assert not pairs & alipay
            alipay |= pairs


def test_some_refunds_come_a_month_after_their_sale(bills: Path, entries: list[demo.Entry]) -> None:
    late = [
        row
        for entry in entries
        if entry.platform == "alipay" and entry.role == "bill"
        for row in alipay_rows(bills / entry.path)
        if row["业务类型"] == "退款" and row["创建时间"][:7] != row["完成时间"][:7]
    ]
    assert late
    assert all(float(row["订单金额（元）"]) < 0 for row in late)


def test_one_terminal_moves_and_one_is_bound_to_nothing(
    bills: Path, entries: list[demo.Entry], chain: demo.DemoChain
) -> None:
    dated = [b for b in chain.bindings if b.from_date]
    assert len(dated) == 1
    before = [b for b in chain.bindings if b.ref == dated[0].ref and not b.from_date]
    assert [b.store_code for b in before] != [dated[0].store_code]
    rows = [
        row
        for entry in entries
        if entry.platform == "wechat"
        for row in wechat_rows(bills / entry.path)
    ]
    bound = {b.ref for b in chain.bindings if b.platform == "wechat"}
    used = {row[4] for row in rows}
    assert used - bound == {"YX990173"}
    days = {row[0][:10] for row in rows if row[4] == dated[0].ref}
    assert min(days) < str(dated[0].from_date) <= max(days)


def test_one_file_comes_twice_and_one_again_with_changed_rows(
    bills: Path, entries: list[demo.Entry]
) -> None:
    twice = [e for e in entries if e.role == "duplicate"]
    again = [e for e in entries if e.role == "reexport"]
    assert [len(twice), len(again)] == [1, 1]
    original = bills / twice[0].path.replace(" (1)", "")
    assert original.read_bytes() == (bills / twice[0].path).read_bytes()
    new = {
        r["支付宝交易号"] + r["退款批次号/请求号"]: r for r in alipay_rows(bills / again[0].path)
    }
    (full,) = (
        e for e in entries
        if e.role == "bill" and e.account == again[0].account and e.end[:7] == again[0].end[:7]
    )  # fmt: skip
    old = {r["支付宝交易号"] + r["退款批次号/请求号"]: r for r in alipay_rows(bills / full.path)}
    assert new.keys() < old.keys()
    changed = [key for key in new if new[key] != old[key]]
    assert len(changed) == again[0].changed_rows > 0
    assert all(fen(new[k]["服务费（元）"]) == fen(old[k]["服务费（元）"]) + 1 for k in changed)


def test_the_till_report_repeats_the_bills_of_its_store_and_adds_card_payments(
    bills: Path, entries: list[demo.Entry]
) -> None:
    reports = [e for e in entries if e.role == "till"]
    assert len(reports) == 2
    orders = {
        order
        for entry in entries
        if entry.role == "bill"
        for order in (
            [r[6] for r in wechat_rows(bills / entry.path)]
            if entry.platform == "wechat"
            else [r["商户订单号"] for r in alipay_rows(bills / entry.path)]
            if entry.platform == "alipay"
            else []
        )
    }
    for entry in reports:
        book = openpyxl.load_workbook(bills / entry.path, read_only=True)
        _, _, header, *rows, total = book["收款明细"].iter_rows(values_only=True)
        lines = [dict(zip(header, cells, strict=True)) for cells in rows]
        shared = [line for line in lines if line["结账方式"] != "银行卡"]
        assert {str(line["订单号"]) for line in shared} <= orders
        assert len(shared) == entry.known["sale"].rows < entry.by_kind["sale"].rows == len(lines)
        assert total[0] == "合计"
        assert round(float(str(total[8])) * 100) == entry.by_kind["sale"].gross
        book.close()


def test_a_store_with_missing_days_has_no_rows_then(
    bills: Path, entries: list[demo.Entry], chain: demo.DemoChain
) -> None:
    truth = json.loads((bills.parent / demo.TRUTH).read_text(encoding="utf-8"))
    events = truth["events"]
    shops = {b.ref: b.store_code for b in chain.bindings if b.platform == "alipay"}
    seen = {
        (shops[row["门店编号"]], row["创建时间"][:10])
        for entry in entries
        if entry.platform == "alipay"
        for row in alipay_rows(bills / entry.path)
        if row["业务类型"] == "交易"
    }
    assert any(code == events["missing_at"] for code, _ in seen)
    assert not {(events["missing_at"], day) for day in events["missing_days"]} & seen


def test_the_truth_covers_every_store_and_day(bills: Path, chain: demo.DemoChain) -> None:
    days = pl.read_parquet(bills.parent / demo.TRUTH_DAYS)
    span = (chain.last_day - chain.first_day).days + 1
    assert len(days) == len(chain.stores) * span
    for store in chain.stores:
        mine = days.filter(pl.col("store_code") == store.code)
        alive = mine.filter(pl.col("expected_orders") > 0)["business_date"]
        assert alive.min() == max(store.opened_on, chain.first_day)
        assert alive.max() == min(store.closed_on or chain.last_day, chain.last_day)


def test_the_neighbourhoods_of_every_store_are_there_with_their_truth(
    bills: Path, chain: demo.DemoChain
) -> None:
    areas = pl.read_csv(bills.parent / demo.AREAS)
    truth = pl.read_parquet(bills.parent / demo.TRUTH_AREAS)
    assert areas["area"].is_unique().all()
    assert areas["area"].to_list() == truth["area"].to_list()
    assert (areas["population"] > 0).all()
    assert (truth["potential"] > 0).all()
    cells = set(areas["area"])
    for store in chain.stores:
        assert h3.latlng_to_cell(store.lat, store.lon, 8) in cells
    rivals = pl.read_csv(bills.parent / demo.COMPETITORS)
    assert set(rivals.columns) == {"name", "lat", "lon"}


def test_the_description_is_whole(chain: demo.DemoChain) -> None:
    codes = [store.code for store in chain.stores]
    assert len(set(codes)) == SIZE.stores
    assert {store.region for store in chain.stores} <= {region.name for region in chain.regions}
    accounts = {(account.platform, account.ref) for account in chain.accounts}
    assert {(b.platform, b.account_ref) for b in chain.bindings} <= accounts
    assert {b.store_code for b in chain.bindings} == set(codes)


def test_the_default_chain_is_what_was_asked_for() -> None:
    chain = demo.describe(TODAY)
    assert len(chain.stores) == 48
    assert len({store.city for store in chain.stores}) == 6
    assert (chain.first_day, chain.last_day) == (date(2024, 11, 1), date(2026, 11, 23))
    assert sum(store.opened_on > chain.first_day for store in chain.stores) >= 5
    assert sum(store.closed_on is not None for store in chain.stores) == 1
    assert sum(store.cutover_hour == 2 for store in chain.stores) == 2


@pytest.mark.parametrize("today", [date(2025, 1, 1), date(2027, 2, 20), date(2028, 3, 1)])
@pytest.mark.parametrize("size", [demo.DemoSize(1, 1, 50), demo.DemoSize(60, 2, 500)])
def test_any_day_and_size_will_do(today: date, size: demo.DemoSize, tmp_path: Path) -> None:
    """First of a month, years without an official calendar, one store, more than all spots."""
    paths = list(demo.write_bills(tmp_path / "bills", today=today, size=size))
    assert len(demo.read_manifest(tmp_path / demo.MANIFEST)) == len(paths) == len(set(paths))


def test_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="needs stores"):
        demo.describe(TODAY, size=demo.DemoSize(stores=0))
