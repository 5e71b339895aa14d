"""The guide of the first run: what it saves, what it refuses, where one is in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.errors import PermanentError
from chain.settings import Settings
from dashboard.frame import Board, Here, Person
from dashboard.pages import overview, start
from dashboard.start import changes
from figures.countries import countries, currencies, usual, zones
from tests.bills import MadeBill, load, utc
from tests.conftest import Database
from tests.integration.boards import NotedJobs
from warehouse.chains import GUIDE, NewChain, create_chain
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

GOOD = {"name": "北方茶铺", "country": "JP", "currency": "JPY", "time_zone": "Asia/Tokyo"}


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    create_chain(opened, NewChain("Tillboard", guided=True))
    yield opened
    opened.close()


def _here(warehouse: Warehouse, role: str = "owner") -> Here:
    scope = Scope(1, 1, role)
    person = Person(1, "o@example.com", "", "en", 1, scope)
    return Here(person, "zh", "light", Reads(warehouse, scope), "r1")


def _board(warehouse: Warehouse, tmp_path: Path) -> Board:
    return Board(lambda: _here(warehouse), warehouse, NotedJobs(), Settings(data=tmp_path))


def test_a_chain_is_named_wherever_its_name_stands(warehouse: Warehouse, tmp_path: Path) -> None:
    changes.save_chain(_board(warehouse, tmp_path), _here(warehouse), GOOD)
    chain = _here(warehouse).reads.chain()
    assert (chain.name, chain.currency, chain.time_zone, chain.country, chain.lang) == (
        "北方茶铺", "JPY", "Asia/Tokyo", "JP", "zh",
    )  # fmt: skip
    with warehouse.directory() as connection:
        assert connection.scalar(text("select name from directory.chain")) == "北方茶铺"
    with warehouse.begin(Scope(1)) as connection:
        assert connection.scalar(text("select time_zone from store")) == "Asia/Tokyo"
        assert connection.scalar(text("select action from audit_log")) == "chain"


@pytest.mark.parametrize(
    ("field", "said"),
    [("name", " "), ("name", "x" * 81), ("country", "XX"), ("currency", "xyz"),
     ("time_zone", "Mars/Base"), ("time_zone", "UTC")],
)  # fmt: skip
def test_a_field_that_is_not_right_is_named_and_nothing_saved(
    warehouse: Warehouse, tmp_path: Path, field: str, said: str
) -> None:
    with pytest.raises(PermanentError, match="Nothing was saved"):
        changes.save_chain(_board(warehouse, tmp_path), _here(warehouse), {**GOOD, field: said})
    assert _here(warehouse).reads.chain().name == "Tillboard"


def test_currency_and_zone_stay_once_money_is_in_and_the_rest_may_change(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    board, here = _board(warehouse, tmp_path), _here(warehouse)
    row = {"external_id": "1", "gross": 100, "occurred_at": utc(1)}
    load(warehouse, Scope(1), MadeBill([row]))
    for name in ("currency", "time_zone"):
        kept = {**GOOD, "currency": "CNY", "time_zone": "Asia/Shanghai", name: GOOD[name]}
        with pytest.raises(PermanentError, match="Nothing was changed"):
            changes.save_chain(board, here, kept)
    changes.save_chain(board, here, {**GOOD, "currency": "CNY", "time_zone": "Asia/Shanghai"})
    assert _here(warehouse).reads.chain().name == "北方茶铺"
    assert "disabled=True" in str(start.layout(_here(warehouse), step="chain"))


def test_one_is_led_on_from_where_one_was(warehouse: Warehouse, tmp_path: Path) -> None:
    board = _board(warehouse, tmp_path)
    for step in GUIDE:
        assert _here(warehouse).reads.chain().guide == step
        assert f"data='{step}'" in str(start.layout(_here(warehouse)))
        changes.go(board, _here(warehouse), changes.after(step))
    assert _here(warehouse).reads.chain().guide == ""


def test_the_overview_leads_into_the_guide_until_it_is_over(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    board = _board(warehouse, tmp_path)
    assert "start-step" in str(overview.layout(_here(warehouse)))
    changes.go(board, _here(warehouse), "stores")
    assert "href='/start'" in str(overview.layout(_here(warehouse)))
    assert "/start" not in str(overview.layout(_here(warehouse, "viewer")))
    changes.go(board, _here(warehouse), "")
    assert "href='/imports'" in str(overview.layout(_here(warehouse)))


def test_only_who_brings_money_in_changes_the_guide(warehouse: Warehouse, tmp_path: Path) -> None:
    board = _board(warehouse, tmp_path)
    for role in ("regional", "store", "viewer"):
        with pytest.raises(PermanentError):
            changes.go(board, _here(warehouse, role), "")
    changes.go(board, _here(warehouse, "finance"), "files")
    assert _here(warehouse).reads.chain().guide == "files"


def test_a_country_says_its_money_and_its_clock_where_they_are_clear() -> None:
    assert usual("CN") == ("CNY", "Asia/Shanghai")
    assert usual("SG") == ("SGD", "Asia/Singapore")
    assert usual("DE") == ("EUR", "Europe/Berlin")
    assert usual("KZ") == ("KZT", "")
    assert usual("??") == ("", "")


def test_what_is_proposed_is_what_is_taken() -> None:
    for country in countries("en"):
        currency, zone = usual(country)
        assert not currency or currency in currencies("en"), country
        assert not zone or zone in zones(), country
    assert countries("zh")["CN"] == "中国"
    assert set(countries("zh")) == set(countries("en"))
