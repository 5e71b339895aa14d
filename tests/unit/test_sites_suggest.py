"""Suggestions of sites: what the table promises, and the oracles that it is held against."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from advice.sites import choose, fit, loads, potential, review, suggest
from advice.sites.choosing import Joint
from advice.sites.fitting import refit_without
from advice.sites.frames import candidates_frame
from advice.sites.gravity import Pairs
from advice.sites.learning import _near
from advice.sites.market import Market
from advice.sites.notes import from_plain
from advice.sites.reviewing import taken_over
from advice.sites.scoring import ground
from advice.sites.suggesting import ranks
from chain.errors import PermanentError
from chain.words import LANGS
from tests.sites import town


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return town()


@pytest.fixture(scope="module")
def market(frames: dict[str, pd.DataFrame]) -> Market:
    return fit(frames["stores"], frames["areas"], frames["competitors"], seed=3)


def test_the_best_single_site_is_that_of_brute_force(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    chosen = choose(market, frames["candidates"], k=1)
    joint = Joint.of(market, ground(market, candidates_frame(frames["candidates"], market.stores)))
    assert chosen.rows == (max(range(9), key=lambda row: joint.gain([row])),)


@pytest.mark.parametrize("k", [2, 3])
def test_the_best_plan_is_that_of_brute_force(
    market: Market, frames: dict[str, pd.DataFrame], k: int
) -> None:
    joint = Joint.of(market, ground(market, candidates_frame(frames["candidates"], market.stores)))
    best = max(itertools.combinations(range(9), k), key=lambda rows: joint.gain(list(rows)))
    assert set(choose(market, frames["candidates"], k=k).rows) == set(best)


def test_a_plan_is_worth_no_more_than_its_sites_alone(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    joint = Joint.of(market, ground(market, candidates_frame(frames["candidates"], market.stores)))
    for rows in itertools.combinations(range(9), 3):
        assert joint.gain(list(rows)) <= sum(joint.gain([row]) for row in rows) + 1e-6


def test_net_gain_is_revenue_less_what_each_sister_loses(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    table = suggest(market, frames["candidates"])
    assert (table["loss"] > 0).all()
    for _, row in table.iterrows():
        named = sum(row["losses"].values())
        assert named == pytest.approx(row["loss"], abs=len(market.stores))
        assert row["net_low"] < row["net_gain"] < row["net_high"] <= row["revenue_high"]
        assert row["net_gain"] == pytest.approx(row["revenue"] - row["loss"], rel=0.08)
    assert table["net_gain"].is_monotonic_decreasing
    assert table["chosen"].sum() == 1


def test_scores_everywhere_agree_with_scores_of_single_candidates(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    new = candidates_frame(frames["candidates"], market.stores)
    joint = Joint.of(market, ground(market, new))
    slow = [joint.parts([row]) for row in range(len(new))]
    fast = potential(market, new)
    np.testing.assert_allclose(fast["revenue"], [float(r[0]) for r, _ in slow], rtol=2e-3)
    np.testing.assert_allclose(fast["loss"], [loss for _, loss in slow], rtol=2e-3)


def test_the_error_at_stores_left_out_is_that_of_fitting_without_them(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    rows, own, rival = _near(market.areas, market.stores, market.rivals, market.reach_km)
    city = market.city(rows, own, rival)
    sales = market.stores["revenue"].to_numpy("float64")
    slow = [refit_without(city, sales, market.fitted, s) for s in range(14)]
    np.testing.assert_allclose(market.fitted.left_out, slow, atol=0.04)
    assert market.left_out()["error"].abs().max() < 1


def test_a_stored_market_gives_the_same_suggestions(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    again = loads(market.dumps())
    one, other = (suggest(each, frames["candidates"], k=2) for each in (market, again))
    pd.testing.assert_frame_equal(one, other)
    assert one.attrs == other.attrs


def test_everything_said_is_said_in_both_languages(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    table = suggest(market, frames["candidates"])
    notes = [
        *from_plain(table.attrs["notes"]),
        *itertools.chain(*table["reasons"], *table["checks"]),
    ]
    assert len(table["reasons"].iloc[0]) >= 4
    for note, lang in itertools.product(notes, LANGS):
        assert note.say(lang)
    json.dumps(table.attrs["notes"])


def test_the_same_seed_gives_the_same_table(frames: dict[str, pd.DataFrame]) -> None:
    one, other = (
        suggest(fit(frames["stores"], frames["areas"], seed=5), frames["candidates"])
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, other)


def test_where_the_error_is_larger_than_all_differences_there_is_no_order() -> None:
    table = pd.DataFrame({"net_gain": [100, 95, 90], "revenue": [120, 120, 120]})
    rank, notes = ranks(table, 0.2)
    assert rank.isna().all()
    assert [note.key for note in notes] == ["sites.note.no_order"]


def test_where_the_error_is_smaller_than_the_differences_there_is_an_order() -> None:
    table = pd.DataFrame({"net_gain": [100, 95, 60], "revenue": [120, 120, 120]})
    rank, notes = ranks(table, 0.1)
    assert rank.tolist() == [1, 1, 3]
    assert [note.key for note in notes] == ["sites.note.level"]
    rank, notes = ranks(table, 0.01)
    assert (rank.tolist(), notes) == ([1, 2, 3], [])


def test_with_fewer_than_eight_stores_the_prior_stands_and_says_so(
    frames: dict[str, pd.DataFrame],
) -> None:
    few = fit(frames["stores"].head(7), frames["areas"], frames["competitors"])
    more = fit(frames["stores"].head(8), frames["areas"], frames["competitors"])
    assert few.fitted.prior
    assert not more.fitted.prior
    keys = [note["key"] for note in suggest(few, frames["candidates"]).attrs["notes"]]
    assert "sites.note.few_stores" in keys
    one = suggest(fit(frames["stores"].head(1), frames["areas"]), frames["candidates"])
    assert one["rank"].isna().all()


def test_a_site_with_costs_says_when_they_are_back(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    new = frames["candidates"].assign(capex=3e7, rent=2e5)
    cheap = suggest(market, new.assign(capex=1e7), margin=0.5).set_index("candidate")
    dear = suggest(market, new.assign(capex=9e7), margin=0.5).set_index("candidate")
    assert (cheap["pay_back"] <= dear["pay_back"]).all()
    assert (cheap["pay_back_chance"] >= dear["pay_back_chance"]).all()
    assert (cheap["pay_back_low"] <= cheap["pay_back_high"]).all()
    assert suggest(market, frames["candidates"])["pay_back"].isna().all()


def test_a_size_moves_sales_only_where_the_stores_have_sizes(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    large = frames["candidates"].assign(size=200.0)
    without = suggest(market, frames["candidates"])
    pd.testing.assert_series_equal(suggest(market, large)["revenue"], without["revenue"])
    sized = fit(frames["stores"].assign(size=100.0), frames["areas"], frames["competitors"])
    twice, half = (
        suggest(sized, large.assign(size=size)).set_index("candidate")["revenue"].sort_index()
        for size in (200.0, 50.0)
    )
    assert (half < twice).all()


def test_what_areas_and_stores_have_beyond_the_usual_explains_sales(
    frames: dict[str, pd.DataFrame],
) -> None:
    areas = frames["areas"].assign(rent=range(256), gid=range(256))
    market = fit(frames["stores"].assign(corner=[0, 1] * 7), areas)
    assert list(market.scales["area"]) == ["income", "rent"]
    assert list(market.scales["store"]) == ["corner"]
    many = areas.copy()
    for n in range(8):
        many[f"x{n}"] = np.arange(256) % (n + 2)
    with pytest.raises(PermanentError) as said:
        fit(frames["stores"], many)
    assert said.value.key == "sites.many_features"


def test_where_no_area_is_near_a_candidate_is_named_and_where_nobody_lives_it_takes_nothing(
    frames: dict[str, pd.DataFrame],
) -> None:
    far = frames["candidates"].head(1).assign(candidate="far", lat=33.0, lon=117.2)
    new = pd.concat([frames["candidates"], far])
    with pytest.raises(PermanentError) as said:
        suggest(fit(frames["stores"], frames["areas"]), new)
    assert (said.value.key, said.value.params["row"]) == ("sites.uncovered", "far")
    empty = frames["areas"].head(1).assign(area="empty", lat=33.0, population=0)
    market = fit(frames["stores"], pd.concat([frames["areas"], empty]))
    table = suggest(market, new).set_index("candidate")
    took = table[table.index == "far"][["revenue", "loss", "net_gain"]]
    assert took.to_numpy().tolist() == [[0, 0, 0]]
    assert suggest(market, far)["revenue"].tolist() == [0]


def test_limits_that_cannot_be_kept_are_named(
    market: Market, frames: dict[str, pd.DataFrame]
) -> None:
    new = frames["candidates"].assign(capex=10.0, area="one")
    with pytest.raises(PermanentError) as said:
        choose(market, new, k=3)
    assert (said.value.key, said.value.params["most"]) == ("sites.infeasible.area", 1)
    apart = new.drop(columns="area")
    with pytest.raises(PermanentError) as said:
        choose(market, apart, k=3, budget=25)
    assert (said.value.key, said.value.params["most"]) == ("sites.infeasible.budget", 2)
    with pytest.raises(PermanentError) as said:
        choose(market, apart, k=3, min_distance_km=200)
    assert said.value.key == "sites.infeasible.distance"
    with pytest.raises(PermanentError) as said:
        choose(market, apart, k=10)
    assert said.value.key == "sites.infeasible.candidates"


def test_a_plan_keeps_budget_and_distance(market: Market, frames: dict[str, pd.DataFrame]) -> None:
    new = frames["candidates"].assign(capex=np.arange(9) + 1.0)
    for method in ("net_gain", "p_median", "covering"):
        plan = choose(market, new, k=3, budget=9, min_distance_km=0.3, method=method)
        assert new["capex"].iloc[list(plan.rows)].sum() <= 9
        assert plan.low < plan.net_gain < plan.high
        assert len(plan.candidates) == 3


def test_what_sisters_keep_is_what_they_take_once_a_store_is_gone(market: Market) -> None:
    rows, own, rival = _near(market.areas, market.stores, market.rivals, market.reach_km)
    city, params = market.city(rows, own, rival), market.draws[0]
    before, sales = city.sales(params), market.stores["revenue"].to_numpy("float64")
    fast = taken_over(city, params, before, sales).sum(axis=1)
    for gone in range(len(sales)):
        left = own.outlet != gone
        others = replace(city, own=Pairs(own.area[left], own.outlet[left], own.km[left]))
        after = others.sales(params) / before * sales
        grown = (after - sales)[np.arange(len(sales)) != gone].sum()
        assert fast[gone] == pytest.approx(grown)


def test_a_store_that_its_sisters_stand_in_for_should_close(
    frames: dict[str, pd.DataFrame],
) -> None:
    own = frames["stores"]
    twin = own.head(1).assign(store="twin", lat=own["lat"].iloc[0] + 0.0002, rent=1e12)
    found = review(fit(pd.concat([own, twin]), frames["areas"]), margin=0.6).set_index("store")
    assert found.loc["twin", "advice"] == "close"
    assert (found["kept"] >= 0).all()
    assert (found["kept"] < found["revenue"]).all()
    assert (review(fit(own, frames["areas"]))["advice"] == "unknown").all()


def _expected(market: Market) -> np.ndarray:
    rows, own, rival = _near(market.areas, market.stores, market.rivals, market.reach_km)
    return np.asarray(market.city(rows, own, rival).log_sales(market.draws[0])[0])


def test_a_dear_store_should_move_next_door_and_gain_the_rent(
    frames: dict[str, pd.DataFrame],
) -> None:
    own = frames["stores"].copy()
    own.loc[0, "rent"] = 0.45 * own["revenue"][0]
    market = fit(own, frames["areas"], frames["competitors"])
    door = own.head(1)[["lat", "lon"]].assign(candidate="next door", rent=0.0)
    far = frames["candidates"].head(1).assign(lat=31.9)[["lat", "lon"]].assign(candidate="far")
    found = review(market, pd.concat([door, far]), margin=0.6).set_index("store")
    row = found[found.index == "s0"].iloc[0]
    assert (row["advice"], row["move_to"]) == ("move", "next door")
    luck = np.exp(np.log(own["revenue"][0]) - _expected(market)[0])
    lost = 0.6 * (1 - 1 / luck) * row["lost"]
    assert row["move_gain"] == pytest.approx(own["rent"][0] - lost, rel=0.1)
    assert not (found["move_to"] == "far").any()
    staying = review(market, far, margin=0.6).set_index("store")
    assert staying[staying.index == "s0"]["advice"].iloc[0] != "move"
