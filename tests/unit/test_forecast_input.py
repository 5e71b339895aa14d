"""What bad input gets: a forecast, or a refusal of that store alone, the others unharmed."""

import numpy as np
import pandas as pd
import pytest

from chain.errors import PermanentError
from forecasting import Note, Outcome, tournament
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.unit.test_forecast import QUANTILES, chain

MODELS = (SeasonalNaive(), PanelRegression())


def held(history: pd.DataFrame, future: pd.DataFrame) -> Outcome:
    outcome = tournament(history, future, models=MODELS, workers=1)
    levels = outcome.forecast[["mean", *QUANTILES]].to_numpy(float)
    assert np.isfinite(levels).all()
    assert (levels >= 0).all()
    return outcome


def refused(outcome: Outcome) -> dict[object, str]:
    for note in (*outcome.refused, *outcome.notes):
        assert isinstance(note, Note)
        assert note.say("en") != note.say("zh")
    return {note.store: note.reason for note in outcome.refused}


def test_conflicting_duplicates_refuse_their_store_alone() -> None:
    history, future = chain()
    twice = history[history.store == 2].head(1).assign(y=7.0)
    outcome = held(pd.concat([history, twice]), future)
    assert refused(outcome) == {2: "forecasting.refused.duplicate"}
    assert set(outcome.forecast.store) == {0, 1, 3}


def test_a_day_that_stands_twice_with_the_same_figures_counts_once() -> None:
    history, future = chain()
    once = held(history, future).forecast
    twice = held(pd.concat([history, history.head(30)]), future).forecast
    pd.testing.assert_frame_equal(once, twice)


def test_a_store_without_history_is_refused() -> None:
    history, future = chain()
    outcome = held(history[history.store != 1], future)
    assert refused(outcome) == {1: "forecasting.refused.no_figure"}


def test_a_week_of_history_leans_on_the_chain() -> None:
    history, future = chain()
    outcome = held(history[(history.store != 1) | (history.ds >= "2024-07-12")], future)
    assert 1 in set(outcome.forecast.store)
    assert any(n.store == 1 and n.reason == "forecasting.note.short" for n in outcome.notes)


def test_a_store_that_took_nothing_is_forecast_to_take_nothing() -> None:
    history, future = chain()
    history.loc[history.store == 1, "y"] = 0.0
    found = held(history, future).forecast
    assert (found.loc[found.store == 1, ["mean", *QUANTILES]] == 0).all(axis=None)


def test_a_spike_is_not_learned_from() -> None:
    history, future = chain()
    day = (history.store == 1) & (history.ds == "2024-07-15")
    spiked = history.assign(y=history.y.where(~day, history.y * 1000))
    usual, found = held(history, future), held(spiked, future)
    one, other = (o.forecast[o.forecast.store == 1]["mean"].sum() for o in (usual, found))
    assert other == pytest.approx(one, rel=0.05)
    assert [n.reason for n in found.notes] == ["forecasting.note.spike"]


def test_a_gap_of_months_is_borne() -> None:
    history, future = chain()
    gap = (history.store == 1) & history.ds.between("2024-03-01", "2024-06-30")
    found = held(history[~gap], future).forecast
    assert len(found[found.store == 1]) == 14


def test_only_what_came_after_a_change_of_currency_is_learned_from() -> None:
    history, future = chain()
    before = (history.store == 1) & (history.ds < "2024-05-01")
    mixed = history.assign(
        currency=np.where(before, "JPY", "CNY"), y=history.y.where(~before, history.y * 20)
    )
    outcome = held(mixed, future)
    found = outcome.forecast[outcome.forecast.store == 1]
    usual = held(history, future).forecast
    assert found["mean"].sum() == pytest.approx(usual[usual.store == 1]["mean"].sum(), rel=0.15)
    assert outcome.notes[0].reason == "forecasting.note.currency"


def test_a_covariate_that_the_future_lacks_is_of_the_past_only() -> None:
    history, future = chain()
    assert len(held(history, future.drop(columns="promo")).forecast) == len(future)


def test_any_sort_of_covariate_is_taken() -> None:
    history, future = chain()
    for frame in (history, future):
        frame["weather"] = np.where(frame.ds.dt.day % 3 == 0, "rain", "sun")
        frame["heat"] = frame.ds.dt.day / 3
        frame["kind"] = pd.Categorical(np.where(frame.store > 1, "mall", "street"))
    assert len(held(history, future).forecast) == len(future)


def test_weekly_figures_are_found_to_be_weekly() -> None:
    history, future = chain()
    whole = pd.concat([history, future])
    weeks = whole[whole.ds.dt.day_of_week == 0]
    first = future.ds.min()
    outcome = held(weeks[weeks.ds < first], weeks[weeks.ds >= first].drop(columns="y"))
    assert len(outcome.forecast) == 2 * 4


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("y", "many", "Store 0, 2024-01-01: y is no number"), ("ds", "soon", "Store 0: soon")],
)
def test_a_cell_that_cannot_be_read_names_store_and_day(column: str, value: str, says: str) -> None:
    history, future = chain()
    history[column] = history[column].astype(object)
    history.loc[history.index[0], column] = value
    with pytest.raises(PermanentError, match=says):
        held(history, future)


def test_a_figure_after_the_first_day_ahead_names_store_and_day() -> None:
    history, future = chain()
    late = history.head(1).assign(ds=pd.Timestamp("2024-07-20"))
    with pytest.raises(PermanentError, match="Store 0 has a figure on 2024-07-20"):
        held(pd.concat([history, late]), future)


def test_the_order_of_rows_does_not_matter() -> None:
    history, future = chain()
    shuffled = history.sample(frac=1, random_state=3), future.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(held(history, future).forecast, held(*shuffled).forecast)
