"""Runs of the forecast: chunks, kills, refits, sums to the minor unit, what old runs go by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

import forecasting
from forecasting.models.base import Model
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import (
    LAST,
    LastWeek,
    add_up,
    chain_with_past,
    finish,
    run_to_end,
    sell,
    settings,
    stored,
)
from warehouse import forecast_runs
from warehouse.locks import Lock, hold
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts


@pytest.fixture(autouse=True)
def _entrants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and quick models, one of which takes each store alone."""

    def entrants() -> tuple[Model, ...]:
        return SeasonalNaive(), PanelRegression(), LastWeek()

    monkeypatch.setattr(forecasting, "entrants", entrants)


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    yield opened
    opened.close()


@pytest.fixture
def forecasts(warehouse: Warehouse) -> Forecasts:
    return Forecasts(warehouse, settings())


def _rows(warehouse: Warehouse, chain_id: int, query: str, **values: object) -> list[Any]:
    with warehouse.begin(Scope(chain_id)) as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def test_a_run_forecasts_every_store_region_and_the_chain_to_the_minor_unit(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, stores = chain_with_past(warehouse)
    run_id = run_to_end(forecasts, chain_id)
    with warehouse.begin(Scope(chain_id)) as connection:
        run = forecast_runs.get(connection, chain_id, run_id)
    assert (run.state, run.learned_until) == ("done", LAST)
    assert (run.first_day, run.last_day) == (LAST + timedelta(days=1), LAST + timedelta(days=90))
    days = _rows(
        warehouse,
        chain_id,
        "select store_id, day, mean from forecast where run_id = :run order by day, store_id",
        run=run_id,
    )
    assert len(days) == len(stores) * 90
    groups = _rows(
        warehouse, chain_id, "select level, store_ids, mean, quantiles from forecast_group"
    )
    assert sorted(level for level, *_ in groups) == ["chain", "region", "region"]
    for _, members, mean, quantiles in groups:
        sums = [0] * 90
        for store, day, value in days:
            if store in members:
                sums[(day - LAST).days - 1] += value
        assert mean == sums
        spread = np.array(quantiles).reshape(90, 9)
        assert (np.diff(spread, axis=1) >= 0).all()


def test_a_model_that_takes_each_store_alone_is_scored_beside_the_others(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    """What was played in chunks is the same as if it had been played in one tournament."""
    chain_id, stores = chain_with_past(warehouse)
    run_id = run_to_end(forecasts, chain_id)
    scored = _rows(
        warehouse,
        chain_id,
        "select store_id from forecast_score"
        " where run_id = :run and model = 'theta' and metric = 'wape' order by store_id",
        run=run_id,
    )
    assert scored == [(0,), *((store,) for store in sorted(stores))]
    whole = Forecasts(warehouse, settings().model_copy(update={"forecast_chunk_stores": 100}))
    assert stored(warehouse, chain_id, run_to_end(whole, chain_id)) == stored(
        warehouse, chain_id, run_id
    )


def test_stores_of_a_chunk_that_failed_say_which_model_is_missing(
    warehouse: Warehouse, forecasts: Forecasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain_id, stores = chain_with_past(warehouse)
    run_id = forecasts.start(chain_id)
    first, *others = forecasts.advance(chain_id, run_id)
    with monkeypatch.context() as broken:
        broken.setattr(LastWeek, "predict", lambda *_, **__: 1 / 0)
        forecasts.play(chain_id, run_id, first)
    for chunk in others:
        forecasts.play(chain_id, run_id, chunk)
    forecasts.advance(chain_id, run_id)
    said = dict(
        _rows(
            warehouse,
            chain_id,
            "select store_id, notes::text from forecast_store where run_id = :run",
            run=run_id,
        )
    )
    missing = [store for store in stores if "left_out" in said[store]]
    assert said.keys() == set(stores)
    assert 0 < len(missing) < len(stores)
    assert all('"theta"' in said[store] for store in missing)


def test_only_the_last_chunk_closes_a_run_and_each_is_written_once(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, _ = chain_with_past(warehouse)
    run_id = forecasts.start(chain_id)
    chunks = forecasts.advance(chain_id, run_id)
    assert chunks == [0, 1, 2]
    assert forecasts.advance(chain_id, run_id) == []  # they are on their way
    assert [forecasts.play(chain_id, run_id, chunk) for chunk in chunks] == [False, False, True]
    assert not forecasts.play(chain_id, run_id, 2)
    assert forecasts.start(chain_id) == run_id
    forecasts.advance(chain_id, run_id)
    before = stored(warehouse, chain_id, run_id)
    forecasts.advance(chain_id, run_id)
    assert stored(warehouse, chain_id, run_id) == before
    assert _rows(warehouse, chain_id, "select count(*) from forecast_chunk") == [(0,)]


def test_a_quick_run_has_no_chunks(warehouse: Warehouse, forecasts: Forecasts) -> None:
    chain_id, stores = chain_with_past(warehouse)
    run_id = forecasts.start(chain_id, "quick")
    assert forecasts.advance(chain_id, run_id) == []
    with warehouse.begin(Scope(chain_id)) as connection:
        assert forecast_runs.get(connection, chain_id, run_id).state == "done"
    assert len(_rows(warehouse, chain_id, "select from forecast_store")) == len(stores)


def test_a_store_whose_figures_changed_is_forecast_again_and_no_other(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, stores = chain_with_past(warehouse, stores=6)
    base = run_to_end(forecasts, chain_id)
    with warehouse.begin(Scope(chain_id)) as connection:
        for back in range(60):
            sell(connection, chain_id, stores[0], LAST - timedelta(days=back), 400_000)
        add_up(connection, chain_id)
        connection.execute(
            text("update chain_version set version = version + 1 where part = 'figures'")
        )
    taken: list[int] = []
    noon = datetime(2026, 3, 16, 4, tzinfo=UTC)
    assert forecasts.plan(noon, lambda _, run: taken.append(run)) == 1
    finish(forecasts, chain_id, taken[0])
    query = "select store_id, sum(mean) from forecast where run_id = :run group by 1 order by 1"
    before = dict(_rows(warehouse, chain_id, query, run=base))
    after = dict(_rows(warehouse, chain_id, query, run=taken[0]))
    assert [store for store in stores if before[store] != after[store]] == [stores[0]]
    assert after[stores[0]] > 3 * before[stores[0]]
    models = "select store_id, model from forecast_store where run_id = :run and store_id <> :one"
    assert _rows(warehouse, chain_id, models, run=base, one=stores[0]) == _rows(
        warehouse, chain_id, models, run=taken[0], one=stores[0]
    )
    chain = "select mean from forecast_group where run_id = :run and level = 'chain'"
    ((mean,),) = _rows(warehouse, chain_id, chain, run=taken[0])
    assert sum(mean) == sum(after.values())
    assert forecasts.plan(noon, lambda _, run: taken.append(run)) == 0


def test_a_run_is_begun_when_it_is_due(warehouse: Warehouse, forecasts: Forecasts) -> None:
    """First a quick one, then a full one, then one a night if anything has come in."""
    chain_id, stores = chain_with_past(warehouse)
    taken: list[int] = []
    kinds: list[str] = []

    def plan(now: datetime) -> str:
        taken.clear()
        forecasts.plan(now, lambda _, run: taken.append(run))
        for run_id in taken:
            finish(forecasts, chain_id, run_id)
            with warehouse.begin(Scope(chain_id)) as connection:
                kinds.append(forecast_runs.get(connection, chain_id, run_id).kind)
        return kinds.pop() if kinds else ""

    noon = datetime.now(UTC).replace(hour=4)
    assert [plan(noon), plan(noon), plan(noon)] == ["quick", "full", ""]
    with warehouse.begin(Scope(chain_id)) as connection:
        for store in stores:
            sell(connection, chain_id, store, LAST + timedelta(days=1), 60_000)
        add_up(connection, chain_id)
        connection.execute(
            text("update chain_version set version = version + 1 where part = 'figures'")
        )
    assert plan(noon) == ""
    assert plan(noon + timedelta(days=2)) == "full"


def test_a_run_that_is_done_raises_the_version_once(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, _ = chain_with_past(warehouse, stores=2)

    def version() -> str:
        return Reads(warehouse, Scope(chain_id)).version()

    before = version()
    run_id = forecasts.start(chain_id)
    for chunk in forecasts.advance(chain_id, run_id):
        forecasts.play(chain_id, run_id, chunk)
    assert version() == before
    forecasts.advance(chain_id, run_id)
    assert version() != before


def test_a_store_of_a_few_weeks_is_marked_as_new(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, stores = chain_with_past(warehouse, stores=3)
    with warehouse.begin(Scope(chain_id)) as connection:
        connection.execute(
            text("delete from store_day where store_id = :store and business_date < :day"),
            {"store": stores[0], "day": LAST - timedelta(days=20)},
        )
        add_up(connection, chain_id)
    run_to_end(forecasts, chain_id, "quick")
    assert _rows(warehouse, chain_id, "select store_id from forecast_store where is_new") == [
        (stores[0],)
    ]


def test_a_store_that_has_long_taken_nothing_is_refused_with_its_last_day(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, stores = chain_with_past(warehouse, stores=3)
    last = LAST - timedelta(days=30)
    with warehouse.begin(Scope(chain_id)) as connection:
        connection.execute(
            text("delete from store_day where store_id = :store and business_date > :day"),
            {"store": stores[0], "day": last},
        )
        add_up(connection, chain_id)
    run_to_end(forecasts, chain_id, "quick")
    refused = "select store_id, reason, params from forecast_store where reason <> ''"
    assert _rows(warehouse, chain_id, refused) == [
        (stores[0], "forecasting.refused.silent", {"day": last.isoformat()})
    ]


def test_a_run_that_stands_still_is_taken_up_unless_somebody_is_at_it(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, _ = chain_with_past(warehouse, stores=1, days=40)
    run_id = forecasts.start(chain_id)
    taken: list[int] = []

    def plan() -> int:
        with warehouse.begin(Scope(chain_id)) as connection:
            connection.execute(
                text("update forecast_run set updated_at = now() - interval '1 hour'")
            )
        return forecasts.plan(datetime.now(UTC), lambda _, run: taken.append(run))

    with warehouse.hold(Scope(chain_id)) as connection:
        with connection.begin():
            hold(connection, Lock.FORECAST, run_id)
        assert plan() == 0
    assert plan() == 1
    assert forecasts.plan(datetime.now(UTC), lambda _, run: taken.append(run)) == 0
    assert taken == [run_id]


def test_a_run_that_cannot_be_says_why_and_the_last_one_stays(
    warehouse: Warehouse, forecasts: Forecasts
) -> None:
    chain_id, _ = chain_with_past(warehouse, stores=1, days=0)
    run_id = forecasts.start(chain_id)
    assert forecasts.advance(chain_id, run_id) == []
    assert _rows(warehouse, chain_id, "select state, error_key from forecast_run") == [
        ("failed", "forecasting.no_history")
    ]


def test_old_runs_go(warehouse: Warehouse, forecasts: Forecasts) -> None:
    chain_id, _ = chain_with_past(warehouse, stores=1, days=60)
    runs = [run_to_end(forecasts, chain_id, "quick") for _ in range(10)]
    kept = [
        run for (run,) in _rows(warehouse, chain_id, "select run_id from forecast_run order by 1")
    ]
    assert kept == runs[-7:]
    assert len(_rows(warehouse, chain_id, "select from forecast")) == 7 * 90
