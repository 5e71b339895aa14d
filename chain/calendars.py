"""Public holidays, to be marked on a picture's axis.

China's come from ``chinesecalendar``, which follows the State Council's yearly notices and is
official up to ``OFFICIAL_UNTIL``; of later years nothing is said rather than something guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

from chain.days import Period

OFFICIAL_UNTIL = 2026
_FIRST_YEAR = 2004


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off in a row under one name; ``key`` is a word of the catalogues."""

    start: date
    end: date
    key: str


def holidays(country: str, period: Period) -> tuple[Holiday, ...]:
    """Return the public holidays within ``period``, cut to it; none for a country we lack."""
    if country != "CN":
        return ()
    return tuple(_runs(period))


def _runs(period: Period) -> Iterator[Holiday]:
    run: Holiday | None = None
    for offset in range(period.days):
        day = period.start + timedelta(days=offset)
        key = _name(day)
        if run and key == run.key:
            run = Holiday(run.start, day, key)
            continue
        if run:
            yield run
        run = Holiday(day, day, key) if key else None
    if run:
        yield run


def _name(day: date) -> str:
    if not _FIRST_YEAR <= day.year <= OFFICIAL_UNTIL:
        return ""
    off, name = chinese_calendar.get_holiday_detail(day)
    if not off or name is None:
        return ""
    letters = (letter if letter.isalpha() else "_" for letter in str(name).lower())
    return "pages.holiday." + "".join(letters).strip("_").replace("__", "_")
