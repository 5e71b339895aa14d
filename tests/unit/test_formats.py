"""Promises of the formats: three digits on a tile, all in a hover, dates as people write."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import formats

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("minor", "en", "zh"),
    [
        (13_245_678, "¥132K", "¥13.2万"),
        (10_500_000_000, "¥105M", "¥1.05亿"),
        (0, "¥0", "¥0"),
        (20, "¥0.20", "¥0.20"),
        (36.6, "¥0.37", "¥0.37"),
        (1_234, "¥12.3", "¥12.3"),
        (123_456, "¥1.23K", "¥1230"),
        (99_995_100, "¥1M", "¥100万"),
        (-13_245_678, "-¥132K", "-¥13.2万"),
        (None, "–", "–"),
        (float("nan"), "–", "–"),
    ],
)
def test_money_on_a_tile(minor: float | None, en: str, zh: str) -> None:
    assert formats.money_short(minor, "CNY", "en") == en
    assert formats.money_short(minor, "CNY", "zh") == zh


@given(st.integers(-(10**15), 10**15), st.sampled_from(["en", "zh"]))
def test_a_tile_never_shows_more_than_three_significant_digits(minor: int, lang: str) -> None:
    digits = "".join(c for c in formats.money_short(minor, "CNY", lang) if c.isdigit())
    assert len(digits.strip("0")) <= 3


@given(st.integers(-(10**15), 10**15), st.sampled_from(["en", "zh"]))
def test_a_hover_shows_every_cent(minor: int, lang: str) -> None:
    text = formats.money_full(minor, "CNY", lang)
    assert int("".join(c for c in text if c.isdigit() or c == "-")) == minor


def test_money_has_the_decimals_of_its_currency() -> None:
    assert formats.money_full(1234, "JPY", "en") == "¥1,234"
    assert formats.money_full(1234567, "KWD", "en") == "KWD1,234.567"


@pytest.mark.parametrize(
    ("now", "before", "unit", "en", "zh", "way"),
    [
        (108_000_00, 100_000_00, "money", "▲ 8\xa0%", "▲ 8\xa0%", 1),
        (92_000_00, 100_000_00, "money", "▼ 8\xa0%", "▼ 8\xa0%", -1),
        (8, 3, "count", "▲ 5", "▲ 5", 1),
        (900_00, 300_00, "money", "▲ ¥600", "▲ ¥600", 1),
        (0.031, 0.021, "ratio", "▲ 1 points", "▲ 1 个百分点", 1),
        (100.0, 100.0, "count", "= the same", "= 持平", 0),
        (5, None, "count", "–", "–", 0),
    ],
)
def test_a_change_is_a_percentage_or_where_the_base_is_small_a_difference(
    now: float, before: float | None, unit: str, en: str, zh: str, way: int
) -> None:
    assert formats.change(now, before, unit, "CNY", "en") == (en, way)
    assert formats.change(now, before, unit, "CNY", "zh") == (zh, way)


def test_a_change_names_what_it_is_compared_with_in_the_words_of_the_language() -> None:
    given_ = (108_000_00, 100_000_00, "money", "CNY")
    assert formats.change(*given_, "en", "last Monday")[0] == "▲ 8\xa0% more than last Monday"
    assert formats.change(*given_, "zh", "上周一")[0] == "▲ 比上周一多\xa08\xa0%"


def test_dates_are_written_as_people_write_them() -> None:
    assert formats.day(MONDAY, "en") == "Mon 23 Nov"
    assert formats.day(MONDAY, "zh") == "11月23日 周一"
    assert formats.day_year(MONDAY, "zh") == "2026年11月23日 周一"
    assert formats.days(date(2026, 11, 16), MONDAY, "en") == "16–23 Nov"
    assert formats.days(date(2026, 11, 16), MONDAY, "zh") == "11月16日–23日"
    assert formats.days(date(2026, 10, 16), MONDAY, "en") == "16 Oct–23 Nov"
    assert formats.days(date(2025, 11, 16), MONDAY, "zh") == "2025年11月16日–2026年11月23日"
    assert formats.month_name(MONDAY, "zh") == "2026年11月"


def test_many_names_become_one_and_a_count() -> None:
    assert formats.listing(["A", "B", "C"], "en") == "A, B and C"
    assert formats.listing(["A", "B", "C", "D"], "zh") == "A和另外 3 家"
    assert formats.listing([], "en") == ""


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.08, "8\xa0%"), (-0.083, "-8.3\xa0%"), (0.0, "0\xa0%"), (None, "–")]
)
def test_ratios_are_percentages(ratio: float | None, text: str) -> None:
    assert formats.percent(ratio) == text
