"""Ranking fair to age and size, on simulated chains of which the truth is known."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advice.ranking import BLOCKS, PARTS, Asked, rank_stores, reasons
from advice.shrinkage import Design, fit
from advice.weights import Kinds
from chain.days import Period

PERIOD = Period(date(2026, 10, 5), date(2026, 11, 1))
KINDS = Kinds({PERIOD.start + timedelta(days=n): n % 7 for n in range(28)})
WEEKDAY = np.array([0.8, 0.8, 0.9, 0.9, 1.1, 1.4, 1.1])
NOISE = 0.10
"""How much a week of a store swings."""


@dataclass(frozen=True)
class Truth:
    """A chain, and how good each store is in truth: logarithms beside its kind."""

    asked: Asked
    orders: Any
    ticket: Any

    @property
    def skill(self) -> Any:
        return self.orders + self.ticket


def chain(seed: int, stores: int = 120, *, noise: float = NOISE, skill: float = 0.15) -> Truth:
    """Return a chain whose stores differ in area, age, city and skill, in that order of size."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(4.2, 0.5, stores)
    age = np.where(rng.random(stores) < 0.2, rng.integers(40, 300, stores), 2000)
    city = rng.integers(0, 8, stores)
    orders, ticket = rng.normal(0, skill, stores), rng.normal(0, skill / 3, stores)
    level = 0.7 * np.log(area / 60) - 0.9 * np.exp(-age / 120.0) + rng.normal(0, 0.3, 8)[city]
    per_day = 300 * np.exp(level + orders)
    price = 2_000 * np.exp(ticket)
    common = rng.normal(0, 0.1, 13)
    weeks = (
        per_day[:, None] * price[:, None] * 7 * np.exp(rng.normal(0, noise, (stores, 13)) + common)
    )
    rows: list[tuple[float, ...]] = []
    for store in range(stores):
        luck = weeks[store, -4:].mean() / (per_day[store] * price[store] * 7)
        for kind in range(7):
            sold = per_day[store] * WEEKDAY[kind] * 4 * luck
            gross = sold * price[store]
            rows.append((store, kind, 4, gross, sold, 0.01 * gross, 0.05 * gross))
    days = pd.DataFrame(
        rows,
        columns=["store", "kind", "days", "gross", "orders", "refund", "merchant_subsidy"],
    ).round()
    about = pd.DataFrame(
        {
            "store": range(stores),
            "opened": [PERIOD.end - timedelta(days=int(n)) for n in age],
            "closed": None,
            "area_sqm": area,
            "region": city // 3,
            "city": [f"c{n}" for n in city],
        }
    )
    long = pd.DataFrame(
        {
            "store": np.repeat(np.arange(stores), 13),
            "week": np.tile(np.arange(13), stores),
            "amount": weeks.ravel(),
        }
    )
    shares = (
        rng.dirichlet([8, 4], stores) * days.groupby("store")["gross"].sum().to_numpy()[:, None]
    )
    platforms = pd.DataFrame(
        {
            "store": np.repeat(np.arange(stores), 2),
            "platform": ["wechat", "meituan"] * stores,
            "amount": shares.ravel(),
        }
    )
    return Truth(Asked(days, about, long, platforms, PERIOD, KINDS), orders, ticket)


def by_store(ranked: pd.DataFrame) -> Any:
    return ranked.set_index("store").sort_index()


def test_size_age_and_city_make_nobody_good() -> None:
    """The plain ranking is one of floor area; the fair one is of skill, and of nothing else."""
    truth = chain(1)
    found = by_store(rank_stores(truth.asked))
    area = np.log(truth.asked.stores["area_sqm"])
    age = np.array([(PERIOD.end - day).days for day in truth.asked.stores["opened"]])
    assert np.corrcoef(np.log(found["actual"]), area)[0, 1] > 0.5
    assert abs(np.corrcoef(found["gap"], area)[0, 1]) < 0.1
    assert abs(np.corrcoef(found["gap"], age < 400)[0, 1]) < 0.1
    assert np.corrcoef(found["gap"], truth.skill)[0, 1] > 0.85
    assert np.corrcoef(np.log(found["actual"]), truth.skill)[0, 1] < 0.6


def test_the_parts_and_the_gap_leave_no_remainder() -> None:
    found: Any = rank_stores(chain(2).asked)
    whole = np.log(found["actual"] / found["expected"])
    assert np.abs(found[list(PARTS)].sum(axis=1) - whole).max() < 1e-6


def test_the_range_of_places_holds_the_true_one() -> None:
    """Nine in ten, over several chains: what is promised of the pairs."""
    held: list[Any] = []
    for seed in range(8):
        truth = chain(100 + seed, 60)
        found = by_store(rank_stores(truth.asked))
        place = pd.Series(-truth.skill).rank()
        held += list((found["rank_best"] <= place) & (place <= found["rank_worst"]))
    assert 0.85 <= np.mean(held) <= 1.0


def test_more_noise_makes_more_ties() -> None:
    quiet, loud = (rank_stores(chain(3, noise=noise).asked) for noise in (0.02, 0.4))
    width = [(each["rank_worst"] - each["rank_best"]).mean() for each in (quiet, loud)]
    assert width[0] < 0.5 * width[1]
    assert quiet["tier"].max() > loud["tier"].max()
    assert (loud["gap"].std()) < quiet["gap"].std()  # what cannot be told is drawn to nothing


def test_of_stores_that_are_alike_at_most_one_pair_in_ten_is_told_apart() -> None:
    told: list[Any] = []
    for seed in range(6):
        found: Any = rank_stores(chain(40 + seed, 40, skill=0.0).asked)
        assert found["tier"].max() <= 3
        told += list((found["rank_best"] - 1 + len(found) - found["rank_worst"]) / 39)
    assert np.mean(told) <= 0.1


@pytest.mark.parametrize(("part", "column"), [("orders", "orders"), ("ticket", "gross")])
def test_the_reason_is_what_was_done_to_the_store(part: str, column: str) -> None:
    truth = chain(5)
    store = int(np.abs(truth.skill).argmin())
    days: Any = truth.asked.days.astype(float)
    mine = days["store"] == store
    scaled = ["orders", "gross", "refund", "merchant_subsidy"] if part == "orders" else [
        "gross", "refund", "merchant_subsidy"
    ]  # fmt: skip
    days.loc[mine, scaled] *= 1.8
    found = by_store(rank_stores(replace(truth.asked, days=days)))
    row = found.loc[store]
    first = reasons(row)[0]
    assert first.name == part
    assert first.key == f"advice.rank.{part}.up"
    assert first.share > 0.3
    others = found.drop(index=store)
    assert row["expected"] == pytest.approx(
        by_store(rank_stores(truth.asked)).loc[store, "expected"], rel=0.02
    )
    assert (others["gap"] < row["gap"]).all()


def test_shut_days_are_a_reason_and_no_fault_of_the_days_that_were_open() -> None:
    truth = chain(6)
    days: Any = truth.asked.days.astype(float)
    mine = days["store"] == 9
    days.loc[mine, ["days", "gross", "orders", "refund", "merchant_subsidy"]] *= 0.5
    found = by_store(rank_stores(replace(truth.asked, days=days)))
    plain = by_store(rank_stores(truth.asked))
    assert found.loc[9, "open"] == pytest.approx(np.log(0.5))
    assert found.loc[9, "orders"] == pytest.approx(plain.loc[9, "orders"], abs=0.01)
    first = reasons(found.loc[9])[0]
    assert (first.name, first.numbers) == ("open", {"without": 14.0})


def test_a_store_that_opened_in_the_period_is_asked_for_its_own_days() -> None:
    truth = chain(7)
    stores: Any = truth.asked.stores.copy()
    stores.loc[3, "opened"] = date(2026, 10, 19)
    days: Any = truth.asked.days.astype(float)
    mine = days["store"] == 3
    days.loc[mine, ["days", "gross", "orders", "refund", "merchant_subsidy"]] *= 0.5
    found = by_store(rank_stores(replace(truth.asked, stores=stores, days=days)))
    assert found.loc[3, "open"] == pytest.approx(0.0, abs=1e-9)
    assert found.loc[3, "age"] < 0  # so new that less is expected
    assert "age" in {reason.name for reason in reasons(found.loc[3])}


def test_a_platform_that_stands_out_is_named() -> None:
    truth = chain(8)
    platforms: Any = truth.asked.platforms.copy()
    whole = platforms.loc[platforms["store"] == 5, "amount"].sum()
    platforms.loc[platforms["store"] == 5, "amount"] = [0.1 * whole, 0.9 * whole]
    found = by_store(rank_stores(replace(truth.asked, platforms=platforms)))
    assert found.loc[5, "platform"] in {"wechat", "meituan"}
    assert abs(found.loc[5, "platform_share"] - found.loc[5, "platform_expected"]) > 0.3


def test_too_few_stores_and_stores_without_sales_are_not_ranked() -> None:
    truth = chain(9, 5)
    two = truth.asked.days[truth.asked.days["store"] < 2]
    assert rank_stores(replace(truth.asked, days=two)).empty
    silent: Any = truth.asked.days.astype(float)
    silent.loc[silent["store"] == 4, ["gross", "orders", "refund", "merchant_subsidy"]] = 0
    assert sorted(rank_stores(replace(truth.asked, days=silent))["store"]) == [0, 1, 2, 3]


def test_a_chain_that_knows_nothing_of_its_stores_is_ranked_against_its_mean() -> None:
    truth = chain(10, 12)
    bare = truth.asked.stores.assign(opened=None, area_sqm=np.nan, region=None, city=None)
    asked = replace(truth.asked, stores=bare, platforms=truth.asked.platforms.iloc[:0])
    found: Any = rank_stores(asked)
    assert len(found) == 12
    assert (found[list(BLOCKS)] == 0).all(axis=None)
    assert found["rank"].tolist() == list(range(1, 13))
    assert found["actual"].is_monotonic_decreasing


def test_left_out_means_left_out() -> None:
    """The oracle: each case taken away in truth, fitted again with the same penalties."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 4))
    values -= values.mean(axis=0)
    y = values @ [1.0, 0.5, 0.0, -0.3] + rng.normal(0, 0.3, 30)
    smoother = fit(Design(values, np.array([False, False, True, True]), tuple("abcd")), y)
    penalty = np.linalg.inv(smoother.inverse) - smoother.design.T @ smoother.design
    for left in range(30):
        rest = np.delete(np.arange(30), left)
        x, its = smoother.design[rest], y[rest]
        beta = np.linalg.solve(x.T @ x + penalty, x.T @ its)
        assert smoother.expected(y)[left] == pytest.approx(smoother.design[left] @ beta)


def test_a_chain_without_any_sales_has_no_ranking() -> None:
    truth = chain(11, 6)
    asked = replace(
        truth.asked,
        days=truth.asked.days.iloc[:0],
        weeks=truth.asked.weeks.iloc[:0],
        platforms=pd.DataFrame(),
    )
    assert rank_stores(asked).empty
