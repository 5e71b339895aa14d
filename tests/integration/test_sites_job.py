"""The job of sites: what it stores, that it may be killed and repeated, what it says in refusal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from advice.sites import loads
from tests.conftest import Database
from tests.site_chain import town_chain, yesterday
from warehouse import sites
from warehouse.session import Scope, Warehouse
from workers.sites import SILENT, Sites


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    with opened.directory() as connection:
        connection.execute(text("insert into directory.chain values (1, 'Tea')"))
    with opened.begin(Scope(1)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone)"
                " overriding system value values (1, 'Tea', 'CNY', 'Asia/Shanghai')"
            )
        )
    yield opened
    opened.close()


def _rows(warehouse: Warehouse) -> list[Any]:
    """Return all that is stored, but when."""
    with warehouse.begin(Scope(1)) as connection:
        found = connection.execute(
            text(
                "select suggestion_id, fingerprint, lat, lon, detail from site_suggestion"
                " order by suggestion_id"
            )
        ).all()
        market = connection.execute(
            text("select state, fingerprint, error_key, detail from site_market")
        ).all()
    return [tuple(row) for row in (*found, *market)]


def test_it_stores_suggestions_with_the_fingerprint_of_their_inputs(warehouse: Warehouse) -> None:
    town_chain(warehouse, 1, yesterday())
    Sites(warehouse).run(1)
    *suggestions, state = _rows(warehouse)
    assert state[0] == "done"
    assert len(suggestions) > 3
    assert {row[1] for row in suggestions} == {state[1]}
    gains = [row[4]["net_gain"] for row in suggestions]
    assert gains == sorted(gains, reverse=True)
    first = suggestions[0][4]
    assert first["revenue_low"] < first["revenue"] < first["revenue_high"]
    assert first["net_gain"] == pytest.approx(first["revenue"] - first["loss"], rel=0.05)
    with warehouse.begin(Scope(1)) as connection:
        market = loads(connection.scalar(text("select market from site_market")))
    assert len(market.stores) == 14


def test_nothing_new_is_not_done_again_and_new_costs_are(warehouse: Warehouse) -> None:
    town_chain(warehouse, 1, yesterday())
    jobs = Sites(warehouse)
    jobs.run(1)
    before = _rows(warehouse)
    made = text("select made_at from site_suggestion limit 1")
    with warehouse.begin(Scope(1)) as connection:
        first = connection.scalar(made)
        sites.ask(connection, 1)
    jobs.run(1)
    assert _rows(warehouse) == before
    with warehouse.begin(Scope(1)) as connection:
        assert connection.scalar(made) == first
        sites.ask(connection, 1, sites.Assumed(capex=20_000_000, margin=0.6))
    jobs.run(1)
    after = _rows(warehouse)
    assert after[-1][1] != before[-1][1]
    assert after[0][4]["pay_back"] is not None
    assert before[0][4]["pay_back"] is None


def test_killed_at_any_statement_and_repeated_it_leaves_the_same_rows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    town_chain(warehouse, 1, yesterday())
    jobs = Sites(warehouse)
    jobs.run(1)
    whole = _rows(warehouse)
    count = at = 0

    def die(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise SystemExit

    event.listen(warehouse.engine, "before_cursor_execute", die)
    try:
        died = True
        while died:
            count, at = -1_000_000, at + 3
            with warehouse.begin(Scope(1)) as connection:
                connection.execute(text("delete from site_suggestion"))
                connection.execute(text("delete from site_market"))
            count, died = 0, False
            try:
                jobs.run(1)
            except SystemExit:
                died = True
                count = -1_000_000
                jobs.run(1)
            count = -1_000_000
            assert _rows(warehouse) == whole, at
    finally:
        event.remove(warehouse.engine, "before_cursor_execute", die)
    assert at > 12


def test_what_a_person_must_mend_is_kept_as_a_sentence(warehouse: Warehouse) -> None:
    Sites(warehouse).run(1)
    with warehouse.begin(Scope(1)) as connection:
        row = connection.execute(text("select state, error_key from site_market")).one()
    assert tuple(row) == ("failed", "sites.no_sales_at_all")


def test_with_no_areas_cities_stand_in_and_that_is_said(warehouse: Warehouse) -> None:
    town_chain(warehouse, 1, yesterday(), files=False)
    Sites(warehouse).run(1)
    state = _rows(warehouse)[-1]
    assert state[0] == "done"
    assert state[3]["coarse"]
    assert "sites.gazetteer" in {note["key"] for note in state[3]["notes"]}


def test_what_was_left_is_taken_up(warehouse: Warehouse) -> None:
    taken: list[int] = []
    now = datetime.now(UTC)
    with warehouse.begin(Scope(1)) as connection:
        sites.ask(connection, 1)
    assert Sites(warehouse).sweep(now, taken.append) == 0
    assert Sites(warehouse).sweep(now + SILENT + timedelta(seconds=1), taken.append) == 1
    assert taken == [1]
