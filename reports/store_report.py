"""One store on paper: everything its page shows, and its fees and forecast, as what is printed.

Titles, findings and figures come from where the board takes them, so that a report can be held
beside the page and says the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from advice.bridge import STEPS, Bridge
from chain.days import Period
from chain.metrics import METRICS, Metric
from chain.money import exponent, to_major
from chain.words import Lang, catalogue, say
from figures import daily as daily_figure
from figures import fan as fan_figure
from figures import formats, hours, landing, mix
from figures.look import Look, Picture
from figures.vector import svg
from figures.waterfall import Step, height_of, waterfall
from reports import insight, sentence
from reports.marks import marks
from reports.series import matched, sums, value_of
from warehouse.reads.forecast_protocol import ForecastSeries, Unit
from warehouse.reads.protocol import ChainInfo, Daily, Filters, ReadsProtocol, grain_for

TILES = (
    "net_sales",
    "orders",
    "average_ticket",
    "refund_rate",
    "fee_rate",
    "merchant_subsidy_rate",
)
WIDE, HALF = (680.0, 236.0), (332.0, 256.0)
"""Pixels of a picture over the whole width of a page, and over half of it."""
BAR = 20
"""Pixels of a bar of the bridge: paper is read from nearer than a screen."""
AHEAD, PAST = 30, 60
LONGEST_THAN = 20
HEADS = ("about", "bridge", "definitions", "forecast", "fees", "royalty")
ROYALTY = ("sales", "franchised", "royalty_rate", "royalty", "royalty_minimum", "due")
FEWEST_DAYS = 7
"""A shorter period is too short for a line: the four weeks up to its end are drawn."""
FEES = ("gross", "orders", "platform_subsidy", "merchant_subsidy", "refund", "fee", "net")
_UNSAFE = set('/\\:*?"<>|')
"""Letters that no Windows file name may have."""
NAME_MOST = 120
Printed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says sentences in one language."""

    lang: Lang

    def say(self, key: str, /, **params: str | float) -> str:
        """Return the sentence ``key``."""
        return say(self.lang, key, **params)


@dataclass(frozen=True)
class StoreReports:
    """Reports of one period and metric; made once for many stores, it asks for the chain once."""

    reads: ReadsProtocol
    filters: Filters
    lang: Lang
    now: datetime
    chain: ChainInfo
    stores: Mapping[int, Mapping[str, Any]]

    @classmethod
    def of(
        cls, reads: ReadsProtocol, filters: Filters, lang: Lang, now: datetime
    ) -> "StoreReports":
        """Ask for the chain and its stores."""
        rows = reads.stores().to_dict("records")
        stores = {int(row["store_id"]): {str(key): row[key] for key in row} for row in rows}
        return cls(reads, filters, lang, now, reads.chain(), stores)

    @cached_property
    def _bridge(self) -> Bridge:
        """What made the difference in every store of ``filters``: asked once for all reports."""
        return insight.bridge(self.reads, self.filters)

    @property
    def look(self) -> Look:
        """How pictures are drawn: light, as paper is."""
        return Look(self.lang, dark=False, currency=self.chain.currency)

    @property
    def _small(self) -> Look:
        return replace(self.look, narrow=True)

    def say(self, key: str, /, **params: str | float) -> str:
        """Return a sentence of ``reports.paper``."""
        return say(self.lang, f"reports.paper.{key}", **params)

    def name(self, store: int) -> str:
        """Return the store's name as the reader calls it."""
        row = self.stores[store]
        if row["unassigned"]:
            return say(self.lang, "pages.unassigned")
        return _said(row, "name", self.lang)

    def file_name(self, store: int) -> str:
        """Return what the file of ``store`` is called: number, name, days, nothing unsafe."""
        period = self.filters.period
        name = f"{self.stores[store]['code']} {self.name(store)} {period.start}–{period.end}"
        kept = "".join(each if each.isprintable() and each not in _UNSAFE else "-" for each in name)
        return f"{kept.strip(' .')[:NAME_MOST]}.pdf"

    def printed(self, store: int) -> Printed:
        """Return what is printed of ``store``. Raises KeyError for one that is not seen."""
        row = self.stores[store]
        asked = self.filters.of_store(store)
        series = self.reads.daily(asked, grain_for(asked.period))
        pictures = self._pictures(store, asked, series)
        where = [str(row["code"]), _said(row, "city", self.lang), _said(row, "region", self.lang)]
        now, before = matched(series, asked.period, asked.before)
        said = sentence.store(
            Speaker(self.lang), self.chain, METRICS[asked.metric], series,
            (asked.period, asked.before), now, before,
        )  # fmt: skip
        return {
            "lang": self.lang,
            "report": self.say("report"),
            "chain": self.chain.name,
            "name": self.name(store),
            "where": " · ".join(part for part in where if part),
            "period": self._span(asked.period),
            "against": self._against(asked),
            # An arrow stays with its figure.
            "sentence": ("" if self.lang == "zh" else " ")
            .join(said)
            .replace("▲ ", "▲\u00a0")
            .replace("▼ ", "▼\u00a0"),
            "tiles": [
                self._tile(METRICS[name], asked, sums(series.frame), (now, before))
                for name in TILES
            ],
            "pictures": pictures,
            "bridge": self._changed(store, asked) if pictures else None,
            "no_data": "" if pictures else self.say("no_data"),
            "fees": self._fees(asked),
            "royalty": self._royalty(asked),
            "forecast": self._forecast(store),
            "about": self._about(asked, series),
            "definitions": self._definitions(asked.metric),
            "heads": {key: self.say(key) for key in HEADS},
        }

    def _against(self, asked: Filters) -> str:
        """Return what is compared with, and what narrows the figures."""
        before = "" if asked.alone else self.say("against", span=self._span(asked.before))
        only = [self.look.platform(code) for code in asked.platforms]
        only += [
            catalogue(self.lang).get(f"dashboard.channel.{code or 'unknown'}") or code
            for code in asked.channels
        ]
        narrowed = self.say("only", what=formats.listing(only, self.lang)) if only else ""
        return " · ".join(part for part in (before, narrowed) if part)

    def _span(self, period: Period) -> str:
        return formats.days_year(period.start, period.end, self.lang)

    def _tile(
        self,
        metric: Metric,
        asked: Filters,
        whole: dict[str, int],
        both: tuple[dict[str, int], dict[str, int]],
    ) -> Printed:
        """Return a tile: all of the period, and the change over the days that both periods have."""
        now, before = (value_of(metric, each) for each in both)
        than = sentence.than_of(Speaker(self.lang), asked.period, asked.before)
        # The head of the page names the comparison; a tile has no room for two whole dates.
        than = than if len(than) <= LONGEST_THAN else ""
        change, _ = formats.change(now, before, metric.unit, self.chain.currency, self.lang, than)
        change = "" if asked.alone else change
        value = value_of(metric, whole)
        shown = formats.figure(value, metric.unit, self.chain.currency, self.lang)
        full = formats.figure_full(value, metric.unit, self.chain.currency, self.lang)
        return {
            "label": metric.label(self.lang),
            "figure": shown,
            "full": "" if full == shown or metric.unit == "ratio" else full,
            "change": change,
        }

    def _pictures(self, store: int, asked: Filters, series: Daily) -> list[Printed]:
        """Return the daily trend over the whole width, then hours and platforms beside it."""
        platforms = mix.platform_mix(
            self.reads.platform_daily(asked, series.grain), look=self._small, grain=series.grain
        )
        drawn = [(self._trend(store, asked, series), WIDE)]
        if not (asked.platforms or asked.channels):
            # By hour, sales are known over all platforms and channels together.
            hourly = self.reads.hour_of_week(asked)
            by = hours.BY.get(asked.metric, "gross")
            drawn.append((hours.hour_of_week(hourly, look=self._small, by=by), HALF))
        drawn.append((platforms, HALF))
        return [self._picture(each, size) for each, size in drawn if not each.empty]

    def _trend(self, store: int, asked: Filters, series: Daily) -> Picture:
        if asked.period.days < FEWEST_DAYS and len(series.frame):
            end = asked.period.end
            last = Period(end - timedelta(days=27), end)
            asked = replace(asked, period=last, comparison=None)
            series = self.reads.daily(asked, "day")
        grain, metric = series.grain, METRICS[asked.metric]
        now, before = matched(series, asked.period, asked.before)
        by_day = set(metric.columns) <= set(now)
        return daily_figure.daily_sales(
            series.frame,
            series.before,
            metric=metric,
            period=asked.period,
            before_period=asked.before,
            look=self.look,
            than=sentence.than_of(Speaker(self.lang), asked.period, asked.before),
            value=value_of(metric, now) if by_day else None,
            value_before=value_of(metric, before) if by_day else None,
            gaps=series.gaps,
            marks=marks(self.reads, self.chain, self.lang, asked.period, store)
            if grain == "day"
            else (),
            grain=grain,
        )

    def _picture(self, drawn: Picture, size: tuple[float, float]) -> Printed:
        return {
            "title": drawn.title,
            "subtitle": drawn.subtitle,
            "alt": drawn.alt,
            "wide": size is WIDE,
            "svg": svg(drawn.figure, *size, self.lang),
        }

    def _changed(self, store: int, asked: Filters) -> Printed | None:
        """Return what made the difference, as the store's page draws it; None for nothing."""
        if asked.alone or asked.platforms or asked.channels:
            return None  # it is of all platforms and channels, and the rest of the page is not
        made = self._bridge.stores
        found = made[made["store"] == store]
        if found.empty:
            return None
        row = found.iloc[0]
        speaker = Speaker(self.lang)
        steps = [
            Step(say(self.lang, f"advice.step.{name}"), int(row[name]))
            for name in STEPS
            if int(row[name])
        ]
        words = {
            "measure": METRICS["net_sales"].label(self.lang),
            "than": sentence.than_of(speaker, asked.period, asked.before),
            "total": say(self.lang, "insight.bridge.total"),
        }
        drawn = waterfall(steps, (int(row["before"]), int(row["now"])), words, look=self.look)
        if drawn.empty:
            return None
        why = insight.why_changed(speaker, self.chain, self._bridge, store, most=3)
        return {
            **self._picture(drawn, (WIDE[0], height_of(len(steps), BAR))),
            "said": self.say("why", why=why) if why else "",
        }

    def _fees(self, asked: Filters) -> Printed:
        rows = self.reads.by_platform(asked)
        if rows.empty:
            return {"rows": []}
        lines = [
            self._fee_line(self.look.platform(code), part, sums(rows)["gross"])
            for code, part in ((str(row["platform"]), {name: int(row[name]) for name in sums(rows)})
                               for _, row in rows.iterrows())
        ]  # fmt: skip
        whole = sums(rows)
        heads = [say(self.lang, "reports.column.platform"), self.say("share")]
        heads += [say(self.lang, f"reports.column.{name}") for name in FEES]
        return {
            "note": self.say(
                "fees_note", currency=self.chain.currency, span=self._span(asked.period)
            ),
            "heads": [*heads, self.say("fee_rate")],
            "rows": lines,
            "total": self._fee_line(self.say("total"), whole, whole["gross"]),
        }

    def _royalty(self, asked: Filters) -> Printed:
        """Return what the store owes month by month; no rows where it is not franchised."""
        rows = self.reads.royalties(asked)
        if rows.empty:
            return {"rows": []}
        months = [{str(name): row[name] for name in row} for row in rows.to_dict("records")]
        heads = [say(self.lang, f"reports.column.{name}") for name in ("month", *ROYALTY)]
        whole = {name: self._amount(int(rows[name].sum())) for name in ROYALTY[:2]}
        whole |= {name: self._amount(int(rows[name].sum())) for name in ("royalty", "due")}
        return {
            "note": self.say(
                "royalty_note", currency=self.chain.currency, span=self._span(asked.period)
            ),
            "heads": heads,
            "rows": [[f"{row['month']:%Y-%m}", *map(self._owed(row), ROYALTY)] for row in months],
            "total": [self.say("royalty_total"), *(whole.get(name, "") for name in ROYALTY)],
        }

    def _owed(self, row: Mapping[str, Any]) -> Callable[[str], str]:
        def shown(name: str) -> str:
            if name == "royalty_rate":
                return formats.percent(row[name])
            return self._amount(int(row[name]))

        return shown

    def _fee_line(self, name: str, part: dict[str, int], gross: int) -> list[str]:
        shown = [
            formats.count_full(part[column], self.lang) if column == "orders"
            else self._amount(part[column])
            for column in FEES
        ]  # fmt: skip
        share = formats.percent(part["gross"] / gross if gross else None)
        return [name, share, *shown, formats.percent(METRICS["fee_rate"].value(part))]

    def _amount(self, minor: int) -> str:
        """Return an amount to the cent without the currency, which stands over the table."""
        return f"{to_major(minor, self.chain.currency):,.{exponent(self.chain.currency)}f}"

    def _forecast(self, store: int) -> Printed | None:
        unit = Unit("store", store)
        series = self.reads.forecast(unit, AHEAD, PAST)
        if series.frame.empty:
            return None
        drawn = fan_figure.fan(series.history, series.frame, look=self.look)
        first: date = series.frame["day"].iloc[0]
        learned = first - timedelta(days=1)
        return {
            **self._picture(drawn, WIDE),
            "said": [*self._ahead(unit, series, first), *self._landing(unit)],
            "note": self.say("ahead_note", day=formats.day_year(learned, self.lang)),
        }

    def _ahead(self, unit: Unit, series: ForecastSeries, first: date) -> list[str]:
        count = len(series.frame)
        found = self.reads.forecast_sum(unit, Period(first, first + timedelta(days=count - 1)))
        if found is None:
            return []
        amount, low, high = (self.look.shown(value, "money") for value in found)
        return [self.say("ahead", count=count, amount=amount, low=low, high=high)]

    def _landing(self, unit: Unit) -> list[str]:
        found = self.reads.landing(unit)
        if found is None or found.days_left == 0:
            return []
        month = landing.Month(
            found.month, found.to_date, found.mean, found.low, found.high, found.base,
            found.target, found.year_before,
        )  # fmt: skip
        return [landing.title(month, self.look) + say(self.lang, "forecast.say.stop")]

    def _about(self, asked: Filters, series: Daily) -> list[tuple[str, str]]:
        """Return how far the figures go and what they come to, to be held against the board."""
        with_data = int(series.frame["n_days"].sum()) if len(series.frame) else 0
        made = self.now.astimezone(ZoneInfo(self.chain.time_zone))
        gross = sums(series.frame)["gross"]
        return [
            (say(self.lang, "reports.stamp.period"), self._span(asked.period)),
            (
                say(self.lang, "reports.stamp.against"),
                say(self.lang, "reports.stamp.against_none") if asked.alone
                else self._span(asked.before),
            ),
            (self.say("data_days"),
             self.say("of_days", count=str(with_data), days=asked.period.days)),
            (say(self.lang, "reports.sheet.control"),
             formats.money_full(gross, self.chain.currency, self.lang)),
            (say(self.lang, "reports.stamp.zone"), self.chain.time_zone),
            (say(self.lang, "reports.stamp.made"), made.strftime("%Y-%m-%d %H:%M")),
        ]  # fmt: skip

    def _definitions(self, metric: str) -> list[tuple[str, str]]:
        names: Sequence[str] = tuple(dict.fromkeys((metric, *TILES)))
        return [(METRICS[name].label(self.lang), METRICS[name].sentence(self.lang))
                for name in names]  # fmt: skip


def _said(row: Mapping[str, Any], column: str, lang: str) -> str:
    english = row.get(f"{column}_en") if lang == "en" else None
    value = english or row[column]
    return "" if value is None or pd.isna(value) else str(value)
