"""The town of ``tests.sites`` as a chain in the warehouse: stores, their sales, its files."""

from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, text

from advice.sites import fit, suggest
from advice.sites.rows import as_plain
from tests.sites import town
from warehouse import sites
from warehouse.session import Scope, Warehouse
from warehouse.sums import create_touched, recompute

LONG = 91


def town_chain(warehouse: Warehouse, chain: int, until: date, *, files: bool = True) -> None:
    """Fill a chain that exists with 14 stores (ids from ``chain`` * 1000) and a quarter's sales."""
    made = town()
    with warehouse.begin(Scope(chain)) as connection:
        for number, row in enumerate(made["stores"].to_dict("records")):
            store = chain * 1000 + number
            connection.execute(
                _STORE,
                {"chain": chain, "store": store, "name": f"Shop {number}", "lat": row["lat"],
                 "lon": row["lon"], "rent": int(row["rent"])},
            )  # fmt: skip
            connection.execute(
                _DAYS,
                {"chain": chain, "store": store, "until": until, "days": LONG,
                 "gross": int(row["revenue"] / 30.4375)},
            )  # fmt: skip
        create_touched(connection)
        connection.execute(
            text("insert into touched select distinct business_date, store_id from payment")
        )
        recompute(connection, chain)
        if files:
            for kind in ("areas", "competitors"):
                sites.keep_input(connection, chain, kind, made[kind], f"{kind}.csv", "wgs84")


@cache
def stored() -> tuple[bytes, dict[str, Any]]:
    """Return the town's market as bytes, and its best suggestion as JSON holds it."""
    made = town()
    market = fit(made["stores"], made["areas"], made["competitors"])
    table = suggest(market, made["candidates"].assign(capex=3e7), margin=0.6)
    return market.dumps(), as_plain(table.to_dict("records")[0], proposed=True)


def advise(connection: Connection, chain: int, store: int) -> None:
    """Store advice as a job would have, in which ``store`` is named."""
    market, row = stored()
    detail = {
        "cells": [[31.77, 117.28, 100.0, 900.0]],
        "stores": [[str(store), 31.77, 117.27, 5000.0]],
        "rivals": [],
        "left_out": [],
        "error": 0.2,
        "areas": 1,
        "coarse": False,
        "notes": [],
    }
    sites.ask(connection, chain, sites.Assumed(30_000_000, 0.6))
    row = row | {"losses": {str(store): 100}, "twin": str(store)}
    sites.store(connection, chain, "f", market, detail, [row])


def yesterday() -> date:
    """Return the last day of the sales."""
    return date.today() - timedelta(days=1)  # noqa: DTZ011 - one day more or less is all the same


_STORE = text(
    """
    insert into store (chain_id, store_id, code, name, sort_key, city, lat, lon, opened_on,
        monthly_rent, time_zone)
    overriding system value
    values (:chain, :store, :name, :name, :name, 'Hefei', :lat, :lon, '2020-01-01', :rent,
        'Asia/Shanghai')
    """
)
_DAYS = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,
        account_id, place_id, store_id, business_date, platform, kind, currency, external_id)
    select :chain, gen_random_uuid(), gen_random_uuid(), cast(:until as date) - back, 1, now(),
        :gross, :gross, 1, 1, :store, cast(:until as date) - back, 'alipay', 'sale', 'CNY',
        gen_random_uuid()::text
    from generate_series(0, :days - 1) back
    """
)
