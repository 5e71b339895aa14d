"""The demo chain as an owner would describe it: what set-up code writes before any bill arrives."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How big the demo is: stores, calendar months, and payments over the whole time (about)."""

    stores: int = 48
    months: int = 25
    payments: int = 2_000_000


@dataclass(frozen=True, slots=True)
class DemoRegion:
    """A region by its Chinese and English name."""

    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class DemoStore:
    """A store as its owner knows it: WGS-84 coordinates, ``monthly_rent`` in fen."""

    code: str
    name: str
    name_en: str
    city: str
    city_en: str
    region: str
    lat: float
    lon: float
    opened_on: date
    closed_on: date | None
    area_sqm: int
    monthly_rent: int
    time_zone: str
    cutover_hour: int


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A merchant account: the platform's own number for it, and a label that may be shown."""

    platform: str
    ref: str
    label: str


@dataclass(frozen=True, slots=True)
class DemoBinding:
    """From ``from_date`` on (ever, where None), what carries ``ref`` was taken by the store.

    ``ref_kind`` is terminal, operator, store or account.
    """

    platform: str
    account_ref: str
    ref_kind: str
    ref: str
    store_code: str
    from_date: date | None = None


@dataclass(frozen=True, slots=True)
class DemoCampaign:
    """A promotion as announced: dates included, the merchant's discount in fen on a big ticket.

    ``cities`` are Chinese names; ``platforms`` the platforms whose customers could take part.
    """

    name: str
    name_en: str
    starts: date
    ends: date
    cities: tuple[str, ...]
    platforms: tuple[str, ...]
    discount: int
    threshold: int


@dataclass(frozen=True, slots=True)
class DemoChain:
    """Everything the set-up needs: whose the chain is, its stores, its accounts, its bindings.

    ``cash_columns`` maps what the cash file's columns mean to their headings.
    """

    name: str
    name_en: str
    currency: str
    country: str
    time_zone: str
    first_day: date
    last_day: date
    regions: tuple[DemoRegion, ...]
    stores: tuple[DemoStore, ...]
    accounts: tuple[DemoAccount, ...]
    bindings: tuple[DemoBinding, ...]
    campaigns: tuple[DemoCampaign, ...]
    cash_columns: dict[str, str] = field(default_factory=dict)
