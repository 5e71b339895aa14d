"""Setting up a chain: the business itself, its regions and its stores."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from chain.terms import Ownership
from warehouse.session import Scope, Warehouse

UNASSIGNED = "unassigned"
"""Code of the store that takes in money which is bound to none."""

TYPED = "typed"
"""Account of the platform ``cash`` whose takings people type in."""


GUIDE = ("chain", "stores", "files", "places", "done")
"""The steps of the first run; ``chain.guide`` is the next one, '' where there is none."""


@dataclass(frozen=True, slots=True)
class NewStore:
    """A store as it is added; ``code`` is the owner's own short name for it, unique in the chain.

    ``sort_key`` is the name in pinyin, since the embedded server has no Chinese collation. The last
    six are its terms (chain.terms), which ``warehouse.storebook`` keeps; rates are shares.
    """

    code: str
    name: str
    time_zone: str
    name_en: str = ""
    sort_key: str = ""
    city: str = ""
    city_en: str = ""
    region: str = ""
    region_en: str = ""
    lat: float | None = None
    lon: float | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    area_sqm: Decimal | None = None
    monthly_rent: int | None = None
    cutover_hour: int = 0
    ownership: Ownership | None = None
    ownership_from: date | None = None
    royalty_rate: Decimal | None = None
    royalty_minimum: int | None = None
    vat_rate: Decimal | None = None
    vat_from: date | None = None


@dataclass(frozen=True, slots=True)
class NewChain:
    """What a chain is made from: its name, ISO currency and country, IANA time zone.

    ``guided``: its owner is led through the first run.
    """

    name: str
    currency: str = "CNY"
    country: str = "CN"
    time_zone: str = "Asia/Shanghai"
    lang: str = "en"
    guided: bool = False


def create_chain(warehouse: Warehouse, new: NewChain) -> int:
    """Make a chain with its store for money that is bound to none; return its id."""
    with warehouse.directory() as connection:
        number = connection.scalar(
            text("select nextval(pg_get_serial_sequence('public.chain', 'chain_id'))")
        )
        assert isinstance(number, int)
    values = {
        "chain": number,
        "name": new.name,
        "currency": new.currency,
        "country": new.country,
        "zone": new.time_zone,
        "code": UNASSIGNED,
        "lang": new.lang,
        "guide": GUIDE[0] if new.guided else "",
    }
    with warehouse.begin(Scope(number)) as connection:
        for statement in _CREATE_CHAIN:
            connection.execute(statement, values)
    return number


def change_chain(connection: Connection, scope: Scope, new: NewChain) -> None:
    """Give the chain another name, country, language, currency and time zone.

    The last two only before its first payment, whose amount and day they give meaning to: raises
    PermanentError ``warehouse.chain_fixed`` then.
    """
    values = {
        "chain": scope.chain_id,
        "name": new.name,
        "currency": new.currency,
        "zone": new.time_zone,
        "country": new.country,
        "lang": new.lang,
        "code": UNASSIGNED,
    }
    other = connection.scalar(_OTHER_MONEY, values)
    if other and has_payments(connection, scope.chain_id):
        raise PermanentError("warehouse.chain_fixed")
    for statement in _CHANGE_CHAIN:
        connection.execute(statement, values)
    detail = {name: values[name] for name in ("name", "currency", "zone", "country", "lang")}
    connection.execute(
        _AUDIT, {"chain": scope.chain_id, "user": scope.user_id, "detail": json.dumps(detail)}
    )


def has_payments(connection: Connection, chain_id: int) -> bool:
    """Return whether any money of the chain is in."""
    return bool(connection.scalar(_HAS_PAYMENTS, {"chain": chain_id}))


def set_guide(connection: Connection, chain_id: int, step: str) -> None:
    """Say which step of the first run is next, '' where it is over."""
    connection.execute(_GUIDE, {"chain": chain_id, "step": step})


def add_store(
    connection: Connection,
    chain_id: int,
    store: NewStore,
    given: Collection[str] | None = None,
) -> int:
    """Add a store, or bring the one of the same code up to date; return its id.

    ``given`` names the fields that a known store takes over (None: all), so that a short list
    empties nothing. Payments that are in keep their business date: see warehouse.storebook.
    """
    region_id = None
    if store.region:
        region_id = connection.scalar(
            _REGION, {"chain": chain_id, "name": store.region, "name_en": store.region_en}
        )
    values = {
        "chain": chain_id,
        "region_id": region_id,
        **{name: getattr(store, name) for name in _STORE_COLUMNS},
    }
    kept = [
        name
        for name in _STORE_COLUMNS
        if given is None or name in given or (name == "sort_key" and "name" in given)
    ]
    if given is None or "region" in given:
        kept.append("region_id")
    changes = ", ".join(f"{name} = excluded.{name}" for name in kept)
    return int(connection.scalar(text(f"{_ADD_STORE} {changes} returning store_id"), values) or 0)


_CREATE_CHAIN = (
    text(
        "insert into chain (chain_id, name, currency, time_zone, country, lang, guide)"
        " overriding system value values (:chain, :name, :currency, :zone, :country, :lang, :guide)"
    ),
    text("insert into directory.chain (chain_id, name) values (:chain, :name)"),
    text(
        "insert into store (chain_id, code, name, name_en, sort_key, time_zone, unassigned)"
        " values (:chain, :code, '未分配', 'Unassigned', '~', :zone, true)"
    ),
)
_OTHER_MONEY = text(
    "select currency <> :currency or time_zone <> :zone from chain where chain_id = :chain"
)
_HAS_PAYMENTS = text("select exists (select from payment where chain_id = :chain)")
_CHANGE_CHAIN = (
    text(
        "update chain set name = :name, currency = :currency, time_zone = :zone,"
        " country = :country, lang = :lang where chain_id = :chain"
    ),
    text("update directory.chain set name = :name where chain_id = :chain"),
    text("update store set time_zone = :zone where chain_id = :chain and code = :code"),
)
_AUDIT = text(
    "insert into audit_log (chain_id, user_id, action, detail)"
    " values (:chain, :user, 'chain', cast(:detail as jsonb))"
)
_GUIDE = text("update chain set guide = :step where chain_id = :chain and guide <> :step")
_REGION = text(
    "insert into region (chain_id, name, name_en) values (:chain, :name, :name_en)"
    " on conflict (chain_id, name) do update set"
    " name_en = coalesce(nullif(excluded.name_en, ''), region.name_en) returning region_id"
)
_STORE_COLUMNS = (
    "code",
    "name",
    "name_en",
    "sort_key",
    "city",
    "city_en",
    "lat",
    "lon",
    "opened_on",
    "closed_on",
    "area_sqm",
    "monthly_rent",
    "time_zone",
    "cutover_hour",
)
_ADD_STORE = (
    f"insert into store (chain_id, region_id, {', '.join(_STORE_COLUMNS)})"
    f" values (:chain, :region_id, {', '.join(':' + name for name in _STORE_COLUMNS)})"
    " on conflict (chain_id, code) do update set"
)
