"""The chain's own year: typed on the Set-up page, kept, and in the bar of whoever looks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.errors import PermanentError
from chain.fiscal import FiscalCalendar
from dashboard.choice import FISCAL, Choice
from dashboard.filterbar import bar_words
from dashboard.fiscal import card, said, set_calendar
from dashboard.frame import Here, Person
from tests.conftest import Database
from tests.integration.access_world import FIRST, READERS, WEST, World, world
from warehouse.reads import Reads
from warehouse.session import Scope

RETAIL = {"kind": "454", "month": "2", "weekday": "5", "ending": "nearest", "named": "start"}


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[World]:
    with world(database, tmp_path, None) as made:
        yield made


def _here(opened: World, name: str, lang: Any = "en") -> Here:
    number = FIRST + [reader.name for reader in READERS].index(name)
    reader = READERS[number - FIRST]
    stores = reader.stores or ((WEST,) if reader.regions else None)
    scope = Scope(reader.chain, number, reader.role, stores)
    person = Person(number, reader.email, "", lang, 0, scope)
    return Here(person, lang, "light", Reads(opened.board.warehouse, scope), "")


@pytest.mark.parametrize("name", ["owner", "finance"])
def test_a_calendar_that_is_typed_is_in_the_bar_of_everybody(opened: World, name: str) -> None:
    board: Any = opened.board
    before = bar_words(_here(opened, "viewer"), [])["period"]
    assert not set(FISCAL) & set(before)
    assert set_calendar(board, _here(opened, name), RETAIL) == FiscalCalendar("454", month=2)
    for reader in ("viewer", "store-west"):
        here = _here(opened, reader)
        assert here.reads.chain().fiscal == FiscalCalendar("454", month=2)
        assert set(FISCAL) <= set(bar_words(here, [])["period"])
        month = Choice(period="last_fiscal_month").days(here.reads.chain())
        assert month.days in {28, 35}
    assert not set(FISCAL) & set(bar_words(_here(opened, "other-owner"), [])["period"])


@pytest.mark.parametrize("name", ["viewer", "regional-west", "store-west"])
def test_nobody_else_sets_it(opened: World, name: str) -> None:
    board: Any = opened.board
    with pytest.raises(PermanentError, match="may look"):
        set_calendar(board, _here(opened, name), RETAIL)
    assert _here(opened, "owner").reads.chain().fiscal.plain


@pytest.mark.parametrize(
    ("starts", "told"),
    [
        ("", "at least two days"),
        ("2026-01-01 yesterday", "yesterday is no day"),
        ("2026-02-01, 2026-01-01", "goes wrong at 2026-01-01"),
        ("\n".join(["2026-01-01"] * 401), "more than 400"),
    ],
)
def test_a_list_that_is_none_is_refused_with_what_to_do(
    opened: World, starts: str, told: str
) -> None:
    board: Any = opened.board
    with pytest.raises(PermanentError, match=told):
        set_calendar(board, _here(opened, "owner"), {"kind": "own", "starts": starts})


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["month", "445", "454", "544", "own"])
def test_the_card_says_where_the_chain_stands(opened: World, kind: str, lang: str) -> None:
    board: Any = opened.board
    here = _here(opened, "owner", lang)
    starts = "2020-01-01，2020-02-01；2020-03-01"
    calendar = set_calendar(board, here, RETAIL | {"kind": kind, "starts": starts, "count": "12"})
    assert str(said(here, calendar))
    assert "fiscal-starts" in str(card(_here(opened, "owner", lang)))
