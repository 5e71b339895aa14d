"""Promises of overrides: both versions kept, sums exact, nobody else's days touched, scored."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.overrides import Override, applied, scored


def forecast(whole: bool = False) -> pd.DataFrame:
    rows = pd.MultiIndex.from_product([[1, 2], pd.date_range("2025-03-01", periods=10)])
    frame = rows.to_frame(index=False, name=["store", "ds"])
    mean = 100.0 * frame["store"] * (1 + frame["ds"].dt.day_of_week / 10)
    frame = frame.assign(mean=mean, **{"q0.1": 0.8 * mean, "q0.9": 1.3 * mean}, model="mstl")
    return frame.astype({"mean": int, "q0.1": int, "q0.9": int}) if whole else frame


MARCH = (date(2025, 3, 3), date(2025, 3, 5))


def test_a_factor_moves_mean_and_range_of_its_days_alone_and_keeps_what_the_model_said() -> None:
    before = forecast()
    after = applied(before, [Override((1,), *MARCH, factor=1.5)])
    touched = (after.store == 1) & after.ds.between("2025-03-03", "2025-03-05")
    assert touched.sum() == 3
    for column in ("mean", "q0.1", "q0.9"):
        assert after[column][touched].to_numpy() == pytest.approx(before[column][touched] * 1.5)
        assert after[column][~touched].equals(before[column][~touched])
    assert after["base"].equals(before["mean"].rename("base"))
    assert after["overridden"].equals(touched.rename("overridden"))


def test_an_amount_is_met_and_shared_out_as_the_forecast_is() -> None:
    before = forecast()
    after = applied(before, [Override((1, 2), *MARCH, amount=1200)])
    touched = after.overridden
    assert after["mean"][touched].sum() == pytest.approx(1200)
    ratio = after["mean"][touched] / before["mean"][touched]
    assert ratio.nunique() == 1 or ratio.std() < 1e-9


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**9))
def test_whole_amounts_add_up_exactly(amount: int) -> None:
    after = applied(forecast(whole=True), [Override((1, 2), *MARCH, amount=amount)])
    assert after["mean"][after.overridden].sum() == amount
    assert after["mean"].dtype == "int64"
    assert (after["mean"] >= 0).all()


def test_of_a_period_that_has_begun_the_rest_goes_ahead() -> None:
    came = pd.DataFrame({"store": 1, "ds": pd.date_range("2025-02-25", periods=4), "y": 100.0})
    override = Override((1,), date(2025, 2, 27), date(2025, 3, 2), amount=500)
    after = applied(forecast(), [override], came)
    assert after["mean"][after.overridden].sum() == pytest.approx(300)
    spent = applied(forecast(), [Override((1,), override.start, override.end, amount=50)], came)
    assert spent["mean"][spent.overridden].sum() == 0


def test_days_forecast_as_nothing_can_be_set() -> None:
    closed = forecast().assign(mean=0.0, **{"q0.1": 0.0, "q0.9": 0.0})
    after = applied(closed, [Override((1,), *MARCH, amount=90)])
    assert after.loc[after.overridden, ["mean", "q0.1", "q0.9"]].to_numpy() == pytest.approx(30)


def test_a_later_override_goes_on_top() -> None:
    both = [Override((1,), *MARCH, factor=2), Override((1,), *MARCH, amount=10)]
    assert applied(forecast(), both)["mean"][2:5].sum() == pytest.approx(10)
    assert applied(forecast(), both[::-1])["mean"][2:5].sum() == pytest.approx(20)


def test_scores_tell_whether_it_helped() -> None:
    before = forecast()
    good, bad = Override((1,), *MARCH, factor=1.5), Override((2,), *MARCH, factor=0.5)
    after = applied(before, [good, bad])
    truth = before["mean"] * np.where(before["store"] == 1, 1.4, 1.0)
    came = before.assign(y=truth)[["store", "ds", "y"]]
    came = came[came.ds != pd.Timestamp("2025-03-05")]
    found = scored(after, [good, bad], came).set_index("override")
    assert found["helped"].to_list() == [True, False]
    assert found["days"].to_list() == [2, 2]
    first = found.loc[0]
    assert first["adjusted"] == pytest.approx(first["base"] * 1.5)
    assert first["base_error"] == pytest.approx(0.4 * first["base"])
    assert first["adjusted_error"] == pytest.approx(0.1 * first["base"])


def test_without_overrides_or_days_there_is_nothing_to_score() -> None:
    after = applied(forecast(), [])
    assert not after.overridden.any()
    came = forecast().rename(columns={"mean": "y"})
    assert scored(after, [], came).empty
    assert scored(after, [Override((9,), *MARCH, factor=2)], came).empty


@pytest.mark.parametrize(
    ("factor", "amount"), [(None, None), (1.0, 2.0), (-1.0, None), (None, float("nan"))]
)
def test_what_makes_no_sense_is_refused(factor: float | None, amount: float | None) -> None:
    with pytest.raises(ValueError, match="factor or an amount"):
        Override((1,), *MARCH, factor, amount)
    with pytest.raises(ValueError, match="before it starts"):
        Override((1,), MARCH[1], MARCH[0], factor=1)
