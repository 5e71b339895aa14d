"""Parts of the advice on sites against slow oracles: placing, paying back, past openings."""

import itertools

import numpy as np
import pandas as pd
import pytest

from advice.sites.covering import free, maximal_covering, most, p_median
from advice.sites.fitting import FEWEST
from advice.sites.gravity import DECAY, decay
from advice.sites.learning import fit, usual_ramp
from advice.sites.openings import learn_habit, opened_at
from advice.sites.payback import monthly, pay_back
from bench.sites.city import simulate
from tests.sites import town


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_placing_reaches_the_optimum_of_brute_force(seed: int, *, fixed: bool) -> None:
    rng = np.random.default_rng(seed)
    weight, km = rng.random(30), rng.random((30, 8)) * 10
    before = rng.random(30) * 10 if fixed else None
    plans = list(itertools.combinations(range(8), 3))
    worst = np.full(30, np.inf) if before is None else before

    def ways(rows: np.ndarray | tuple[int, ...]) -> np.ndarray:
        return np.asarray(np.minimum(km[:, list(rows)].min(axis=1), worst))

    median = p_median(weight, km, free(3, 8), before)
    assert weight @ ways(median) == pytest.approx(min(weight @ ways(plan) for plan in plans))
    cover = maximal_covering(weight, km, 3.0, free(3, 8), before)
    best = max(weight @ (ways(plan) <= 3.0) for plan in plans)
    assert weight @ (ways(cover) <= 3.0) == pytest.approx(best)
    assert len(median) == len(cover) == 3


def test_the_most_that_fit_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(4)
    cost = rng.random(7) * 10
    limits = free(3, 7)
    tight = type(limits)(
        3, cost, 12.0, np.array([[0, 1], [2, 3]]), np.array([[4, 5]]), np.eye(7, dtype=bool)[6]
    )
    allowed = [
        rows
        for count in range(8)
        for rows in itertools.combinations(range(6), count)
        if cost[list(rows)].sum() <= 12
        and not any(set(pair) <= set(rows) for pair in [(0, 1), (2, 3), (4, 5)])
    ]
    assert most(tight) == max(map(len, allowed))


def test_cost_is_back_in_the_month_in_which_profits_reach_it() -> None:
    settled = np.ones(1)
    found = pay_back(
        np.full(9, 100.0), settled, margin=0.5, rent=10.0, capex=400.0, horizon_months=12
    )
    assert (found.low, found.middle, found.high, found.chance) == (10, 10, 10, 1)
    assert found.month == 40
    never = pay_back(np.full(9, 10.0), settled, margin=0.5, rent=10, capex=1, horizon_months=12)
    assert (never.middle, never.chance) == (np.inf, 0)
    half = pay_back(
        np.array([100.0, 10.0]), settled, margin=0.5, rent=10, capex=400, horizon_months=10
    )
    assert half.chance == 0.5
    unknown = pay_back(settled, settled, margin=np.nan, rent=0, capex=1, horizon_months=1)
    assert np.isnan(unknown.middle)
    assert np.isnan(unknown.chance)


def test_a_ramp_delays_and_settles() -> None:
    months = monthly(usual_ramp(), 12)
    assert (np.diff(months) >= 0).all()
    assert months[0] < 0.8
    assert months[-1] == 1.0


def test_a_store_that_still_ramps_up_counts_for_what_it_will_take() -> None:
    frames = town()
    settled = fit(frames["stores"], frames["areas"])
    young = frames["stores"].assign(weeks_open=[0.0, *[np.nan] * 13])
    grown = fit(young, frames["areas"]).stores["revenue"] / settled.stores["revenue"]
    assert grown[0] == pytest.approx(1 / usual_ramp()[0])
    assert (grown[1:] == 1).all()


def test_real_visits_move_the_decay_to_what_they_show() -> None:
    frames = town(stores=FEWEST - 1)
    stores, areas = frames["stores"], frames["areas"]
    near = np.hypot(
        np.subtract.outer(areas["lat"].to_numpy(), stores["lat"].to_numpy()) * 111,
        np.subtract.outer(areas["lon"].to_numpy(), stores["lon"].to_numpy()) * 95,
    )

    def pace(km: float) -> float:
        pull = np.exp(-near / km)
        count = 200 * pull / pull.sum(axis=1, keepdims=True)
        rows = itertools.product(areas["area"], stores["store"])
        flows = pd.DataFrame(list(rows), columns=["area", "store"]).assign(count=count.ravel())
        market = fit(stores, areas, flows=flows)
        form, found = market.fitted.form, market.fitted.params[DECAY]
        there, here = decay(form, np.array([3.0, 1.0]) / market.unit, found)
        return float(-2 / np.log(there / here))

    assert pace(0.8) == pytest.approx(0.8, rel=0.25)
    assert pace(2.5) == pytest.approx(2.5, rel=0.25)


def test_the_next_openings_follow_the_habit_of_the_last() -> None:
    rng = np.random.default_rng(2)
    places = pd.DataFrame({"lat": 30 + 8 * rng.random(300), "lon": 100 + 8 * rng.random(300)})
    places["population"] = rng.lognormal(11, 1, 300)
    centre = np.hypot(places["lat"].to_numpy() - 34, places["lon"].to_numpy() - 104)
    order = np.argsort(centre)[:120]
    openings = places.iloc[order][["lat", "lon"]].assign(when=1970 + np.arange(120) / 6)
    habit = learn_habit(openings, places, 1985.0)
    network = openings[openings["when"] <= 1985]
    later = opened_at(openings[openings["when"] > 1985], places)
    chance = np.where(opened_at(network, places) > 0, 0.0, habit.chance(network, places))
    top = np.argsort(-chance)[:30]
    assert later[top].sum() > 2 * later.sum() * 30 / (opened_at(network, places) == 0).sum()


def test_the_simulated_truth_adds_up() -> None:
    truth = simulate(3, 20)
    one, two, both = truth.gains([[0], [1], [0, 1]])
    assert 0 < both <= one + two
    assert one < truth.revenue(0)
