"""What overrides make of a forecast, in SQL, is what one gets by hand, day after day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from sqlalchemy import text

import forecasting
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import LAST, LastWeek, chain_with_past, run_to_end, settings
from warehouse.overrides import NewOverride, add_override, revoke_override
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

Days = dict[tuple[int, date], Fraction]
"""What each store is forecast to take on each day, before any rounding."""


@dataclass(frozen=True)
class World:
    """A chain with a forecast of ``first`` and later; ``came``: what its stores took before."""

    warehouse: Warehouse
    chain_id: int
    stores: list[int]

    def days(self, table: str) -> dict[tuple[int, date], int]:
        with self.warehouse.begin(Scope(self.chain_id)) as connection:
            rows = connection.execute(text(f"select store_id, day, mean from {table}")).all()
        return {(row.store_id, row.day): row.mean for row in rows}

    def came(self) -> dict[tuple[int, date], int]:
        query = text(
            "select store_id, business_date, sum(gross - refund - merchant_subsidy)::bigint"
            " from store_day_total group by store_id, business_date"
        )
        with self.warehouse.begin(Scope(self.chain_id)) as connection:
            return {(store, day): taken for store, day, taken in connection.execute(query).all()}


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(forecasting, "entrants", lambda: (SeasonalNaive(), LastWeek()))
    warehouse = Warehouse(database.app)
    chain_id, stores = chain_with_past(warehouse, stores=4)
    run_to_end(Forecasts(warehouse, settings()), chain_id)
    yield World(warehouse, chain_id, stores)
    warehouse.close()


def by_hand(
    base: dict[tuple[int, date], int], came: dict[tuple[int, date], int], made: list[NewOverride]
) -> Days:
    """Return the days that overrides of single stores or the chain leave, one after the other."""
    now: Days = {key: Fraction(value) for key, value in base.items()}
    touched: set[tuple[int, date]] = set()

    def within(key: tuple[int, date], new: NewOverride) -> bool:
        own = new.level == "chain" or key[0] == new.unit_id
        return own and new.starts_on <= key[1] <= new.ends_on

    for new in made:
        keys = [key for key in now if within(key, new)]
        if new.factor is not None:
            by = Fraction(str(new.factor))
        else:
            taken = sum(value for key, value in came.items() if within(key, new))
            by = Fraction(max((new.amount or 0) - taken, 0)) / sum(now[key] for key in keys)
        now.update({key: now[key] * by for key in keys})
        touched.update(keys)
    return {key: now[key] for key in touched}


def drawn(rng: np.random.Generator, stores: list[int]) -> NewOverride:
    start = LAST + timedelta(days=int(rng.integers(-5, 40)))
    end = max(start, LAST + timedelta(days=1)) + timedelta(days=int(rng.integers(0, 12)))
    whole = rng.random() < 0.3
    level, unit = ("chain", 0) if whole else ("store", int(rng.choice(stores)))
    if rng.random() < 0.5:
        factor = float(rng.choice([0.5, 0.9, 1.25, 2.0]))
        return NewOverride(level, unit, start, end, "fair", factor=factor)
    return NewOverride(level, unit, start, end, "plan", amount=int(rng.integers(10**6, 10**8)))


@pytest.mark.parametrize("seed", range(4))
def test_overrides_on_top_of_each_other_leave_what_a_calculation_by_hand_leaves(
    world: World, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    base, came = world.days("forecast"), world.came()
    made = [drawn(rng, world.stores) for _ in range(5)]
    scope = Scope(world.chain_id)
    numbers = [add_override(world.warehouse, scope, new) for new in made]
    dropped = int(rng.integers(0, 5))
    revoke_override(world.warehouse, scope, numbers[dropped])
    expected = by_hand(base, came, [new for at, new in enumerate(made) if at != dropped])
    found = world.days("forecast_adjusted")
    assert found.keys() == expected.keys()
    # Each override rounds to whole units, and a later one may double what is rounded.
    slack = max(4.0, 1e-5 * max(map(float, expected.values())))
    for key, value in expected.items():
        assert found[key] == pytest.approx(float(value), abs=slack), key


def test_an_amount_is_met_to_the_minor_unit_with_what_came_before(world: World) -> None:
    starts, ends = LAST - timedelta(days=3), LAST + timedelta(days=9)
    taken = sum(value for (_, day), value in world.came().items() if day >= starts)
    amount = taken + 12_345_679
    plan = NewOverride("chain", 0, starts, ends, "plan", amount=amount)
    add_override(world.warehouse, Scope(world.chain_id), plan)
    assert sum(world.days("forecast_adjusted").values()) == 12_345_679
