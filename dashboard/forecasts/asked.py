"""What the reader asks a forecast of: a store, a region or the chain, and how many days ahead.

The address is ``/forecast?unit=store-12&ahead=30``; what is missing or makes no sense falls back
to the default, so an old link never breaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from dashboard.frame import Here
from warehouse.reads.forecast_protocol import CHAIN, ForecastReads, Level, Unit

AHEADS = (7, 30, 90)
DEFAULT_AHEAD = 30
LEVELS = ("chain", "region", "store")


@dataclass(frozen=True, slots=True)
class Asked:
    """A unit and the days ahead."""

    unit: Unit = CHAIN
    ahead: int = DEFAULT_AHEAD

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> "Asked":
        """Read the page's store; what makes no sense is the default."""
        data = data or {}
        ahead = str(data.get("ahead") or "")
        return cls(
            unit=unit_of(str(data.get("unit") or "")),
            ahead=int(ahead) if ahead in {str(days) for days in AHEADS} else DEFAULT_AHEAD,
        )

    def data(self) -> dict[str, str]:
        """Return the value of the page's store."""
        return {"unit": name_of(self.unit), "ahead": str(self.ahead)}

    def href(self) -> str:
        """Return the address of the page that shows this."""
        return f"/forecast?{urlencode(self.data())}"


def unit_of(name: str) -> Unit:
    """Return the unit that an address names: ``chain``, ``region-3``, ``store-12``."""
    level, _, number = name.partition("-")
    if level in {"region", "store"} and number.isascii() and number.isdigit():
        return Unit(cast("Level", level), int(number))
    return CHAIN


def name_of(unit: Unit) -> str:
    """Return the unit as an address names it."""
    return unit.level if unit == CHAIN else f"{unit.level}-{unit.unit_id}"


def future(here: Here) -> ForecastReads:
    """Return what may be asked about the future."""
    return here.reads
