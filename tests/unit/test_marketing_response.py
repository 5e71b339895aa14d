"""The response of marketing: what known chains give, and what bad input gets."""

import numpy as np
import pandas as pd
import pytest

from advice.marketing import Response, fit, spread
from advice.marketing.panel import read
from advice.marketing.sampler import effective_size, rank_normalised_r_hat
from advice.marketing.transforms import LAGS, adstock, saturation
from chain.errors import PermanentError
from chain.words import say

CHANNELS = ("works", "idle")


def panel(stores: int = 10, weeks: int = 52, seed: int = 3) -> pd.DataFrame:
    """A chain in which each unit spent on ``works`` brings about 4, and on ``idle`` nothing."""
    rng = np.random.default_rng(seed)
    base = rng.lognormal(9, 0.3, (stores, 1))
    spend = rng.gamma(2.0, 0.02, (2, stores, weeks)) * (rng.random((2, stores, weeks)) < 0.5)
    effect = 0.45 * saturation(adstock(spend[0], 0.3), 0.06)
    sales = base * np.exp(effect + 0.04 * rng.standard_normal((stores, weeks)))
    return pd.DataFrame(
        {
            "store": np.repeat([f"S{s}" for s in range(stores)], weeks),
            "week": np.tile(pd.date_range("2024-01-01", periods=weeks, freq="7D"), stores),
            "sales": sales.ravel(),
            "works": (spend[0] * base).ravel(),
            "idle": (spend[1] * base).ravel(),
        }
    )


def fitted(table: pd.DataFrame, seed: int = 0) -> Response:
    return fit(
        table,
        channels=CHANNELS,
        outcome="sales",
        store="store",
        date="week",
        seed=seed,
        chains=4,
        draws=240,
    )


@pytest.fixture(scope="module")
def response() -> Response:
    return fitted(panel())


def test_a_channel_that_works_is_clear_and_one_that_does_not_is_no_evidence(
    response: Response,
) -> None:
    works, idle = response.channels
    assert works.health == "clear"
    assert 2.5 < works.returns["q0.5"] < 6
    assert idle.health == "none"
    assert idle.returns["q0.05"] < 0 < idle.returns["q0.95"]


def test_who_gives_no_evidence_proposes_the_test_that_would(response: Response) -> None:
    idle = response.channel("idle")
    assert idle.settle is not None
    for lang in ("en", "zh"):
        assert "idle" in say(lang, idle.settle.key, **idle.settle.params)
        for channel in response.channels:
            assert all(say(lang, note.key, **note.params) for note in channel.why)


def test_what_is_stored_as_text_comes_back(response: Response) -> None:
    again = Response.from_json(response.to_json())
    assert again.channels == response.channels
    assert again.stores == response.stores
    np.testing.assert_allclose(again.effect, response.effect, rtol=1e-5)
    np.testing.assert_allclose(
        again.gain(again.recent), response.gain(response.recent), rtol=1e-4, atol=0.1
    )


def test_the_order_of_rows_and_the_second_run_change_nothing(response: Response) -> None:
    shuffled = panel().sample(frac=1.0, random_state=1)
    again = fitted(shuffled)
    np.testing.assert_array_equal(again.returns, response.returns)


def test_adstock_is_the_weighted_mean_of_this_week_and_the_ones_before() -> None:
    rng = np.random.default_rng(0)
    spend, decay, later, before = rng.random((2, 20)), 0.6, 1.5, np.array([0.5, 2.0])
    share = [1.0, *(later * decay**lag for lag in range(1, LAGS))]
    for s in range(2):
        for t in range(20):
            slow = 0.0
            for lag in range(LAGS):
                then = spend[s, t - lag] if t >= lag else before[s]
                slow += share[lag] / sum(share) * then
            assert adstock(spend, decay, before, later)[s, t] == pytest.approx(slow)


def test_r_hat_and_effective_size_know_good_chains_from_bad() -> None:
    rng = np.random.default_rng(1)
    good = rng.standard_normal((4, 500))
    apart = good + np.arange(4)[:, None]
    slow = np.cumsum(rng.standard_normal((4, 500)), axis=1)
    assert rank_normalised_r_hat(good) < 1.02
    assert rank_normalised_r_hat(apart) > 1.3
    assert 1200 < effective_size(good) < 3000
    assert effective_size(slow) < 40


def _asked(table: pd.DataFrame) -> str:
    with pytest.raises(PermanentError) as raised:
        read(table, channels=CHANNELS, outcome="sales", store="store", date="week")
    assert raised.value.say("zh")
    return raised.value.key


def test_a_table_that_cannot_be_read_is_refused_by_name() -> None:
    table = panel()
    negative = table.assign(works=table["works"].where(table.index != 5, -3.0))
    assert _asked(negative) == "marketing.negative"
    mixed = table.assign(currency=np.where(table.index < 9, "CNY", "HKD"))
    assert _asked(mixed) == "marketing.currencies"
    assert _asked(table.drop(columns="idle")) == "marketing.missing_column"
    assert _asked(pd.concat([table, table.iloc[:1]])) == "marketing.twice"
    assert _asked(table.assign(idle="much")) == "marketing.no_number"
    assert _asked(table.assign(week="soon")) == "marketing.no_date"
    moved = table["week"] + pd.to_timedelta(np.where(table.index == 7, 2, 0), unit="D")
    assert _asked(table.assign(week=moved)) == "marketing.off_week"
    unknown = table.assign(works=table["works"].where(table.index % 3 == 0))
    assert _asked(unknown) == "marketing.unknown_spend"
    assert _asked(table[table["week"] < "2024-03-01"]) == "marketing.too_little"


def test_unknown_spend_is_never_taken_for_zero() -> None:
    table = panel()
    table.loc[10, "works"] = np.nan
    found = read(table, channels=CHANNELS, outcome="sales", store="store", date="week")
    assert not found.valid[0, :3].any()
    assert not found.valid[0, 10:14].any()
    assert found.valid[0, 14]
    assert found.spend[0, 0, 10] > 0
    assert [note.key for note in found.notes] == ["marketing.note.gap"]


def test_stores_without_sales_are_refused_and_closed_weeks_left_out() -> None:
    table = panel()
    table.loc[table["store"] == "S1", "sales"] = 0.0
    table.loc[table["store"] == "S2", "sales"] = table["sales"].where(table["week"] > "2024-08-01")
    table.loc[5, "sales"] = 0.0
    found = read(table, channels=CHANNELS, outcome="sales", store="store", date="week")
    assert found.refused["S1"].key == "marketing.refused.no_sales"
    assert found.refused["S2"].key == "marketing.refused.short"
    assert "S1" not in found.stores
    assert not found.valid[0, 5]
    assert [note.params["count"] for note in found.notes] == [1]


def test_what_the_chain_spends_is_shared_by_usual_sales_and_adds_up() -> None:
    table = panel()
    weeks = pd.DatetimeIndex(sorted(table["week"].unique()))
    spend = pd.Series(np.arange(1.0, len(weeks) + 1), index=weeks)
    shared = spread(table, spend, store="store", date="week", by="sales")
    np.testing.assert_allclose(shared.groupby(table["week"]).sum(), spend)
    usual = table.groupby("store")["sales"].mean()
    first = shared[table["week"] == weeks[0]]
    np.testing.assert_allclose(first, (usual / usual.sum()).to_numpy())


def test_weeks_in_which_something_else_happened_are_not_learned_from(response: Response) -> None:
    table = panel()
    table.loc[[20, 130], "sales"] *= 0.3
    table.loc[[77], "sales"] *= 2.5
    found = fitted(table)
    assert [(note.key, note.params["count"]) for note in found.notes] == [("marketing.note.odd", 3)]
    assert not response.notes
    works = found.channel("works").mean
    assert works == pytest.approx(response.channel("works").mean, rel=0.15)
