"""Setting up a chain: the business itself, its regions and its stores."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from warehouse.session import Scope, Warehouse

UNASSIGNED = "unassigned"
"""Code of the store that takes in money which is bound to none."""

TYPED = "typed"
"""Account of the platform ``cash`` whose takings people type in."""


@dataclass(frozen=True, slots=True)
class NewStore:
    """A store as it is added; ``code`` is the owner's own short name for it, unique in the chain.

    ``sort_key`` is the name in pinyin, since the embedded server has no Chinese collation.
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


def create_chain(
    warehouse: Warehouse,
    *,
    name: str,
    currency: str,
    time_zone: str,
    country: str = "CN",
    lang: str = "en",
) -> int:
    """Make a chain with its *unassigned* store; return its id."""
    with warehouse.directory() as connection:
        chain_id = int(
            connection.scalar(text("select nextval(pg_get_serial_sequence('chain', 'chain_id'))"))
            or 0
        )
        connection.execute(
            text("insert into directory.chain (chain_id, name) values (:chain, :name)"),
            {"chain": chain_id, "name": name},
        )
    with warehouse.begin(Scope(chain_id)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone, country, lang)"
                " values (:chain, :name, :currency, :zone, :country, :lang)"
            ),
            {
                "chain": chain_id,
                "name": name,
                "currency": currency,
                "zone": time_zone,
                "country": country,
                "lang": lang,
            },
        )
        connection.execute(
            text(
                "insert into store (chain_id, code, name, name_en, time_zone, unassigned)"
                " values (:chain, :code, '未分配', 'Unassigned', :zone, true)"
            ),
            {"chain": chain_id, "code": UNASSIGNED, "zone": time_zone},
        )
    return chain_id


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
