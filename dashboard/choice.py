"""What the reader chose to see: the filter bar's value, as it stands in the store and the address.

The address is ``/stores?period=last7&metric=net_sales&region=3&city=上海``; regions and cities may
repeat. What is missing or makes no sense falls back to the default, so an old link never breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from chain.days import Period
from warehouse.reads.protocol import ChainInfo, Filters

PERIODS = ("yesterday", "last7", "last28", "last91", "month", "last_month", "year", "last364")
"""Named periods, all ending at the last complete day; any other is ``2026-11-01..2026-11-15``."""
DEFAULT_PERIOD = "last7"
DEFAULT_METRIC = "net_sales"
_LAST = {"yesterday": 1, "last7": 7, "last28": 28, "last91": 91, "last364": 364}


@dataclass(frozen=True, slots=True)
class Choice:
    """Period, metric, regions (ids) and cities; an empty tuple lets everything through."""

    period: str = DEFAULT_PERIOD
    metric: str = DEFAULT_METRIC
    regions: tuple[int, ...] = ()
    cities: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> "Choice":
        """Read the ``filters`` store (or a parsed query); what makes no sense is the default."""
        data = data or {}
        period = str(data.get("period") or DEFAULT_PERIOD)
        return cls(
            period=period if period in PERIODS or _custom(period) else DEFAULT_PERIOD,
            metric=str(data.get("metric") or DEFAULT_METRIC),
            regions=tuple(int(item) for item in _many(data.get("region")) if item.isdigit()),
            cities=tuple(_many(data.get("city"))),
        )

    def data(self) -> dict[str, Any]:
        """Return the value of the ``filters`` store."""
        return {
            "period": self.period,
            "metric": self.metric,
            "region": [str(region) for region in self.regions],
            "city": list(self.cities),
        }

    def query(self) -> str:
        """Return the query of the address, without the question mark."""
        return urlencode(self.data(), doseq=True)

    def days(self, chain: ChainInfo) -> Period:
        """Return the period in business dates, ending at the last complete day."""
        end = chain.yesterday or chain.today - timedelta(days=1)
        if custom := _custom(self.period):
            return custom
        first = end.replace(day=1)
        if self.period == "month":
            return Period(first, end)
        if self.period == "last_month":
            last = first - timedelta(days=1)
            return Period(last.replace(day=1), last)
        if self.period == "year":
            return Period(end.replace(month=1, day=1), end)
        return Period(end - timedelta(days=_LAST[self.period] - 1), end)

    def filters(self, chain: ChainInfo) -> Filters:
        """Return what to ask the reads for."""
        return Filters(
            period=self.days(chain), metric=self.metric, regions=self.regions, cities=self.cities
        )


def _many(value: object) -> Sequence[str]:
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return [str(item) for item in value if item not in (None, "")]
    return [str(value)]


def _custom(text: str) -> Period | None:
    start, dots, end = text.partition("..")
    if not dots:
        return None
    try:
        return Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError:
        return None
