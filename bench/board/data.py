"""A chain of the size that is measured, made in the server straight into the sums."""

import time
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

PLATFORMS = ("alipay", "wechat", "meituan", "eleme", "card")
SUMS = (
    "gross, orders, refund, refunds, platform_subsidy, merchant_subsidy, fee, net, prepaid, other"
)
ADDED = ", ".join(f"sum({name})" for name in SUMS.split(", "))
HOURS = 90
"""Days for which hours are made as well: the heat map's share of the table's real size."""


@dataclass(frozen=True)
class Size:
    """How many stores and days; the last day is yesterday."""

    stores: int
    days: int

    def first(self) -> date:
        """The first day."""
        return self.last() - timedelta(days=self.days - 1)

    def last(self) -> date:
        """The last day."""
        return date.today() - timedelta(days=1)  # noqa: DTZ011 - the machine's own yesterday


def fill(url: str, chain: int, size: Size) -> float:
    """Make the chain's rows as the superuser at ``url``; return the seconds it took.

    A store's day at one platform is a number from its hash with the weekday's weight, so that a
    second run makes the same.
    """
    started = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        values = {
            "chain": chain,
            "stores": size.stores,
            "first": size.first(),
            "last": size.last(),
            "platforms": list(PLATFORMS),
        }
        for statement in _STATEMENTS:
            connection.execute(statement, values)
        for table in _TABLES:
            connection.execute(f"vacuum (analyze) {table}")
    return time.perf_counter() - started


_TABLES = (
    "region",
    "store",
    "account",
    "store_day",
    "store_day_total",
    "store_month",
    "store_month_total",
    "store_hour",
)
_STATEMENTS = (
    (
        "insert into region (chain_id, name, name_en)"
        " select %(chain)s, '区' || i, 'Region ' || i from generate_series(1, 6) i"
    ),
    (
        "insert into account (chain_id, platform, ref)"
        " select %(chain)s, p, p from unnest(%(platforms)s::text[]) p"
    ),
    """
    insert into store (chain_id, code, name, name_en, sort_key, city, city_en, region_id,
        opened_on, area_sqm, time_zone)
    select %(chain)s, 'S' || i, '门店' || i, 'Store ' || i, lpad(i::text, 5, '0'),
        '城市' || i %% 20, 'City ' || i %% 20,
        (select min(region_id) from region where chain_id = %(chain)s) + i %% 6,
        date '2020-01-01', 30 + i %% 50, 'Asia/Shanghai'
    from generate_series(1, %(stores)s) i
    """,
    f"""
    insert into store_day (chain_id, business_date, store_id, platform, channel, currency, {SUMS})
    select %(chain)s, d::date, s.store_id, p,
        case when p in ('meituan', 'eleme') then 'delivery' else 'dine_in' end, 'CNY',
        g, g / 2500, g / 100, 1 + g / 250000, g / 50, g / 30, g * 6 / 1000,
        g - g / 30 - g * 6 / 1000, 0, 0
    from generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') d
    cross join (select store_id from store
                where chain_id = %(chain)s and not unassigned order by store_id) s
    cross join unnest(%(platforms)s::text[]) p
    cross join lateral (
        select ((100000 + (hashtext(d::text || s.store_id || p) & 65535) * 4)
            * (1 + (date_part('isodow', d) >= 6)::int * 0.3))::bigint as g) amount
    """,
    f"""
    insert into store_day_total (chain_id, business_date, store_id, currency, {SUMS})
    select chain_id, business_date, store_id, currency, {ADDED} from store_day
    where chain_id = %(chain)s group by 1, 2, 3, 4 order by 1, 2, 3, 4
    """,
    f"""
    insert into store_month (chain_id, month, store_id, platform, channel, currency, {SUMS})
    select chain_id, date_trunc('month', business_date)::date, store_id, platform, channel,
        currency, {ADDED}
    from store_day where chain_id = %(chain)s group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
    """,
    f"""
    insert into store_month_total (chain_id, month, store_id, currency, days, {SUMS})
    select chain_id, date_trunc('month', business_date)::date, store_id, currency, count(*), {ADDED}
    from store_day_total where chain_id = %(chain)s group by 1, 2, 3, 4 order by 1, 2, 3, 4
    """,
    f"""
    insert into store_hour (chain_id, business_date, store_id, hour, currency, gross, orders)
    select chain_id, business_date, store_id, hour, currency, gross / 14, orders / 14
    from store_day_total cross join generate_series(8, 21) hour
    where chain_id = %(chain)s and business_date > %(last)s::date - {HOURS}
    """,
)
