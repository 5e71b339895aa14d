"""Fast metrics give what the obvious slow way gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecasting import metrics

LEVELS = (0.1, 0.5, 0.9)
CELL = st.one_of(
    st.just(math.nan),
    st.floats(0, 1e6, allow_subnormal=False).map(lambda x: x if x > 1e-6 else 0.0),
)
PANELS = arrays.arrays(np.float64, (2, 3, 5), elements=CELL)


def slow_wape(actual: np.ndarray, forecast: np.ndarray) -> float:
    error = total = 0.0
    for y, f in zip(actual.ravel(), forecast.ravel(), strict=True):
        if not math.isnan(y) and not math.isnan(f):
            error += abs(y - f)
            total += abs(y)
    return error / total if total else math.nan


def slow_wql(actual: np.ndarray, quantiles: np.ndarray) -> float:
    losses = []
    for at, level in enumerate(LEVELS):
        loss = total = 0.0
        for y, q in zip(actual.ravel(), quantiles.reshape(-1, len(LEVELS)), strict=True):
            if math.isnan(y) or np.isnan(q).any():
                continue
            loss += level * (y - q[at]) if y >= q[at] else (1 - level) * (q[at] - y)
            total += abs(y)
        losses.append(2 * loss / total if total else math.nan)
    return sum(losses) / len(losses)


@given(PANELS, PANELS)
def test_wape_is_the_sum_of_errors_over_the_sum_of_figures(
    actual: np.ndarray, forecast: np.ndarray
) -> None:
    expected = slow_wape(actual, forecast)
    assert metrics.wape(actual, forecast) == pytest.approx(expected, rel=1e-9, nan_ok=True)


@given(PANELS, arrays.arrays(np.float64, (2, 3, 5, 3), elements=CELL))
def test_wql_is_the_mean_of_pinball_losses(actual: np.ndarray, quantiles: np.ndarray) -> None:
    expected = slow_wql(actual, quantiles)
    found = metrics.wql(actual, quantiles, LEVELS)
    assert found == pytest.approx(expected, rel=1e-9, nan_ok=True)


@given(PANELS, PANELS, PANELS)
def test_coverage_counts_cells_within(a: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    cells = [
        lo <= y <= hi
        for y, lo, hi in zip(a.ravel(), low.ravel(), high.ravel(), strict=True)
        if not any(map(math.isnan, (y, lo, hi))) and lo < hi
    ]
    expected = sum(cells) / len(cells) if cells else math.nan
    assert metrics.coverage(a, low, high) == pytest.approx(expected, nan_ok=True)
