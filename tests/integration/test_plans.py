"""Targets, notes and the chain's own days: who may, what is kept, what comes of it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chain.days import Period
from chain.errors import PermanentError
from chain.settings import Settings
from dashboard.frame import Board, Here, Person
from dashboard.plans import changes
from dashboard.plans.targets import rows_of
from etl.targetlist import month_of
from reports.marks import marks
from reports.target_template import TYPES, template
from tests.alike import fill
from tests.conftest import Database
from tests.integration.boards import NotedJobs
from warehouse.notes import NewNote, add_note, change_note, remove_note
from warehouse.plans import NewCalendarDay, NewTarget, add_calendar_days, set_targets
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from workers.forecasts import read

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
MINE, OTHERS = 1001, 1002
NOVEMBER = date(2026, 11, 1)
PEOPLE = {"owner": 1, "finance": 2, "regional": 3, "store": 4, "viewer": 5}


@dataclass
class Shop:
    """A chain of four stores, and how it is worked on by whom."""

    warehouse: Warehouse

    def here(self, role: str = "owner", *stores: int) -> Here:
        scope = Scope(1, PEOPLE[role], role, stores or None)
        person = Person(PEOPLE[role], f"{role}@example.com", "", "en", 1, scope)
        return Here(person, "en", "light", Reads(self.warehouse, scope, now=lambda: NOW), "r1")

    def board(self, here: Here) -> Board:
        return Board(lambda: here, self.warehouse, NotedJobs(), Settings())

    def do(self, scope: Scope, change: Callable[[Any], Any]) -> Any:
        with self.warehouse.begin(scope) as connection:
            return change(connection)

    def all(self, statement: str) -> list[Any]:
        with self.warehouse.begin(Scope(1)) as connection:
            return list(connection.execute(text(statement)).all())


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    warehouse = Warehouse(database.app)
    fill(warehouse, 1, 4, TODAY - timedelta(days=1))
    yield Shop(warehouse)
    warehouse.close()


def scope(role: str, *stores: int) -> Scope:
    return Scope(1, PEOPLE[role], role, stores or None)


WHO = [
    # role, stores given, store that is planned, whether they may
    ("owner", (), 0, True),
    ("owner", (), MINE, True),
    ("finance", (), 0, True),
    ("finance", (), MINE, True),
    ("finance", (MINE,), MINE, True),
    ("finance", (MINE,), 0, False),
    ("finance", (MINE,), OTHERS, False),
    ("regional", (MINE,), MINE, True),
    ("regional", (MINE,), OTHERS, False),
    ("regional", (MINE,), 0, False),
    ("store", (MINE,), MINE, False),
    ("store", (MINE,), 0, False),
    ("viewer", (), MINE, False),
    ("viewer", (), 0, False),
]


@pytest.mark.parametrize(("role", "stores", "at", "may"), WHO)
def test_who_plans_is_held_by_the_server(
    shop: Shop, role: str, stores: tuple[int, ...], at: int, may: bool
) -> None:
    """Not the page alone: the same change, past all of our own checks."""

    def target(connection: Any) -> None:
        set_targets(connection, 1, [NewTarget(at, NOVEMBER, 500)], PEOPLE[role])

    def day(connection: Any) -> None:
        new = NewCalendarDay(NOVEMBER, "event", "fair", at)
        add_calendar_days(connection, 1, Period(NOVEMBER, NOVEMBER), new)

    for change in (target, day):
        if may:
            shop.do(scope(role, *stores), change)
        else:
            with pytest.raises(DBAPIError, match="row-level security"):
                shop.do(scope(role, *stores), change)
    assert len(shop.all("select * from target")) == may
    assert len(shop.all("select * from calendar_day")) == may
    shop.do(Scope(1), lambda c: set_targets(c, 1, [NewTarget(at, NOVEMBER, 700)], None))
    statement = text("update target set amount = 9")
    changed = shop.do(scope(role, *stores), lambda c: c.execute(statement).rowcount)
    assert changed == may


@pytest.mark.parametrize(("role", "stores", "at", "may"), WHO)
def test_who_plans_by_the_page(
    shop: Shop, role: str, stores: tuple[int, ...], at: int, may: bool
) -> None:
    here = shop.here(role, *stores)
    cell = [{"rowId": str(at), "colId": "2026-11-01", "value": "1,200.50"}]
    days = ("2026-11-01", "2026-11-02")
    tries: list[Callable[[], object]] = [
        lambda: changes.set_cells(shop.board(here), here, cell),
        lambda: changes.add_days(shop.board(here), here, days, "event", str(at), "fair"),
    ]
    for each in tries:
        if may:
            each()
        else:
            with pytest.raises(PermanentError, match=r"may look but not|for stores you are given"):
                each()
    assert shop.all("select amount from target") == ([(120050,)] if may else [])
    assert len(shop.all("select * from calendar_day")) == 2 * may


def test_a_cell_that_is_no_amount_changes_none_of_its_neighbours(shop: Shop) -> None:
    here = shop.here()
    cells = [
        {"rowId": str(MINE), "colId": "2026-11-01", "value": "5"},
        {"rowId": str(MINE), "colId": "2026-12-01", "value": "much"},
    ]
    with pytest.raises(PermanentError, match="is no amount"):
        changes.set_cells(shop.board(here), here, cells)
    assert shop.all("select * from target") == []
    changes.set_cells(shop.board(here), here, cells[:1])
    changes.set_cells(shop.board(here), here, [cells[0] | {"value": ""}])
    assert shop.all("select * from target") == []


def test_what_came_stands_beside_the_target(shop: Shop) -> None:
    here = shop.here()
    (sold,) = shop.all(
        "select sum(gross - refund - merchant_subsidy)::bigint from store_month_total"
        f" where store_id = {MINE} and month = '2026-10-01'"
    )[0]
    october = date(2026, 10, 1)
    shop.do(Scope(1), lambda c: set_targets(c, 1, [NewTarget(MINE, october, 2 * sold)], None))
    rows = {row["id"]: row for row in rows_of(here, 2026)}
    assert rows[str(MINE)]["s2026-10-01"].startswith("50\u00a0%")
    assert "%" not in rows[str(OTHERS)]["s2026-10-01"]
    assert rows["0"]["n"] == "Whole chain"
    assert {row["id"] for row in rows_of(shop.here("regional", MINE), 2026)} == {str(MINE)}


def test_last_year_is_copied_into_what_is_empty(shop: Shop) -> None:
    """Of sales: whole months alone, rounded to whole yuan; of targets: all there are."""
    here = shop.here()
    sold = shop.all(
        "select store_id, round(1.05 * (gross - refund - merchant_subsidy) / 100.0) * 100"
        " from store_month_total where month = '2026-10-01' and store_id % 1000 > 0"
        " and days >= 25"
    )
    kept = NewTarget(MINE, date(2027, 10, 1), 77)
    shop.do(Scope(1), lambda c: set_targets(c, 1, [kept], None))
    count = changes.copy(shop.board(here), here, 2027, "actual", "5")
    found = shop.all("select store_id, amount from target where month = '2027-10-01'")
    expected = {store: int(amount) for store, amount in sold} | {MINE: 77}
    assert dict(map(tuple, found)) == expected
    assert count == len(expected) - 1
    assert len(shop.all("select * from target where month <> '2027-10-01'")) == 0, (
        "September lacks days, and November is not over"
    )
    leader = shop.here("regional", OTHERS)
    shop.do(Scope(1), lambda c: set_targets(c, 1, [NewTarget(OTHERS, NOVEMBER, 1000)], None))
    shop.do(Scope(1), lambda c: set_targets(c, 1, [NewTarget(MINE, NOVEMBER, 1000)], None))
    assert changes.copy(shop.board(leader), leader, 2027, "targets", "-10%") == 1
    copied = shop.all("select store_id, amount from target where month = '2027-11-01'")
    assert copied == [(OTHERS, 900)]
    for bad in ("lots", "900", "-100"):
        with pytest.raises(PermanentError, match="is no share"):
            changes.copy(shop.board(here), here, 2027, "actual", bad)


@pytest.mark.parametrize("kind", TYPES)
def test_the_sheet_reads_back_as_it_was_written(shop: Shop, kind: str) -> None:
    here = shop.here()
    stores = [(0, "*", "Whole chain"), (MINE, "code1001", "=evil()"), (OTHERS, "code1002", "店")]
    known = {(0, NOVEMBER): 90_000_000, (MINE, date(2026, 1, 1)): 123_456}
    made = template(kind, "zh", 2026, stores, known, "CNY")
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(made)).active
        assert sheet["B3"].data_type == "s"
        assert sheet["C3"].value == 1234.56
    else:
        assert b"'=evil()" in made
    assert changes.take_file(shop.board(here), here, made) == 2
    assert {(s, m): a for s, m, a in shop.all("select store_id, month, amount from target")} == (
        known
    )


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("name,2026-01\nx,5", "etl.targets_header"),
        ("code,name\ncode1001,x", "etl.targets_header"),
        ("code,2026-01\nnone,5", "etl.targets_store"),
        ("code,2026-01\ncode1001,5\ncode1001,6", "etl.targets_twice"),
        ("code,2026-01\ncode1001,5\ncode1002,lots", "etl.targets_amount"),
        ("code,2026-01\ncode1001,-5", "etl.targets_amount"),
        ("", "etl.targets_header"),
    ],
)
def test_a_sheet_that_is_no_good_is_told_and_nothing_of_it_taken(
    shop: Shop, content: str, key: str
) -> None:
    here = shop.here()
    with pytest.raises(PermanentError) as refused:
        changes.take_file(shop.board(here), here, content.encode())
    assert refused.value.key == key
    assert refused.value.say("zh")
    assert shop.all("select * from target") == []


def test_a_regions_sheet_may_not_name_others_nor_the_chain(shop: Shop) -> None:
    leader = shop.here("regional", MINE)
    for code in ("code1002", "*"):
        with pytest.raises(PermanentError) as refused:
            changes.take_file(shop.board(leader), leader, f"code,2026-01\n{code},5".encode())
        assert refused.value.key == "etl.targets_store"
    assert changes.take_file(shop.board(leader), leader, b"code,2026-01\ncode1001,5") == 1


def test_months_are_read_in_all_the_ways_they_are_written() -> None:
    january = date(2026, 1, 1)
    for heading in (
        "2026-01",
        "2026-1",
        "2026/01",
        "2026.1",
        "2026年1月",
        "2026-01-01",
        " 2026-01 ",
    ):
        assert month_of(heading) == january, heading
    for heading in ("2026", "2026-13", "code", "2026-01-02", "1月"):
        assert month_of(heading) is None, heading


def note(at: int, words: str = "road works") -> NewNote:
    return NewNote(at, date(2026, 11, 10), date(2026, 11, 12), words)


@pytest.mark.parametrize(
    ("role", "stores", "at", "may"),
    [
        ("owner", (), 0, True),
        ("finance", (), 0, True),
        ("regional", (MINE,), MINE, True),
        ("regional", (MINE,), OTHERS, False),
        ("regional", (MINE,), 0, False),
        ("store", (MINE,), MINE, True),
        ("store", (MINE,), OTHERS, False),
        ("store", (MINE,), 0, False),
        ("viewer", (), MINE, False),
    ],
)
def test_who_writes_notes(
    shop: Shop, role: str, stores: tuple[int, ...], at: int, may: bool
) -> None:
    here = shop.here(role, *stores)
    days = ("2026-11-10", "2026-11-12")
    if may:
        changes.save_note(shop.board(here), here, 0, days, str(at), "road works")
        assert shop.all("select made_by from day_note") == [(PEOPLE[role],)]
        return
    with pytest.raises(PermanentError):
        changes.save_note(shop.board(here), here, 0, days, str(at), "road works")
    with pytest.raises(DBAPIError, match="row-level security"):
        shop.do(here.scope, lambda c: add_note(c, 1, note(at), PEOPLE[role]))
    assert shop.all("select * from day_note") == []


def test_nobody_writes_in_anothers_name_but_a_job_brings_back_an_archive(shop: Shop) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        shop.do(scope("finance"), lambda c: add_note(c, 1, note(MINE), PEOPLE["owner"]))
    assert shop.do(Scope(1), lambda c: add_note(c, 1, note(MINE), PEOPLE["owner"]))


def test_a_note_is_its_authors_and_the_owners_to_change(shop: Shop) -> None:
    number = shop.do(scope("store", MINE), lambda c: add_note(c, 1, note(MINE), PEOPLE["store"]))
    for other in (scope("finance"), scope("regional", MINE), scope("viewer")):
        for change in (
            lambda c: change_note(c, 1, number, note(MINE, "none")),
            lambda c: remove_note(c, 1, number),
        ):
            with pytest.raises(PermanentError, match="not yours to change"):
                shop.do(other, change)
    shop.do(scope("store", MINE), lambda c: change_note(c, 1, number, note(MINE, "a crane")))
    assert shop.all("select note from day_note") == [("a crane",)]
    with pytest.raises(DBAPIError, match="row-level security"):  # not moved to a store unseen
        shop.do(scope("store", MINE), lambda c: change_note(c, 1, number, note(OTHERS)))
    shop.do(scope("owner"), lambda c: remove_note(c, 1, number))
    assert shop.all("select * from day_note") == []


def test_a_note_is_marked_where_it_belongs_and_seen_by_whom_it_concerns(shop: Shop) -> None:
    for at, words in ((0, "strike"), (MINE, "road works"), (OTHERS, "oven")):
        written = note(at, words)
        with shop.warehouse.begin(Scope(1)) as connection:
            add_note(connection, 1, written, None)
    period = Period(date(2026, 11, 1), date(2026, 11, 23))

    def marked(here: Here, store: int | None) -> set[str]:
        found = marks(here.reads, here.reads.chain(), "en", period, store)
        return {mark.label for mark in found if mark.note}

    assert marked(shop.here(), None) == {"strike"}
    assert marked(shop.here(), MINE) == {"strike", "road works"}
    assert marked(shop.here("store", MINE), MINE) == {"strike", "road works"}
    assert marked(shop.here("store", MINE), OTHERS) == {"strike"}
    assert set(shop.here("store", MINE).reads.notes(period)["note"]) == {"strike", "road works"}
    early = Period(date(2026, 10, 1), date(2026, 10, 31))
    assert shop.here().reads.notes(early).empty


def test_own_days_are_columns_that_the_forecast_learns_from(shop: Shop) -> None:
    """Through the very read that a run starts with."""
    here, until = shop.here(), TODAY - timedelta(days=1)

    def columns() -> dict[str, list[Any]]:
        with shop.warehouse.begin(Scope(1)) as connection:
            from warehouse.reads.context import load

            made = read(load(connection, NOW), until)
        assert made is not None
        future = made.frames.future
        rows = future[future["ds"] == "2026-12-05"]
        return {name: rows[name].tolist() for name in future.columns}

    assert not [name for name in columns() if name.startswith("event_")]
    days = ("2026-12-04", "2026-12-06")
    assert changes.add_days(shop.board(here), here, days, "event", "0", "Fair").days == 3
    changes.add_days(shop.board(here), here, days, "school", str(MINE), "Holidays")
    found = columns()
    assert set(found["event_fair"]) == {1}
    assert sum(found["school_holiday"]) == 1
    ids = [int(each) for (each,) in shop.all("select calendar_id from calendar_day")]
    changes.remove_days(shop.board(here), here, ids)
    assert not [name for name in columns() if name.startswith("event_")]


def test_days_of_a_calendar_are_checked(shop: Shop) -> None:
    here = shop.here()

    def add(first: str, last: str, kind: str = "event", name: str = "Fair") -> None:
        changes.add_days(shop.board(here), here, (first, last), kind, "0", name)

    tries: list[Callable[[], None]] = [
        lambda: add("2026-12-06", "2026-12-04"),
        lambda: add("x", "2026-12-04"),
        lambda: add("2026-12-04", "2036-12-04"),
        lambda: add("2026-12-04", "2026-12-04", kind="feast"),
        lambda: add("2026-12-04", "2026-12-04", name=" "),
    ]
    for wrong in tries:
        with pytest.raises(PermanentError):
            wrong()
    assert shop.all("select * from calendar_day") == []
