"""What a digest is made of: the board's own reads, for one scope and one stretch of days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import pandas as pd

from advice.bridge import Bridge
from chain.days import Period
from chain.metrics import METRICS
from chain.schedule import Rhythm
from chain.words import Lang, Param, say
from figures.look import Look
from reports import insight
from reports.addresses import view
from reports.names import store_names
from reports.sentence import than_of
from warehouse.reads.explain import DayKinds
from warehouse.reads.forecast_protocol import CHAIN, ForecastSeries, Landing, Unit
from warehouse.reads.protocol import (
    Attention,
    ChainInfo,
    Daily,
    Filters,
    Overview,
    ReadsProtocol,
    Totals,
)

NET = METRICS["net_sales"]
WEEKS = 5
AHEAD, PAST = 30, 28
FEW = 0.05
"""Stores, as a share of all, that may be missing: of a thousand some are closed on any day."""


@dataclass(frozen=True)
class Facts:
    """The figures of ``period``, as far as they have come in; each is asked for once.

    ``whole`` is whether the reader sees every store of the chain. ``board`` is the board's
    address, for links. ``shown`` are the days that there are figures for: of a daily digest the
    last complete day, which may be an earlier one; of the others the part of the period that is
    in. None: nothing at all.
    """

    reads: ReadsProtocol
    rhythm: Rhythm
    period: Period
    lang: Lang
    board: str
    whole: bool

    def say(self, key: str, /, **params: Param) -> str:
        """Return the sentence ``key``."""
        return say(self.lang, key, **params)

    @cached_property
    def chain(self) -> ChainInfo:
        """The chain, whose last complete day is at most the end of the period."""
        chain = self.reads.chain()
        last = chain.yesterday
        return replace(chain, yesterday=None if last is None else min(last, self.period.end))

    @cached_property
    def shown(self) -> Period | None:
        """See the class."""
        last = self.chain.yesterday
        if last is None:
            return None
        if self.rhythm == "daily":
            return Period(last, last)
        return Period(self.period.start, last) if last >= self.period.start else None

    @property
    def days(self) -> Period:
        """The days shown; the period itself where there are none."""
        return self.shown or self.period

    @cached_property
    def filters(self) -> Filters:
        """What is asked for, as the board's stores page asks it."""
        return Filters(self.days)

    @cached_property
    def _all_stores(self) -> pd.DataFrame:
        return self.reads.stores()

    @cached_property
    def stores(self) -> pd.DataFrame:
        """The stores that the reader sees, without that of money bound to none."""
        return self._all_stores[~self._all_stores["unassigned"]]

    @cached_property
    def names(self) -> dict[int, str]:
        """Their names, by id."""
        return store_names(self.lang, self._all_stores)

    @cached_property
    def single(self) -> int | None:
        """The store, for a reader who sees one alone."""
        return int(self.stores["store_id"].iloc[0]) if len(self.stores) == 1 else None

    @property
    def called(self) -> str:
        """The chain's name, with the store's for a reader of one."""
        if self.single is None:
            return self.chain.name
        return f"{self.chain.name} · {self.names[self.single]}"

    @cached_property
    def look(self) -> Look:
        """How pictures are drawn in a mail, which is as narrow as a phone."""
        return Look(self.lang, dark=False, currency=self.chain.currency, narrow=True)

    @cached_property
    def seen(self) -> Overview:
        """The last complete day, and which platforms have not reported for it."""
        return self.reads.overview(self.days.end + timedelta(days=1))

    @cached_property
    def attention(self) -> Attention:
        """What a person must look at."""
        return self.reads.attention(self.days.end + timedelta(days=1))

    @cached_property
    def totals(self) -> Totals:
        """The sums, against the whole weeks before."""
        return self.reads.totals(self.filters)

    @cached_property
    def year(self) -> Totals:
        """The same against the same weekdays a year before."""
        return self.reads.totals(replace(self.filters, comparison=self.days.year_before()))

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The stores as ranked on the board."""
        rows = self.reads.by_store(self.filters)
        return rows[rows["store_id"].isin(self.stores["store_id"])]

    @cached_property
    def _day_kinds(self) -> DayKinds:
        return self.reads.by_day_kind(self.filters)

    @cached_property
    def bridge(self) -> Bridge:
        """What made the difference to the days compared with, store by store."""
        return insight.bridge(self.reads, self.filters, found=self._day_kinds)

    @cached_property
    def fair(self) -> pd.DataFrame:
        """The fair ranking of the page of stores; empty for a day, which says nothing of a kind."""
        if self.rhythm == "daily":
            return pd.DataFrame()
        return insight.fair_ranking(self.reads, self.filters, self._day_kinds)

    @cached_property
    def unheard(self) -> frozenset[int]:
        """Open stores that have sent nothing for some day that is shown."""
        return frozenset(_without(self.ranked))

    @cached_property
    def drawn(self) -> tuple[Period, Period]:
        """The days of the picture and those beside: five weeks or the month, and a year before."""
        end = self.days.end
        start = min(self.days.start, end - timedelta(days=7 * WEEKS - 1))
        period = self.days if self.rhythm == "monthly" else Period(start, end)
        first = self.chain.first_day
        before = period.year_before()
        return period, before if first and first <= before.end else period.before()

    @cached_property
    def daily(self) -> Daily:
        """The series of the picture."""
        period, before = self.drawn
        return self.reads.daily(Filters(period, comparison=before), "day")

    @cached_property
    def unit(self) -> Unit | None:
        """What is forecast for this reader; None for some stores that make no whole."""
        if self.single is not None:
            return Unit("store", self.single)
        return CHAIN if self.whole else None

    @cached_property
    def landing(self) -> Landing | None:
        """Where the month ends, None where it is over or nothing is known."""
        if self.unit is None:
            return None
        found = self.reads.landing(self.unit, self.chain.today.replace(day=1))
        return found if found is not None and found.days_left and not found.missing else None

    @cached_property
    def landings(self) -> Mapping[str, int]:
        """The sums of the stores' months for a reader of some: ``mean`` and ``to_date``."""
        if self.unit is not None:
            return {}
        rows = self.reads.landings()
        rows = rows[rows["days_left"].fillna(0) > 0] if len(rows) else rows
        if rows.empty or rows["mean"].isna().any():
            return {}
        return {name: int(rows[name].sum()) for name in ("mean", "to_date")}

    @cached_property
    def ahead(self) -> ForecastSeries | None:
        """The days to come, None where nothing is forecast."""
        if self.unit is None:
            return None
        found = self.reads.forecast(self.unit, AHEAD, PAST)
        return None if found.frame.empty else found

    @cached_property
    def without(self) -> list[int]:
        """Open stores that have sent nothing for some day that is shown.

        Of a daily digest without those that have been silent for longer, which are told of by name.
        """
        if self.shown is None:
            return []
        silent = set(self.attention.silent["store_id"]) if self.rhythm == "daily" else set()
        return [one for one in _without(self.ranked) if one not in silent]

    @cached_property
    def awaited(self) -> list[int]:
        """Open stores whose last day is to come, without those that have been silent for longer."""
        if self.shown is None:
            return []
        last = self.ranked
        if self.days.days > 1:
            last = self.reads.by_store(Filters(Period(self.days.end, self.days.end)))
        known = set(self.stores["store_id"]) - set(self.attention.silent["store_id"])
        return [one for one in _without(last) if one in known]

    @cached_property
    def provisional(self) -> bool:
        """Whether so much is to come that the figures will be others: it is worth to wait."""
        return bool(
            self.days.end < self.period.end
            or (self.shown and self.seen.missing)
            or len(self.awaited) > FEW * len(self.stores)
        )

    def than(self) -> str:
        """Return how the comparison is called."""
        return than_of(self, self.days, self.days.before())

    def link(self, path: str, period: Period | None = None, metric: str = "") -> str:
        """Return the address of a view of the board."""
        return view(self.board, path, period, metric=metric)


def _without(rows: pd.DataFrame) -> list[int]:
    return [int(one) for one in rows.loc[rows["days_without"] > 0, "store_id"]]
