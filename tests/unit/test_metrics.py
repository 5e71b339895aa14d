"""Metrics: defined once, ratios of sums, a label and a sentence in each language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.metrics import METRICS, Metric, metric
from chain.words import LANGS

SUMS = {
    "gross": 1000,
    "orders": 4,
    "refund": 100,
    "refunds": 1,
    "platform_subsidy": 20,
    "merchant_subsidy": 50,
    "fee": 17,
    "net": 833,
    "prepaid": 0,
    "other": 0,
    "vat": 48,
    "franchised": 340,
    "royalty": 17,
    "area_sqm": 10,
}


@pytest.mark.parametrize("one", METRICS.values(), ids=list(METRICS))
@pytest.mark.parametrize("lang", LANGS)
def test_each_metric_has_a_label_and_a_sentence(one: Metric, lang: str) -> None:
    assert one.label(lang)
    assert one.sentence(lang).endswith((".", "。"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gross_sales", 1000),
        ("refunds", 100),
        ("net_sales", 850),
        ("net_sales_ex_vat", 802),
        ("vat", 48),
        ("system_wide_sales", 850),
        ("own_sales", 510),
        ("franchise_sales", 340),
        ("royalty", 17),
        ("orders", 4),
        ("average_ticket", 250),
        ("refund_rate", 0.1),
        ("fee_rate", 0.02),
        ("merchant_subsidy_rate", 50 / 900),
        ("sales_per_sqm", 85),
    ],
)
def test_a_metric_is_its_expression_of_the_sums(name: str, value: float) -> None:
    assert metric(name).value(SUMS) == pytest.approx(value)


def test_dividing_by_nothing_is_no_figure_rather_than_zero() -> None:
    assert metric("average_ticket").value(dict.fromkeys(SUMS, 0)) is None


def test_a_metric_that_a_read_answers_is_not_computed_from_sums() -> None:
    with pytest.raises(TypeError, match="same_store_growth"):
        metric("same_store_growth").value(SUMS)


def test_an_unknown_metric_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="net_sales"):
        metric("turnover")


amounts = st.fixed_dictionaries({name: st.integers(1, 10**9) for name in SUMS})


@given(amounts, amounts)
def test_the_ratio_of_a_whole_lies_between_those_of_its_parts(
    one: dict[str, int], other: dict[str, int]
) -> None:
    ticket = metric("average_ticket")
    whole = ticket.value({name: one[name] + other[name] for name in SUMS})
    parts = sorted((ticket.value(one) or 0, ticket.value(other) or 0))
    assert whole is not None
    assert parts[0] * (1 - 1e-12) <= whole <= parts[1] * (1 + 1e-12)


@given(amounts, amounts)
def test_an_additive_metric_of_a_whole_is_the_sum_of_its_parts(
    one: dict[str, int], other: dict[str, int]
) -> None:
    whole = {name: one[name] + other[name] for name in SUMS}
    for each in METRICS.values():
        if each.additive:
            assert each.value(whole) == (each.value(one) or 0) + (each.value(other) or 0)
