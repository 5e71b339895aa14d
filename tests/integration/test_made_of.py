"""Every figure is the sum of its parts: of its terms, of each split, and of its payments."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chain.days import Period
from chain.metrics import METRICS, Metric, metric
from tests.conftest import Database
from tests.integration.test_reads import FILTERS, MARCH, NOW, ORACLE, ROWS, _fill, _oracle
from warehouse.reads import Filters, Reads
from warehouse.reads.behind import contributions
from warehouse.reads.parts_protocol import MadeOf, Part
from warehouse.reads.protocol import PaymentPlace
from warehouse.session import Scope, Warehouse
from warehouse.sums import create_touched, recompute

TWINS = 7
"""Payments of a till that stand in the platform's bill too."""


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(module_database.app)
    with opened.begin(Scope(1)) as connection:
        _fill(connection)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reads(warehouse: Warehouse) -> Reads:
    return Reads(warehouse, Scope(1), now=lambda: NOW)


ASKED = st.builds(
    lambda filters, name, alone: Filters(
        filters.period,
        filters.comparison,
        name,
        filters.regions,
        filters.cities,
        filters.stores,
        filters.platforms,
        filters.channels,
        alone,
    ),
    FILTERS,
    st.sampled_from(list(METRICS)),
    st.booleans(),
)


def _added(parts: tuple[Part, ...], side: str = "now") -> float:
    return sum(part.sign * (getattr(part, side) or 0) for part in parts)


def _figure(made: MadeOf, side: str = "now") -> float | None:
    top = _added(made.top, side)
    if not made.over:
        return top
    over = _added(made.over, side)
    return (top / over - made.growth) if over else None


@settings(ORACLE, max_examples=60)
@given(filters=ASKED)
def test_the_terms_of_every_metric_make_the_number_on_its_tile(
    reads: Reads, filters: Filters
) -> None:
    made, tile = reads.made_of(filters), reads.totals(filters)
    assert made.value == pytest.approx(tile.value)
    assert _figure(made) == pytest.approx(made.value)
    if filters.alone:
        assert made.value_before is None
        assert tile.value_before is None
    elif not made.growth:
        assert made.value_before == pytest.approx(tile.value_before)
        assert _figure(made, "before") == pytest.approx(made.value_before)


@settings(ORACLE, max_examples=60)
@given(filters=ASKED)
def test_each_split_adds_up_to_the_terms(reads: Reads, filters: Filters) -> None:
    made = reads.made_of(filters)
    for by in made.splits:
        rows = reads.split(made.asked, by, "day")
        assert rows["top"].sum() == pytest.approx(_added(made.top)), by
        if METRICS[filters.metric].over and "area_sqm" not in METRICS[filters.metric].columns:
            assert rows["over"].sum() == pytest.approx(_added(made.over)), by
        if by != "day" and not made.growth:
            assert rows["top_before"].sum() == pytest.approx(_added(made.top, "before")), by
        if filters.alone:
            assert rows["value_before"].isna().all()


@settings(ORACLE, max_examples=40)
@given(filters=ASKED, size=st.sampled_from((7, 50, 500)))
def test_the_payments_add_up_to_the_number(reads: Reads, filters: Filters, size: int) -> None:
    made = reads.made_of(filters)
    if not made.counted:
        return
    one = metric(made.counted)
    asked = replace(made.asked, metric=one.name)
    behind = reads.behind(asked)
    whole = reads.made_of(asked).top
    assert behind.currencies["home"].sum() == pytest.approx(_added(whole))
    if one.name == made.asked.metric:
        assert _added(whole) == pytest.approx(_added(made.top))
    rows = _all_payments(reads, made, size)
    for part, column in ((one.top, "top"), (one.over, "over")):
        if part is None or "area_sqm" in part.columns:
            continue
        added = pd.Series(contributions(part, rows)).groupby(rows["currency"].to_numpy()).sum()
        stated = behind.currencies.set_index("currency")[column]
        for currency in set(added.index) | set(stated.index):
            assert added.get(currency, 0) == stated.get(currency, 0), (currency, column)


def _all_payments(reads: Reads, made: MadeOf, size: int) -> pd.DataFrame:
    pages, after = [], None
    while True:
        rows = reads.payments_after(made.asked, after, size, made.kinds)
        pages.append(rows)
        if len(rows) < size:
            return pd.concat(pages, ignore_index=True)
        last = rows.iloc[-1]
        after = PaymentPlace(last["business_date"], last["occurred_at"], str(last["key"]))


def test_money_without_a_rate_is_told_and_not_counted(reads: Reads) -> None:
    filters = Filters(Period(date(2025, 11, 10), date(2026, 3, 20)), metric="gross_sales")
    found = reads.behind(filters).currencies.set_index("currency")
    assert list(found.index) == ["CNY", "EUR", "USD"]
    gross = {
        code: sum(row.gross for row in ROWS if row.currency == code and row.kind == "sale")
        for code in found.index
    }
    assert found["top"].to_dict() == gross
    assert found.loc["EUR", "home"] == 0
    assert found.loc["EUR", "left_out"] == gross["EUR"]
    before_rates = sum(
        row.gross for row in ROWS
        if row.currency == "USD" and row.kind == "sale" and row.day < date(2025, 12, 1)
    )  # fmt: skip
    assert found.loc["USD", "left_out"] == before_rates > 0
    assert found["home"].sum() == _oracle(filters, filters.period, lambda _: 0)[0]["gross"]


def test_days_stand_beside_the_days_they_are_compared_with(reads: Reads) -> None:
    rows = reads.split(MARCH, "day", "day")
    past = dict(zip(rows["day"], rows["top_before"], strict=True))
    shift = timedelta(days=(MARCH.period.start - MARCH.before.start).days)
    before = _oracle(MARCH, MARCH.before, lambda row: row.day)
    one: Metric = metric(MARCH.metric)
    for day, sums in before.items():
        assert isinstance(day, date)
        if day + shift <= MARCH.period.end:
            assert past[day + shift] == one.value(sums)


def test_a_narrower_scope_sees_only_its_own_parts(warehouse: Warehouse) -> None:
    mine = Reads(warehouse, Scope(1, role="store", store_ids=(2,)), now=lambda: NOW)
    everybodys = Filters(MARCH.period, metric="net_sales")
    assert set(mine.split(everybodys, "store")["store_id"]) == {2}
    assert set(mine.payments_after(everybodys)["store_id"]) == {2}
    assert mine.made_of(everybodys).value == _oracle_value((2,))
    assert mine.behind(everybodys).currencies["home"].sum() == _oracle_value((2,))
    foreign = Filters(MARCH.period, metric="net_sales", stores=(1,))
    assert mine.made_of(foreign).value == 0
    assert mine.split(foreign, "platform").empty
    assert mine.payments_after(foreign).empty


def _oracle_value(stores: tuple[int, ...]) -> float | None:
    filters = Filters(MARCH.period, metric="net_sales", stores=stores)
    return metric("net_sales").value(_oracle(filters, filters.period, lambda _: 0)[0])


def test_a_payment_counted_elsewhere_is_told_and_adds_nothing(module_database: Database) -> None:
    warehouse = Warehouse(module_database.app)
    reads = Reads(warehouse, Scope(1), now=lambda: NOW)
    filters = Filters(MARCH.period, metric="gross_sales")
    assert reads.behind(filters).twins == 0
    with warehouse.begin(Scope(1)) as connection:
        connection.execute(
            text(
                "insert into payment_twin (chain_id, key, twin_key, store_id, business_date)"
                " select chain_id, key, gen_random_uuid(), store_id, business_date from payment"
                " where kind = 'sale' and business_date between :start and :end"
                " order by key limit :count"
            ),
            {"start": MARCH.period.start, "end": MARCH.period.end, "count": TWINS},
        )
    try:
        assert reads.behind(filters).twins == TWINS
        assert reads.behind(Filters(MARCH.period, metric="refunds")).twins == 0
        rows = reads.payments_after(filters, size=10_000, kinds=("sale",))
        assert rows["twin"].sum() == TWINS
        added = contributions(metric("gross_sales").top, rows)
        assert not added[rows["twin"].to_numpy(dtype=bool)].any()
    finally:
        with warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from payment_twin"))
        warehouse.close()


def test_a_day_whose_payments_all_count_elsewhere_is_listed(module_database: Database) -> None:
    """Days are found by their sums, and such a day has none."""
    warehouse = Warehouse(module_database.app)
    reads = Reads(warehouse, Scope(1), now=lambda: NOW)
    day = max(row.day for row in ROWS if row.store == 1)
    filters = Filters(Period(day, day), metric="gross_sales", stores=(1,))
    there = len(reads.payments_after(filters))
    one_day = "store_id = 1 and business_date = :day"
    with warehouse.begin(Scope(1)) as connection:
        connection.execute(
            text(
                "insert into payment_twin (chain_id, key, twin_key, store_id, business_date)"
                " select chain_id, key, gen_random_uuid(), store_id, business_date from payment"
                f" where {one_day}"
            ),
            {"day": day},
        )
        for table in ("store_day", "store_day_total"):
            connection.execute(text(f"delete from {table} where {one_day}"), {"day": day})
    try:
        rows = reads.payments_after(filters)
        assert len(rows) == there > 0
        assert rows["twin"].all()
        assert reads.payments_after(filters, size=1)["twin"].all()
    finally:
        with warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from payment_twin"))
            create_touched(connection)
            connection.execute(text("insert into touched values (:day, 1)"), {"day": day})
            recompute(connection, 1)
        warehouse.close()


def test_a_figure_of_no_store_at_all_is_nothing(reads: Reads) -> None:
    """Of stores that are not there nothing is shown, and never everything instead."""
    for name in METRICS:
        made = reads.made_of(Filters(MARCH.period, metric=name, stores=(999,)))
        assert not made.value, name
        for by in made.splits:
            assert reads.split(made.asked, by).empty, (name, by)
        assert Decimal(str(_added(made.top))) == 0, name
