"""The demo chain's set-up: what its owner would type in before the first bill comes."""

from typing import Any

from pypinyin import lazy_pinyin
from sqlalchemy import Connection, text

from runtime.demo import DemoChain
from warehouse.chains import NewChain, create_chain
from warehouse.session import Scope, Warehouse

CASH_MAP = "现金收入"


def create_demo_chain(warehouse: Warehouse, demo: DemoChain) -> int:
    """Make the chain with its regions, stores, accounts, bindings and campaigns; return its number.

    All or nothing, but for the empty chain itself.
    """
    new = NewChain(demo.name, demo.currency, demo.country, demo.time_zone)
    chain_id = create_chain(warehouse, new)
    with warehouse.begin(Scope(chain_id)) as connection:
        regions = _regions(connection, chain_id, demo)
        stores = _stores(connection, chain_id, demo, regions)
        accounts = _accounts(connection, chain_id, demo)
        _bindings(connection, chain_id, demo, accounts)
        _campaigns(connection, chain_id, demo, stores)
        _column_map(connection, chain_id, demo)
    return chain_id


def _ids(connection: Connection, query: str, rows: list[dict[str, Any]]) -> list[int]:
    return [int(connection.execute(text(query), row).scalar_one()) for row in rows]


def _regions(connection: Connection, chain: int, demo: DemoChain) -> dict[str, int]:
    rows = [{"chain": chain, "name": one.name, "en": one.name_en} for one in demo.regions]
    query = (
        "insert into region (chain_id, name, name_en) values (:chain, :name, :en)"
        " returning region_id"
    )
    return dict(zip([one.name for one in demo.regions], _ids(connection, query, rows), strict=True))


def _stores(
    connection: Connection, chain: int, demo: DemoChain, regions: dict[str, int]
) -> dict[str, int]:
    rows = [
        {
            "chain": chain,
            "code": one.code,
            "name": one.name,
            "en": one.name_en,
            "sort": " ".join(lazy_pinyin(one.name)),
            "city": one.city,
            "city_en": one.city_en,
            "region": regions[one.region],
            "lat": one.lat,
            "lon": one.lon,
            "opened": one.opened_on,
            "closed": one.closed_on,
            "area": one.area_sqm,
            "rent": one.monthly_rent,
            "zone": one.time_zone,
            "cutover": one.cutover_hour,
        }
        for one in demo.stores
    ]
    query = (
        "insert into store (chain_id, code, name, name_en, sort_key, city, city_en, region_id,"
        " lat, lon, opened_on, closed_on, area_sqm, monthly_rent, time_zone, cutover_hour)"
        " values (:chain, :code, :name, :en, :sort, :city, :city_en, :region,"
        " :lat, :lon, :opened, :closed, :area, :rent, :zone, :cutover) returning store_id"
    )
    return dict(zip([one.code for one in demo.stores], _ids(connection, query, rows), strict=True))


def _accounts(connection: Connection, chain: int, demo: DemoChain) -> dict[tuple[str, str], int]:
    rows = [
        {"chain": chain, "platform": one.platform, "ref": one.ref, "label": one.label}
        for one in demo.accounts
    ]
    query = (
        "insert into account (chain_id, platform, ref, label)"
        " values (:chain, :platform, :ref, :label) returning account_id"
    )
    keys = [(one.platform, one.ref) for one in demo.accounts]
    return dict(zip(keys, _ids(connection, query, rows), strict=True))


def _bindings(
    connection: Connection,
    chain: int,
    demo: DemoChain,
    accounts: dict[tuple[str, str], int],
) -> None:
    rows = [
        {
            "chain": chain,
            "account": accounts[one.platform, one.account_ref],
            "kind": one.ref_kind,
            "ref": one.ref,
            "code": one.store_code,
            "from_date": one.from_date,
        }
        for one in demo.bindings
    ]
    connection.execute(_BINDING, rows)


def _campaigns(connection: Connection, chain: int, demo: DemoChain, stores: dict[str, int]) -> None:
    rows = [
        {
            "chain": chain,
            "name": one.name,
            "mechanic": f"-{one.discount / 100:g} / {one.threshold / 100:g}",
            "starts": one.starts,
            "ends": one.ends,
            "stores": [stores[each.code] for each in demo.stores if each.city in one.cities],
        }
        for one in demo.campaigns
    ]
    connection.execute(_CAMPAIGN, rows)


def _column_map(connection: Connection, chain: int, demo: DemoChain) -> None:
    import json

    spec = {
        "columns": {
            "occurred_at": demo.cash_columns["date"],
            "store_ref": demo.cash_columns["store"],
            "gross": demo.cash_columns["amount"],
            "count": demo.cash_columns["count"],
        },
        "zone": demo.time_zone,
        "currency": demo.currency,
        "platform": "cash",
    }
    connection.execute(
        text("insert into column_map (chain_id, name, spec) values (:chain, :name, :spec)"),
        {"chain": chain, "name": CASH_MAP, "spec": json.dumps(spec)},
    )


_BINDING = text(
    """
    insert into store_binding (chain_id, account_id, ref_kind, ref, store_id, from_at)
    select :chain, :account, :kind, :ref, s.store_id,
           coalesce((cast(:from_date as date) + make_interval(hours => s.cutover_hour))
                    at time zone s.time_zone, '0001-01-01 00:00+00')
    from store s where s.chain_id = :chain and s.code = :code
    """
)
_CAMPAIGN = text(
    "insert into campaign (chain_id, name, mechanic, starts_on, ends_on, store_ids)"
    " values (:chain, :name, :mechanic, :starts, :ends, :stores)"
)
