"""The split of a budget: bounds hold, more is never less, and tiny cases are the brute force's."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from advice.marketing import Channel, Response, allocate
from chain.errors import PermanentError


def response(stores: int = 2, health: tuple[str, ...] = ("clear", "clear")) -> Response:
    """A response of known draws: two channels, the second weaker and sooner saturated."""
    rng = np.random.default_rng(0)
    count, draws = len(health), 60
    level = np.linspace(1000, 2000, stores)
    effect = np.array([0.5, 0.3])[:count, None] * rng.lognormal(0, 0.3, (draws, count, stores))
    channels = tuple(
        Channel(
            name=f"c{c}",
            spent=1.0,
            mean=1.0,
            returns={},
            positive=1.0,
            health=one,  # type: ignore[arg-type]
            trusted=one != "none",
            why=(),
            settle=None,
        )
        for c, one in enumerate(health)
    )
    return Response(
        channels=channels,
        stores=tuple(f"S{s}" for s in range(stores)),
        first="2024-01-01",
        last="2024-12-30",
        level=level,
        baseline=level,
        unit=np.full(count, 0.05),
        seen=np.full(count, 2.0),
        recent=0.05 * np.tile(level, (count, 1)),
        decay=np.full((draws, count), 0.4),
        later=np.ones((draws, count)),
        power=np.ones((draws, count)),
        half=np.array([2.0, 0.7])[:count] * rng.lognormal(0, 0.2, (draws, count)),
        effect=effect,
        returns=np.ones((draws, count)),
        sampled={},
        noise={},
        notes=(),
        refused={},
    )


def test_a_tiny_budget_is_split_as_brute_force_splits_it() -> None:
    known = response()
    total = 260.0
    plan = allocate(known, total=total, horizon=1)
    best, steps = 0.0, 26
    for parts in product(range(steps + 1), repeat=3):
        if sum(parts) <= steps:
            spend = (
                np.array([*parts, steps - sum(parts)], dtype=float).reshape(2, 2) * total / steps
            )
            alone = sum(
                known.baseline * np.expm1(known.logs(spend[c], c)).mean(axis=0) for c in range(2)
            )
            best = max(best, float(np.sum(alone)))
    assert float(plan["gain"].sum()) >= 0.999 * best
    assert float(plan["spend"].sum()) == pytest.approx(total)


def test_more_budget_never_brings_less() -> None:
    known = response(3)
    gains = [
        float(allocate(known, total=total, horizon=4)["gain"].sum())
        for total in (0, 100, 400, 900, 2000, 1e6)
    ]
    assert gains == sorted(gains)
    assert gains[0] == 0


def test_bounds_of_stores_and_channels_hold() -> None:
    bounds: Mapping[str | tuple[str, str], tuple[float | None, float | None]] = {
        "c0": (None, 300.0),
        "c1": (500.0, None),
        ("S0", "c1"): (50.0, 90.0),
    }
    plan = allocate(response(3), total=900, horizon=2, bounds=bounds)
    spend = plan.set_index(["store", "channel"])["spend"]
    assert spend.groupby("channel").sum()["c0"] <= 300 + 1e-6
    assert spend.groupby("channel").sum()["c1"] >= 500 - 1e-6
    assert 50 - 1e-6 <= spend["S0", "c1"] <= 90 + 1e-6
    assert spend.sum() + plan.attrs["unspent"] == pytest.approx(900)


def test_no_store_moves_further_from_today_than_the_largest_step() -> None:
    known = response(3)
    plan = allocate(known, total=float(known.recent.sum()), horizon=1, step=0.2)
    assert (np.abs(plan["spend"] / plan["current"] - 1) <= 0.2 + 1e-9).all()
    assert plan.attrs["difference"]["gain"] > 0
    assert plan.attrs["better"] > 0.5


def test_money_without_evidence_stays_where_it_is() -> None:
    known = response(3, ("clear", "none"))
    plan = allocate(known, total=float(known.recent.sum()) * 13)
    held = plan[plan["channel"] == "c1"]
    np.testing.assert_allclose(held["spend"], held["current"])
    assert held["held"].all()
    assert plan.attrs["held"] == ["c1"]


def test_money_that_costs_more_than_it_earns_may_stay_unspent() -> None:
    plan = allocate(response(), total=1000, horizon=1, margin=0.3, all_of_it=False)
    assert plan.attrs["unspent"] > 0
    spent = plan[plan["spend"] > 0]
    assert (0.3 * spent["marginal"] > 0.9).all()
    whole = allocate(response(), total=1000, horizon=1, margin=0.3)
    assert whole.attrs["plan"]["profit"] < plan.attrs["plan"]["profit"]


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"total": -1.0}, "marketing.total"),
        ({"total": 10.0, "bounds": {"c9": (0, 1)}}, "marketing.unknown_channel"),
        ({"total": 10.0, "bounds": {"c0": (5, 1)}}, "marketing.bounds"),
        ({"total": 10.0, "bounds": {"c0": (50, None)}}, "marketing.too_tight"),
        ({"total": 1.0, "step": 0.1}, "marketing.too_tight"),
        ({"total": 1.0, "current": {("S0", "c9"): 1.0}}, "marketing.unknown_channel"),
    ],
)
def test_what_cannot_be_split_is_refused_by_name(asked: dict[str, object], key: str) -> None:
    with pytest.raises(PermanentError) as raised:
        allocate(response(), horizon=1, **asked)  # type: ignore[arg-type]
    assert raised.value.key == key
    assert raised.value.say("zh")
