"""All reading, as one object a page can hold: ``ReadsProtocol`` over a warehouse and a scope."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from time import monotonic
from typing import Literal, TypeVar, cast

import pandas as pd
from sqlalchemy import Connection

from chain.days import Period
from chain.metrics import metric
from chain.terms import StoreTerms, VatRate
from warehouse.cache import FigureCache
from warehouse.reads import (
    behind,
    business,
    details,
    explain,
    figures,
    foresight,
    future,
    history,
    imports,
    made_of,
    marketing,
    paged,
    plans,
    ranking,
    royalties,
    sites,
)
from warehouse.reads.attention import attention, files
from warehouse.reads.context import Context, load
from warehouse.reads.forecast_protocol import (
    CHAIN,
    Accuracy,
    Drivers,
    ForecastRun,
    ForecastSeries,
    Landing,
    Unit,
    WhatIf,
)
from warehouse.reads.marketing_protocol import Advice
from warehouse.reads.overview import overview
from warehouse.reads.parts_protocol import Behind, MadeOf, Split
from warehouse.reads.protocol import (
    Attention,
    Batch,
    ChainInfo,
    Daily,
    Filters,
    Grain,
    Overview,
    Page,
    PaymentPlace,
    Series,
    Totals,
)
from warehouse.reads.sites import Sites
from warehouse.reads.whole import WholePayments, whole_payments
from warehouse.session import Scope, Warehouse

Answer = TypeVar("Answer")
KNOWN_SECONDS = 1.0
"""How long one ``Reads`` goes on with the chain's version that it saw."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reads:
    """Answers one reader's questions; one transaction a question. See ``ReadsProtocol``.

    One object serves one request: a ranking just read is the totals' answer too.

    Figures are kept in ``cache`` where there is one, under the chain's version; what an import is
    doing right now, and single payments, are always asked anew.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        scope: Scope,
        cache: FigureCache | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._warehouse = warehouse
        self._scope = scope
        self._cache = cache
        self._now = now
        self._known: Context | None = None
        self._known_at = 0.0
        self._compared: dict[Filters, ranking.Compared] = {}

    def _fresh(self, compute: Callable[[Context], Answer]) -> Answer:
        with self._warehouse.begin(self._scope) as connection:
            return compute(self._load(connection))

    def _load(self, connection: Connection) -> Context:
        self._known = load(connection, self._now())
        self._known_at = monotonic()
        return self._known

    def _recent(self) -> Context | None:
        """Return what was known of the chain a moment ago: a page asks many questions at once."""
        known = self._known
        return known if known and monotonic() - self._known_at < KNOWN_SECONDS else None

    def _kept(
        self,
        question: str,
        asked: object,
        compute: Callable[[Context], Answer],
        *,
        files: bool = False,
    ) -> Answer:
        """Return the answer under the figures' version, and the imports' with ``files``."""
        recent = self._recent()
        if recent is not None and self._cache is not None:
            kept = self._cache.get(self._key(recent, question, asked, files))
            if kept is not None:
                return cast("Answer", kept)
        with self._warehouse.begin(self._scope) as connection:
            context = replace(recent, connection=connection) if recent else self._load(connection)
            if self._cache is None:
                return compute(context)
            key = self._key(context, question, asked, files)
            kept = None if recent else self._cache.get(key)
            if kept is not None:
                return cast("Answer", kept)
            answer = compute(context)
        self._cache.put(key, answer)
        return answer

    def _key(self, context: Context, question: str, asked: object, files: bool) -> str:
        state = context.files if files else None
        return repr((question, asked, self._scope, context.version, state, context.chain.today))

    def version(self) -> str:
        """Return what changes whenever an answer of a kept question may."""
        context = self._recent() or self._fresh(lambda context: context)
        return repr((context.version, context.files, context.chain.today))

    def chain(self) -> ChainInfo:
        """Return the chain and how far its data goes."""
        recent = self._recent()
        return recent.chain if recent else self._fresh(lambda context: context.chain)

    def stores(self) -> pd.DataFrame:
        """Return one row a store."""
        return self._kept("stores", None, business.stores)

    def regions(self) -> pd.DataFrame:
        """Return one row a region."""
        return self._kept("regions", None, business.regions)

    def cities(self) -> pd.DataFrame:
        """Return one row a city."""
        return self._kept("cities", None, business.cities)

    def platforms(self) -> tuple[str, ...]:
        """Return the platforms that have sent data."""
        return self._kept("platforms", None, business.platforms)

    def channels(self) -> tuple[str, ...]:
        """Return the channels that occur."""
        return self._kept("channels", None, business.channels)

    def campaigns(self, period: Period, store_id: int | None = None) -> pd.DataFrame:
        """Return the campaigns that ran in a period."""
        return self._kept(
            "campaigns",
            (period, store_id),
            lambda context: business.campaigns(context, period, store_id),
        )

    def notes(self, period: Period, store_id: int | None = None) -> pd.DataFrame:
        """Return the notes on days of a period."""
        return self._kept(
            "notes", (period, store_id), lambda context: plans.notes(context, period, store_id)
        )

    def spend(self) -> pd.DataFrame:
        """Return what was spent on marketing, by channel."""
        return self._fresh(marketing.spend)

    def marketing_advice(self) -> Advice | None:
        """Return the latest advice on marketing that is done."""
        return self._fresh(marketing.advice)

    def marketing_asked(self) -> Advice | None:
        """Return the advice that was asked for last."""
        return self._fresh(marketing.asked)

    def targets_between(self, period: Period) -> pd.DataFrame:
        """Return the targets of the months of a period."""
        self._known = None  # whoever sets one looks here at once
        return self._kept(
            "targets_between", period, lambda context: plans.targets_between(context, period)
        )

    def net_by_month(self, period: Period) -> pd.DataFrame:
        """Return the net sales of each store by month."""
        return self._kept(
            "net_by_month", period, lambda context: plans.net_by_month(context, period)
        )

    def cash_typed(self, store_id: int, period: Period) -> pd.DataFrame:
        """Return the cash takings of a store that were typed."""
        return self._fresh(lambda context: business.cash_typed(context, store_id, period))

    def totals(self, filters: Filters) -> Totals:
        """Return the base sums and the metric, now and before."""
        return self._kept("totals", filters, lambda context: self._totals(context, filters))

    def daily(self, filters: Filters, grain: Grain | None = None) -> Daily:
        """Return the series of the period and its comparison."""
        return self._kept(
            "daily", (filters, grain), lambda context: figures.daily(context, filters, grain)
        )

    def by_store(self, filters: Filters) -> pd.DataFrame:
        """Return one row for each store with data, best first."""

        def compute(context: Context) -> pd.DataFrame:
            self._compared = {filters: ranking.compare(context, filters)}
            return ranking.by_store(context, filters, self._compared[filters])

        return self._kept("by_store", filters, compute)

    def by_platform(self, filters: Filters) -> pd.DataFrame:
        """Return one row a platform, largest gross first."""
        return self._kept(
            "by_platform", filters, lambda context: figures.by_part(context, filters, "platform")
        )

    def by_channel(self, filters: Filters) -> pd.DataFrame:
        """Return one row a channel, largest gross first."""
        return self._kept(
            "by_channel", filters, lambda context: figures.by_part(context, filters, "channel")
        )

    def platform_daily(self, filters: Filters, grain: Grain | None = None) -> pd.DataFrame:
        """Return one row per day (week, month) and platform."""
        return self._kept(
            "platform_daily",
            (filters, grain),
            lambda context: figures.platform_daily(context, filters, grain),
        )

    def ranks_over_time(
        self, filters: Filters, grain: Grain | None = None, top: int = 30
    ) -> pd.DataFrame:
        """Return one row per store and week (month)."""
        return self._kept(
            "ranks_over_time",
            (filters, grain, top),
            lambda context: ranking.ranks_over_time(context, filters, grain, top),
        )

    def hour_of_week(self, filters: Filters) -> pd.DataFrame:
        """Return one row per weekday and hour with sales."""
        return self._kept(
            "hour_of_week", filters, lambda context: details.hour_of_week(context, filters)
        )

    def repeat_share(self, filters: Filters) -> tuple[float | None, float | None]:
        """Return the share of payers seen at least twice, now and before."""
        return self._kept(
            "repeat_share", filters, lambda context: details.repeat_share(context, filters)
        )

    def same_store_growth(self, filters: Filters) -> float | None:
        """Return the growth of net sales over stores open in all of both periods."""
        # None is an answer here, and also what the cache says where it has none: hence the tuple.
        (growth,) = self._kept(
            "same_store_growth",
            filters,
            lambda context: (ranking.same_store_growth(context, filters),),
        )
        return growth

    def by_day_kind(self, filters: Filters) -> explain.DayKinds:
        """Return sums by store and kind of day, now and before."""
        return self._kept(
            "by_day_kind", filters, lambda context: explain.by_day_kind(context, filters)
        )

    def weekly(self, filters: Filters) -> pd.DataFrame:
        """Return one row per store and whole week."""
        return self._kept("weekly", filters, lambda context: explain.weekly(context, filters))

    def by_store_and_platform(self, filters: Filters) -> pd.DataFrame:
        """Return one row per store and platform."""
        return self._kept(
            "by_store_and_platform",
            filters,
            lambda context: explain.by_store_and_platform(context, filters),
        )

    def standing(self, filters: Filters, store_id: int) -> explain.Standing:
        """Return where a store stands among nameless stores of its kind."""
        return self._kept(
            "standing",
            (filters, store_id),
            lambda context: explain.standing(context, filters, store_id),
        )

    def vat_rates(self) -> tuple[VatRate, ...]:
        """Return the rates of value-added tax."""
        return self._fresh(royalties.vat_rates)

    def store_terms(self) -> tuple[StoreTerms, ...]:
        """Return whose stores are and what they owe."""
        return self._fresh(royalties.store_terms)

    def royalties(self, filters: Filters) -> pd.DataFrame:
        """Return what franchised stores owe, month by month."""
        return self._kept(
            "royalties", filters, lambda context: royalties.royalties(context, filters)
        )

    def overview(self, today: date | None = None) -> Overview:
        """Return the last complete day and the month up to it."""
        return self._kept("overview", today, lambda context: overview(context, today))

    def attention(self, today: date | None = None) -> Attention:
        """Return what a person must look at."""
        kept = self._kept("attention", today, lambda context: attention(context, today))
        # A file that fails changes no figure, so the figures are not asked for again with it.
        batches, residuals = self._kept("files", None, files, files=True)
        return replace(kept, batches=batches, residuals=residuals)

    def payments(self, filters: Filters, page: int = 0, size: int = 50) -> Page:
        """Return payments one by one, latest first."""
        return self._fresh(lambda context: details.payments(context, filters, page, size))

    def payments_after(
        self,
        filters: Filters,
        after: PaymentPlace | None = None,
        size: int = 500,
        kinds: tuple[str, ...] = (),
    ) -> pd.DataFrame:
        """Return the next payments of a list that is read to its end."""
        return self._fresh(
            lambda context: paged.payments_after(context, filters, after, size, kinds)
        )

    def made_of(self, filters: Filters) -> MadeOf:
        """Return the parts of a figure."""
        return self._kept("made_of", filters, lambda context: made_of.made_of(context, filters))

    def split(self, filters: Filters, by: Split, grain: Grain | None = None) -> pd.DataFrame:
        """Return one row a store, platform, channel or day."""
        return self._kept(
            "split",
            (filters, by, grain),
            lambda context: made_of.split(context, filters, by, grain),
        )

    def behind(self, filters: Filters) -> Behind:
        """Return how payments come to a figure."""
        return self._kept("behind", filters, lambda context: behind.behind(context, filters))

    @contextmanager
    def every_payment(self, filters: Filters) -> Iterator[WholePayments]:
        """Open all payments, streamed; holds a transaction until its end."""
        with (
            self._warehouse.begin(self._scope, snapshot=True) as connection,
            whole_payments(self._load(connection), filters) as whole,
        ):
            yield whole

    def batches(self, page: int = 0, size: int = 50, state: str | None = None) -> Page:
        """Return imports, latest first."""
        return self._fresh(lambda context: imports.batches(context, page, size, state))

    def batches_before(
        self, before: int | None = None, size: int = 50, state: str | None = None
    ) -> pd.DataFrame:
        """Return the next imports of a list that is read to its end."""
        return self._fresh(lambda context: paged.batches_before(context, before, size, state))

    def batch(self, batch_id: int) -> Batch:
        """Return one import. Raises PermanentError ``warehouse.batch_missing``."""
        return self._fresh(lambda context: imports.batch(context, batch_id))

    def running(self) -> pd.DataFrame:
        """Return the imports at work."""
        return self._fresh(imports.running)

    def series(self) -> Series | None:
        """Return how far a series of files is."""
        return self._fresh(imports.series)

    def rejects(self, batch_id: int, page: int = 0, size: int = 50) -> Page:
        """Return rows that were not accepted, by line."""
        return self._fresh(lambda context: imports.rejects(context, batch_id, page, size))

    def sites(self) -> Sites:
        """Return where to open next, as stored."""
        return self._fresh(sites.advice)

    def sites_market_version(self) -> str:
        """Return the fingerprint of the stored market."""
        return self._fresh(sites.market_version)

    def sites_market(self) -> tuple[str, bytes] | None:
        """Return the stored market."""
        return self._fresh(sites.market)

    def places_unbound(self) -> pd.DataFrame:
        """Return places whose money is bound to no store."""
        self._known = None  # whoever binds one looks here at once
        return self._kept("places_unbound", None, imports.places_unbound)

    def forecast_run(self) -> ForecastRun | None:
        """Return the run that is shown."""
        (run,) = self._kept("forecast_run", None, lambda context: (future.run_shown(context),))
        return run

    def forecast_running(self) -> ForecastRun | None:
        """Return the run at work, or the last one if it failed."""
        return self._fresh(future.run_at_work)

    def forecast(self, unit: Unit, ahead: int = 30, history: int = 365) -> ForecastSeries:
        """Return the past and the future of a unit."""
        asked = (unit, min(ahead, future.MOST_AHEAD), history)
        return self._kept("forecast", asked, lambda context: future.series(context, *asked))

    def forecast_by_store(self, ahead: int = 30) -> pd.DataFrame:
        """Return one row a store of the shown run."""
        return self._kept(
            "forecast_by_store", ahead, lambda context: future.by_store(context, ahead)
        )

    def forecast_sum(self, unit: Unit, period: Period) -> tuple[int, int, int] | None:
        """Return mean, low and high of a sum of days ahead."""
        (found,) = self._kept(
            "forecast_sum",
            (unit, period),
            lambda context: (future.sum_of(context, unit, period),),
        )
        return found

    def landing(self, unit: Unit, month: date | None = None) -> Landing | None:
        """Return where the month will end."""
        (found,) = self._kept(
            "landing", (unit, month), lambda context: (future.landing(context, unit, month),)
        )
        return found

    def landings(self) -> pd.DataFrame:
        """Return where the month of each store will end."""
        return self._kept("landings", None, future.landings)

    def accuracy(self, unit: Unit = CHAIN) -> Accuracy:
        """Return how the models did."""
        return self._kept("accuracy", unit, lambda context: foresight.accuracy(context, unit))

    def drivers(self, unit: Unit) -> Drivers:
        """Return what moves the sales of a unit."""
        return self._kept("drivers", unit, lambda context: foresight.drivers(context, unit))

    def what_if(
        self, unit: Unit, period: Period, kind: Literal["promotion", "closure"]
    ) -> WhatIf | None:
        """Return the forecast of a period with a promotion, or closed."""
        return self._fresh(lambda context: foresight.what_if(context, unit, period, kind))

    def overrides(self, unit: Unit | None = None) -> pd.DataFrame:
        """Return the overrides that touch a unit."""
        return self._fresh(lambda context: foresight.overrides(context, unit))

    def targets(self, month: date) -> Mapping[int, int]:
        """Return the targets of a month by store; 0 is the chain's own."""
        return self._kept("targets", month, lambda context: future.targets(context, month))

    def calendar_days(self, period: Period) -> pd.DataFrame:
        """Return the chain's own calendar, by day."""
        return self._kept(
            "calendar_days", period, lambda context: history.calendar_days(context, period)
        )

    def _totals(self, context: Context, filters: Filters) -> Totals:
        """Return the totals; a metric that is no expression is asked of the read it names."""
        compared = self._compared.get(filters)
        sums = figures.totals(context, filters, compared.totals() if compared else None)
        name = filters.metric
        if metric(name).read is None:
            return sums
        value: float | None = None
        before: float | None = None
        if name == "repeat_share":
            value, before = details.repeat_share(context, filters)
        elif name == "same_store_growth":
            value = ranking.same_store_growth(context, filters)
        elif name == "days_without":
            rows = ranking.by_store(context, filters, compared)
            value = float(rows["value"].sum())
            before = None if filters.alone else float(rows["value_before"].sum())
        else:
            value, before = _share_of_chain(context, filters, sums)
        return replace(sums, value=value, value_before=before)


def _share_of_chain(
    context: Context, filters: Filters, shown: Totals
) -> tuple[float | None, float | None]:
    whole = figures.totals(
        context, Filters(filters.period, filters.comparison, alone=filters.alone)
    )
    one = metric("net_sales")
    now, before = (
        (one.value(part) or 0.0, one.value(all_of_it) or 0.0)
        for part, all_of_it in ((shown.now, whole.now), (shown.before, whole.before))
    )
    return (
        now[0] / now[1] if now[1] else None,
        before[0] / before[1] if before[1] else None,
    )
