"""The town of ``tests.sites`` as a chain in the warehouse: stores, their sales, its files."""

from datetime import date, timedelta

from sqlalchemy import text

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
