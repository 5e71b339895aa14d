"""Business days: which day a payment belongs to.

A store has a time zone and a cut-over hour: a bar that closes at 02:00 has its own day. The
business date is the local date of the instant shifted back by the cut-over hours.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class DayRule:
    """How a store cuts its days: IANA time zone and hour (0 to 12) at which a new day starts."""

    time_zone: str
    cutover_hour: int = 0

    def business_date(self, at: datetime) -> date:
        """Return the business date of the aware instant ``at``."""
        local = at.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        return (local - timedelta(hours=self.cutover_hour)).date()

    def starts(self, day: date) -> datetime:
        """Return the aware instant at which business date ``day`` starts."""
        local = datetime.combine(day, time(self.cutover_hour))
        return local.replace(tzinfo=ZoneInfo(self.time_zone))


@dataclass(frozen=True, slots=True)
class Period:
    """Business dates ``start`` to ``end``, both included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"period ends {self.end} before it starts {self.start}")

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.end - self.start).days + 1

    def shifted(self, days: int) -> "Period":
        """Return the period moved by ``days``."""
        step = timedelta(days=days)
        return Period(self.start + step, self.end + step)

    def before(self) -> "Period":
        """Return the period of whole weeks before this one that lines up by weekday."""
        weeks = -(-self.days // 7)
        return self.shifted(-7 * weeks)

    def year_before(self) -> "Period":
        """Return the same weekdays a year (52 weeks) before."""
        return self.shifted(-364)
