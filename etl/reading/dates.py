"""Which way a file writes its dates: a day before the month can look like a month before the day.

No row tells for itself, so the whole file is looked at once before it is read: one way must read
its dates where the other cannot, or keep them in order where the other jumps about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

import polars as pl

from chain.errors import PermanentError
from etl.reading.encodings import Carrier
from etl.reading.head import Header
from etl.reading.layout import Time
from etl.reading.rows import RowMaker
from etl.reading.table import Batch
from etl.reading.typed import read_time

_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")


def _group(*days: str) -> tuple[str, ...]:
    return tuple(f"{day} {clock}" for day in days for clock in _CLOCKS) + days


YEAR_FIRST = (
    *_group("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"),
    *("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"),
    *("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S %z"),
)
DAY_FIRST = _group("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
MONTH_FIRST = _group("%m/%d/%Y", "%m-%d-%Y")
WAYS = (YEAR_FIRST, DAY_FIRST, MONTH_FIRST)


class Table(Protocol):
    """A table that can be read ahead."""

    header: Header
    carrier: Carrier

    def batches(self, wanted: Sequence[int]) -> Iterator[Batch]:
        """Yield raw cells."""
        ...


@dataclass(slots=True)
class _Way:
    """How well the dates seen so far are read by ``formats``."""

    formats: tuple[str, ...]
    unread: int = 0
    back: int = 0
    forth: int = 0
    last: object = None

    def add(self, cells: pl.Series, carrier: Carrier) -> pl.Series:
        at = read_time(cells, carrier, self.formats, "UTC")
        self.unread += at.null_count()
        days = at.drop_nulls().dt.date()
        steps = pl.concat([pl.Series([self.last], dtype=pl.Date), days]).diff().dt.total_days()
        self.back += int((steps < 0).sum())
        self.forth += int((steps > 0).sum())
        if len(days):
            self.last = days[-1]
        return at

    @property
    def jumps(self) -> int:
        """Steps against the order of the file, which may run either way."""
        return min(self.back, self.forth)


def decided(table: Table) -> Header:
    """Read ``table`` ahead, and return its header with a layout that reads dates in one way.

    Raises PermanentError (etl.day_or_month) where two ways read the file equally well and
    differently.
    """
    header = table.header
    key = header.layout.undecided
    reading = header.layout.reads[key]
    assert isinstance(reading, Time)
    rows = RowMaker(header, table.carrier, "")
    ways = [_Way(one) for one in reading.ways]
    differ = False
    for batch in table.batches(rows.wanted):
        read = [way.add(rows.clocked(batch.cells, key), table.carrier) for way in ways]
        differ |= any(bool((one != other).any()) for one, other in combinations(read, 2))
    ways.sort(key=lambda way: (way.unread, way.jumps))
    best, other = ways[:2]
    if differ and (best.unread, best.jumps) == (other.unread, other.jumps) and best.last:
        raise PermanentError("etl.day_or_month", column=reading.names[0])
    found = replace(reading, formats=best.formats, ways=())
    return replace(header, layout=replace(header.layout, reads={**header.layout.reads, key: found}))
