"""Cash that is typed on the board comes in, is corrected and is undone like any bill."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError
from dashboard import takings
from dashboard.frame import Board, Here, Person
from dashboard.pages import cash
from dashboard.takings import Typed
from etl.importer import Importer
from tests.conftest import Database
from tests.integration.boards import Running, running
from warehouse import batches
from warehouse.chains import NewStore, add_store
from warehouse.reads import Filters, Reads
from warehouse.session import Scope
from warehouse.undo import undo


@dataclass
class Tills:
    """A board with one store whose day ends at 04:00 in Tokyo, and its owner."""

    running: Running
    store: int

    @property
    def board(self) -> Board:
        run = self.running
        return Board(lambda: self.here("owner"), run.warehouse, run.jobs, run.settings)

    def here(self, role: str = "owner", lang: str = "en") -> Here:
        scope = Scope(1, 1, role)
        person = Person(1, "o@example.com", "", "en", 1, scope)
        return Here(person, lang, "light", Reads(self.running.warehouse, scope), "r1")  # type: ignore[arg-type]

    def save(self, amounts: dict[date, str], before: dict[date, int] | None = None) -> int:
        """Type ``amounts``, do what the worker does, and return the batch's number."""
        earlier = before or {}
        typed = [Typed(day, said, earlier.get(day)) for day, said in amounts.items()]
        takings.save(self.board, self.here(), self.store, typed, "late shift")
        _, chain, batch = self.running.jobs.asked[-1]
        with self.running.warehouse.begin(Scope(chain)) as connection:
            sha = bytes(batches.get(connection, chain, batch)["sha256"])
        importer = Importer(self.running.warehouse, Scope(chain), "k" * 40)
        importer.import_received(batch, self.running.settings.inbox / sha.hex())
        assert self.here().reads.batch(batch).state == "done"
        return batch

    def typed(self) -> dict[date, int]:
        rows = self.here().reads.cash_typed(self.store, Period(TODAY - timedelta(days=6), TODAY))
        return dict(zip(rows["day"], rows["amount"], strict=True))

    def gross(self, day: date) -> int:
        asked = Filters(Period(day, day), stores=(self.store,))
        return self.here().reads.totals(asked).now["gross"]


TODAY = date.today()  # noqa: DTZ011 - only days that are past in every zone are typed
FIRST, SECOND = TODAY - timedelta(days=3), TODAY - timedelta(days=2)


@pytest.fixture
def tills(database: Database, tmp_path: Path) -> Iterator[Tills]:
    with running(database, tmp_path, (cash.page,)) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(
                text(
                    "insert into store (chain_id, code, name, time_zone, unassigned)"
                    " values (1, 'unassigned', '未分配', 'Asia/Shanghai', true)"
                )
            )
            store = NewStore("门店,1", "静安店", "Asia/Tokyo", cutover_hour=4)
            number = add_store(connection, 1, store)
        yield Tills(board, number)


def test_several_days_at_once_stand_in_the_stores_figures_to_the_cent(tills: Tills) -> None:
    tills.save({FIRST: "1,234.05", SECOND: "８８"})
    assert tills.typed() == {FIRST: 123405, SECOND: 8800}
    assert (tills.gross(FIRST), tills.gross(SECOND)) == (123405, 8800)
    assert tills.here().reads.platforms() == ("cash",)


def test_a_day_typed_again_supersedes_and_undo_brings_the_old_amount_back(tills: Tills) -> None:
    tills.save({FIRST: "100", SECOND: "50"})
    again = tills.save({FIRST: "90.5", SECOND: "50"}, {FIRST: 10000, SECOND: 5000})
    batch = tills.here().reads.batch(again)
    assert (batch.rows_accepted, batch.rows_changed) == (1, 1)
    assert batch.options["note"] == "late shift"
    assert tills.typed() == {FIRST: 9050, SECOND: 5000}
    with tills.running.warehouse.begin(Scope(1)) as connection:
        assert connection.scalars(text("select gross from payment_history")).all() == [10000]
        undo(connection, 1, again)
    assert tills.gross(FIRST) == 10000


@pytest.mark.parametrize(
    ("day", "said", "before", "en", "zh"),
    [
        (FIRST, "12.345", None, "is no amount", "不是金额"),
        (FIRST, "-5", None, "is no amount", "不是金额"),
        (FIRST, "ten", None, "is no amount", "不是金额"),
        (FIRST, "", 500, "cannot be emptied", "不能清空"),
        (TODAY + timedelta(days=3), "5", None, "still to come", "还没有到"),
        (FIRST, "5", 500, "Nothing is new", "没有新的内容"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    tills: Tills, day: date, said: str, before: int | None, en: str, zh: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        takings.save(tills.board, tills.here(), tills.store, [Typed(day, said, before)], "")
    assert en in refused.value.say("en")
    assert zh in refused.value.say("zh")
    assert tills.running.jobs.asked == []


@pytest.mark.parametrize("role", ["regional", "store"])
def test_only_who_may_import_may_type(tills: Tills, role: str) -> None:
    with pytest.raises(PermanentError) as refused:
        takings.save(tills.board, tills.here(role), tills.store, [Typed(FIRST, "5", None)], "")
    assert refused.value.key == "dashboard.upload.not_allowed"


def test_no_store_is_no_till(tills: Tills) -> None:
    with pytest.raises(PermanentError) as refused:
        takings.save(tills.board, tills.here(), 999, [Typed(FIRST, "5", None)], "")
    assert refused.value.key == "dashboard.cash.no_store"


def test_the_form_shows_a_week_with_what_was_typed(tills: Tills) -> None:
    tills.save({FIRST: "100.50"})
    rows, earlier = cash.week(tills.here(), tills.store, TODAY.isoformat())
    assert len(rows) == 7
    assert earlier == {FIRST.isoformat(): 10050}
    boxes = [row.children[1].value for row in rows]
    assert boxes.count("100.50") == 1
    assert boxes.count("") == 6
