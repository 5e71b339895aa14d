"""When a digest is due, and what days it is about: a local time, whatever the clock does.

The hour is one of the reader's own time zone. Where the clock is put forward over it, it is due
when that hour would have been (02:30 becomes 03:30); where an hour comes twice, at the first. A
digest is known by the first day it is about, so that whoever asks twice, or with a clock that was
put back, gets the same one.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from chain.days import Period

Rhythm = Literal["daily", "weekly", "monthly"]
RHYTHMS: tuple[str, ...] = get_args(Rhythm)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
LAST_MONTH_DAY = 28
"""No later: every month has it."""
LATEST = {
    "daily": timedelta(hours=12),
    "weekly": timedelta(days=2),
    "monthly": timedelta(days=4),
}
"""After so long a digest is no news any more."""
_LOOK_BACK = 62


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often, and at what hour where.

    ``weekdays`` (0 is Monday) are the days on which a daily one comes; of a weekly one the first
    counts. ``month_day`` is the day on which a monthly one comes.
    """

    rhythm: Rhythm
    zone: str
    at: time
    weekdays: tuple[int, ...] = EVERY_DAY
    month_day: int = 1

    def on(self, day: date) -> bool:
        """Return whether one is due on the local date ``day``."""
        if self.rhythm == "daily":
            return day.weekday() in self.weekdays
        if self.rhythm == "weekly":
            return day.weekday() == (min(self.weekdays) if self.weekdays else 0)
        return day.day == self.month_day

    def instant(self, day: date) -> datetime:
        """Return the instant at which that of ``day`` is due, in UTC."""
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """One digest: the days it is about, and when it is to go."""

    period: Period
    at: datetime


def about(rhythm: Rhythm, day: date) -> Period:
    """Return the days that a digest is about which comes on ``day``.

    The day before, the last whole week from Monday to Sunday, or the last whole month.
    """
    if rhythm == "daily":
        return Period(day - timedelta(days=1), day - timedelta(days=1))
    if rhythm == "weekly":
        monday = day - timedelta(days=day.weekday() + 7)
        return Period(monday, monday + timedelta(days=6))
    last = day.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def last_due(schedule: Schedule, now: datetime) -> Due | None:
    """Return the last digest that was due at ``now``, None where none is in two months."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    # A day ahead, since an hour that the clock leaps over may be put into the next day.
    for back in range(-1, _LOOK_BACK):
        day = today - timedelta(days=back)
        if schedule.on(day) and schedule.instant(day) <= now:
            return Due(about(schedule.rhythm, day), schedule.instant(day))
    return None


def next_due(schedule: Schedule, now: datetime) -> Due | None:
    """Return the first digest that is due after ``now``, None for a schedule without days."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    for ahead in range(-1, _LOOK_BACK):
        day = today + timedelta(days=ahead)
        if schedule.on(day) and schedule.instant(day) > now:
            return Due(about(schedule.rhythm, day), schedule.instant(day))
    return None
