"""A chain with a past worth a digest: eight stores, one silent, one weak, and a forecast."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, text

from chain.days import Period
from chain.schedule import Rhythm
from chain.words import Lang
from reports.digests.build import build
from reports.digests.facts import Facts
from reports.digests.model import Contents
from tests.futures import add_up, sell
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

LAST = date(2026, 3, 15)
"""A Sunday; the digest of it is due on Monday."""
NOW = datetime(2026, 3, 16, 0, 5, tzinfo=UTC)
"""Five past eight in the morning of the day after, in Shanghai."""
BOARD = "https://board.example.com"
STORES = (
    ("万象城", "Mixc", "东区"),
    ("五角场", "Wujiaochang", "东区"),
    ("陆家嘴", "Lujiazui", "东区"),
    ("徐家汇", "Xujiahui", "东区"),
    ("春熙路", "Chunxi Road", "西区"),
    ("解放碑", "Jiefangbei", "西区"),
    ("大雁塔", "Dayan Pagoda", "西区"),
    ("钟楼", "Bell Tower", "西区"),
)
SILENT, WEAK, STRONG = 1, 2, 4
DAYS = 430


def chain_with_stores(warehouse: Warehouse, days: int = DAYS) -> tuple[int, list[int]]:
    """Make the chain up to ``LAST``; return it and its stores."""
    chain = create_chain(warehouse, NewChain("青禾茶饮"))
    rng = np.random.default_rng(11)
    with warehouse.begin(Scope(chain)) as connection:
        stores = [
            add_store(
                connection,
                chain,
                NewStore(
                    f"S{number:03}", name, "Asia/Shanghai", name_en=english, region=region,
                    opened_on=date(2020, 1, 1),
                ),
            )
            for number, (name, english, region) in enumerate(STORES, start=1)
        ]  # fmt: skip
        for number, store in enumerate(stores):
            level = 900_000 + 150_000 * number
            for back in reversed(range(days)):
                day = LAST - timedelta(days=back)
                if number == SILENT and back < 3:
                    continue
                busy = 1.35 if day.weekday() >= 5 else 1.0
                amount = int(level * busy * rng.normal(1, 0.06) * (1.12 if back < 200 else 1.0))
                if number == WEAK and back == 0:
                    amount //= 2
                if number == STRONG and back < 7:
                    amount = int(amount * 1.3)
                sell(connection, chain, store, day, amount)
        connection.execute(
            text(
                "update store_day set orders = gross / 2600, refund = gross / 90,"
                " refunds = 1 + gross / 90000, merchant_subsidy = gross / 25, fee = gross / 160"
                " where chain_id = :chain"
            ),
            {"chain": chain},
        )
        add_up(connection, chain)
        _foresee(connection, chain)
    return chain, stores


def _foresee(connection: Connection, chain: int) -> None:
    for statement in _FORECAST:
        connection.execute(statement, {"chain": chain, "last": LAST})


def facts(
    warehouse: Warehouse,
    scope: Scope,
    rhythm: Rhythm = "daily",
    lang: Lang = "zh",
    now: datetime = NOW,
    period: Period | None = None,
) -> Facts:
    """Return the facts of the digest that is due on the Monday after ``LAST``."""
    given = {
        "daily": Period(LAST, LAST),
        "weekly": Period(LAST - timedelta(days=6), LAST),
        "monthly": Period(date(2026, 2, 1), date(2026, 2, 28)),
    }
    reads = Reads(warehouse, scope, now=lambda: now)
    whole = scope.store_ids is None
    return Facts(reads, rhythm, period or given[rhythm], lang, BOARD, whole)


def contents(
    warehouse: Warehouse, scope: Scope, rhythm: Rhythm = "daily", lang: Lang = "zh"
) -> Contents:
    """Return that digest."""
    return build(facts(warehouse, scope, rhythm, lang))


def save(target: Path, content: bytes | str) -> None:
    """Write what is to be looked at."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)


_FORECAST = (
    text(
        """
        insert into forecast_run (chain_id, state, kind, learned_until, first_day, last_day,
            done_at)
        values (:chain, 'done', 'full', :last, cast(:last as date) + 1, cast(:last as date) + 90,
            now())
        """
    ),
    text(
        """
        insert into forecast (chain_id, run_id, store_id, day, mean, quantiles)
        select d.chain_id, r.run_id, d.store_id, d.business_date + 7 * week, d.gross * 0.95,
            array(select (d.gross * (0.75 + 0.04 * q))::bigint from generate_series(1, 9) q)
        from store_day d join forecast_run r on r.chain_id = d.chain_id
            cross join generate_series(1, 13) week
        where d.chain_id = :chain and d.business_date > cast(:last as date) - 7
        """
    ),
    text(
        """
        insert into forecast_store (chain_id, run_id, store_id, model, wape, naive_wape)
        select r.chain_id, r.run_id, s.store_id, 'panel', 0.1, 0.2
        from store s join forecast_run r on r.chain_id = s.chain_id
        where s.chain_id = :chain and not s.unassigned
        """
    ),
    text(
        """
        insert into forecast_group (chain_id, run_id, level, unit_id, store_ids, mean, quantiles)
        select days.chain_id, days.run_id, 'chain', 0,
            (select array_agg(store_id order by store_id) from forecast_store
             where chain_id = :chain),
            array_agg(days.mean order by days.day),
            (select array_agg(one.amount order by one.day, one.q) from (
                select f.day, q, sum(f.quantiles[q]) as amount
                from forecast f cross join generate_series(1, 9) q
                where f.chain_id = :chain group by f.day, q) one)
        from (select chain_id, run_id, day, sum(mean) as mean from forecast
              where chain_id = :chain group by chain_id, run_id, day) days
        group by days.chain_id, days.run_id
        """
    ),
)
