"""Stores are added, changed and closed on the board, one by one or as a list."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError
from dashboard import storelist
from dashboard.frame import Board, Here, Person
from dashboard.pages import setup
from etl.storelist import check_list
from tests.bills import MadeBill, load
from tests.conftest import Database
from tests.integration.boards import HERE, Running, running
from warehouse.binding import bind
from warehouse.reads import Filters, Reads
from warehouse.session import Scope

FIELDS = {"code": "S1", "name": "静安店", "time_zone": "Asia/Shanghai", "cutover_hour": "0"}


@dataclass
class Book:
    """A board with an empty list of stores."""

    running: Running

    @property
    def board(self) -> Board:
        run = self.running
        return Board(self.here, run.warehouse, run.jobs, run.settings)

    def here(self, role: str = "owner") -> Here:
        scope = Scope(1, 1, role)
        person = Person(1, "o@example.com", "", "en", 1, scope)
        return Here(person, "en", "light", Reads(self.running.warehouse, scope), "r1")

    def save(self, *, new: bool, **fields: str) -> int:
        return storelist.save_store(self.board, self.here(), {**FIELDS, **fields}, new=new)

    def stores(self) -> dict[str, dict[str, object]]:
        with self.running.warehouse.begin(Scope(1)) as connection:
            rows = connection.execute(
                text(
                    "select s.*, r.name as region from store s"
                    " left join region r using (chain_id, region_id) where not unassigned"
                )
            )
            return {str(row["code"]): dict(row) for row in rows.mappings()}

    def send(self, name: str, content: bytes) -> tuple[int, str]:
        answer = self.running.logged_in().post(
            "/setup-list", data=content, headers=HERE | {"X-File-Name": quote(name)}
        )
        told = answer.get_json()
        return answer.status_code, told.get("said") or told["error"]


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[Book]:
    with running(database, tmp_path, (setup.page, setup.form_page)) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(
                text(
                    "insert into store (chain_id, code, name, time_zone, unassigned)"
                    " values (1, 'unassigned', '未分配', 'Asia/Shanghai', true)"
                )
            )
        yield Book(board)


def test_a_store_is_added_changed_and_closed(book: Book) -> None:
    number = book.save(
        new=True, region="华东", monthly_rent="20,000.50", area_sqm="80.5", lat="31.2", lon="121.4"
    )
    kept = book.stores()["S1"]
    assert (kept["monthly_rent"], kept["region"], kept["sort_key"]) == (
        2000050, "华东", "jing an dian",
    )  # fmt: skip
    shown = str(setup.form(book.here(), store_id=str(number)))
    assert "20000.50" in shown
    assert book.save(new=False, name="静安寺店", closed_on="2026-11-01") == number
    kept = book.stores()["S1"]
    assert (kept["name"], kept["closed_on"]) == ("静安寺店", date(2026, 11, 1))


def test_a_box_that_is_emptied_empties_its_field(book: Book) -> None:
    book.save(new=True, closed_on="2026-11-01", city="上海")
    book.save(new=False, closed_on="", city="上海")
    kept = book.stores()["S1"]
    assert (kept["closed_on"], kept["city"]) == (None, "上海")


@pytest.mark.parametrize(
    ("field", "said", "hint"),
    [
        ("code", " ", "it is needed"),
        ("code", "unassigned", "is taken"),
        ("name", "", "it is needed"),
        ("time_zone", "Mars/Base", "Asia/Shanghai"),
        ("cutover_hour", "13", "from 0 to 12"),
        ("opened_on", "yesterday", "a date like"),
        ("closed_on", "2020-01-01", "not before the opening"),
        ("area_sqm", "-3", "above 0"),
        ("monthly_rent", "a lot", "an amount like"),
        ("lat", "91", "degrees"),
        ("lon", "east", "degrees"),
    ],
)
def test_a_field_that_is_not_right_is_named_and_nothing_saved(
    book: Book, field: str, said: str, hint: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        book.save(new=True, **{"opened_on": "2024-05-01", field: said})
    assert hint in refused.value.say("en")
    assert book.stores() == {}


def test_the_code_of_another_store_is_not_taken_over(book: Book) -> None:
    book.save(new=True)
    with pytest.raises(PermanentError) as refused:
        book.save(new=True, name="另一家")
    assert refused.value.key == "dashboard.setup.taken"
    assert book.stores()["S1"]["name"] == "静安店"


@pytest.mark.parametrize("role", ["regional", "store"])
def test_only_who_may_import_sets_up_stores(book: Book, role: str) -> None:
    with pytest.raises(PermanentError) as refused:
        storelist.save_store(book.board, book.here(role), FIELDS, new=True)
    assert refused.value.key == "dashboard.upload.not_allowed"


def test_a_list_adds_and_changes_only_what_it_states(book: Book) -> None:
    book.save(new=True, city="上海", monthly_rent="20000")
    content = "编号,名称,日切\nS1,静安旗舰店,2\nS2,徐汇店,\n".encode("gbk")
    assert book.send("门店.csv", content) == (200, "2 stores are in.")
    stores = book.stores()
    first = stores["S1"]
    assert (first["name"], first["cutover_hour"]) == ("静安旗舰店", 2)
    assert (first["city"], first["monthly_rent"]) == ("上海", 2000000)
    assert stores["S2"]["time_zone"] == "Asia/Shanghai"


def test_a_workbook_is_a_list_too(book: Book) -> None:
    workbook, out = openpyxl.Workbook(), io.BytesIO()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["code", "name", "opened_on", "area_sqm"])
    sheet.append([101, "静安店", datetime(2024, 5, 1), 80.5])  # noqa: DTZ001 - as a sheet has it
    workbook.save(out)
    assert book.send("stores.xlsx", out.getvalue())[0] == 200
    assert book.stores()["101"]["opened_on"] == date(2024, 5, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\nx\n", "first line that names its columns"),
        (b"code,name,lat\nA,a,1\nB,b,north\n", "Line 3 of list.csv"),
        (b"", "first line that names its columns"),
        (b"PK\x03\x04 no workbook", "workbook"),
    ],
)
def test_a_list_that_is_no_good_changes_nothing(book: Book, content: bytes, said: str) -> None:
    status, sentence = book.send("list.csv", content)
    assert status == 400
    assert said in sentence
    assert book.stores() == {}


def test_a_later_cut_over_moves_past_payments_to_their_day(book: Book) -> None:
    number = book.save(new=True)
    at = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)  # 01:30 of the 22nd in Shanghai
    row = {"external_id": "1", "occurred_at": at, "gross": 500, "store_ref": "S1"}
    load(book.running.warehouse, Scope(1), MadeBill([row]))
    with book.running.warehouse.begin(Scope(1)) as connection:
        place = connection.execute(text("select account_id from place")).scalar_one()
        bind(connection, account_id=place, ref_kind="store", ref="S1", store_id=number)
    assert _days(book) == {date(2026, 11, 22): 500}
    book.save(new=False, cutover_hour="4")
    assert _days(book) == {date(2026, 11, 21): 500}
    book.save(new=False, name="改名", cutover_hour="4")
    assert _days(book) == {date(2026, 11, 21): 500}


def _days(book: Book) -> dict[date, int]:
    asked = Filters(Period(date(2026, 11, 1), date(2026, 11, 30)))
    frame = book.here().reads.daily(asked).frame
    return dict(zip(frame["day"], frame["gross"], strict=True))


def _check(book: Book, content: bytes) -> dict[str, Any]:
    answer = book.running.logged_in().post(
        "/setup-list?check=1", data=content, headers=HERE | {"X-File-Name": "stores.csv"}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_list_is_shown_before_it_is_taken_and_nothing_is_saved_by_it(book: Book) -> None:
    book.save(new=True)
    told = _check(book, b"code,name\nS1,Jing'an\nS2,Bund\n")
    assert told["good"]
    assert told["said"].startswith("The list is in order. New stores: 1, stores that change: 1")
    assert [row["cells"][-1] for row in told["rows"]] == ["Changes", "New"]
    assert book.stores()["S1"]["name"] == "静安店"
    assert "S2" not in book.stores()


def test_every_wrong_line_is_named_with_its_field_the_wrong_ones_first(book: Book) -> None:
    lines = ["code,name,opened_on", "S1,One,2026-01-01", ",Two,", "S3,Three,soon", "S1,Again,"]
    told = _check(book, "\n".join(lines).encode())
    assert not told["good"]
    assert told["said"].startswith("Lines to mend: 3.")
    assert [(row["cells"][0], row["cells"][-1], row["bad"]) for row in told["rows"]] == [
        ("3", "Code: it is needed, and “unassigned” is taken.", True),
        ("4", "Opened on: a date like 2026-11-24.", True),
        ("5", "Has the code of line 2. Each store needs its own.", True),
        ("2", "New", False),
    ]
    code, said = book.send("stores.csv", "\n".join([lines[0], lines[1], lines[4]]).encode())
    assert (code, book.stores()) == (400, {})
    assert "has the code of line 2" in said


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_list_that_is_filled_in_is_read(book: Book, kind: str, lang: str) -> None:
    client = book.running.logged_in()
    client.post("/language", data={"lang": lang}, headers=HERE)
    empty = client.get(f"/setup-list/stores.{kind}")
    assert f"stores.{kind}" in empty.headers["Content-Disposition"]
    rules = storelist._rules(book.here())
    assert check_list(empty.data, rules) == []
    row = ["007", "静安店"]
    if kind == "csv":
        filled = empty.data + ",".join(row).encode()
    else:
        workbook = openpyxl.load_workbook(io.BytesIO(empty.data))
        workbook.worksheets[0].append(row)
        stream = io.BytesIO()
        workbook.save(stream)
        filled = stream.getvalue()
    (line,) = check_list(filled, rules)
    assert line.store is not None
    assert (line.store.store.code, line.store.store.name) == ("007", "静安店")


def test_who_may_only_look_checks_no_list_but_may_have_the_empty_one(book: Book) -> None:
    with book.running.warehouse.directory() as connection:
        connection.execute(text("update directory.membership set role = 'viewer'"))
    client = book.running.logged_in()
    refused = client.post("/setup-list?check=1", data=b"code,name\n", headers=HERE)
    assert refused.status_code == 400
    assert client.get("/setup-list/stores.csv").status_code == 200
    assert client.get("/setup-list/stores.exe").status_code == 404
