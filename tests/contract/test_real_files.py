"""The real files: exact rows, sums and totals of each. Skipped where the data are absent."""

import os
from pathlib import Path

import polars as pl
import pytest

from etl.canonical import SCHEMA, Statement
from etl.reading import leaves, open_bill

_ROOT = Path(__file__).resolve().parents[2]
_DATA = Path(os.environ.get("TILLBOARD_REAL_DATA", _ROOT.parent / "shared" / "data")) / "payments"

# file: source, layout, rows, skipped, rejected, gross, fee
FILES = {
    "alipay_merchant_detail_20190916_gbk.csv": ("alipay_merchant", "detail", 10, 0, 0, 2, 0),
    "wechat_merchant_trade_bill_v3_20210128.csv": ("wechat_merchant", "trade", 3, 0, 0, 3, 0),
    "wechat_merchant_fundflow_FORMAT_ONLY.csv": ("wechat_merchant", "fund_flow", 0, 1, 0, 0, 0),
    "alipay_personal_bill_gbk.csv": ("alipay_personal", "personal", 1, 9, 0, 22222850, 0),
    "wechat_personal_bill.csv": ("wechat_personal", "personal", 5, 22, 0, 2849, 0),
    "wechat_personal_bill.xlsx": ("wechat_personal", "personal", 5, 22, 0, 2849, 0),
    "jd_personal_bill.csv": ("jd_personal", "personal", 0, 26, 0, 0, 0),
    "meituan_personal_bill.csv": ("meituan_personal", "personal", 0, 29, 0, 0, 0),
    "adyen_settlement_detail_report_batch_238.csv": ("adyen", "settlement_detail", 1, 2, 0, 0, 9),
    "paypal_activity_en.csv": ("paypal", "activity", 28, 48, 0, 7066080, 292588),
}


def _read(name: str) -> tuple[str, str, pl.DataFrame, int, int, Statement]:
    path = _DATA / name
    if not path.exists():
        pytest.skip(f"real data not here: {path.name} (set TILLBOARD_REAL_DATA)")
    (leaf,) = leaves(path)
    bill = open_bill(leaf)
    chunks = list(bill.chunks())
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *(chunk.rows for chunk in chunks)])
    skipped = sum(chunk.skipped for chunk in chunks)
    rejected = sum(len(chunk.rejects) for chunk in chunks)
    return bill.source, bill.layout, rows, skipped, rejected, bill.statement


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_gives_exactly_these_rows_and_sums(name: str) -> None:
    source, layout, rows, skipped, rejected, _ = _read(name)
    sums = rows["gross"].sum(), rows["fee"].sum()
    assert (source, layout, rows.height, skipped, rejected, *sums) == FILES[name]
    assert dict(rows.schema) == SCHEMA


@pytest.mark.parametrize("name", [name for name in FILES if "merchant" in name])
def test_what_a_real_merchant_bill_states_agrees_with_its_rows(name: str) -> None:
    *_, statement = _read(name)
    assert [total for total in statement.totals if total.residual] == []


# What the anonymised personal bills state and their rows do not add up to, as they say themselves.
RESIDUALS = {
    "alipay_personal_bill_gbk.csv": {"lines": "56", "income": "-222200.00"},
    "wechat_personal_bill.csv": {"lines": "16", "income_count": "-4", "income": "-28.14"},
    "wechat_personal_bill.xlsx": {"lines": "16", "income_count": "-4", "income": "-28.14"},
    "jd_personal_bill.csv": {},
    "meituan_personal_bill.csv": {},
}


@pytest.mark.parametrize("name", RESIDUALS)
def test_what_a_personal_bill_states_otherwise_is_named(name: str) -> None:
    *_, statement = _read(name)
    seen = {one.name: str(one.residual) for one in statement.totals if one.residual}
    assert seen == {f"etl.total.{key}": value for key, value in RESIDUALS[name].items()}


def test_the_workbook_and_the_text_file_of_one_bill_agree() -> None:
    text, book = _read("wechat_personal_bill.csv"), _read("wechat_personal_bill.xlsx")
    assert text[2].drop("line").equals(book[2].drop("line"))
