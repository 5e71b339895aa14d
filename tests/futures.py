"""Chains with a past to be forecast from: sums written straight into the warehouse."""

from datetime import date, timedelta

import numpy as np
from sqlalchemy import Connection, text

from chain.settings import Settings
from forecasting.panel import Floats, Panel
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

LAST = date(2026, 3, 15)
REGIONS = ("北区", "南区")


def chain_with_past(
    warehouse: Warehouse, stores: int = 5, days: int = 150, last: date = LAST
) -> tuple[int, list[int]]:
    """Return a chain and its stores, each with net sales and weekdays of its own up to ``last``."""
    chain_id = create_chain(warehouse, NewChain("Tea"))
    rng = np.random.default_rng(7)
    with warehouse.begin(Scope(chain_id)) as connection:
        ids = [
            add_store(
                connection,
                chain_id,
                NewStore(f"S{number}", f"店{number}", "Asia/Shanghai", region=REGIONS[number % 2]),
            )
            for number in range(stores)
        ]
        for number, store in enumerate(ids):
            level = 50_000 * (number + 1)
            for back in reversed(range(days)):
                day = last - timedelta(days=back)
                busy = 1.4 if day.weekday() >= 5 else 1.0
                sell(connection, chain_id, store, day, int(level * busy * rng.normal(1, 0.1)))
        add_up(connection, chain_id)
    return chain_id, ids


def sell(connection: Connection, chain_id: int, store: int, day: date, amount: int) -> None:
    """Write what a store took on a day, in place of what it is said to have taken."""
    values = {"chain": chain_id, "store": store, "day": day, "amount": amount}
    connection.execute(_NOTHING, values)
    connection.execute(_SOLD, values)


def add_up(connection: Connection, chain_id: int) -> None:
    """Make the sums of days and months anew."""
    for statement in _ADD_UP:
        connection.execute(statement, {"chain": chain_id})


def run_to_end(forecasts: Forecasts, chain_id: int, kind: str = "full") -> int:
    """Do all jobs of a run one after the other, as one worker would; return the run."""
    run_id = forecasts.start(chain_id, kind)
    finish(forecasts, chain_id, run_id)
    return run_id


def finish(forecasts: Forecasts, chain_id: int, run_id: int) -> None:
    """Go on with a run until it is done."""
    for chunk in forecasts.advance(chain_id, run_id):
        if forecasts.play(chain_id, run_id, chunk):
            forecasts.advance(chain_id, run_id)


class LastWeek:
    """A model that takes each store alone: the last week again, a little lower."""

    name = "theta"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]."""
        del seed, workers
        week = np.nan_to_num(panel.history[:, -7:])
        return np.asarray(0.99 * np.tile(week, -(-panel.horizon // 7))[:, : panel.horizon])


def stored(warehouse: Warehouse, chain_id: int, run_id: int) -> dict[str, list[str]]:
    """Return all that a run wrote, but for what differs from run to run."""
    found = {}
    with warehouse.begin(Scope(chain_id)) as connection:
        for table in ("forecast", "forecast_group", "forecast_store", "forecast_score"):
            rows = connection.scalars(
                text(
                    f"select (to_jsonb(t) - 'run_id')::text from {table} t where run_id = :run"
                    " and to_jsonb(t) ->> 'metric' is distinct from 'seconds'"
                ),
                {"run": run_id},
            )
            found[table] = sorted(rows)
    return found


def settings(**given: int) -> Settings:
    """Return settings with small chunks."""
    return Settings(forecast_chunk_stores=2, **given)  # type: ignore[arg-type]


_NOTHING = text(
    "delete from store_day where chain_id = :chain and store_id = :store and business_date = :day"
)
_SOLD = text(
    """
    insert into store_day (chain_id, business_date, store_id, platform, channel, currency, gross,
        orders, net)
    values (:chain, :day, :store, 'wechat', '', 'CNY', :amount, 40, :amount)
    """
)
_SUMS = (
    "gross, orders, refund, refunds, platform_subsidy, merchant_subsidy, fee, net, prepaid, other,"
    " vat, franchised, royalty"
)
_ADDED = ", ".join(f"sum({name})" for name in _SUMS.split(", "))
_ADD_UP = tuple(
    text(statement)
    for statement in (
        "delete from store_day_total where chain_id = :chain",
        "delete from store_month where chain_id = :chain",
        "delete from store_month_total where chain_id = :chain",
        f"""
        insert into store_day_total (chain_id, business_date, store_id, currency, {_SUMS})
        select chain_id, business_date, store_id, currency, {_ADDED}
        from store_day where chain_id = :chain group by 1, 2, 3, 4
        """,
        f"""
        insert into store_month (chain_id, month, store_id, platform, channel, currency, {_SUMS})
        select chain_id, date_trunc('month', business_date)::date, store_id, platform, channel,
            currency, {_ADDED}
        from store_day where chain_id = :chain group by 1, 2, 3, 4, 5, 6
        """,
        f"""
        insert into store_month_total (chain_id, month, store_id, currency, days, {_SUMS})
        select chain_id, date_trunc('month', business_date)::date, store_id, currency, count(*),
            {_ADDED}
        from store_day_total where chain_id = :chain group by 1, 2, 3, 4
        """,
    )
)
