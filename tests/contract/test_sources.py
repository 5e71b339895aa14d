"""Every source keeps the same promises. A new source is one line in SAMPLES."""

import re
from dataclasses import replace

import polars as pl
import pytest

from chain.errors import TillboardError
from etl.canonical import SCHEMA
from etl.reading import LIMITS
from etl.sources import LAYOUTS
from tests.contract.conformance import Sample, read, reordered, workbook
from tests.contract.more_samples import MORE

SAMPLES = (
    Sample(
        "alipay_merchant_detail.csv",
        "alipay_merchant",
        "detail",
        (
            ("sale", 1800, 10, 1590),
            ("topup", 50000, 300, 49700),
            ("refund", -900, -5, -795),
            ("refund", -900, -5, -795),
            ("voucher", 8800, 153, 8647),
        ),
    ),
    Sample("alipay_merchant_summary.csv", "alipay_merchant", "summary", skipped=2),
    Sample(
        "alipay_merchant_signcustomer.csv",
        "alipay_merchant",
        "signcustomer",
        (("sale", 1600, 0, 1600), ("fee", 0, 10, -10), ("refund", -800, 0, -800)),
        skipped=1,
    ),
    Sample(
        "wechat_merchant_trade.csv",
        "wechat_merchant",
        "trade",
        (
            ("sale", 1800, 10, 1590),
            ("sale", 1255, 8, 1247),
            ("refund", -900, -5, -795),
            ("refund", -900, -5, -795),
        ),
    ),
    Sample("wechat_merchant_fund_flow.csv", "wechat_merchant", "fund_flow", skipped=1),
    Sample("alipay_personal.csv", "alipay_personal", "personal", (("sale", 2850, 0, 2850),), 3),
    Sample("wechat_personal.csv", "wechat_personal", "personal", (("sale", 123456, 0, 123456),), 3),
    Sample("jd_personal.csv", "jd_personal", "personal", (("sale", 1250, 0, 1250),), 2),
    Sample("meituan_personal.csv", "meituan_personal", "personal", (("sale", 990, 0, 990),), 2),
    *MORE,
)

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.file)


def test_every_layout_has_a_sample() -> None:
    assert {(one.source, one.layout) for one in SAMPLES} >= {(a.source, a.name) for a in LAYOUTS}


@each_sample
def test_a_sample_gives_its_rows(sample: Sample) -> None:
    seen = read(sample, sample.text.encode())
    assert (seen.bill.source, seen.bill.layout) == (sample.source, sample.layout)
    assert seen.rejects == []
    assert tuple(seen.rows.select("kind", "gross", "fee", "net").iter_rows()) == sample.rows
    assert seen.skipped == sample.skipped


@each_sample
def test_rows_keep_the_canonical_rules(sample: Sample) -> None:
    rows = read(sample, sample.text.encode()).rows
    assert dict(rows.schema) == SCHEMA
    assert rows.drop("payer").null_count().pipe(lambda counts: counts.sum_horizontal().sum()) == 0
    assert rows.filter(
        pl.col("net") != pl.col("gross") - pl.col("merchant_subsidy") - pl.col("fee")
    ).is_empty()
    assert rows.filter((pl.col("kind") == "sale") & (pl.col("gross") < 0)).is_empty()
    assert rows.filter((pl.col("kind") == "refund") & (pl.col("gross") > 0)).is_empty()
    assert rows.filter((pl.col("external_id") == "") | (pl.col("account_ref") == "")).is_empty()
    assert rows.select("account_ref", "external_id", "kind", "part").is_unique().all()


@each_sample
def test_what_a_sample_states_agrees_with_its_rows(sample: Sample) -> None:
    totals = read(sample, sample.text.encode()).bill.statement.totals
    assert [one for one in totals if one.residual and not one.rounding] == []


@each_sample
@pytest.mark.parametrize("block", [64, 257, 1024])
def test_the_size_of_a_chunk_changes_nothing(sample: Sample, block: int) -> None:
    whole = read(sample, sample.text.encode())
    head = len("\n".join(sample.body()[0]).encode()) + 8
    parts = read(sample, sample.text.encode(), replace(LIMITS, block=block, head=head))
    assert parts.rows.equals(whole.rows)
    assert parts.skipped == whole.skipped
    assert parts.bill.statement == whole.bill.statement


@each_sample
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_changes_nothing(sample: Sample, encoding: str) -> None:
    plain = read(sample, sample.text.encode())
    other = read(sample, sample.text.encode(encoding))
    assert other.rows.equals(plain.rows)
    assert other.bill.statement == plain.bill.statement


@each_sample
def test_line_ends_change_nothing(sample: Sample) -> None:
    unix, dos = sample.text.encode(), sample.text.replace("\n", "\r\n").encode()
    assert read(sample, dos).rows.equals(read(sample, unix).rows)


@each_sample
@pytest.mark.parametrize("extra", [1, 30])
def test_the_length_of_the_preamble_changes_only_line_numbers(sample: Sample, extra: int) -> None:
    longer = "一行说明\n" * extra + sample.text
    plain, moved = read(sample, sample.text.encode()), read(sample, longer.encode())
    assert moved.payments.equals(plain.payments)
    assert (moved.rows["line"] - extra).equals(plain.rows["line"])


@each_sample
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_bad_line_is_refused_alone(sample: Sample, encoding: str) -> None:
    head, table, tail = sample.body()
    for at in (0, len(table) // 2, len(table)):
        for bad in ("坏行,1,2", 'x,"y', ",".join("z" * len(sample.header.names))):
            lines = [*head, *table[:at], bad, *table[at:], *tail]
            plain = read(sample, sample.text.encode(encoding))
            seen = read(sample, ("\n".join(lines) + "\n").encode(encoding))
            assert seen.payments.equals(plain.payments)
            assert len(seen.rejects) + seen.skipped == sample.skipped + 1
            assert all(one.line == len(head) + at + 1 for one in seen.rejects)


@pytest.mark.parametrize("name", ["alipay", "jd", "meituan", "wechat"])
@pytest.mark.parametrize("marked", ["收入", "不计收支"])
def test_what_the_owner_got_back_is_no_payment(name: str, marked: str) -> None:
    """Platforms mark refunds of one's own purchases as received, or as neither."""
    (sample,) = (one for one in SAMPLES if one.source == f"{name}_personal")
    lines = sample.text.splitlines()
    back = re.compile("^20.*退款.*(收入|不计收支)|^20.*(收入|不计收支).*退款")
    (at,) = (i for i, line in enumerate(lines) if back.search(line))
    lines[at] = re.sub("收入|不计收支", marked, lines[at])
    assert marked in lines[at]
    seen = read(sample, "\n".join([*lines, ""]).encode())
    assert tuple(seen.rows.select("kind", "gross", "fee", "net").iter_rows()) == sample.rows
    assert (seen.skipped, seen.rejects) == (sample.skipped, [])


@each_sample
def test_the_order_of_columns_changes_nothing(sample: Sample) -> None:
    plain = read(sample, sample.text.encode())
    assert read(sample, reordered(sample).encode()).rows.equals(plain.rows)


@each_sample
def test_a_workbook_gives_what_the_text_file_gives(sample: Sample) -> None:
    plain = read(sample, sample.text.encode())
    assert read(sample, workbook(sample)).rows.equals(plain.rows)


@each_sample
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_file_cut_off_anywhere_fails_only_in_our_words(sample: Sample, encoding: str) -> None:
    content = sample.text.encode(encoding)
    whole = set(read(sample, content).rows.drop("line").rows())
    for size in range(0, len(content), 1 + len(content) // 150):
        try:
            rows = read(sample, content[:size]).rows
        except TillboardError as error:
            said = error.say("en"), error.say("zh")
            assert all(said)
        else:
            # Only the row that the cut went through can differ, and only where its end was text.
            assert len(set(rows.drop("line").rows()) - whole) <= 1
