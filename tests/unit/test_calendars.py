"""Promises of the calendar: what the State Council said, laws elsewhere, a chain's last word."""

from datetime import date

import pytest

from chain.calendars import (
    OFFICIAL_UNTIL,
    Calendar,
    Entry,
    Holiday,
    Kind,
    holidays,
    spring_festival,
)
from chain.days import Period
from chain.words import LANGS

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))


def test_china_in_2025_as_the_state_council_said() -> None:
    """State Council notice 国办发明电〔2024〕12号."""
    runs = [(run.start, run.end, run.key.rpartition(".")[2]) for run in holidays("CN", YEAR)]
    assert runs == [
        (date(2025, 1, 1), date(2025, 1, 1), "new_year_s_day"),
        (date(2025, 1, 28), date(2025, 2, 4), "spring_festival"),
        (date(2025, 4, 4), date(2025, 4, 6), "tomb_sweeping_day"),
        (date(2025, 5, 1), date(2025, 5, 5), "labour_day"),
        (date(2025, 5, 31), date(2025, 6, 2), "dragon_boat_festival"),
        (date(2025, 10, 1), date(2025, 10, 5), "national_day"),
        (date(2025, 10, 6), date(2025, 10, 6), "mid_autumn_festival"),
        (date(2025, 10, 7), date(2025, 10, 8), "national_day"),
    ]
    assert Calendar("CN").makeup_workdays(YEAR) == {
        date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28),
        date(2025, 10, 11),
    }  # fmt: skip


def test_holidays_are_cut_to_the_period() -> None:
    (run,) = holidays("CN", Period(date(2025, 1, 30), date(2025, 2, 1)))
    assert (run.start, run.end) == (date(2025, 1, 30), date(2025, 2, 1))


def test_every_chinese_holiday_has_its_word_in_each_language() -> None:
    period = Period(date(2004, 1, 1), date(OFFICIAL_UNTIL + 3, 12, 31))
    names = set(Calendar("CN").holidays(period).values())
    for lang in LANGS:
        assert all(Holiday(date.min, date.min, name).say(lang) for name in names)


def test_past_the_last_notice_days_off_by_law_are_stated_and_a_caution() -> None:
    calendar = Calendar("CN")
    later = Period(date(OFFICIAL_UNTIL + 1, 1, 1), date(OFFICIAL_UNTIL + 1, 12, 31))
    found = calendar.holidays(later)
    assert found[date(later.start.year, 10, 1)] == "pages.holiday.national_day"
    assert not calendar.makeup_workdays(later)
    assert not holidays("CN", later)
    caution = calendar.caution(later)
    assert caution is not None
    assert str(OFFICIAL_UNTIL) in caution.say("en")
    assert str(OFFICIAL_UNTIL) in caution.say("zh")
    assert calendar.caution(YEAR) is None


def test_other_countries_and_their_parts() -> None:
    (corpus,) = [run for run in holidays("DE-BY", YEAR) if run.name == "Corpus Christi"]
    assert corpus.start == date(2025, 6, 19)
    assert corpus.say("zh") == "Corpus Christi"
    assert date(2025, 6, 19) not in Calendar("DE").holidays(YEAR)
    assert Calendar("DE").caution(YEAR) is None
    beyond = Calendar("DE").caution(Period(date(2101, 1, 1), date(2101, 1, 2)))
    assert beyond is not None
    assert "2100" in beyond.say()


@pytest.mark.parametrize("country", ["ZZ", "DE-ZZ", ""])
def test_a_country_without_a_calendar_has_no_holidays_and_a_caution(country: str) -> None:
    assert Calendar(country).holidays(YEAR) == {}
    assert holidays(country, YEAR) == ()
    caution = Calendar(country).caution(YEAR)
    assert caution is not None
    assert caution.key == "forecasting.calendar.no_country"


def test_the_chain_has_the_last_word_and_a_store_over_the_chain() -> None:
    calendar = Calendar(
        "CN",
        (
            Entry(date(2025, 10, 8), Kind.WORKDAY, store=7),
            Entry(date(2025, 10, 8), Kind.HOLIDAY, "Founders' day"),
            Entry(date(2025, 10, 11), Kind.HOLIDAY, "Fair"),
            Entry(date(2025, 10, 12), Kind.SCHOOL, "half-term"),
        ),
    )
    october = Period(date(2025, 10, 7), date(2025, 10, 12))
    assert list(calendar.holidays(october).values()) == [
        "pages.holiday.national_day", "Founders' day", "Fair",
    ]  # fmt: skip
    assert calendar.makeup_workdays(october) == frozenset()
    assert date(2025, 10, 8) not in calendar.holidays(october, 7)
    assert calendar.makeup_workdays(october, 7) == {date(2025, 10, 8)}


@pytest.mark.parametrize(
    ("year", "first"),
    [
        (1950, date(1950, 2, 17)), (1985, date(1985, 2, 20)), (2024, date(2024, 2, 10)),
        (2033, date(2033, 1, 31)), (2060, date(2060, 2, 2)), (2101, None),
    ],
)  # fmt: skip
def test_the_lunar_year_is_known_far_back_and_far_ahead(year: int, first: date | None) -> None:
    """Dates of the Hong Kong Observatory's tables; beyond 2100 nothing is said."""
    assert spring_festival(year) == first
