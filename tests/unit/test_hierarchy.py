"""Promises of the hierarchy: coherent, not negative, whole sums, ranges that hold what comes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import hierarchy
from forecasting.panel import Floats

LEVELS = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
REGIONS = ["north", "north", "south", "south", "south"]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.1, 1e6))
def test_whole_sums_are_the_nearest_at_every_level(seed: int, stores: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    exact = rng.exponential(size, (stores, 3))
    regions = [f"r{each}" for each in rng.integers(0, 4, stores)]
    found = hierarchy.whole(exact, regions)
    assert (found.sum(axis=0) == np.rint(exact.sum(axis=0))).all()
    for region in set(regions):
        own = np.array([each == region for each in regions])
        assert (np.abs(found[own].sum(axis=0) - exact[own].sum(axis=0)) < 1).all()
    assert found.min() >= 0
    assert (np.abs(found - exact) < 2).all()


def simulated(correlation: float, stores: int = 40) -> tuple[Floats, Floats, Floats, Floats]:
    """Return backtests and, for many dates ahead, quantiles of stores and what came."""
    rng = np.random.default_rng(8)
    dates = 600
    usual = rng.uniform(50, 500, stores)
    shared = rng.normal(size=(dates, 1)) * np.sqrt(correlation)
    noise = shared + rng.normal(size=(dates, stores)) * np.sqrt(1 - correlation)
    came = usual * np.exp(0.2 * noise)
    known, ahead = came[:200], came[200:].T
    actual = np.moveaxis(known.reshape(4, 50, stores), 1, 2)
    forecast = np.broadcast_to(usual[None, :, None], actual.shape)
    from scipy.special import ndtri

    ranges = usual[:, None, None] * np.exp(0.2 * ndtri(LEVELS))[None, None]
    spread = np.broadcast_to(ranges, (stores, 400, len(LEVELS)))
    return actual, forecast, spread, ahead


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_ranges_of_the_chain_hold_what_comes_however_stores_move_together(
    correlation: float,
) -> None:
    actual, forecast, spread, ahead = simulated(correlation)
    everywhere = np.ones((1, len(spread)), dtype=bool)
    found = hierarchy.quantiles(spread, LEVELS, everywhere, actual, forecast)
    came = ahead.sum(axis=0)
    inside = (found[0, :, 0] <= came) & (came <= found[0, :, -1])
    assert 0.7 < inside.mean() < 0.9
    summed = spread.sum(axis=0)
    naive = (summed[:, 0] <= came) & (came <= summed[:, -1])
    assert naive.mean() > inside.mean()


def test_quantiles_are_ordered_not_negative_and_one_store_is_its_own_group() -> None:
    actual, forecast, spread, _ = simulated(0.3, stores=6)
    itself = np.eye(6, dtype=bool)
    found = hierarchy.quantiles(spread[:, :5], LEVELS, itself, actual, forecast)
    assert (np.diff(found, axis=2) >= 0).all()
    assert found.min() >= 0
    assert found == pytest.approx(spread[:, :5], rel=0.03)


def test_without_a_backtest_ranges_lie_between_lockstep_and_independence() -> None:
    _, _, spread, _ = simulated(0.0)
    nothing = np.full((1, 40, 5), np.nan)
    everywhere = np.ones((1, 40), dtype=bool)
    found = hierarchy.quantiles(spread[:, :1], LEVELS, everywhere, nothing, nothing)[0, 0]
    lockstep = spread[:, 0].sum(axis=0)
    width, widest = found[-1] - found[0], lockstep[-1] - lockstep[0]
    assert widest / np.sqrt(40) < width < widest


def test_stores_that_stood_still_and_closed_days_do_no_harm() -> None:
    actual, forecast, spread, _ = simulated(0.3, stores=6)
    actual = actual.copy()
    actual[:, 0] = np.nan
    closed = spread[:, :2].copy()
    closed[:, 1] = 0
    everywhere = np.ones((1, 6), dtype=bool)
    found = hierarchy.quantiles(closed, LEVELS, everywhere, actual, forecast)
    assert np.isfinite(found).all()
    assert (found[:, 1] == 0).all()
