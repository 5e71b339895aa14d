"""What the API answers. Money is whole minor units of the currency beside it; dates are ISO 8601.

The meaning of each field is the word ``api.field.<name>``.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chain.metrics import Terms, Unit
from chain.terms import Ownership
from warehouse.reads.protocol import Grain

Number = int | float | None
"""A metric's value: whole minor units, a whole count, or a ratio where 0.08 is 8 %."""


class Shape(BaseModel):
    """What all shapes share."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class Span(Shape):
    """Business dates, both included."""

    start: Annotated[date, Field(alias="from")]
    end: Annotated[date, Field(alias="to")]


class Sums(Shape):
    """The columns that add up."""

    gross: int
    orders: int
    refund: int
    refunds: int
    platform_subsidy: int
    merchant_subsidy: int
    fee: int
    net: int
    prepaid: int
    other: int
    vat: int
    franchised: int
    royalty: int


class ChainShape(Shape):
    """The chain, and how far its data goes."""

    name: str
    currency: str
    currency_decimals: int
    country: str
    time_zone: str
    today: date
    first_day: date | None
    last_day: date | None
    last_complete_day: date | None


class Store(Shape):
    """One store."""

    store_id: int
    code: str
    name: str
    name_en: str
    city: str
    city_en: str
    region_id: int | None
    region: str
    region_en: str
    opened_on: date | None
    closed_on: date | None
    area_sqm: float | None
    monthly_rent: int | None
    lat: float | None
    lon: float | None
    time_zone: str
    cutover_hour: int
    unassigned: bool
    ownership: Ownership
    royalty_rate: float
    vat_rate: float


class Stores(Shape):
    """The stores that the token may see."""

    currency: str
    currency_decimals: int
    rows: list[Store]


class Sum(Shape):
    """Columns added and taken away."""

    plus: list[str]
    minus: list[str]


class MetricShape(Shape):
    """One metric and how it is made of the sums."""

    name: str
    label: str
    definition: str
    unit: Unit
    up_is_good: bool | None
    adds_up: bool
    numerator: Sum
    denominator: Sum | None
    needs: Terms | None
    asked_of: list[str]


class Metrics(Shape):
    """All metrics."""

    rows: list[MetricShape]


class Figures(Shape):
    """What every answer about money says of itself."""

    currency: str
    currency_decimals: int
    metric: str
    unit: Unit
    period: Span
    compared_with: Span


class Totals(Figures):
    """One metric and the sums, now and before."""

    value: Number
    value_before: Number
    change: float | None
    days: int
    days_before: int
    sums: Sums
    sums_before: Sums


class Day(Sums):
    """A day, a week or a month of a series."""

    day: date
    value: Number
    days: int


class Daily(Figures):
    """A series and the one it is compared with; what has no data has no row."""

    grain: Grain
    rows: list[Day]
    rows_before: list[Day]
    days_without: list[date]


class StoreRow(Sums):
    """One store of a ranking."""

    store_id: int
    code: str
    value: Number
    value_before: Number
    change: float | None
    rank: int | None
    rank_before: int | None
    share: float | None
    days: int
    days_without: int


class ByStore(Figures):
    """The stores, best first."""

    rows: list[StoreRow]


class Part(Sums):
    """One platform or channel."""

    value: Number
    value_before: Number
    share: float | None


class PlatformRow(Part):
    """One platform."""

    platform: str


class ChannelRow(Part):
    """One channel."""

    channel: str


class ByPlatform(Figures):
    """The platforms, largest gross sales first."""

    rows: list[PlatformRow]


class ByChannel(Figures):
    """The channels, largest gross sales first."""

    rows: list[ChannelRow]


class Payment(Shape):
    """One payment, in its own currency."""

    key: str
    occurred_at: AwareDatetime
    business_date: date
    store_id: int
    platform: str
    kind: str
    currency: str
    gross: int
    platform_subsidy: int
    merchant_subsidy: int
    fee: int
    net: int
    method: str
    channel: str
    external_id: str
    order_ref: str
    batch_id: int
    counted_elsewhere: bool


class Payments(Shape):
    """A page of payments; ``next`` null is the last one."""

    period: Span
    rows: list[Payment]
    next: str | None


class Ahead(Shape):
    """One day ahead."""

    day: date
    mean: int
    mean_without_changes: int
    q10: int
    q50: int
    q90: int
    changed: bool
    open: bool


class Forecast(Shape):
    """The days ahead of the chain, a region or a store; without rows there is no forecast."""

    currency: str
    currency_decimals: int
    level: Literal["chain", "region", "store"]
    id: int
    model: str
    learned_until: date | None
    reason: str | None
    rows: list[Ahead]


class Import(Shape):
    """One file or feed that came in."""

    batch_id: int
    file_name: str
    sha256: str
    source: str
    layout: str
    state: str
    progress: float
    size_bytes: int
    rows_accepted: int
    rows_skipped: int
    rows_rejected: int
    rows_new: int
    rows_changed: int
    rows_same: int
    residual: str
    first_at: datetime | None
    last_at: datetime | None
    exported_at: datetime | None
    created_at: datetime
    updated_at: datetime
    error: str | None


class Imports(Shape):
    """A page of imports; ``next`` null is the last one."""

    rows: list[Import]
    next: str | None


class Problem(Shape):
    """Why there is no answer, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    parameter: str | None = None
    request_id: str
