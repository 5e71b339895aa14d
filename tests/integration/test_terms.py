"""Tax and franchise in the warehouse: every sum against plain arithmetic, and rights."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError
from chain.metrics import METRICS, shown
from chain.terms import EVER, StoreTerms, VatRate, royalty_of, terms_at, vat_in, vat_rate_at
from dashboard.choice import Choice
from dashboard.filterbar import bar_words
from dashboard.frame import Here, Person
from dashboard.terms import rates, set_rate
from etl.storelist import Rules, read_list
from reports.bundle import Bundle
from reports.contents import Asked, filters_of, query_of, royalties, stamp
from reports.store_report import StoreReports
from tests.conftest import Database
from tests.integration.access_world import EAST_1, EAST_2, FIRST, READERS, WEST, World, world
from warehouse import terms
from warehouse.reads import Filters, Grain, Reads
from warehouse.reads.protocol import ReadsProtocol
from warehouse.session import Scope, Warehouse
from warehouse.storebook import set_store
from warehouse.sums import apply_terms, create_touched, recompute

RULES = Rules("Asia/Shanghai", "CNY")
SUM = ("vat", "franchised", "royalty")
TODAY = date.today()  # noqa: DTZ011 - the world's payments lie around it


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[World]:
    with world(database, tmp_path, None) as made:
        with made.board.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from store_terms"))
            apply_terms(connection, 1, 0, EVER)
        yield made


@pytest.fixture(scope="module")
def shared(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(module_database, tmp_path_factory.mktemp("terms"), None) as made:
        yield made


def expected(
    warehouse: Warehouse, vat: list[VatRate], held: list[StoreTerms]
) -> dict[tuple[int, date], tuple[int, ...]]:
    """Return what terms make of each store and day, row by row of store_day, in plain Python."""
    found: dict[tuple[int, date], list[int]] = {}
    with warehouse.begin(Scope(1)) as connection:
        rows = connection.execute(text("select * from store_day")).all()
    for row in rows:
        sales = row.gross - row.merchant_subsidy - row.refund
        term = terms_at(held, row.store_id, row.business_date)
        franchised = term.ownership == "franchised"
        made = (
            vat_in(sales, vat_rate_at(vat, row.store_id, row.business_date)),
            sales if franchised else 0,
            royalty_of(sales, term.royalty_rate) if franchised else 0,
        )
        sums = found.setdefault((row.store_id, row.business_date), [0, 0, 0])
        for at, amount in enumerate(made):
            sums[at] += amount
    return {key: tuple(sums) for key, sums in found.items()}


def held_to(warehouse: Warehouse, vat: list[VatRate], held: list[StoreTerms]) -> None:
    """Fail where any table of sums says otherwise than plain arithmetic."""
    days = expected(warehouse, vat, held)
    months: dict[tuple[int, date], list[int]] = {}
    for (store, day), amounts in days.items():
        month = months.setdefault((store, day.replace(day=1)), [0, 0, 0])
        for at, amount in enumerate(amounts):
            month[at] += amount
    by_month = {key: tuple(sums) for key, sums in months.items()}
    for table, column, wanted in (
        ("store_day", "business_date", days),
        ("store_day_total", "business_date", days),
        ("store_month", "month", by_month),
        ("store_month_total", "month", by_month),
    ):
        with warehouse.begin(Scope(1)) as connection:
            rows = connection.execute(
                text(
                    f"select store_id, {column}, sum(vat), sum(franchised), sum(royalty)"
                    f" from {table} group by 1, 2"
                )
            )
            got = {(row[0], row[1]): tuple(map(int, row[2:])) for row in rows}
        assert got == wanted, table


DAYS = st.one_of(st.just(EVER), st.integers(-40, 5).map(lambda back: TODAY + timedelta(days=back)))
PERCENT = st.sampled_from(["0", "0.01", "0.03", "0.06", "0.13", "0.08875", "0.2"]).map(Decimal)
CHANGES = st.lists(
    st.one_of(
        st.builds(VatRate, st.sampled_from([0, EAST_1, WEST]), DAYS, PERCENT),
        st.builds(
            StoreTerms,
            st.sampled_from([EAST_1, WEST]),
            DAYS,
            st.sampled_from(["owned", "franchised"]),
            PERCENT,
            st.sampled_from([0, 1000, 10**8]),
        ),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES, again=st.booleans())
def test_every_sum_follows_the_terms_however_they_came(
    shared: World, changes: list[VatRate | StoreTerms], again: bool
) -> None:
    """Set one after the other, with or without the payments counted once more: the same sums."""
    warehouse = shared.board.warehouse
    with warehouse.begin(Scope(1)) as connection:
        for table in ("vat_rate", "store_terms"):
            connection.execute(text(f"delete from {table}"))
        apply_terms(connection, 1, 0, EVER)
        for change in changes:
            if isinstance(change, VatRate):
                terms.set_vat(connection, 1, change.store_id, change.from_date, change.rate)
            else:
                terms.set_ownership(connection, 1, change)
    if again:
        with warehouse.begin(Scope(1)) as connection:
            create_touched(connection)
            connection.execute(
                text("insert into touched select distinct business_date, store_id from payment")
            )
            recompute(connection, 1)
    with warehouse.begin(Scope(1)) as connection:
        vat, held = terms.vat_rates(connection), terms.store_terms(connection)
    held_to(warehouse, vat, held)


def test_sales_without_tax_are_what_is_left_on_every_screen(opened: World) -> None:
    warehouse = opened.board.warehouse
    with warehouse.begin(Scope(1)) as connection:
        terms.set_vat(connection, 1, 0, EVER, Decimal("0.06"))
    reads = Reads(warehouse, Scope(1))
    assert reads.chain().terms == {"vat"}
    asked = Filters(Period(TODAY - timedelta(days=40), TODAY), metric="net_sales_ex_vat")
    totals = reads.totals(asked)
    assert totals.value == totals.now["gross"] - totals.now["vat"]
    assert 0 < totals.now["vat"] < totals.now["gross"]
    for parts in (reads.by_store(asked), reads.by_platform(asked), reads.by_channel(asked)):
        assert parts["value"].sum() == totals.value
    grains: tuple[Grain, ...] = ("day", "week", "month")
    for grain in grains:
        assert reads.daily(asked, grain).frame["value"].sum() == totals.value


def test_what_a_franchise_owes_month_by_month(opened: World) -> None:
    warehouse = opened.board.warehouse
    first = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
    last = TODAY.replace(day=1) - timedelta(days=1)
    with warehouse.begin(Scope(1)) as connection:
        high = StoreTerms(WEST, EVER, "franchised", Decimal("0.05"), 10**9)
        terms.set_ownership(connection, 1, high)
        begun = StoreTerms(EAST_1, first + timedelta(days=1), "franchised", Decimal("0.05"), 10**9)
        terms.set_ownership(connection, 1, begun)
    reads = Reads(warehouse, Scope(1))
    assert reads.chain().terms == {"franchise"}
    whole = reads.royalties(Filters(Period(first, last)))
    rows = {row["store_id"]: row for row in whole.to_dict("records")}
    assert set(rows) == {WEST, EAST_1}
    assert rows[WEST]["due"] == 10**9
    assert rows[EAST_1]["due"] == rows[EAST_1]["royalty"], "begun within the month"
    part = reads.royalties(Filters(Period(first + timedelta(days=1), last), stores=(WEST,)))
    assert list(part["due"]) == list(part["royalty"]), "a month that is not whole has no minimum"
    totals = reads.totals(Filters(Period(first, last), metric="royalty"))
    assert totals.value == whole["royalty"].sum()
    east = Reads(warehouse, Scope(1, role="store", store_ids=(EAST_1,)))
    assert set(east.royalties(Filters(Period(first, last)))["store_id"]) == {EAST_1}


BEGUN = TODAY - timedelta(days=10)


def test_ownership_lets_through_the_stores_that_are_so_on_the_last_day(opened: World) -> None:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        terms.set_ownership(connection, 1, StoreTerms(WEST, BEGUN, "franchised", Decimal("0.05")))
        held = terms.store_terms(connection)
    reads = Reads(opened.board.warehouse, Scope(1))
    stores = reads.stores()
    known = [int(one) for one in stores["store_id"][~stores["unassigned"]]]
    for end in (BEGUN - timedelta(days=1), TODAY):
        whole = Filters(Period(TODAY - timedelta(days=28), end))
        for wanted in (("owned",), ("franchised",), ("owned", "franchised")):
            by_hand = [one for one in known if terms_at(held, one, end).ownership in wanted]
            asked = replace(whole, ownership=wanted)
            named = replace(whole, stores=tuple(by_hand) or (-1,))
            assert set(reads.by_store(asked)["store_id"]) == set(reads.by_store(named)["store_id"])
            for question in (
                lambda filters: reads.totals(filters).now,
                lambda filters: reads.payments(filters).total,
                lambda filters: reads.hour_of_week(filters)["gross"].sum(),
                lambda filters: reads.made_of(filters).value,
                lambda filters: reads.daily(filters, "month").frame["gross"].sum(),
            ):
                assert question(asked) == question(named), (end, wanted)
            bundle = Bundle(Asked(reads, asked, "en", datetime.now(UTC)), Path())
            assert bundle.stores() == [one for one in known if one in by_hand]
    # Of one store it says nothing: its own page and report are of it, whosever it is.
    assert Filters(whole.period, ownership=("owned",)).of_store(WEST).ownership == ()


def test_ownership_stays_in_address_stamp_and_kept_question(opened: World) -> None:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        terms.set_ownership(connection, 1, StoreTerms(WEST, EVER, "franchised", Decimal("0.05")))
    choice = Choice.of({"ownership": "franchised", "period": "last28"})
    assert Choice.of(parse_qs(choice.query())) == choice
    reads = Reads(opened.board.warehouse, Scope(1))
    filters = choice.filters(reads.chain())
    assert filters_of(json.loads(json.dumps(query_of(filters)))) == filters
    told = dict(stamp(Asked(reads, filters, "en", datetime.now(UTC)), reads.chain(), "", "ranking"))
    assert told["Whose stores"] == "Franchised"
    plain = Asked(reads, replace(filters, ownership=()), "en", datetime.now(UTC))
    assert "Whose stores" not in dict(stamp(plain, reads.chain(), "", "ranking"))


@pytest.mark.parametrize(
    ("franchised", "offered"), [((), False), ((WEST,), True), ((EAST_1, EAST_2, WEST), False)]
)
def test_ownership_is_offered_where_a_chain_has_both(
    opened: World, franchised: tuple[int, ...], offered: bool
) -> None:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        for store in franchised:
            terms.set_ownership(connection, 1, StoreTerms(store, EVER, "franchised"))
    found = bar_words(_here(opened, "owner"), ())["ownership"]
    assert list(found) == (["owned", "franchised"] if offered else [])
    # Who sees one store sees one kind.
    assert bar_words(_here(opened, "store-west"), ())["ownership"] == {}


def test_a_list_of_stores_states_terms_and_a_short_one_changes_none(opened: World) -> None:
    content = (
        "编号,名称,经营方式,经营方式起,特许权费率,月最低额,税率\n"
        "W1,Hillside,加盟,2026-01-01,5%,3000,1\n"
        "E1,Lakeside,owned,,,,\n"
    ).encode()
    warehouse = opened.board.warehouse

    def send(text_: bytes) -> None:
        with warehouse.begin(Scope(1)) as connection:
            for one in read_list("stores.csv", text_, RULES):
                set_store(connection, 1, one.store, one.given)

    send(content)
    reads = Reads(warehouse, Scope(1))
    held = StoreTerms(WEST, date(2026, 1, 1), "franchised", Decimal("0.05"), 300000)
    assert reads.store_terms() == (held,)
    assert reads.vat_rates() == (VatRate(WEST, EVER, Decimal("0.01")),)
    send(b"code,name\nW1,Hillside\n")
    send(b"code,name,ownership\nW1,Hillside,franchised\n")
    assert reads.store_terms() == (held,)
    send(b"code,name,royalty_rate\nW1,Hillside,6.5\n")
    assert reads.store_terms() == (replace(held, royalty_rate=Decimal("0.065")),)
    for wrong in ("ownership,rented", "royalty_rate,100", "vat_rate,x", "royalty_minimum,-1"):
        name, _, value = wrong.partition(",")
        with pytest.raises(PermanentError, match=name):
            send(f"code,name,{name}\nW1,Hillside,{value}\n".encode())


def _here(opened: World, name: str) -> Here:
    number = FIRST + [reader.name for reader in READERS].index(name)
    reader = READERS[number - FIRST]
    stores = reader.stores or ((WEST,) if reader.regions == (2,) else None)
    scope = Scope(reader.chain, number, reader.role, stores)
    person = Person(number, reader.email, "", "en", 0, scope)
    reads: ReadsProtocol = Reads(opened.board.warehouse, scope)
    return Here(person, "en", "light", reads, "")


@pytest.mark.parametrize("name", ["owner", "finance"])
def test_the_chains_rate_is_typed_by_owner_and_finance(opened: World, name: str) -> None:
    board: Any = opened.board
    here = _here(opened, name)
    set_rate(board, here, "6", "")
    set_rate(board, here, "9", "2026-07-01")
    listed = str(rates(here))
    assert "9%" in listed
    assert "6%" in listed
    assert "from ever" in listed
    set_rate(board, here, None, "2026-07-01")
    assert "9%" not in str(rates(here))
    for wrong, since in (("x", ""), ("100", ""), ("6", "2026-13-01")):
        with pytest.raises(PermanentError):
            set_rate(board, here, wrong, since)


@pytest.mark.parametrize("name", ["viewer", "regional-west", "store-west"])
def test_nobody_else_types_a_rate(opened: World, name: str) -> None:
    board: Any = opened.board
    here = _here(opened, name)
    with pytest.raises(PermanentError, match="may look"):
        set_rate(board, here, "6", "")
    with (
        pytest.raises(Exception, match="row-level security"),
        opened.board.warehouse.begin(here.scope) as connection,
    ):
        terms.set_vat(connection, 1, WEST, EVER, Decimal("0.06"))


def test_terms_of_stores_are_seen_with_the_stores(opened: World) -> None:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        terms.set_vat(connection, 1, 0, EVER, Decimal("0.06"))
        terms.set_vat(connection, 1, WEST, EVER, Decimal("0.01"))
        terms.set_ownership(connection, 1, StoreTerms(WEST, EVER, "franchised", Decimal("0.05")))
    assert len(_here(opened, "store-west").reads.vat_rates()) == 2
    assert len(_here(opened, "store-west").reads.store_terms()) == 1
    assert [rate.store_id for rate in _here(opened, "store-east").reads.vat_rates()] == [0]
    assert _here(opened, "store-east").reads.store_terms() == ()
    assert _here(opened, "other-owner").reads.vat_rates() == ()


def test_metrics_of_terms_are_shown_to_a_chain_that_has_them() -> None:
    assert "vat" not in shown(())
    assert "royalty" in shown(("franchise",))
    assert set(shown(("vat", "franchise"))) == set(METRICS)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_statement_is_in_the_file_and_in_the_report_of_the_store(
    opened: World, lang: Any
) -> None:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        terms.set_ownership(connection, 1, StoreTerms(WEST, EVER, "franchised", Decimal("0.05")))
    reads = Reads(opened.board.warehouse, Scope(1))
    asked = Filters(Period(TODAY - timedelta(days=40), TODAY))
    owed = int(reads.royalties(asked)["due"].sum())
    assert owed > 0
    (frame,) = royalties(Asked(reads, asked, lang, datetime.now(UTC))).pieces()
    assert frame["due"].sum() == owed
    assert set(frame["code"]) == {"W1"}
    reports = StoreReports.of(reads, asked, lang, datetime.now(UTC))
    assert reports.printed(WEST)["royalty"]["total"][-1] == f"{owed / 100:,.2f}"
    assert reports.printed(EAST_1)["royalty"]["rows"] == []
