"""The bar's fiscal periods: so far up to the last complete day, and the whole one before."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chain.days import Period
from chain.fiscal import FiscalCalendar
from dashboard.choice import FISCAL, Choice
from warehouse.reads.protocol import ChainInfo

LAST = date(2024, 11, 20)
CHAIN = ChainInfo(
    1, "Tea", "CNY", "Asia/Shanghai", "CN", "zh",
    today=LAST + timedelta(days=1), first_day=date(2020, 1, 1), last_day=LAST, yesterday=LAST,
)  # fmt: skip
RETAIL = replace(CHAIN, fiscal=FiscalCalendar("454", month=2))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("fiscal_month", date(2024, 11, 3), LAST),
        ("last_fiscal_month", date(2024, 10, 6), date(2024, 11, 2)),
        ("fiscal_quarter", date(2024, 11, 3), LAST),
        ("last_fiscal_quarter", date(2024, 8, 4), date(2024, 11, 2)),
        ("fiscal_year", date(2024, 2, 4), LAST),
        ("last_fiscal_year", date(2023, 1, 29), date(2024, 2, 3)),
    ],
)
def test_a_fiscal_period_is_of_the_chains_own_year(name: str, start: date, end: date) -> None:
    choice = Choice.of({"period": [name]})
    assert choice.period == name
    assert choice.days(RETAIL) == Period(start, end)


def test_a_fiscal_month_is_compared_with_the_weeks_before_it() -> None:
    asked = Choice(period="last_fiscal_month").filters(RETAIL)
    assert asked.before == Period(date(2024, 9, 8), date(2024, 10, 5))


@pytest.mark.parametrize("name", FISCAL)
def test_an_old_link_works_where_no_list_reaches(name: str) -> None:
    starts = (date(2030, 1, 1), date(2030, 2, 1))
    chain = replace(CHAIN, fiscal=FiscalCalendar("own", starts=starts))
    assert Choice(period=name).days(chain) == Choice(period=name).days(CHAIN)
