"""What the board, the digest and the exports may ask of the warehouse.

Pages depend on ``ReadsProtocol`` alone. A frame has one row as each docstring says; money columns
are int64 minor units of the chain's currency, dates are ``datetime.date``, ratios are floats where
0.08 is 8 %, and what cannot be said (division by nothing, no data) is ``None`` or NaN, never zero.
Every call sees only what the reader's scope lets through.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pandas as pd

from chain.days import Period
from chain.fiscal import CALENDAR_YEAR, FiscalCalendar
from chain.terms import Ownership, StoreTerms, VatRate
from warehouse.reads.forecast_protocol import ForecastReads
from warehouse.reads.marketing_protocol import Advice
from warehouse.reads.parts_protocol import PartReads

if TYPE_CHECKING:
    from warehouse.reads.explain import DayKinds, Standing
    from warehouse.reads.sites import Sites
    from warehouse.reads.whole import WholePayments

SUMS = (
    "gross",
    "orders",
    "refund",
    "refunds",
    "platform_subsidy",
    "merchant_subsidy",
    "fee",
    "net",
    "prepaid",
    "other",
    "vat",
    "franchised",
    "royalty",
)
"""The columns that add up; ``refund`` is a positive amount, ``orders`` and ``refunds`` counts."""

Grain = Literal["day", "week", "month"]


def grain_for(period: Period) -> Grain:
    """Return the finest grain in which ``period`` has a readable number of points."""
    if period.days <= 100:
        return "day"
    return "week" if period.days <= 200 else "month"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. An empty tuple lets everything through.

    ``metric`` is a name of ``chain.metrics``. ``comparison`` None means the whole weeks before
    ``period`` that line up by weekday; ``alone`` compares with nothing, and every figure of before
    is as where there was no data. ``cities`` are names as in ``stores().city``. ``ownership`` is as
    the stores' terms are on the last day of ``period``, in both periods; named, it leaves out money
    that is bound to no store.
    """

    period: Period
    comparison: Period | None = None
    metric: str = "net_sales"
    regions: tuple[int, ...] = ()
    cities: tuple[str, ...] = ()
    stores: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    alone: bool = False
    ownership: tuple[Ownership, ...] = ()

    def of_store(self, store_id: int) -> "Filters":
        """Return the same of one store, whatever stores these name."""
        return replace(self, stores=(store_id,), regions=(), cities=(), ownership=())

    @property
    def before(self) -> Period:
        """The period compared with."""
        return self.comparison or self.period.before()


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """The chain, and how far its data goes; the three days are None before the first import.

    ``today`` is the date in the chain's time zone. ``yesterday`` is the last complete business
    day: the last day with data that lies before today. ``guide`` is the step of the first run that
    is next, '' once it is over. ``terms`` names those of ``chain.metrics`` that have been
    typed, ``fiscal`` is how it cuts its years.
    """

    chain_id: int
    name: str
    currency: str
    time_zone: str
    country: str
    lang: str
    today: date
    first_day: date | None
    last_day: date | None
    yesterday: date | None
    guide: str = ""
    terms: frozenset[str] = frozenset()
    fiscal: FiscalCalendar = CALENDAR_YEAR


@dataclass(frozen=True, slots=True)
class Totals:
    """The base sums (a key for each of ``SUMS``) now and before, and the metric of both.

    ``days`` and ``days_before`` say on how many days of each period there is any data at all.
    """

    period: Period
    before_period: Period
    now: dict[str, int]
    before: dict[str, int]
    value: float | None
    value_before: float | None
    days: int
    days_before: int

    @property
    def change(self) -> float | None:
        """The metric's change as a share of what it was; None where it was nothing."""
        if self.value is None or not self.value_before:
            return None
        return self.value / self.value_before - 1


@dataclass(frozen=True, slots=True)
class Daily:
    """A series with its gaps.

    ``frame``: one row per day (week, month) with data: ``day`` (first of the week or month),
    ``value``, ``n_days`` (days with data in it) and all ``SUMS``; ``before`` the same of the
    comparison period. ``gaps`` are the days of the period, up to the last day with data, on which
    nothing came in.
    """

    frame: pd.DataFrame
    before: pd.DataFrame
    gaps: tuple[date, ...]
    grain: Grain


@dataclass(frozen=True, slots=True)
class Compared:
    """One period against the same weekdays a week (or whole weeks) and 52 weeks before.

    All three have the same number of days; where the chain has no data for one, it is None.
    """

    period: Period
    now: dict[str, int]
    week: dict[str, int] | None
    year: dict[str, int] | None
    week_period: Period
    year_period: Period


@dataclass(frozen=True, slots=True)
class Overview:
    """The first look. ``day`` None means that there is no data yet.

    ``missing`` lists platforms that usually report but have not for ``day``: with any there, the
    figures are provisional. ``spark``: last 28 days, columns ``day``, ``SUMS`` and the same with
    ``_year`` appended for the same weekdays a year before (NaN in gaps).
    """

    day: date | None
    yesterday: Compared | None
    month: Compared | None
    provisional: bool
    missing: tuple[str, ...]
    spark: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Attention:
    """What a person must look at; empty frames where all is well.

    ``silent``: ``store_id``, ``last_day``, ``days`` (days with no data since, at least 2).
    ``low``: ``store_id``, ``day``, ``value``, ``usual``, ``low``, ``high``, ``deviation`` (robust
    standard deviations below the median of the same weekday over 8 weeks): gross sales far
    below the store's own range, worst first.
    ``unassigned_amount`` is gross money bound to no store, at ``unassigned_places`` places.
    ``batches``: quarantined and failed, as in ``batches()``. ``residuals``: ``batch_id``,
    ``file_name``, ``name``, ``stated``, ``computed``, ``residual`` (decimals in major units of the
    file's currency, or whole numbers where ``name`` counts); roundings of fees are left out.
    ``unconverted``: ``currency``, ``gross`` (minor units of it), ``first_day``, ``last_day``:
    left out of every figure as there is no rate.
    """

    silent: pd.DataFrame
    low: pd.DataFrame
    unassigned_amount: int
    unassigned_places: int
    batches: pd.DataFrame
    residuals: pd.DataFrame
    unconverted: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """One import with everything known of it; columns of ``import_batch`` by name.

    ``totals`` is a list of ``{"name", "stated", "computed", "residual", "rounding"}``, exact
    decimals as text; ``error_key`` is a key
    of the word catalogues, filled by ``error_params``. ``progress`` goes from 0 to 1.
    """

    batch_id: int
    file_name: str
    source: str
    layout: str
    state: str
    size_bytes: int
    progress: float
    rows_accepted: int
    rows_skipped: int
    rows_rejected: int
    rows_new: int
    rows_changed: int
    rows_same: int
    first_at: datetime | None
    last_at: datetime | None
    exported_at: datetime | None
    totals: list[dict[str, Any]]
    error_key: str
    error_params: dict[str, Any]
    request_id: str
    created_at: datetime
    updated_at: datetime
    sha256: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """Files that come one after the other: ``done`` of ``of`` are in."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a long list: ``rows``, counted from page 0, and how many there are in all."""

    rows: pd.DataFrame
    page: int
    size: int
    total: int


@dataclass(frozen=True, slots=True)
class PaymentPlace:
    """Where a list of payments stopped: the last one's business date, instant and key."""

    day: date
    at: datetime
    key: str


class ReadsProtocol(ForecastReads, PartReads, Protocol):
    """All reading. Raises TransientError where the server does not answer."""

    def version(self) -> str:
        """Return what is another one as soon as an answer may be another one.

        For all of a chain's answers but payments one by one, cash typed, rejects, ``series`` and
        ``forecast_running``.
        """
        ...

    # -- the business ------------------------------------------------------------------------

    def chain(self) -> ChainInfo:
        """Return the chain and how far its data goes."""
        ...

    def stores(self) -> pd.DataFrame:
        """One row a store, by ``sort_key``, the unassigned store last.

        Columns: ``store_id``, ``code``, ``name``, ``name_en``, ``sort_key``, ``city``,
        ``city_en``, ``region_id`` (0 for none), ``region``, ``region_en``, ``opened_on``,
        ``closed_on``, ``area_sqm``, ``monthly_rent``, ``lat``, ``lon``, ``time_zone``,
        ``cutover_hour``, ``unassigned``.
        """
        ...

    def regions(self) -> pd.DataFrame:
        """One row a region: ``region_id``, ``name``, ``name_en``, ``stores`` (count)."""
        ...

    def cities(self) -> pd.DataFrame:
        """One row a city: ``city``, ``city_en``, ``stores`` (count); no blank city."""
        ...

    def platforms(self) -> tuple[str, ...]:
        """Return the codes of the platforms that have sent data, in order."""
        ...

    def channels(self) -> tuple[str, ...]:
        """Return the codes of the channels that occur, ``''`` (unknown) included."""
        ...

    def campaigns(self, period: Period, store_id: int | None = None) -> pd.DataFrame:
        """One row a campaign that ran in ``period`` (at the store, if one is given), by its start.

        Columns: ``name``, ``mechanic``, ``starts_on``, ``ends_on``, ``store_ids`` (None: all).
        """
        ...

    def notes(self, period: Period, store_id: int | None = None) -> pd.DataFrame:
        """One row a note on days of ``period`` (of the store and of all, if one is given).

        Latest first. Columns: ``note_id``, ``store_id`` (0: all stores), ``starts_on``,
        ``ends_on``, ``note``, ``made_by`` (id), ``author`` (name), ``made_at``, ``changed_at``.
        """
        ...

    def spend(self) -> pd.DataFrame:
        """One row a channel with spend in the last 104 whole weeks, by name.

        Columns: ``channel``, ``amount``, ``recent`` (of the last 13 weeks), ``stores`` (count, 0:
        of the chain as a whole), ``first_week``, ``last_week``. Minor units, chain's currency.
        """
        ...

    def marketing_advice(self) -> Advice | None:
        """Return the latest advice on marketing that is done; only for who sees all stores."""
        ...

    def marketing_asked(self) -> Advice | None:
        """Return the advice that was asked for last, in whatever state, without what it says."""
        ...

    def targets_between(self, period: Period) -> pd.DataFrame:
        """One row a target: ``store_id`` (0: the chain), ``month``, ``amount``."""
        ...

    def net_by_month(self, period: Period) -> pd.DataFrame:
        """One row a store and month with data: ``store_id``, ``month``, ``amount``."""
        ...

    def cash_typed(self, store_id: int, period: Period) -> pd.DataFrame:
        """One row a business day whose cash takings were typed: ``day``, ``amount``."""
        ...

    # -- figures -----------------------------------------------------------------------------

    def totals(self, filters: Filters) -> Totals:
        """Return the base sums and the metric, now and before."""
        ...

    def daily(self, filters: Filters, grain: Grain | None = None) -> Daily:
        """Return the series of the period and its comparison; gaps stay gaps.

        ``grain`` None means ``grain_for`` the period; a day's grain over years of a thousand
        stores is slow, and too fine to be seen.
        """
        ...

    def by_store(self, filters: Filters) -> pd.DataFrame:
        """One row for each store with data now or before, best first.

        Columns: ``store_id``, ``value``, ``value_before``, ``change`` (ratio), ``rank``,
        ``rank_before``, ``rank_change`` (places won), ``share`` (of the sum over stores; NaN for
        ratios), all ``SUMS``, ``spark`` (list of 28 floats of the metric, the last days of the
        period, None in gaps), ``days`` (with data), ``days_without`` (open days of the period, up
        to the chain's last day, without data). Ranks go from 1 in the metric's own sense of good,
        ties sharing the better; the unassigned store has none.
        """
        ...

    def by_platform(self, filters: Filters) -> pd.DataFrame:
        """One row a platform, largest gross first.

        Columns: ``platform``, ``value``, ``value_before``, ``share`` (of gross), all ``SUMS``.
        """
        ...

    def by_channel(self, filters: Filters) -> pd.DataFrame:
        """The same by ``channel``."""
        ...

    def platform_daily(self, filters: Filters, grain: Grain | None = None) -> pd.DataFrame:
        """One row per day (week, month) and platform with data; ``grain`` as in ``daily``.

        Columns: ``day``, ``platform``, ``value``, ``gross``, ``orders``.
        """
        ...

    def ranks_over_time(
        self, filters: Filters, grain: Grain | None = None, top: int = 30
    ) -> pd.DataFrame:
        """One row per store and week (month), for the stores that are best in the last one.

        Columns: ``start``, ``store_id``, ``value``, ``rank`` (among all stores), ``partial`` (the
        period cuts the week). Weeks start on Monday. ``grain`` None takes weeks up to 200 days,
        then months. A metric that a read answers is ranked by what it is about.
        """
        ...

    def hour_of_week(self, filters: Filters) -> pd.DataFrame:
        """One row per weekday and hour with sales, at most 168.

        Columns: ``weekday`` (0 Monday), ``hour``, ``gross`` and ``orders`` as the mean of the
        days with data, ``n_days``. Hours are local; platforms and channels do not filter.
        """
        ...

    def repeat_share(self, filters: Filters) -> tuple[float | None, float | None]:
        """Return the share of payers seen at least twice in the period, and in the comparison.

        Over payments that carry a whole payer id; None where there are none.
        """
        ...

    def same_store_growth(self, filters: Filters) -> float | None:
        """Return the growth of net sales over stores open in all of both periods."""
        ...

    def by_day_kind(self, filters: Filters) -> "DayKinds":
        """Return sums by store and kind of day now and before, for ``advice``; see ``DayKinds``.

        Platforms and channels do not filter.
        """
        ...

    def weekly(self, filters: Filters) -> pd.DataFrame:
        """One row per store and whole week, up to 13 that end with the period.

        Columns: ``store``, ``week`` (a number), ``amount`` (net sales).
        """
        ...

    def by_store_and_platform(self, filters: Filters) -> pd.DataFrame:
        """One row per store and platform: ``store``, ``platform``, ``amount`` (gross)."""
        ...

    def standing(self, filters: Filters, store_id: int) -> "Standing":
        """Return where a store of the reader's stands among nameless stores of its kind."""
        ...

    def vat_rates(self) -> tuple[VatRate, ...]:
        """Return the rates of value-added tax that are typed, by store and date."""
        ...

    def store_terms(self) -> tuple[StoreTerms, ...]:
        """Return whose stores are and what they owe, by store and date."""
        ...

    def royalties(self, filters: Filters) -> pd.DataFrame:
        """One row a month and franchised store of the period, by month.

        Columns: ``store_id``, ``month`` (its first day), ``month_days`` (of the period in
        it), ``gross``,
        ``sales`` (net), ``franchised`` (the part of it that is franchised), ``vat``,
        ``royalty_rate`` (in force on the month's last day), ``royalty`` (accrued day by day),
        ``royalty_minimum`` (0 where it does not hold: the month is not whole in the period, or was
        franchised in part), ``due`` (the larger of both), ``whole``.
        """
        ...

    def overview(self, today: date | None = None) -> Overview:
        """Return the last complete day and the month up to it, each against the same weekdays."""
        ...

    def attention(self, today: date | None = None) -> Attention:
        """Return what a person must look at."""
        ...

    def payments(self, filters: Filters, page: int = 0, size: int = 50) -> Page:
        """Return payments one by one, latest first, in their own currency.

        Columns: ``key``, ``occurred_at``, ``business_date``, ``store_id``, ``platform``, ``kind``,
        ``currency``, ``gross``, ``platform_subsidy``, ``merchant_subsidy``, ``fee``, ``net``,
        ``method``, ``channel``, ``external_id``, ``order_ref``, ``batch_id``, ``twin`` (counted
        elsewhere).
        """
        ...

    def payments_after(
        self,
        filters: Filters,
        after: PaymentPlace | None = None,
        size: int = 500,
        kinds: tuple[str, ...] = (),
    ) -> pd.DataFrame:
        """Return the next ``size`` payments, by business date, instant and key, latest first.

        Columns as in ``payments``. ``after`` None starts from the latest; ``kinds`` () takes all.
        """
        ...

    def every_payment(self, filters: Filters) -> "AbstractContextManager[WholePayments]":
        """Open all of them, streamed, beside the server's own count and sums of one snapshot.

        For a ``with`` block: it holds a transaction until its end.
        """
        ...

    # -- imports -----------------------------------------------------------------------------

    def batches(self, page: int = 0, size: int = 50, state: str | None = None) -> Page:
        """Return imports, latest first.

        Columns are the fields of ``Batch``, and ``residual`` (a decimal: sum of the absolute
        residuals).
        """
        ...

    def batches_before(
        self, before: int | None = None, size: int = 50, state: str | None = None
    ) -> pd.DataFrame:
        """Return the next ``size`` imports below a number, latest first; as in ``batches``."""
        ...

    def batch(self, batch_id: int) -> Batch:
        """Return one import. Raises PermanentError ``warehouse.batch_missing``."""
        ...

    def running(self) -> pd.DataFrame:
        """One row for each import at work.

        Columns: ``batch_id``, ``file_name``, ``state``, ``progress`` (0 to 1), ``rows_accepted``,
        ``updated_at``.
        """
        ...

    def series(self) -> Series | None:
        """Return how far a series of files is (the demo's history), None where none is coming."""
        ...

    def rejects(self, batch_id: int, page: int = 0, size: int = 50) -> Page:
        """Return rows that were not accepted, by line.

        Columns: ``line``, ``reason`` (key), ``params``, ``raw``, ``retried_at``.
        """
        ...

    def sites(self) -> "Sites":
        """Where to open next as stored, and how far the next advice is; fresh each time.

        Empty for who does not see the whole chain.
        """
        ...

    def sites_market_version(self) -> str:
        """Return the fingerprint of the stored market, '' where none is there to be seen."""
        ...

    def sites_market(self) -> tuple[str, bytes] | None:
        """Return fingerprint and bytes (``advice.sites.loads``) of the stored market."""
        ...

    def places_unbound(self) -> pd.DataFrame:
        """Places whose money is bound to no store, most money first.

        Columns: ``place_id``, ``account_id``, ``platform``, ``store_ref``, ``terminal_ref``,
        ``operator_ref``, ``label``, ``payments``, ``gross``, ``first_day``, ``last_day``,
        ``suggested_store_id`` (0 for none), ``likeness`` (0 to 1).
        """
        ...
