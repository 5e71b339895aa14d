"""A chain of stores of one kind, whose sales differ by floor area above all."""

from datetime import date

from sqlalchemy import text

from warehouse.session import Scope, Warehouse
from warehouse.sums import create_touched, recompute


def fill(warehouse: Warehouse, chain: int, stores: int, until: date) -> None:
    """Make a chain of ``stores`` stores (ids from 1001, of the second chain 2001) and their sales.

    The third opened two weeks before ``until``, the fourth was shut on three days of that week; the
    store of no store has money of three days.
    """
    with warehouse.begin(Scope(chain)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone) overriding system value"
                " values (:chain, 'Tea', 'CNY', 'Asia/Shanghai') on conflict do nothing"
            ),
            {"chain": chain},
        )
        connection.execute(
            _STORES, {"chain": chain, "first": chain * 1000, "stores": stores, "until": until}
        )
        connection.execute(_PAYMENTS, {"chain": chain, "until": until})
        create_touched(connection)
        connection.execute(
            text("insert into touched select distinct business_date, store_id from payment")
        )
        recompute(connection, chain)


_STORES = text(
    """
    insert into store (chain_id, store_id, code, name, sort_key, city, opened_on, area_sqm,
        time_zone, unassigned)
    overriding system value
    select :chain, :first + n, 'code' || :first + n, 'Secretname' || :first + n, n::text, 'Suzhou',
        case when n = 3 then cast(:until as date) - 13 else date '2020-01-01' end, 40 + 5 * n,
        'Asia/Shanghai', n = 0
    from generate_series(0, :stores) n
    """
)
_PAYMENTS = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,
        merchant_subsidy, fee, account_id, place_id, store_id, business_date, platform, kind,
        currency, external_id)
    select :chain, gen_random_uuid(), gen_random_uuid(),
        cast(:until as date) - back + interval '4 hours', 1, now(), gross,
        gross - gross / 20 - gross / 100, gross / 20, gross / 100, 1, 1, s.store_id,
        cast(:until as date) - back, platform, 'sale', 'CNY',
        gen_random_uuid()::text
    from store s, generate_series(0, 62) back, unnest(array['alipay', 'wechat']) platform,
        lateral (select 1000 + (10000 * s.area_sqm / 50)::bigint + 37 * (s.store_id % 7)
            + 100 * (back % 7) + back as gross) g
    where (s.store_id % 1000 > 0 or back < 3) and cast(:until as date) - back >= s.opened_on
        and not (s.store_id % 1000 = 4 and back between 2 and 4)
    """
)
