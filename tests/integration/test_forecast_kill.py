"""A forecast that is killed, wherever that happens, is taken up again and its rows are the same."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

import forecasting
import workers.forecasts
from chain.errors import TransientError
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import LastWeek, chain_with_past, finish, run_to_end, settings, stored
from warehouse import forecast_runs
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

MOST, STEP = 400, 6
"""Every sixth boundary is enough to meet each step of a run several times."""


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    made = Warehouse(database.app)
    yield made
    made.close()


@pytest.fixture
def killed() -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.killed_forecast"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.communicate()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_boundary_its_rows_are_the_same(
    warehouse: Warehouse,
    database: Database,
    killed: "subprocess.Popen[str]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forecasting, "entrants", lambda: (SeasonalNaive(), LastWeek()))
    for name in ("CHUNK_SILENT", "RUN_SILENT"):
        monkeypatch.setattr(workers.forecasts, name, timedelta(0))
    chain_id, _ = chain_with_past(warehouse, stores=3, days=80)
    forecasts = Forecasts(warehouse, settings())
    expected = stored(warehouse, chain_id, run_to_end(forecasts, chain_id))
    assert len(expected["forecast"]) == 3 * 90

    deaths, ended = 0, ""
    for at in range(1, MOST, STEP):
        run_id = forecasts.start(chain_id)
        order = {"url": database.app, "chain": chain_id, "run": run_id, "at": at}
        assert killed.stdin is not None
        assert killed.stdout is not None
        killed.stdin.write(json.dumps(order) + "\n")
        killed.stdin.flush()
        ended = killed.stdout.readline().strip()
        if ended == "done":
            break
        assert ended == "killed"
        deaths += 1
        _plan_until_done(warehouse, forecasts, chain_id, run_id)
        assert stored(warehouse, chain_id, run_id) == expected, f"killed at boundary {at}"
        with warehouse.begin(Scope(chain_id)) as connection:
            assert connection.scalar(text("select count(*) from forecast_chunk")) == 0
    assert ended == "done", "the forecast has more boundaries than were tried"
    assert deaths > 8


def _plan_until_done(warehouse: Warehouse, forecasts: Forecasts, chain: int, run: int) -> None:
    """Look for what stands still, as beat does time and again: a dead process may commit late."""
    for _ in range(100):
        forecasts.plan(datetime.now(UTC), partial(_take_up, forecasts))
        with warehouse.begin(Scope(chain)) as connection:
            if forecast_runs.get(connection, chain, run).state == "done":
                return
        time.sleep(0.05)
    pytest.fail("the run was not taken up")


def _take_up(forecasts: Forecasts, chain: int, run: int) -> None:
    """Do the jobs as a worker does: again, while the dead process still has its locks."""
    for _ in range(100):
        try:
            finish(forecasts, chain, run)
        except TransientError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the run stayed locked")
