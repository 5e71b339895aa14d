"""A forecast that is killed, wherever that happens, is taken up again and its rows are the same."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

import forecasting
import workers.forecasts
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import LastWeek, chain_with_past, finish, run_to_end, settings, stored
from tests.integration.killing import Order, Worker, take_up, worker
from warehouse import forecast_runs
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

STEP = 6
"""Every sixth boundary is enough to meet each step of a run several times."""


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    made = Warehouse(database.app)
    yield made
    made.close()


@pytest.fixture
def killed() -> Iterator[Worker]:
    with worker("tests.integration.killed_forecast") as process:
        yield process


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_boundary_its_rows_are_the_same(
    warehouse: Warehouse, database: Database, killed: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasting, "entrants", lambda: (SeasonalNaive(), LastWeek()))
    for name in ("CHUNK_SILENT", "RUN_SILENT"):
        monkeypatch.setattr(workers.forecasts, name, timedelta(0))
    chain_id, _ = chain_with_past(warehouse, stores=3, days=80)
    forecasts = Forecasts(warehouse, settings())
    expected = stored(warehouse, chain_id, run_to_end(forecasts, chain_id))
    assert len(expected["forecast"]) == 3 * 90
    run_id = 0

    def ordered() -> Order:
        nonlocal run_id
        run_id = forecasts.start(chain_id)
        return {"url": database.app, "chain": chain_id, "run": run_id}

    deaths = 0
    for at in killed.deaths(ordered, STEP):
        deaths += 1
        _plan_until_done(warehouse, forecasts, chain_id, run_id)
        assert stored(warehouse, chain_id, run_id) == expected, f"killed at boundary {at}"
        with warehouse.begin(Scope(chain_id)) as connection:
            assert connection.scalar(text("select count(*) from forecast_chunk")) == 0
    assert deaths > 8


def _plan_until_done(warehouse: Warehouse, forecasts: Forecasts, chain: int, run: int) -> None:
    """Look for what stands still, as beat does time and again: a dead process may commit late."""
    for _ in range(100):
        forecasts.plan(
            datetime.now(UTC), lambda one, number: take_up(lambda: finish(forecasts, one, number))
        )
        with warehouse.begin(Scope(chain)) as connection:
            if forecast_runs.get(connection, chain, run).state == "done":
                return
        time.sleep(0.05)
    pytest.fail("the run was not taken up")
