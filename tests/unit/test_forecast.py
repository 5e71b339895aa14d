"""One entry: what a long frame of any chain gets."""

import numpy as np
import pandas as pd
import pytest

from chain.errors import PermanentError
from forecasting import Outcome, forecast, tournament

QUANTILES = [f"q0.{tenth}" for tenth in range(1, 10)]


def chain(stores: int = 4, days: int = 200, ahead: int = 14) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return history and future of stores that close on Sundays and sell more on promotions."""
    rng = np.random.default_rng(11)
    dates = pd.date_range("2024-01-01", periods=days + ahead)
    rows = []
    for store in range(stores):
        opened = dates.day_of_week != 6
        promo = (np.arange(len(dates)) // 7 % 2).astype(bool)
        usual = 1000 * (1 + store) * (1 + 0.3 * (dates.day_of_week == 5)) * (1 + 0.4 * promo)
        y = usual * opened * rng.lognormal(0, 0.1, len(dates))
        rows.append(
            pd.DataFrame({"store": store, "ds": dates, "y": y, "open": opened, "promo": promo})
        )
    whole = pd.concat(rows, ignore_index=True)
    cut = dates[days]
    return whole[whole.ds < cut], whole[whole.ds >= cut].drop(columns="y")


def test_every_row_of_the_future_gets_a_mean_and_ordered_quantiles() -> None:
    history, future = chain()
    found = forecast(history, future)
    assert list(found.columns) == ["store", "ds", "mean", *QUANTILES, "model"]
    assert len(found) == len(future)
    levels = found[QUANTILES].to_numpy()
    assert (levels >= 0).all()
    assert (np.diff(levels, axis=1) >= 0).all()


def test_closed_days_are_zero() -> None:
    history, future = chain()
    found = forecast(history, future)
    sundays = found[found.ds.dt.day_of_week == 6]
    assert (sundays[["mean", *QUANTILES]] == 0).all(axis=None)


def test_a_tournament_tells_its_scores() -> None:
    history, future = chain()
    outcome = tournament(history, future)
    assert isinstance(outcome, Outcome)
    served = outcome.chain.set_index("model").loc["served"]
    assert served["wape"] < 0.12
    assert outcome.scores.groupby("store")["served"].sum().eq(1).all()


def test_a_store_in_its_first_weeks_gets_the_ramp_and_is_marked() -> None:
    history, future = chain()
    young = (history.store != 3) | (history.ds >= history.ds.max() - pd.Timedelta(days=29))
    outcome = tournament(history[young], future)
    model = outcome.forecast.groupby("store")["model"].first()
    assert model[3] == "new_store"
    assert (model[[0, 1, 2]] != "new_store").all()
    assert [note.store for note in outcome.notes if note.reason.endswith("note.new")] == [3]


def test_prophet_stands_beside_the_winner() -> None:
    assert "prophet" in set(tournament(*chain(stores=2, days=100)).chain["model"])


def test_a_missing_column_is_named() -> None:
    history, future = chain()
    with pytest.raises(PermanentError, match="no column y"):
        forecast(history.drop(columns="y"), future)
