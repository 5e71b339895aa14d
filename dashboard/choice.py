"""What the reader chose to see: the filter bar's value, as it stands in the store and the address.

The address of a view is its page and a query; every part is optional, and several may repeat::

    /stores?period=last7&against=year&metric=net_sales&region=3&city=上海&store=12&platform=alipay

============  ==================================================================================
``period``    a name of ``PERIODS`` or ``FISCAL``, ending at the last complete day, or
              ``2026-11-01..2026-11-15``
``against``   ``weeks`` (the whole weeks before: the default, and then left out), ``year`` (the
              same weekdays a year before), ``none``, or days as above
``metric``    a name of ``chain.metrics``
``region``    an id, repeated
``city``      a name as in ``stores().city``, repeated
``ownership`` ``owned`` or ``franchised``, as on the last day of the period; repeated
``store``     an id, repeated, at most ``MOST_STORES``
``platform``  a code as in ``platforms()``, repeated
``channel``   a code as in ``channels()``, repeated; ``unknown`` is what has none
============  ==================================================================================

What is missing or makes no sense falls back to the default, so an old link never breaks; on the
board a sentence in the bar says so. Whoever sends a link (a digest, an alert) makes it by
``Choice(…).query()``. A named period moves on with the days: for a figure that is to stay what it
was, give its days. ``made_of`` is the address of what a figure is made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from chain.days import Period
from chain.fiscal import FiscalCalendar
from chain.terms import Ownership
from warehouse.reads.protocol import ChainInfo, Filters

PERIODS = ("yesterday", "last7", "last28", "last91", "month", "last_month", "year", "last364")
"""Named periods, all ending at the last complete day; any other is ``2026-11-01..2026-11-15``."""
FISCAL = (
    "fiscal_month",
    "last_fiscal_month",
    "fiscal_quarter",
    "last_fiscal_quarter",
    "fiscal_year",
    "last_fiscal_year",
)
"""Periods of the chain's own year (chain.fiscal): so far, and the whole one before."""
DEFAULT_PERIOD = "last7"
DEFAULT_METRIC = "net_sales"
AGAINST = ("weeks", "year", "none")
DEFAULT_AGAINST = "weeks"
OWNERSHIP: tuple[Ownership, ...] = get_args(Ownership)
UNKNOWN = "unknown"
"""The channel of what has none, as an empty word would be lost in an address."""
MOST_STORES = 100
"""As many as an address has room for; more are a region or a city."""
LONGEST = 3660
"""Days that may be asked for at once; of a longer period the last days with data are shown."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""A year outside is a slip of the hand, and the weeks before it might not exist."""
_LAST = {"yesterday": 1, "last7": 7, "last28": 28, "last91": 91, "last364": 364}


@dataclass(frozen=True, slots=True)
class Choice:
    """Period, comparison, metric and where; an empty tuple lets everything through."""

    period: str = DEFAULT_PERIOD
    metric: str = DEFAULT_METRIC
    regions: tuple[int, ...] = ()
    cities: tuple[str, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    stores: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    against: str = DEFAULT_AGAINST

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> "Choice":
        """Read the ``filters`` store (or a parsed query); what makes no sense is the default."""
        data = data or {}
        period = _one(data.get("period"), DEFAULT_PERIOD)
        against = _one(data.get("against"), DEFAULT_AGAINST)
        return cls(
            period=period
            if period in PERIODS or period in FISCAL or days_of(period)
            else DEFAULT_PERIOD,
            metric=_one(data.get("metric"), DEFAULT_METRIC),
            regions=_ids(data.get("region")),
            cities=tuple(_many(data.get("city"))),
            ownership=tuple(one for one in OWNERSHIP if one in _many(data.get("ownership"))),
            stores=_ids(data.get("store"))[:MOST_STORES],
            platforms=tuple(_many(data.get("platform"))),
            channels=tuple(_many(data.get("channel"))),
            against=against if against in AGAINST or days_of(against) else DEFAULT_AGAINST,
        )

    def data(self) -> dict[str, Any]:
        """Return the value of the ``filters`` store."""
        return {
            "period": self.period,
            "against": self.against,
            "metric": self.metric,
            "region": [str(region) for region in self.regions],
            "city": list(self.cities),
            "ownership": list(self.ownership),
            "store": [str(store) for store in self.stores],
            "platform": list(self.platforms),
            "channel": list(self.channels),
        }

    def query(self) -> str:
        """Return the query of the address, without the question mark."""
        data = self.data()
        if self.against == DEFAULT_AGAINST:
            del data["against"]
        return urlencode(data, doseq=True)

    def of_store(self, store_id: int) -> "Choice":
        """Return the same of one store, whatever stores this names."""
        return replace(self, stores=(store_id,), regions=(), cities=(), ownership=())

    def made_of(self, split: str = "store") -> str:
        """Return the address of what the chosen figure is made of, split by ``split``."""
        return f"/made-of/{split}?{self.query()}"

    def days(self, chain: ChainInfo) -> Period:
        """Return the period in business dates, ending at the last complete day."""
        end = chain.yesterday or chain.today - timedelta(days=1)
        if own := days_of(self.period):
            return _known(own, chain)
        if self.period in FISCAL:
            return _fiscal(self.period, end, chain)
        first = end.replace(day=1)
        if self.period == "month":
            return Period(first, end)
        if self.period == "last_month":
            last = first - timedelta(days=1)
            return Period(last.replace(day=1), last)
        if self.period == "year":
            return Period(end.replace(month=1, day=1), end)
        return Period(end - timedelta(days=_LAST[self.period] - 1), end)

    def comparison(self, chain: ChainInfo) -> Period | None:
        """Return the days compared with; None for the whole weeks before, and for none."""
        if self.against == "year":
            return self.days(chain).year_before()
        own = days_of(self.against)
        return _known(own, chain) if own else None

    def filters(self, chain: ChainInfo) -> Filters:
        """Return what to ask the reads for."""
        return Filters(
            period=self.days(chain),
            comparison=self.comparison(chain),
            metric=self.metric,
            regions=self.regions,
            cities=self.cities,
            ownership=self.ownership,
            stores=self.stores,
            platforms=self.platforms,
            channels=tuple(code for each in self.channels for code in codes_of(each)),
            alone=self.against == "none",
        )


def days_of(text: str) -> Period | None:
    """Return the days that ``2026-11-01..2026-11-15`` names; None for what names none."""
    start, dots, end = text.partition("..")
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end)) if dots else None
    except ValueError:
        return None
    if period is None or text != f"{period.start}..{period.end}":
        return None
    return period if period.start.year >= FIRST_YEAR and period.end.year <= LAST_YEAR else None


def _fiscal(name: str, end: date, chain: ChainInfo) -> Period:
    """Return the fiscal month, quarter or year up to ``end``, or the whole one before it.

    Where an own list of periods does not reach, calendar months and years stand in.
    """
    unit = name.rpartition("_")[2]
    found = None
    for calendar in (chain.fiscal, FiscalCalendar()):
        whole = {
            "month": calendar.month_of,
            "quarter": calendar.quarter_of,
            "year": calendar.year_days,
        }[unit]
        found = whole(end)
        if found is not None and name.startswith("last_"):
            found = whole(found.start - timedelta(days=1))
        if found is not None:
            break
    assert found is not None
    return Period(found.start, min(found.end, end))


def _known(period: Period, chain: ChainInfo) -> Period:
    """Cut a very long period to the days that there can be figures for."""
    if period.days <= LONGEST:
        return period
    end = min(period.end, max(chain.last_day or chain.today, period.start))
    start = max(period.start, min(chain.first_day or end, end), end - timedelta(days=LONGEST - 1))
    return Period(start, end)


def codes_of(channel: str) -> tuple[str, ...]:
    """Return the codes that a choice of a channel lets through."""
    return ("", channel) if channel == UNKNOWN else (channel,)


def _ids(value: object) -> tuple[int, ...]:
    # A number that no id can be would fail in PostgreSQL.
    return tuple(int(item) for item in _many(value) if item.isdecimal() and len(item) < 10)


def _one(value: object, usual: str) -> str:
    return next(iter(_many(value)), usual)


def _many(value: object) -> Sequence[str]:
    items = value if isinstance(value, list | tuple) else [value]
    words = [str(item) for item in items if item is not None]
    # PostgreSQL knows no text with a zero byte in it, so nothing can be called so.
    return [word for word in words if word and "\0" not in word]
