"""What holds for the forecast of any chain."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting import entrants, tournament
from forecasting.models.base import Model
from forecasting.models.boosting import Boosting
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive

QUANTILES = [f"q0.{tenth}" for tenth in range(1, 10)]
MODELS = (SeasonalNaive(), PanelRegression())


def any_chain(
    seed: int, stores: int, days: int, closes: float, gaps: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return history and 10 days ahead of stores whose level jumps, with closures and gaps."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2023-03-01", periods=days + 10)
    whole = pd.DataFrame(
        {
            "store": np.repeat([f"s{n}" for n in range(stores)], len(dates)),
            "ds": np.tile(dates, stores),
        }
    )
    jump = np.where(rng.random(len(whole)) < 0.02, rng.lognormal(0, 0.5, len(whole)), 1.0)
    whole["open"] = rng.random(len(whole)) >= closes
    whole["y"] = 500 * np.cumprod(jump).clip(0.01, 100) * rng.lognormal(0, 0.4, len(whole))
    whole["y"] = (whole["y"] * whole["open"]).round()
    past = whole[whole.ds < dates[days]]
    past = past[rng.random(len(past)) >= gaps]
    return past, whole[whole.ds >= dates[days]].drop(columns="y")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    stores=st.integers(1, 4),
    days=st.integers(2, 90),
    closes=st.sampled_from([0.0, 0.3, 1.0]),
    gaps=st.sampled_from([0.0, 0.5]),
)
def test_forecasts_are_whole_ordered_and_zero_on_closed_days(
    seed: int, stores: int, days: int, closes: float, gaps: float
) -> None:
    past, ahead = any_chain(seed, stores, days, closes, gaps)
    if past.empty:
        return
    outcome = tournament(past, ahead, models=MODELS, workers=1)
    gone = {note.store for note in outcome.refused}
    found = outcome.forecast
    assert len(found) == (~ahead.store.isin(gone)).sum()
    levels = found[QUANTILES].to_numpy()
    assert np.isfinite(found["mean"]).all()
    assert (levels >= 0).all()
    assert (np.diff(levels, axis=1) >= 0).all()
    both = found.merge(ahead, on=["store", "ds"])
    assert (both.loc[~both["open"], ["mean", *QUANTILES]] == 0).all(axis=None)


CHAINS = [
    pytest.param(12, 300, (*MODELS, Boosting()), id="models of all stores"),
    pytest.param(3, 100, entrants(), id="whole tournament"),
]


@pytest.mark.parametrize(("stores", "days", "models"), CHAINS)
def test_the_same_seed_gives_the_same_rows_whatever_the_workers(
    stores: int, days: int, models: tuple[Model, ...]
) -> None:
    past, ahead = any_chain(1, stores, days, 0.1, 0.0)
    one, two = (tournament(past, ahead, models=models, seed=3, workers=w) for w in (1, 2))
    pd.testing.assert_frame_equal(one.forecast, two.forecast)


@pytest.mark.parametrize(("stores", "days", "models"), CHAINS)
def test_stores_in_another_order_get_the_same_rows(
    stores: int, days: int, models: tuple[Model, ...]
) -> None:
    past, ahead = any_chain(2, stores, days, 0.1, 0.0)
    one = tournament(past, ahead, models=models, workers=1)
    other = tournament(past.iloc[::-1], ahead.iloc[::-1], models=models, workers=1)
    pd.testing.assert_frame_equal(one.forecast, other.forecast)
