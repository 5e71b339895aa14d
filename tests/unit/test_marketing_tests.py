"""Tests of marketing by store, and what past campaigns did."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advice.marketing.campaigns import Campaign, Effect, effects, playbook
from advice.marketing.experiments import Reading, analyse, calibrated, design
from advice.marketing.transforms import Floats
from chain.errors import PermanentError
from chain.words import say

NAMES: dict[str, Any] = {"store": "store", "date": "day", "outcome": "sales"}


def chain(stores: int = 16, weeks: int = 48, step: int = 7, noise: float = 0.04) -> pd.DataFrame:
    """Stores with shared shocks and noise of their own, a row a week (or every ``step`` days)."""
    rng = np.random.default_rng(5)
    count = weeks * 7 // step
    shared = 0.1 * np.sin(np.arange(count) * step / 50) + 0.05 * rng.standard_normal(count)
    logs = rng.normal(9, 0.3, (stores, 1)) + shared + noise * rng.standard_normal((stores, count))
    return pd.DataFrame(
        {
            "store": np.repeat([f"S{s:02d}" for s in range(stores)], count),
            "day": np.tile(pd.date_range("2025-01-06", periods=count, freq=f"{step}D"), stores),
            "sales": np.exp(logs).ravel(),
        }
    )


def lifted(
    table: pd.DataFrame, stores: tuple[str, ...], first: str, last: str, lift: float
) -> Floats:
    inside = table["store"].isin(stores) & table["day"].between(first, last)
    return (table["sales"] * (1 + lift * inside)).to_numpy(dtype=np.float64)


def read(lift: float, treated: tuple[str, ...]) -> Reading:
    table = chain()
    days = np.sort(table["day"].unique())
    table["sales"] = lifted(table, treated, str(days[-8]), str(days[-1]), lift)
    return analyse(table, **NAMES, treated=treated, first=days[-8], last=days[-1])


def test_a_design_pairs_stores_and_finds_smaller_lifts_with_more_stores() -> None:
    table = chain()
    small, large = (design(table, **NAMES, share=share) for share in (0.2, 0.5))
    assert (len(small.treated), len(large.treated)) == (3, 8)
    assert set(large.treated).isdisjoint(large.control)
    assert 0 < large.lift < small.lift
    chances = [chance for _, chance in large.power]
    assert chances == sorted(chances)
    costly = design(table, **NAMES, weeks=6, spend_a_week=100.0)
    assert costly.cost == 100 * 6 * len(costly.treated)


def test_a_lift_twice_the_smallest_is_found_and_nothing_is_not() -> None:
    plan = design(chain().query("day < '2025-10-13'"), **NAMES)
    found = read(2 * plan.lift, plan.treated)
    assert found.verdict == "worked"
    assert found.low95 < 2 * plan.lift < found.high95
    assert found.incremental[1] < found.incremental[0] < found.incremental[2]
    assert read(-2 * plan.lift, plan.treated).verdict == "harmed"
    nothing = read(0.0, plan.treated)
    assert nothing.verdict == "none_found"
    for reading in (found, nothing):
        assert say("zh", reading.note.key, **reading.note.params)


def test_a_test_narrows_what_is_thought_of_a_channel() -> None:
    plan = design(chain().query("day < '2025-10-13'"), **NAMES)
    found = read(2 * plan.lift, plan.treated)
    spend = found.incremental[0] / 3
    low, high = calibrated(found, spend, prior=(-2.0, 6.0))
    assert -2 < low < high < 6
    assert low < 3 < high
    with pytest.raises(ValueError, match="spent more"):
        calibrated(found, 0.0)


def test_a_test_with_too_few_stores_or_weeks_is_refused() -> None:
    with pytest.raises(PermanentError) as few:
        design(chain(stores=4), **NAMES)
    assert few.value.key == "marketing.too_few_stores"
    with pytest.raises(PermanentError) as short:
        design(chain(weeks=15), **NAMES)
    assert short.value.key == "marketing.no_test_weeks"


RUN = ("S01", "S03", "S05", "S07")


def ran(lift: float, after: float = 0.0, beside: float = 0.0) -> Effect:
    table = chain(step=1, weeks=30, noise=0.06)
    table["sales"] = lifted(table, RUN, "2025-06-02", "2025-06-15", lift)
    table["sales"] = lifted(table, RUN, "2025-06-16", "2025-06-29", after)
    table["sales"] = lifted(table, ("S02",), "2025-06-02", "2025-06-15", beside)
    campaign = Campaign("June", "second half price", RUN, date(2025, 6, 2), date(2025, 6, 15), 9000)
    found = effects(
        table,
        [campaign],
        store="store",
        day="day",
        outcome="sales",
        margin=0.6,
        neighbours={"S01": ["S02"]},
    )
    return found[0]


def width(effect: Effect) -> float:
    """Half of what 80 of 100 cases lie within."""
    return (effect.during.high - effect.during.low) / 2


def test_a_campaign_that_paid_is_said_to_have_paid() -> None:
    found = ran(0.25)
    assert found.during.lift == pytest.approx(0.25, abs=3 * width(found))
    assert found.against == "stores"
    assert found.profit.low > 0
    assert "marketing.campaign.paid" in [note.key for note in found.notes]
    assert set(found.by_store) == set(RUN)


def test_what_was_bought_ahead_and_next_door_is_taken_off() -> None:
    plain, found = ran(0.25), ran(0.25, after=-0.15, beside=-0.2)
    keys = [note.key for note in found.notes]
    assert "marketing.campaign.forward" in keys
    assert "marketing.campaign.neighbours" in keys
    assert found.after.lift == pytest.approx(-0.15, abs=0.06)
    assert found.profit.lift < plain.profit.lift


def test_a_campaign_of_all_stores_is_set_against_their_own_time_and_is_wider() -> None:
    table = chain(step=1, weeks=30)
    everywhere = tuple(sorted(table["store"].unique()))
    table["sales"] = lifted(table, everywhere, "2025-06-02", "2025-06-15", 0.2)
    campaign = Campaign("All", "coupon", everywhere, date(2025, 6, 2), date(2025, 6, 15), 0)
    names: dict[str, Any] = {"store": "store", "day": "day", "outcome": "sales", "margin": 0.6}
    found = effects(table, [campaign], **names)[0]
    assert found.against == "own_time"
    assert found.during.lift == pytest.approx(0.2, abs=3 * width(found))
    assert width(found) > 2 * width(ran(0.25))


def test_the_playbook_counts_stores_that_are_alike() -> None:
    table = playbook([ran(0.25)], like=["S01", "S03", "S05", "S09"])
    assert table.loc[0, "mechanic"] == "second half price"
    assert table.loc[0, "stores"] == 3
    best = table.iloc[0]
    apart = (best["high"] - best["low"]) / 2
    assert best["lift"] == pytest.approx(0.25, abs=3 * apart)
    assert playbook([ran(0.25)], like=["S01"]).empty


def test_a_campaign_without_days_before_it_is_refused() -> None:
    campaign = Campaign("Soon", "coupon", RUN, date(2025, 1, 10), date(2025, 1, 12), 1)
    with pytest.raises(PermanentError) as raised:
        effects(
            chain(step=1, weeks=8),
            [campaign],
            store="store",
            day="day",
            outcome="sales",
            margin=0.5,
        )
    assert raised.value.key == "marketing.no_campaign"
