"""What a digest says of stores is what the board says of them: the same places and reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chain.schedule import Rhythm
from chain.words import Lang
from dashboard.frame import Here, Person
from dashboard.insight import bridge, fair
from figures import formats
from reports import insight
from reports.digests import sections
from reports.digests.facts import Facts
from reports.digests.model import Row
from tests import digests as made
from tests.conftest import Database
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse


@dataclass(frozen=True)
class World:
    """The chain, and what a reader of some stores (or all) is shown of it."""

    warehouse: Warehouse
    chain: int
    stores: list[int]

    def scope(self, stores: list[int] | None = None) -> Scope:
        role = "owner" if stores is None else "regional"
        return Scope(self.chain, role=role, store_ids=None if stores is None else tuple(stores))

    def here(self, lang: Lang) -> Here:
        person = Person(1, "o@example.com", "", lang, 1, self.scope())
        reads = Reads(self.warehouse, person.scope, now=lambda: made.NOW)
        return Here(person, lang, "light", reads, "r1")


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    warehouse = Warehouse(module_database.app)
    chain, stores = made.chain_with_stores(warehouse)
    yield World(warehouse, chain, stores)
    warehouse.close()


def _facts(world: World, rhythm: Rhythm, lang: Lang, stores: list[int] | None = None) -> Facts:
    return made.facts(world.warehouse, world.scope(stores), rhythm, lang)


def _rows(facts: Facts) -> dict[str, tuple[Row, ...]]:
    section = sections.ranking(facts)
    assert section is not None
    return dict(section.lists)


def _number(row: Row) -> int:
    return int(row.link.partition("/store/")[2].partition("?")[0])


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("rhythm", ["weekly", "monthly"])
def test_a_week_and_a_month_name_the_ends_of_the_boards_fair_ranking(
    world: World, rhythm: Rhythm, lang: Lang
) -> None:
    facts = _facts(world, rhythm, lang)
    (_, _, grid) = fair.card(world.here(lang), facts.filters)
    table: Any = grid
    on_board = sorted(table.rowData, key=lambda row: row["r"])
    above = [row["id"] for row in on_board if row["c"] > 0][: sections.BEST]
    below = [row["id"] for row in reversed(on_board) if row["c"] < 0][: sections.BEST]
    best, worst = _rows(facts).values()
    assert [_number(row) for row in best] == above
    assert [_number(row) for row in worst] == below
    words = {row["id"]: row for row in on_board}
    for row in (*best, *worst):
        shown = words[_number(row)]
        assert row.name == shown["n"]
        assert row.reason.startswith(
            facts.say(
                f"digests.reason.{'above' if shown['c'] > 0 else 'below'}",
                share=formats.percent(abs(shown["c"])),
            )
        )
        if shown["why"] != facts.say("advice.say.level"):
            assert shown["why"] in row.reason


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("rhythm", ["daily", "weekly", "monthly"])
def test_what_moved_a_store_is_what_its_own_page_draws(
    world: World, rhythm: Rhythm, lang: Lang
) -> None:
    facts = _facts(world, rhythm, lang)
    told = [row for rows in _rows(facts).values() for row in rows]
    assert len(told) >= 4
    said = 0
    for row in told:
        store = _number(row)
        own = insight.bridge(facts.reads, facts.filters.of_store(store))
        why = insight.why_changed(facts, facts.chain, own, store)
        assert why in row.reason or row.reason == facts.say("digests.reason.silent_day")
        said += bool(why)
        # Amounts of the mail are those of the bars that the page draws.
        page: Any = bridge.card(
            world.here(lang), facts.filters.of_store(store), "net_sales", "light", "g"
        )
        for part in why.split(facts.say("advice.say.list")):
            amount = part.rpartition("(")[2].rpartition("（")[2].rstrip(")）")
            assert amount in page[1].to_plotly_json()["props"]["aria-label"], (part, page[1])
    assert said >= 3


def test_of_a_day_and_of_two_stores_it_is_who_won_and_lost_most(world: World) -> None:
    for facts in (
        _facts(world, "daily", "en"),
        _facts(world, "weekly", "en", world.stores[:2]),
    ):
        names = list(_rows(facts))
        assert set(names) <= {"Won most", "Lost most"}
        assert names
    assert list(_rows(_facts(world, "weekly", "en"))) == [
        "Best for their kind",
        "Furthest below their kind",
    ]


def test_a_store_without_data_of_the_day_is_said_to_have_sent_none(world: World) -> None:
    rows = _rows(_facts(world, "daily", "en"))["Lost most"]
    silent = next(row for row in rows if _number(row) == world.stores[made.SILENT])
    assert silent.reason == "no data for the day"
