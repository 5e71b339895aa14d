"""What the sources of Meituan, acquirers, shops and own tables promise beside the common suite.

Formats: Adyen (but for most of its types) and PayPal by real files;
docs.stripe.com/reports/reporting-categories;
developer.paypal.com "Transaction event codes"; shopify.dev; Meituan, Stripe and Square by the
column lists in field_lists_headers.json; Square's later columns by exports merchants have shown.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from chain.errors import PermanentError
from chain.words import say
from etl.preview import preview
from etl.reading import leaves, open_bill
from runtime import demo
from tests.contract.conformance import Sample, leaf_of, read
from tests.contract.more_samples import MORE, TAKINGS

BY_FILE = {one.file: one for one in MORE}
PAYPAL = BY_FILE["paypal_activity.csv"]


def rows_of(sample: Sample, text: str | None = None) -> pl.DataFrame:
    return read(sample, (text or sample.text).encode()).rows


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("more") / "bills"
    size = demo.DemoSize(stores=4, months=4, payments=1_500)
    list(demo.write_bills(directory, today=date(2026, 11, 24), size=size))
    return directory


def test_demo_workbooks_tills_and_takings_are_read_to_the_fen(bills: Path) -> None:
    seen = set()
    for entry in demo.read_manifest(bills.parent / demo.MANIFEST):
        if entry.platform not in {"meituan", "till", "cash"} or not entry.by_kind:
            continue
        (leaf,) = leaves(bills / entry.path)
        bill = open_bill(leaf, maps=(TAKINGS,))
        chunks = list(bill.chunks())
        assert not [reject for chunk in chunks for reject in chunk.rejects]
        rows = pl.concat([chunk.rows for chunk in chunks])
        names = ("gross", "merchant_subsidy", "platform_subsidy", "fee", "net")
        sums = rows.group_by("kind").agg(pl.len(), pl.sum(*names))
        assert {kind: demo.Sums(*rest) for kind, *rest in sums.rows()} == entry.by_kind
        assert not [total for total in bill.statement.totals if total.residual]
        seen.add(entry.platform)
    assert seen == {"meituan", "till", "cash"}


def test_a_till_names_who_moved_the_money() -> None:
    rows = rows_of(BY_FILE["meituan_till_payments.csv"])
    assert rows["via"].to_list() == ["wechat", "alipay", "", "", "wechat"]
    assert rows["method"].to_list() == ["wechat", "alipay", "card", "cash", "wechat"]


@pytest.mark.parametrize(
    ("file", "was", "now", "name", "residual"),
    [
        ("meituan_merchant_orders.csv", ",24.32,", ",24.30,", "parts", "-0.02"),
        ("meituan_till_payments.csv", ",0.20,,,69.80,", ",0.20,,,69.90,", "till_net", "0.10"),
    ],
)
def test_a_sum_that_does_not_add_up_is_named(
    file: str, was: str, now: str, name: str, residual: str
) -> None:
    text = BY_FILE[file].text
    assert was in text
    totals = read(BY_FILE[file], text.replace(was, now).encode()).bill.statement.totals
    left = {one.name: str(one.residual) for one in totals if one.residual}
    assert left == {f"etl.total.{name}": residual}


def test_months_before_days_are_seen_from_the_whole_file() -> None:
    american = PAYPAL.text
    for day in ("29/12/2025", "12/07/2026", *(f"{n:02}/01/2026" for n in range(2, 10))):
        first, second, year = day.split("/")
        american = american.replace(f'"{day}"', f'"{second}/{first}/{year}"')
    assert american != PAYPAL.text
    assert rows_of(PAYPAL, american).equals(rows_of(PAYPAL))


def test_dates_that_can_be_read_both_ways_are_refused() -> None:
    lines = PAYPAL.text.splitlines()
    with pytest.raises(PermanentError) as refused:
        rows_of(PAYPAL, "\n".join([lines[0], lines[2], lines[3]]) + "\n")
    assert refused.value.key == "etl.day_or_month"


def test_summer_and_winter_time_are_taken_as_named() -> None:
    at = rows_of(PAYPAL)["occurred_at"].to_list()
    assert at[0] == datetime(2025, 12, 29, 15, 45, 51, tzinfo=UTC)
    assert at[-1] == datetime(2026, 7, 12, 17, 0, tzinfo=UTC)


def test_an_unknown_time_zone_is_refused_by_name() -> None:
    seen = read(PAYPAL, PAYPAL.text.replace("PDT", "XDT").encode())
    assert {one.reason for one in seen.rejects} == {"etl.bad.zone"}
    assert len(seen.rejects) == 2


def test_both_halves_of_a_partial_capture_belong_to_one_charge() -> None:
    rows = rows_of(BY_FILE["stripe_balance_change.csv"]).head(2)
    assert rows["external_id"].to_list() == ["ch_1", "ch_1"]
    assert rows["part"].to_list() == ["", "txn_2"]
    assert rows["net"].sum() == 9680 - 3884


def test_a_day_of_takings_is_noon_and_a_corrected_amount_keeps_its_id() -> None:
    sample = BY_FILE["generic_takings.csv"]
    plain, other = rows_of(sample), rows_of(sample, sample.text.replace("812.00", "815.00"))
    assert plain["occurred_at"][0] == datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    assert other["external_id"].equals(plain["external_id"])
    assert other["gross"][0] == 81500


def test_equal_rows_are_numbered_and_the_sign_may_be_turned() -> None:
    sample = BY_FILE["generic_table.csv"]
    ids = rows_of(sample)["external_id"]
    assert ids[1].removesuffix("-1") == ids[2].removesuffix("-2")
    turned = replace(sample, maps=(replace(sample.maps[0], sign=-1),))
    assert rows_of(turned)["gross"].to_list() == [-123450, -450, -450, -900, -450]


def test_a_preview_is_exact_and_ready_for_json() -> None:
    seen = preview(leaf_of(PAYPAL.text.encode(), "p.csv"))
    assert json.loads(json.dumps(seen)) == seen
    counts = [seen[f"rows_{fate}"] for fate in ("accepted", "skipped", "rejected")]
    assert counts == [8, 4, 0]
    sales = {currency: sums["gross"] for currency, sums in seen["sums"]["sale"].items()}
    assert sales == {"USD": 108400, "JPY": 5000}
    assert seen["first_at"] == "2025-12-29T15:45:51+00:00"


def test_a_preview_states_totals_and_refusals() -> None:
    till = preview(leaf_of(BY_FILE["meituan_till_payments.csv"].text.encode()))
    assert {one["residual"] for one in till["totals"]} == {"0.00"}
    refused = preview(leaf_of(b"a,b,c\n1,2,3\n"))
    assert (refused["state"], refused["error_key"]) == ("failed", "etl.unknown_layout")
    assert "a, b, c" in say("en", refused["error_key"], **refused["error_params"])
