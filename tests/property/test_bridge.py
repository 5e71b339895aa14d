"""What holds for the bridge between any two periods of any chain."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advice.bridge import STEPS, SUMMED, WITHIN, Bridge, Measure, bridge, reasons
from advice.shapley import slopes, whole
from advice.weights import Kinds, day_weights
from chain.days import Period

BEFORE = Period(date(2026, 10, 19), date(2026, 10, 25))
NOW = Period(date(2026, 10, 26), date(2026, 11, 2))
KINDS = Kinds(
    {
        day: 9 if day == date(2026, 11, 1) else day.weekday()
        for day in (date(2026, 10, 19) + timedelta(days=n) for n in range(15))
    }
)
Chain = tuple[pd.DataFrame, pd.DataFrame]


def any_chain(seed: int, count: int) -> Chain:
    """Return days and stores: some new, some gone, some silent, some of refunds alone."""
    rng = np.random.default_rng(seed)
    rows, stores = [], []
    for store in range(1, count + 1):
        opened = (None, date(2020, 1, 1), date(2026, 10, 21))[rng.integers(3)]
        closed = (None, None, date(2026, 10, 30))[rng.integers(3)]
        stores.append((store, opened, closed, store == 3 and rng.random() < 0.5))
        silent = rng.choice([0.0, 0.3, 1.0], p=[0.6, 0.3, 0.1])
        for side, period in enumerate((BEFORE, NOW)):
            for kind, days in KINDS.counted(period.start, period.end).items():
                there = int(rng.binomial(days, 1 - silent))
                if not there:
                    continue
                gross = (0, 1, int(rng.integers(1, 10**8)))[rng.choice(3, p=[0.1, 0.1, 0.8])]
                off = [int(rng.integers(0, max(gross // 3, 2)) * (rng.random() < 0.5))
                       for _ in range(3)]  # fmt: skip
                orders = int(rng.integers(0, 900)) * (rng.random() < 0.9)
                rows.append((store, side, kind, there, gross, int(orders), *off))
    days_frame = pd.DataFrame(rows, columns=["store", "side", "kind", *SUMMED])
    about = pd.DataFrame(stores, columns=["store", "opened", "closed", "unassigned"])
    return days_frame, about


def made(chain: Chain, measure: Measure = "net_sales") -> Bridge:
    return bridge(*chain, (BEFORE, NOW), KINDS, measure=measure)


def net(days: pd.DataFrame, side: int, measure: Measure) -> int:
    rows = days[days["side"] == side]
    found = rows["gross"].sum() - rows["refund"].sum() - rows["merchant_subsidy"].sum()
    return int(found - (rows["fee"].sum() if measure == "after_fees" else 0))


chains = st.builds(any_chain, st.integers(0, 10**6), st.integers(1, 6))
measures: st.SearchStrategy[Measure] = st.sampled_from(["net_sales", "after_fees"])


@settings(max_examples=150, deadline=None)
@given(chains, measures)
def test_the_steps_add_up_to_the_change_to_the_minor_unit(chain: Chain, measure: Measure) -> None:
    found = made(chain, measure)
    assert found.before == net(chain[0], 0, measure)
    assert found.now == net(chain[0], 1, measure)
    assert sum(found.steps.values()) == found.now - found.before
    rows: Any = found.stores
    assert (rows[list(STEPS)].sum(axis=1) == rows["now"] - rows["before"]).all()
    assert {name: int(rows[name].sum()) for name in STEPS} == dict(found.steps)
    if measure == "net_sales":
        assert found.steps["fees"] == 0


@settings(max_examples=80, deadline=None)
@given(chains, measures)
def test_the_way_back_is_the_way_there_with_the_sign_turned(chain: Chain, measure: Measure) -> None:
    days, stores = chain
    there = made(chain, measure)
    turned = days.assign(side=1 - days["side"])
    back = bridge(turned, stores, (NOW, BEFORE), KINDS, measure=measure)
    assert back.steps == {name: -amount for name, amount in there.steps.items()}
    assert (back.before, back.now) == (there.now, there.before)
    assert back.same == there.same[::-1]


@settings(max_examples=50, deadline=None)
@given(chains, st.integers(0, 99))
def test_the_order_of_rows_and_stores_is_nothing(chain: Chain, seed: int) -> None:
    days, stores = chain
    shuffled = days.sample(frac=1, random_state=seed), stores.iloc[::-1]
    pd.testing.assert_frame_equal(made(shuffled).stores, made(chain).stores)


@settings(max_examples=60, deadline=None)
@given(chains, measures)
def test_it_is_the_mean_over_all_orders_in_which_things_could_have_changed(
    chain: Chain, measure: Measure
) -> None:
    """The oracle: exact fractions, every one of the 120 orders, one store at a time."""
    days, _ = chain
    found = made(chain, measure)
    own = days.assign(
        group="s" + days["store"].astype(str) + "/" + days["side"].astype(str),
        amount=days["gross"],
    )
    weights = day_weights(own.sort_values(["group", "kind"]))
    same: Any = found.stores[found.stores["group"] == "same"]
    for row in same.itertuples():
        slow = slowly(days[days["store"] == row.store], weights, measure)
        for name in WITHIN:
            # A whole number, and at most one minor unit moved to keep the sum.
            assert abs(getattr(row, name) - slow[name]) <= 1.51, name


def slowly(days: pd.DataFrame, weights: dict[int, float], measure: Measure) -> dict[str, Any]:
    """Return the steps of one store."""
    sides: list[Any] = []
    for side, period in enumerate((BEFORE, NOW)):
        rows: Any = days[days["side"] == side]
        weight = {kind: Fraction(weights.get(kind, 1.0)) for kind in range(10)}
        calendar = sum(
            (
                count * weight[kind]
                for kind, count in KINDS.counted(period.start, period.end).items()
            ),
            Fraction(),
        )
        traded = sum(
            (Fraction(int(r.days)) * weight[r.kind] for r in rows.itertuples()), Fraction()
        )
        sums = {name: Fraction(int(rows[name].sum())) for name in SUMMED}
        if measure == "net_sales":
            sums["fee"] = Fraction()
        sides.append((calendar, traded, sums))
    factors: list[list[Any]] = []
    for calendar, traded, sums in sides:
        gross, orders = sums["gross"], sums["orders"]
        rate = orders / traded if traded and (orders or not gross) else None
        factors.append([calendar, traded / calendar, rate, None, None, None, None])
        if gross:
            off = [sums[name] / gross for name in ("refund", "merchant_subsidy", "fee")]
            factors[-1][4:] = off
    for at, unknown in ((2, Fraction(1)), (4, Fraction()), (5, Fraction()), (6, Fraction())):
        _fill(factors, at, unknown)
    for (_, traded, sums), own in zip(sides, factors, strict=True):
        through = traded * own[2]
        own[3] = sums["gross"] / through if through else None
    _fill(factors, 3, Fraction(1))
    whole_factors = [[*own[:4], 1 - own[4] - own[5] - own[6]] for own in factors]
    share: list[Any] = [Fraction()] * 5
    orders_of_change = list(permutations(range(5)))
    for order in orders_of_change:
        now = list(whole_factors[0])
        for factor in order:
            was = prod(now)
            now[factor] = whole_factors[1][factor]
            share[factor] += (prod(now) - was) / len(orders_of_change)
    steps: dict[str, Any] = dict(zip(WITHIN[:4], share[:4], strict=True))
    kept = whole_factors[1][4] - whole_factors[0][4]
    slope = share[4] / kept if kept else _slope(whole_factors)
    for at, name, column in (
        (4, "refunds", "refund"),
        (5, "subsidies", "merchant_subsidy"),
        (6, "fees", "fee"),
    ):
        beside = [Fraction() if sums["gross"] else sums[column] for _, _, sums in sides]
        change = factors[1][at] - factors[0][at]
        steps[name] = -slope * change - (beside[1] - beside[0])
    return steps


def _fill(factors: list[list[Any]], at: int, unknown: Fraction) -> None:
    before, now = factors[0][at], factors[1][at]
    factors[0][at] = before if before is not None else now if now is not None else unknown
    factors[1][at] = now if now is not None else before if before is not None else unknown


def _slope(factors: list[list[Any]]) -> Any:
    """The mean product of the other factors, where the last has not changed."""
    total: Any = 0
    orders_of_change = list(permutations(range(5)))
    for order in orders_of_change:
        done = set(order[: order.index(4)])
        total += prod(factors[1 if each in done else 0][each] for each in range(4))
    return total / len(orders_of_change)


def rows(store: int, side: int, **scaled: float) -> list[dict[str, Any]]:
    """Return eight steady days of a store, each sum scaled as said."""
    period = (BEFORE, NOW)[side]
    usual = {"gross": 90_000, "orders": 30, "refund": 900, "merchant_subsidy": 4_500, "fee": 540}
    return [
        {"store": store, "side": side, "kind": kind, "days": days}
        | {name: round(amount * days * scaled.get(name, 1.0)) for name, amount in usual.items()}
        for kind, days in KINDS.counted(period.start, period.end).items()
    ]


STORES = pd.DataFrame(
    {"store": [1, 2], "opened": [date(2020, 1, 1)] * 2, "closed": [None] * 2, "unassigned": False}
)
SCALED = {
    "orders": {"orders": 1.2, "gross": 1.2, "refund": 1.2, "merchant_subsidy": 1.2, "fee": 1.2},
    "ticket": {"gross": 1.1, "refund": 1.1, "merchant_subsidy": 1.1, "fee": 1.1},
    "refunds": {"refund": 3.0},
    "subsidies": {"merchant_subsidy": 0.5},
    "fees": {"fee": 2.0},
}


@pytest.mark.parametrize("what", SCALED)
def test_what_alone_changed_is_all_that_is_named(what: str) -> None:
    same = Period(NOW.start - timedelta(days=14), NOW.end - timedelta(days=14))
    kinds = Kinds({day + timedelta(days=shift): kind for day, kind in KINDS.of.items()
                   for shift in (0, -14)})  # fmt: skip
    before = [{**row, "side": 0} for store in (1, 2) for row in rows(store, 1)]
    now = [*rows(1, 1, **SCALED[what]), *rows(2, 1)]
    days = pd.DataFrame([*before, *now])
    found = bridge(days, STORES, (same, NOW), kinds, measure="after_fees")
    named = {name: amount for name, amount in found.steps.items() if abs(amount) > 3}
    assert named == {what: found.now - found.before} or sum(named.values()) == pytest.approx(
        found.now - found.before, abs=3
    )
    assert set(named) == {what}
    (first,) = reasons(found, 1)[:1]
    assert first.name == what
    assert reasons(found, 2) == []


def test_a_saturday_more_is_the_calendar_and_a_shut_day_is_not() -> None:
    usual = pd.DataFrame(
        {"group": "all", "kind": range(7), "days": 1000, "amount": [100_000] * 5 + [200_000] * 2}
    )
    monday_to_friday = Period(date(2026, 10, 19), date(2026, 10, 23))
    monday_to_saturday = Period(date(2026, 10, 26), date(2026, 10, 31))
    day = {"days": 1, "orders": 10, "refund": 0, "merchant_subsidy": 0, "fee": 0}

    def took(store: int, side: int, kinds: range) -> list[dict[str, int]]:
        return [
            {"store": store, "side": side, "kind": k, "gross": 200 if k == 5 else 100, **day}
            | {"orders": 20 if k == 5 else 10}
            for k in kinds
        ]

    days = pd.DataFrame(
        [
            *took(1, 0, range(5)), *took(1, 1, range(6)),
            *took(2, 0, range(5)), *took(2, 1, range(1, 6)),
        ]
    )  # fmt: skip
    found = bridge(days, STORES, (monday_to_friday, monday_to_saturday), KINDS, usual=usual)
    by_store: Any = found.stores.set_index("store")
    assert by_store.loc[1, "calendar"] == pytest.approx(200, abs=2)
    assert by_store.loc[1, "closed"] == 0
    # Six sevenths of the weight, half at the old calendar of 5 and half at the new one of 7.
    assert by_store.loc[2, "closed"] == pytest.approx(-600 / 7, abs=2)
    assert abs(int(found.stores[["orders", "ticket"]].sum().sum())) <= 4
    assert found.growth == pytest.approx(1300 / 1000 - 1)


def test_new_closed_and_unassigned_stores_are_steps_of_their_own() -> None:
    stores = pd.DataFrame(
        {
            "store": [1, 2, 3],
            "opened": [date(2026, 10, 28), date(2020, 1, 1), None],
            "closed": [None, date(2026, 10, 22), None],
            "unassigned": [False, False, True],
        }
    )
    days = pd.DataFrame([*rows(1, 1), *rows(2, 0), *rows(3, 0), *rows(3, 1, gross=2)])
    found = bridge(days, stores, (BEFORE, NOW), KINDS)
    own: Any = found.stores.set_index("store")
    assert found.steps["opened"] == own.loc[1, "now"]
    assert found.steps["left"] == -own.loc[2, "before"]
    assert found.steps["unassigned"] == own.loc[3, "now"] - own.loc[3, "before"]
    assert found.growth is None
    assert found.same == (0, 0)


def test_weights_know_a_strong_month_from_a_strong_kind_of_day() -> None:
    """A kind that is there in the better month only must not get the month's level."""
    weight, level = {0: 0.8, 1: 1.0, 5: 1.5, 9: 1.2}, {"may": 1000, "june": 3000}
    there = {"may": (0, 1, 5), "june": (0, 1, 5, 9)}
    learned = day_weights(
        pd.DataFrame(
            [
                (month, kind, 400, 400 * level[month] * weight[kind])
                for month, kinds in there.items()
                for kind in kinds
            ],
            columns=["group", "kind", "days", "amount"],
        )
    )
    for kind, expected in weight.items():
        assert learned[kind] / learned[1] == pytest.approx(expected, rel=0.02)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=7), st.integers(-3, 3))
def test_rounding_keeps_the_sum_and_turns_with_the_sign(parts: list[float], more: int) -> None:
    column = np.array(parts)[:, None]
    total = np.array([round(sum(parts)) + more], dtype=np.int64)
    rounded = whole(column, total)
    assert rounded.sum() == total[0]
    assert (whole(-column, -total) == -rounded).all()
    assert np.abs(rounded - column).max() <= 1.5 + abs(more) + len(parts) * 0.5


def test_a_factor_alone_has_a_slope_of_one() -> None:
    assert slopes(np.array([[2.0]]), np.array([[5.0]])).tolist() == [[1.0]]


def test_a_bridge_from_nothing_to_nothing_has_no_steps() -> None:
    nothing = pd.DataFrame({name: [] for name in ("store", "side", "kind", *SUMMED)})
    usual = pd.DataFrame({name: [] for name in ("group", "kind", "days", "amount")})
    found = bridge(nothing, STORES.iloc[:0], (BEFORE, NOW), KINDS, usual=usual)
    assert (found.before, found.now, found.growth) == (0, 0, None)
    assert set(found.steps.values()) == {0}
    assert reasons(found, 1) == []
