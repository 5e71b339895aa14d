"""What the reader chose survives the address, and no address breaks the board."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.days import Period
from chain.metrics import METRICS
from dashboard.choice import AGAINST, FISCAL, LONGEST, MOST_STORES, PERIODS, Choice, days_of
from warehouse.reads.protocol import ChainInfo

FIRST, LAST = date(2023, 4, 1), date(2026, 11, 23)
CHAIN = ChainInfo(
    1, "Tea", "CNY", "Asia/Shanghai", "CN", "zh",
    today=date(2026, 11, 24), first_day=FIRST, last_day=LAST, yesterday=LAST,
)  # fmt: skip
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ID = st.integers(0, 999_999_999)
DAY = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@st.composite
def spans(draw: st.DrawFn) -> str:
    start, end = sorted((draw(DAY), draw(DAY)))
    return f"{start}..{end}"


def several(items: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=most).map(tuple)


CHOICES = st.builds(
    Choice,
    period=st.sampled_from((*PERIODS, *FISCAL)) | spans(),
    against=st.sampled_from(AGAINST) | spans(),
    metric=st.sampled_from(list(METRICS)),
    regions=several(ID),
    cities=several(WORD),
    ownership=st.sampled_from(((), ("owned",), ("franchised",), ("owned", "franchised"))),
    stores=several(ID, MOST_STORES),
    platforms=several(WORD),
    channels=several(WORD),
)


@given(CHOICES)
def test_a_choice_comes_back_from_its_address_and_from_its_store(choice: Choice) -> None:
    assert Choice.of(parse_qs(choice.query())) == choice
    assert Choice.of(choice.data()) == choice


@given(CHOICES)
def test_any_choice_asks_for_days_that_exist_and_are_not_too_many(choice: Choice) -> None:
    asked = choice.filters(CHAIN)
    assert asked.period.days <= LONGEST
    assert asked.alone == (choice.against == "none")
    if not asked.comparison:
        assert asked.before.end < asked.period.start
        assert (asked.period.start - asked.before.start).days % 7 == 0


JUNK = st.none() | st.text(max_size=20) | st.integers() | st.lists(st.text(max_size=12), max_size=3)


@given(st.dictionaries(st.sampled_from(list(Choice().data())), JUNK))
def test_no_link_breaks_the_board(data: dict[str, Any]) -> None:
    choice = Choice.of(data)
    assert choice.filters(CHAIN).period.days >= 1
    assert Choice.of(parse_qs(choice.query())) == choice


@pytest.mark.parametrize(
    "period",
    [
        "0001-01-01..0001-01-07",
        "2026-11-15..2026-11-01",
        "2026-02-30..2026-03-01",
        "20261101..20261102",
        "2026-11-01..2500-01-01",
        "last8",
        "..",
    ],
)
def test_days_that_make_no_sense_are_the_last_seven(period: str) -> None:
    assert Choice.of({"period": period}) == Choice()


def test_a_century_is_cut_to_the_days_with_data() -> None:
    whole = Choice(period="1926-01-01..2026-12-31").days(CHAIN)
    assert whole == Period(FIRST, LAST)
    never = Choice(period="1900-01-01..1999-12-31").days(CHAIN)
    assert never.days <= LONGEST
    assert never.end <= date(1999, 12, 31)


def test_what_is_compared_with_is_what_was_chosen() -> None:
    week = Period(date(2026, 11, 17), LAST)
    assert Choice().filters(CHAIN).before == week.shifted(-7)
    assert Choice(against="year").filters(CHAIN).before == week.shifted(-364)
    assert Choice(against="none").filters(CHAIN).alone
    own = Choice(against="2026-01-01..2026-01-07").filters(CHAIN)
    assert own.before == Period(date(2026, 1, 1), date(2026, 1, 7))


def test_a_channel_that_is_not_stated_has_a_name_in_the_address() -> None:
    assert "" in Choice(channels=("unknown",)).filters(CHAIN).channels
    assert Choice(channels=("delivery",)).filters(CHAIN).channels == ("delivery",)


def test_a_store_that_no_id_can_be_is_not_asked_for() -> None:
    assert Choice.of({"store": ["7", "x", "-1", "99999999999999"]}).stores == (7,)


def test_days_are_read_as_they_are_written() -> None:
    assert days_of("2026-11-01..2026-11-15") == Period(date(2026, 11, 1), date(2026, 11, 15))
    assert Choice(period="yesterday").days(CHAIN) == Period(LAST, LAST)
    assert Choice(period="last28").days(CHAIN).start == LAST - timedelta(days=27)
