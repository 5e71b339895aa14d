"""What the board is told of the future: scope, sums, overrides, landing, what would be."""

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

import forecasting
from chain.days import Period
from chain.errors import PermanentError
from forecasting.models.base import Model
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import LAST, add_up, chain_with_past, run_to_end, sell, settings
from warehouse import plans
from warehouse.overrides import NewOverride, add_override, revoke_override
from warehouse.reads import Reads, ReadsProtocol
from warehouse.reads.forecast_protocol import CHAIN, QUANTILES, Unit
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

NOW = datetime(2026, 3, 16, 4, tzinfo=UTC)
NEXT = Period(LAST + timedelta(days=1), LAST + timedelta(days=7))


@pytest.fixture(autouse=True)
def _entrants(monkeypatch: pytest.MonkeyPatch) -> None:
    def entrants() -> tuple[Model, ...]:
        return SeasonalNaive(), PanelRegression()

    monkeypatch.setattr(forecasting, "entrants", entrants)


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    yield opened
    opened.close()


@pytest.fixture
def chain(warehouse: Warehouse) -> tuple[int, list[int]]:
    chain_id, stores = chain_with_past(warehouse, stores=4)
    with warehouse.begin(Scope(chain_id)) as connection:
        # A campaign that ran at two stores before, so that its effect can be told.
        connection.execute(
            text(
                "insert into campaign (chain_id, name, starts_on, ends_on, store_ids)"
                " values (:chain, 'c', :first, :last, :stores)"
            ),
            {
                "chain": chain_id,
                "first": LAST - timedelta(days=40),
                "last": LAST - timedelta(days=30),
                "stores": stores[:2],
            },
        )
        for store in stores[:2]:
            for back in range(30, 41):
                sell(connection, chain_id, store, LAST - timedelta(days=back), 180_000)
        add_up(connection, chain_id)
    run_to_end(Forecasts(warehouse, settings()), chain_id)
    return chain_id, stores


def _reads(warehouse: Warehouse, chain_id: int, *stores: int) -> Reads:
    scope = Scope(chain_id, role="store" if stores else "owner", store_ids=stores or None)
    return Reads(warehouse, scope, now=lambda: NOW)


def test_reads_of_the_future_answer_the_protocol(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    reads: ReadsProtocol = _reads(warehouse, chain[0])
    run = reads.forecast_run()
    assert run is not None
    assert (run.kind, run.state, run.progress, run.stores) == ("full", "done", 1, 4)
    assert reads.forecast_running() is None
    found = reads.forecast(CHAIN, ahead=30, history=60)
    assert len(found.history) == 60
    assert list(found.frame["day"]) == [LAST + timedelta(days=n) for n in range(1, 31)]
    assert (np.diff(found.frame[list(QUANTILES)].to_numpy(), axis=1) >= 0).all()
    assert (found.frame["mean"] == found.frame["base"]).all()


def test_regions_and_chain_are_the_sums_of_their_stores(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    reads = _reads(warehouse, chain[0])
    stores = [reads.forecast(Unit("store", store)).frame["mean"] for store in chain[1]]
    regions = reads.regions()["region_id"]
    by_region = [reads.forecast(Unit("region", int(region))).frame["mean"] for region in regions]
    whole = reads.forecast(CHAIN).frame["mean"]
    assert sum(stores).tolist() == sum(by_region).tolist() == whole.tolist()  # type: ignore[union-attr]


def test_a_store_manager_sees_own_stores_and_no_part_that_looks_like_the_whole(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    chain_id, (mine, other, same_region, _) = chain
    reads = _reads(warehouse, chain_id, mine)
    assert len(reads.forecast(Unit("store", mine)).frame)
    assert reads.forecast_by_store()["store_id"].tolist() == [mine]
    region = int(_reads(warehouse, chain_id).stores().set_index("store_id")["region_id"][mine])
    for hidden in (Unit("store", other), Unit("region", region), CHAIN):
        found = reads.forecast(hidden)
        assert found.frame.empty
        assert found.history["value"].notna().sum() == 0
        assert reads.landing(hidden) is None
        assert reads.forecast_sum(hidden, NEXT) is None
        assert reads.what_if(hidden, NEXT, "closure") is None
        assert reads.accuracy(hidden).models.empty
        assert reads.drivers(hidden).weekday.empty
    regional = _reads(warehouse, chain_id, mine, same_region)
    assert len(regional.forecast(Unit("region", region)).frame)
    assert regional.forecast(CHAIN).frame.empty


def test_the_month_lands_at_what_came_and_the_forecast_of_the_rest(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    chain_id, stores = chain
    with warehouse.begin(Scope(chain_id)) as connection:
        plans.set_target(connection, chain_id, stores[0], LAST, 1_000_000)
        plans.set_target(connection, chain_id, stores[1], LAST, 2_000_000)
        came = connection.scalar(
            text("select sum(gross) from store_day_total where business_date >= :first"),
            {"first": LAST.replace(day=1)},
        )
    reads = _reads(warehouse, chain_id)
    landing = reads.landing(CHAIN)
    assert landing is not None
    end = LAST.replace(day=calendar.monthrange(LAST.year, LAST.month)[1])
    rest = reads.forecast(CHAIN, ahead=(end - LAST).days).frame
    assert landing.to_date == came
    assert landing.mean == came + rest["mean"].sum()
    assert (landing.days_left, landing.missing) == (16, 0)
    assert landing.to_date < landing.low < landing.mean < landing.high
    # Narrower than if every day went wrong the same way, wider than if none had to do with another.
    assert landing.mean - landing.low <= (rest["mean"] - rest["q0.1"]).sum()
    assert landing.mean - landing.low > 0
    assert landing.target == 3_000_000
    by_store = reads.landings()
    assert by_store["to_date"].sum() == came
    assert by_store["mean"].sum() == landing.mean
    one = reads.landing(Unit("store", stores[0]))
    assert one is not None
    row = by_store.set_index("store_id").loc[stores[0]]
    assert [one.mean, one.low, one.high, one.target] == [
        row[name] for name in ("mean", "low", "high", "target")
    ]


def test_an_override_moves_the_forecast_and_keeps_the_models(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    chain_id, stores = chain
    scope = Scope(chain_id)
    before = _reads(warehouse, chain_id).forecast(CHAIN, ahead=7).frame
    scaled = NewOverride("store", stores[0], NEXT.start, NEXT.end, "fair", factor=1.5)
    add_override(warehouse, scope, scaled)
    amount = 7_777_777
    fixed = NewOverride("chain", 0, NEXT.start, NEXT.end, "plan", amount=amount)
    number = add_override(warehouse, scope, fixed)
    reads = _reads(warehouse, chain_id)
    after = reads.forecast(CHAIN, ahead=7).frame
    assert after["mean"].sum() == amount
    assert (after["base"] == before["mean"]).all()
    assert after["overridden"].all()
    one, other = (reads.forecast(Unit("store", store), ahead=7).frame for store in stores[:2])
    # The later one is shared out as the earlier one left the forecast.
    assert one["mean"].sum() / one["base"].sum() == pytest.approx(
        1.5 * other["mean"].sum() / other["base"].sum(), rel=1e-4
    )
    revoke_override(warehouse, scope, number)
    assert _reads(warehouse, chain_id).forecast(CHAIN, ahead=7).frame["mean"].sum() == (
        pytest.approx(before["mean"].sum() + one["base"].sum() / 2, abs=7)
    )
    told = _reads(warehouse, chain_id).overrides()
    assert told["kind"].tolist() == ["set", "scale"]
    assert told["revoked_at"].notna().tolist() == [True, False]


def test_overrides_hold_in_the_next_run(warehouse: Warehouse, chain: tuple[int, list[int]]) -> None:
    chain_id, stores = chain
    add_override(
        warehouse,
        Scope(chain_id),
        NewOverride("store", stores[0], NEXT.start, NEXT.end, "fair", factor=2.0),
    )
    run_to_end(Forecasts(warehouse, settings()), chain_id)
    frame = _reads(warehouse, chain_id).forecast(Unit("store", stores[0]), ahead=8).frame
    assert frame["overridden"].tolist() == [True] * 7 + [False]
    assert (frame["mean"][:7] == 2 * frame["base"][:7]).all()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"reason": " "}, "override_reason"),
        ({"factor": -1.0}, "override_size"),
        ({"factor": 11.0}, "override_size"),
        ({"amount": 5}, "override_size"),
        ({"ends_on": NEXT.start - timedelta(days=1)}, "override_period"),
        ({"starts_on": LAST + timedelta(days=200), "ends_on": LAST + timedelta(days=201)},
         "override_nothing"),
        ({"level": "chain", "unit_id": 0}, "override_nothing"),
    ],
)  # fmt: skip
def test_an_override_that_cannot_be_is_refused_with_why(
    warehouse: Warehouse, chain: tuple[int, list[int]], change: dict[str, object], key: str
) -> None:
    chain_id, stores = chain
    manager = Scope(chain_id, role="store", store_ids=(stores[0],))
    good = NewOverride("store", stores[0], NEXT.start, NEXT.end, "fair", factor=1.1)
    with pytest.raises(PermanentError) as refused:
        add_override(warehouse, manager, replace(good, **change))  # type: ignore[arg-type]
    assert refused.value.key == f"warehouse.{key}"


def test_what_was_forecast_and_overridden_is_scored_when_its_time_is_over(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    chain_id, stores = chain
    forecasts = Forecasts(warehouse, settings())
    one = Unit("store", stores[0])
    april = Period(LAST.replace(month=4, day=1), LAST.replace(month=4, day=30))
    change = NewOverride("store", stores[0], april.start, april.end, "fair", factor=2.0)
    add_override(warehouse, Scope(chain_id), change)
    ahead = _reads(warehouse, chain_id).forecast(one, ahead=60).frame
    came = dict(zip(ahead["day"], (ahead["mean"] + 100).tolist(), strict=True))
    with warehouse.begin(Scope(chain_id)) as connection:
        for day, amount in came.items():
            for store in stores:
                sell(connection, chain_id, store, day, amount)
        add_up(connection, chain_id)
    later = datetime(2026, 5, 12, 4, tzinfo=UTC)
    assert forecasts.score(later) == 2
    assert forecasts.score(later) == 0
    past = _reads(warehouse, chain_id).accuracy(one).past
    assert past["month"].tolist() == [april.start]
    actual = sum(each for day, each in came.items() if april.start <= day <= april.end)
    assert past["actual"].tolist() == [actual]
    assert past["adjusted"].tolist() == [actual - 30 * 100]
    assert past["adjusted_wape"][0] == pytest.approx(3_000 / actual)
    (told,) = _reads(warehouse, chain_id).overrides().to_dict("records")
    assert told["helped"]
    assert told["base_wape"] > 0.4 > told["adjusted_wape"]


def test_what_would_be_if_a_promotion_ran_or_stores_closed(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    reads = _reads(warehouse, chain[0])
    closed = reads.what_if(CHAIN, NEXT, "closure")
    assert closed is not None
    assert closed.frame["changed"].tolist() == [0] * 7
    assert (closed.effect, closed.known) == (-1, True)
    promoted = reads.what_if(Unit("store", chain[1][0]), NEXT, "promotion")
    assert promoted is not None
    assert promoted.known
    assert promoted.effect > 0.5
    assert (promoted.frame["low"] <= promoted.frame["changed"]).all()


def test_it_is_told_what_moves_sales(warehouse: Warehouse, chain: tuple[int, list[int]]) -> None:
    told = _reads(warehouse, chain[0]).drivers(CHAIN)
    assert told.weekday["effect"][5:].min() > 0.1 > told.weekday["effect"][:5].max()
    assert told.events["name"][0] == "promotion"


def test_accuracy_shows_the_served_first_and_seasonal_naive_beside_it(
    warehouse: Warehouse, chain: tuple[int, list[int]]
) -> None:
    reads = _reads(warehouse, chain[0])
    for unit in (CHAIN, Unit("store", chain[1][0])):
        models = reads.accuracy(unit).models
        assert models["model"][0] == "served"
        assert "seasonal_naive" in set(models["model"])
        assert models["wape"].notna().all()
    assert 0 <= reads.accuracy().models["coverage"][0] <= 1
    assert len(reads.accuracy().horizons)


def test_the_chains_own_days_are_kept(warehouse: Warehouse, chain: tuple[int, list[int]]) -> None:
    chain_id, stores = chain
    with warehouse.begin(Scope(chain_id)) as connection:
        for store in (0, stores[0]):
            plans.add_calendar_day(
                connection, chain_id, plans.NewCalendarDay(NEXT.start, "closed", "works", store)
            )
    reads = _reads(warehouse, chain_id)
    days = reads.calendar_days(NEXT)
    assert days["store_id"].tolist() == [0, stores[0]]
    assert _reads(warehouse, chain_id, stores[1]).calendar_days(NEXT)["store_id"].tolist() == [0]
    run_to_end(Forecasts(warehouse, settings()), chain_id)
    frame = _reads(warehouse, chain_id).forecast(CHAIN, ahead=2).frame
    assert frame["mean"][0] == 0 < frame["mean"][1]
