"""While a series of files is coming in the board says how far it is, and no longer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from dashboard import series
from dashboard.frame import Here, Person
from tests.conftest import Database
from tests.integration.boards import Running, running
from warehouse import batches
from warehouse.reads import Reads
from warehouse.session import Scope


@pytest.fixture
def board(database: Database, tmp_path: Path) -> Iterator[Running]:
    with running(database, tmp_path, ()) as opened:
        yield opened


def _file(board: Running, nth: int, of: int, state: str) -> None:
    with board.warehouse.begin(Scope(1)) as connection:
        known = batches.receive(
            connection,
            1,
            sha256=nth.to_bytes(32, "big"),
            file_name=f"{nth}.csv",
            size_bytes=1,
            options={"nth": nth, "of": of},
        )
        connection.execute(
            text("update import_batch set state = :state where batch_id = :batch"),
            {"state": state, "batch": known.batch_id},
        )


def _here(board: Running, lang: str) -> Here:
    person = Person(1, "o@example.com", "", lang, 1, Scope(1))  # type: ignore[arg-type]
    return Here(person, lang, "light", Reads(board.warehouse, Scope(1)), "r1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "2 of 154 files"), ("zh", "还在导入：2 / 154 个文件")]
)
def test_the_bar_says_how_many_of_how_many_are_in(board: Running, lang: str, said: str) -> None:
    for nth, state in ((1, "done"), (2, "failed"), (3, "reading")):
        _file(board, nth, 154, state)
    bar, stop, _ = series.state(_here(board, lang))
    assert said in str(bar)
    assert not stop


def test_the_bar_goes_with_the_last_file_or_when_nobody_goes_on(board: Running) -> None:
    _file(board, 1, 2, "done")
    assert _here(board, "en").reads.series() is not None
    with board.warehouse.begin(Scope(1)) as connection:
        connection.execute(text("update import_batch set updated_at = now() - interval '1 hour'"))
    assert _here(board, "en").reads.series() is None
    _file(board, 2, 2, "done")
    assert _here(board, "en").reads.series() is None


def test_an_empty_chain_keeps_asking_so_that_its_first_figures_show(board: Running) -> None:
    bar, stop, empty = series.state(_here(board, "en"))
    assert (bar, stop, empty) == (None, False, True)
