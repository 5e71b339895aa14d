"""Reads against an oracle: every figure equals plain sums over payments, however it is read."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text

from chain.days import Period
from chain.metrics import METRICS, metric
from tests.conftest import Database
from warehouse.reads import SUMS, Filters, Reads, ReadsProtocol
from warehouse.session import Scope, Warehouse
from warehouse.sums import create_touched, recompute
from warehouse.tables import Account, Chain, FxRate, Payment, Region, Store

FIRST, LAST = date(2025, 11, 10), date(2026, 3, 20)
PLATFORMS = ("alipay", "wechat", "meituan")
NOW = datetime(2026, 3, 21, 4, tzinfo=UTC)
STORES = (1, 2, 3, 4, 5)
REGION = {1: 1, 2: 1, 3: 2, 4: 2, 5: None}
CITY = {1: "上海", 2: "苏州", 3: "上海", 4: "杭州", 5: ""}
UNASSIGNED = 5
RATES = {"USD": [(date(2025, 12, 1), Decimal("7.1")), (date(2026, 2, 14), Decimal("7.25"))]}


@dataclass(frozen=True)
class Row:
    """One payment, as the oracle knows it."""

    day: date
    store: int
    platform: str
    channel: str
    currency: str
    kind: str
    gross: int
    platform_subsidy: int
    merchant_subsidy: int
    fee: int

    @property
    def net(self) -> int:
        return self.gross - self.merchant_subsidy - self.fee


def _rows() -> list[Row]:
    dice = random.Random(7)
    rows = []
    for offset in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=offset)
        for store in STORES:
            if dice.random() < 0.15 or (store == 3 and day > LAST - timedelta(days=9)):
                continue
            for _ in range(dice.randint(1, 5)):
                sign = -1 if dice.random() < 0.1 else 1
                gross = dice.randint(100, 9000) * sign
                rows.append(
                    Row(
                        day,
                        store,
                        dice.choice(PLATFORMS),
                        dice.choice(("dine_in", "delivery", "")),
                        dice.choice(("CNY",) * 8 + ("USD", "EUR")),
                        "sale" if sign > 0 else "refund",
                        gross,
                        gross // 20,
                        gross // 10,
                        dice.randint(0, 50) * sign,
                    )
                )
    return rows


ROWS = _rows()


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


def _fill(connection: Connection) -> None:
    connection.execute(
        insert(Chain),
        {"chain_id": 1, "name": "茶", "currency": "CNY", "time_zone": "Asia/Shanghai"},
    )
    connection.execute(
        insert(Region), [{"chain_id": 1, "region_id": at, "name": f"R{at}"} for at in (1, 2)]
    )
    for store in STORES:
        connection.execute(
            insert(Store),
            {
                "chain_id": 1,
                "store_id": store,
                "code": f"S{store}",
                "name": f"店{store}",
                "sort_key": f"dian{store}",
                "city": CITY[store],
                "region_id": REGION[store],
                "opened_on": FIRST if store < 4 else None,
                "area_sqm": {1: 50, 2: 80}.get(store),
                "time_zone": "Asia/Shanghai",
                "unassigned": store == UNASSIGNED,
            },
        )
    for number, platform in enumerate(PLATFORMS):
        connection.execute(
            insert(Account),
            {"chain_id": 1, "account_id": number, "platform": platform, "ref": "1"},
        )
    for currency, spans in RATES.items():
        for start, rate in spans:
            connection.execute(
                insert(FxRate),
                {"chain_id": 1, "currency": currency, "from_date": start, "rate": rate},
            )
    connection.execute(insert(Payment), [_payment(at, row) for at, row in enumerate(ROWS)])
    create_touched(connection)
    connection.execute(
        text(
            "insert into touched (store_id, business_date)"
            " select distinct store_id, business_date from payment"
        )
    )
    recompute(connection, 1)


def _payment(at: int, row: Row) -> dict[str, object]:
    moment = datetime.combine(row.day, datetime.min.time(), UTC) + timedelta(hours=at % 12)
    return {
        "chain_id": 1,
        "key": f"{at:032x}",
        "content_hash": f"{at:032x}",
        "occurred_at": moment,
        "rank_at": moment,
        "batch_id": 1,
        "gross": row.gross,
        "platform_subsidy": row.platform_subsidy,
        "merchant_subsidy": row.merchant_subsidy,
        "fee": row.fee,
        "net": row.net,
        "account_id": PLATFORMS.index(row.platform),
        "place_id": 1,
        "store_id": row.store,
        "business_date": row.day,
        "payer_hash": f"{at % 97:032x}" if row.platform == "wechat" else None,
        "platform": row.platform,
        "kind": row.kind,
        "currency": row.currency,
        "external_id": str(at),
        "channel": row.channel,
    }


def _rate(row: Row) -> Decimal | None:
    if row.currency == "CNY":
        return Decimal(1)
    known = [rate for start, rate in RATES.get(row.currency, []) if start <= row.day]
    return known[-1] if known else None


def _oracle(
    filters: Filters, period: Period, by: Callable[[Row], object]
) -> dict[object, dict[str, int]]:
    """Add payments up one by one; foreign money is rounded by store-day, platform and channel."""
    cells: dict[tuple[object, ...], dict[str, int]] = {}
    for row in ROWS:
        if not _passes(filters, period, row):
            continue
        key = (by(row), row.day, row.store, row.platform, row.channel, row.currency, _rate(row))
        cell = cells.setdefault(key, dict.fromkeys(SUMS, 0))
        sale = row.kind == "sale"
        cell["gross" if sale else "refund"] += abs(row.gross)
        cell["orders" if sale else "refunds"] += 1
        for name in ("platform_subsidy", "merchant_subsidy", "fee", "net"):
            cell[name] += getattr(row, name)
    sums: dict[object, dict[str, int]] = {}
    for (group, *_, rate), cell in cells.items():
        if rate is None:
            continue
        total = sums.setdefault(group, dict.fromkeys(SUMS, 0))
        for name, amount in cell.items():
            counted = name in {"orders", "refunds"} or rate == 1
            total[name] += amount if counted else _half_up(amount * Decimal(str(rate)))
    return sums


def _half_up(amount: Decimal) -> int:
    return int(amount.to_integral_value("ROUND_HALF_UP"))


def _passes(filters: Filters, period: Period, row: Row) -> bool:
    return (
        period.start <= row.day <= period.end
        and (not filters.stores or row.store in filters.stores)
        and (not filters.regions or REGION[row.store] in filters.regions)
        and (not filters.cities or CITY[row.store] in filters.cities)
        and (not filters.platforms or row.platform in filters.platforms)
        and (not filters.channels or row.channel in filters.channels)
    )


def _some(values: tuple[object, ...]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


DAYS = st.dates(FIRST - timedelta(days=20), LAST + timedelta(days=20))
PERIODS = st.tuples(DAYS, DAYS).map(lambda ends: Period(min(ends), max(ends)))
FILTERS = st.builds(
    Filters,
    period=PERIODS,
    comparison=st.none() | PERIODS,
    metric=st.sampled_from([name for name, one in METRICS.items() if one.read is None]),
    regions=_some((1, 2)),
    cities=_some(("上海", "苏州", "杭州")),
    stores=_some(STORES),
    platforms=_some(PLATFORMS),
    channels=_some(("dine_in", "delivery", "")),
)
ORACLE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@ORACLE
@given(filters=FILTERS)
def test_totals_equal_plain_sums_over_payments(reads: Reads, filters: Filters) -> None:
    """Whole months from months, ragged ends from days, foreign money converted: one truth."""
    found = reads.totals(filters)
    nothing = dict.fromkeys(SUMS, 0)
    assert found.now == _oracle(filters, filters.period, lambda _: 0).get(0, nothing)
    assert found.before == _oracle(filters, filters.before, lambda _: 0).get(0, nothing)


@ORACLE
@given(filters=FILTERS)
def test_stores_equal_plain_sums_over_payments(reads: Reads, filters: Filters) -> None:
    found = reads.by_store(filters).set_index("store_id")
    wanted = _oracle(filters, filters.period, lambda row: row.store)
    for store_id, sums in found[list(SUMS)].to_dict("index").items():
        assert sums == wanted.pop(store_id, dict.fromkeys(SUMS, 0))
    assert not wanted


@ORACLE
@given(filters=FILTERS, grain=st.sampled_from(["day", "week", "month"]))
def test_a_series_equals_plain_sums_and_keeps_its_gaps(
    reads: Reads, filters: Filters, grain: str
) -> None:
    def start(day: date) -> date:
        if grain == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if grain == "month" else day

    found = reads.daily(filters, grain)  # type: ignore[arg-type]
    rows = found.frame.set_index("day")[list(SUMS)].to_dict("index")
    assert rows == _oracle(filters, filters.period, lambda row: start(row.day))
    with_data = {row.day for row in ROWS if _passes(filters, filters.period, row)}
    assert not with_data & set(found.gaps)


@ORACLE
@given(filters=FILTERS)
def test_platforms_and_channels_equal_plain_sums(reads: Reads, filters: Filters) -> None:
    for found, name in (
        (reads.by_platform(filters), "platform"),
        (reads.by_channel(filters), "channel"),
    ):
        wanted = _oracle(filters, filters.period, lambda row, name=name: getattr(row, name))  # type: ignore[misc]
        got = found.set_index(name)[list(SUMS)].to_dict("index")
        assert {key: sums for key, sums in got.items() if any(sums.values())} == wanted


MARCH = Filters(Period(date(2026, 3, 1), LAST))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_answered_everywhere(reads: Reads, name: str) -> None:
    filters = replace(MARCH, metric=name)
    reads.totals(filters)
    assert not reads.by_store(filters).empty
    assert not reads.ranks_over_time(filters).empty
    assert not reads.daily(filters).frame.empty


def test_the_metric_of_the_sql_is_the_metric_of_the_sums(reads: Reads) -> None:
    """Sparklines and ranks are computed in SQL, the rest from sums: they must not disagree."""
    for name, one in METRICS.items():
        if one.read or "area_sqm" in one.columns:
            continue
        filters = replace(MARCH, metric=name)
        whole = reads.ranks_over_time(filters, "month")
        values = reads.by_store(filters).set_index("store_id")["value"].to_dict()
        for store_id, value in zip(whole["store_id"], whole["value"], strict=True):
            assert value == pytest.approx(values[store_id]), name


def test_ranks_go_the_metrics_own_way_and_leave_out_the_unassigned_store(reads: Reads) -> None:
    up = reads.by_store(replace(MARCH, metric="net_sales")).set_index("store_id")
    down = reads.by_store(replace(MARCH, metric="refund_rate")).set_index("store_id")
    best = up["value"][up["rank"] == 1]
    assert best.tolist() == [up.drop(UNASSIGNED)["value"].max()]
    least = down["value"][down["rank"] == 1]
    assert least.tolist() == [down.drop(UNASSIGNED)["value"].min()]
    assert up["rank"].isna().to_dict() == {store: store == UNASSIGNED for store in up.index}


def test_a_store_that_fell_silent_has_a_gap_and_is_named(reads: Reads) -> None:
    row = reads.by_store(MARCH).set_index("store_id").to_dict("index")[3]
    assert row["days_without"] >= 9
    assert row["spark"][-9:] == [None] * 9
    silent = reads.attention().silent.set_index("store_id").to_dict("index")
    assert silent[3]["days"] >= 9


def test_the_sparkline_is_the_daily_series_of_the_store(reads: Reads) -> None:
    filters = replace(MARCH, period=Period(LAST - timedelta(days=27), LAST), stores=(1,))
    spark = reads.by_store(filters).iloc[0]["spark"]
    series = reads.daily(filters).frame.set_index("day")["value"]
    for at, value in enumerate(spark):
        day = filters.period.start + timedelta(days=at)
        assert value == (pytest.approx(series[day]) if day in series.index else None)


def test_money_without_a_rate_is_reported_and_left_out(reads: Reads) -> None:
    found = reads.attention().unconverted.set_index("currency")
    assert "EUR" in found.index
    euros = sum(row.gross for row in ROWS if row.currency == "EUR" and row.kind == "sale")
    assert found.loc["EUR", "gross"] == euros


def test_the_overview_compares_the_same_weekdays(reads: Reads) -> None:
    found = reads.overview()
    assert found.day == LAST
    assert found.yesterday is not None
    assert found.month is not None
    assert found.month.period == Period(date(2026, 3, 1), LAST)
    assert found.month.week_period.start.weekday() == found.month.period.start.weekday()
    assert found.month.year is None
    assert found.yesterday.now == _oracle(MARCH, Period(LAST, LAST), lambda _: 0)[0]
    assert len(found.spark) == 28


def test_same_store_growth_counts_stores_open_in_both(reads: Reads) -> None:
    filters = replace(MARCH, comparison=Period(date(2026, 2, 1), date(2026, 2, 20)))
    sales = metric("net_sales")
    now = _oracle(filters, filters.period, lambda row: row.store)
    before = _oracle(filters, filters.before, lambda row: row.store)
    same = [store for store in STORES if store != UNASSIGNED and store in before]
    growth = sum(sales.value(now[at]) or 0 for at in same if at in now) / sum(
        sales.value(before[at]) or 0 for at in same
    )
    assert reads.same_store_growth(filters) == pytest.approx(growth - 1)


def test_repeat_payers_are_counted_over_whole_payer_ids(reads: Reads) -> None:
    seen: dict[int, int] = {}
    for at, row in enumerate(ROWS):
        if row.platform == "wechat" and row.kind == "sale" and row.day >= date(2026, 3, 1):
            seen[at % 97] = seen.get(at % 97, 0) + 1
    share = sum(1 for times in seen.values() if times > 1) / len(seen)
    assert reads.repeat_share(MARCH)[0] == pytest.approx(share)


def test_payments_are_paged_latest_first(reads: Reads) -> None:
    first = reads.payments(MARCH, 0, 10)
    second = reads.payments(MARCH, 1, 10)
    assert first.total == sum(1 for row in ROWS if _passes(MARCH, MARCH.period, row))
    assert first.rows["occurred_at"].min() >= second.rows["occurred_at"].max()


def test_a_store_manager_sees_figures_of_that_store_only(warehouse: Warehouse) -> None:
    mine = Reads(warehouse, Scope(1, role="store", store_ids=(2,)), now=lambda: NOW)
    wanted = _oracle(replace(MARCH, stores=(2,)), MARCH.period, lambda _: 0)[0]
    assert mine.totals(MARCH).now == wanted
    assert set(mine.by_store(MARCH)["store_id"]) == {2}
    assert set(mine.stores()["store_id"]) == {2}


def test_reads_answer_the_protocol(reads: Reads) -> None:
    asked: ReadsProtocol = reads
    assert asked.chain().yesterday == LAST
    assert asked.platforms() == tuple(sorted(PLATFORMS))
    assert set(asked.channels()) == {"", "delivery", "dine_in"}
    assert list(asked.regions()["stores"]) == [2, 2]
    assert asked.batches().total == 0
    assert asked.running().empty
    assert asked.places_unbound().empty
    assert not asked.hour_of_week(replace(MARCH, stores=(1,))).empty
    assert not asked.platform_daily(MARCH).empty
