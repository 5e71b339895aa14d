"""The advice on marketing money: what each channel brought back, found by a job and kept."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import structlog
from sqlalchemy import Connection, text

from advice import marketing
from chain.calendars import Calendar
from chain.days import Period
from chain.errors import PermanentError, TillboardError, TransientError
from chain.money import exponent
from warehouse import budgets
from warehouse.locks import Lock, hold
from warehouse.reads.context import Context, load
from warehouse.reads.marketing import sales_by_week, spend_by_week, weeks
from warehouse.session import Scope, Warehouse
from warehouse.spend import WHOLE

log = structlog.get_logger(__name__)
SEED = 0
SUBSIDY = "subsidy"
"""The channel of discounts that the chain paid itself, read from its payments."""
FEWEST_WEEKS = 26
SILENT = timedelta(minutes=20)
WAITING = timedelta(minutes=1)
"""Advice that waits this long may have lost its message."""


@dataclass(frozen=True, slots=True)
class Marketing:
    """The advice of all chains."""

    warehouse: Warehouse

    def advise(self, chain_id: int, plan_id: int) -> None:
        """Make the advice that was asked for; done or failed, it stays so.

        May be killed at any line and done again: the seed is fixed, so the answer is the same.
        Raises TransientError where another worker is at it.
        """
        scope = Scope(chain_id)
        with self.warehouse.hold(scope) as held:
            with held.begin():
                hold(held, Lock.MARKETING, plan_id)
                if not budgets.begin(held, chain_id, plan_id):
                    return
            try:
                with held.begin():
                    panel, channels = panel_of(load(held))
                found = marketing.fit(
                    panel,
                    channels=channels,
                    outcome="sales",
                    store="store",
                    date="week",
                    controls=("days", "holidays"),
                    seed=SEED,
                )
            except TransientError:
                raise
            except TillboardError as error:
                self._failed(held, chain_id, plan_id, error)
                return
            except Exception as error:
                said = PermanentError("budget.failed", kind=type(error).__name__)
                self._failed(held, chain_id, plan_id, said)
                raise
            with held.begin():
                kept = {"response": found.to_json(), "weeks": int(panel["week"].nunique())}
                budgets.finish(held, chain_id, plan_id, fingerprint(panel), kept)

    def sweep(self, take_up: Callable[[int, int], None]) -> None:
        """Call ``take_up(chain_id, plan_id)`` for advice that stands still."""
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                plan_id = budgets.silent(connection, chain_id, waiting=WAITING, running=SILENT)
            if plan_id is not None:
                take_up(chain_id, plan_id)

    def _failed(self, held: Connection, chain_id: int, plan_id: int, error: TillboardError) -> None:
        log.warning("no advice on marketing", reason=error.key)
        with held.begin():
            budgets.fail(held, chain_id, plan_id, error)

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()


def panel_of(context: Context) -> tuple[pd.DataFrame, list[str]]:
    """Return a row a store and week (store, week, sales, days, holidays, a column a channel).

    Money is in major units of the chain's currency. Also the names of the channels. Raises
    PermanentError where there is too little of either sales or spend.
    """
    period = weeks(context)
    if period is None or (period[1] - period[0]).days // 7 + 1 < FEWEST_WEEKS:
        raise PermanentError("budget.too_short", weeks=FEWEST_WEEKS)
    sales, spent = sales_by_week(context, *period), spend_by_week(context, *period)
    if spent.empty:
        raise PermanentError("budget.no_spend")
    unit = 10 ** exponent(context.chain.currency)
    panel = pd.DataFrame(
        {
            "store": sales["store_id"].astype(str),
            "week": pd.to_datetime(sales["week"]),
            "sales": sales["sales"] / unit,
            "days": sales["days"],
            "holidays": sales["week"].map(_holidays(context.chain.country, *period)),
        }
    )
    for channel in sorted(spent["channel"].unique()):
        own = spent[spent["channel"] == channel]
        panel[channel] = _column(panel, own, unit)
    channels = sorted(spent["channel"].unique())
    if SUBSIDY not in channels and sales["subsidy"].sum() > 0:
        panel[SUBSIDY] = sales["subsidy"] / unit
        channels.append(SUBSIDY)
    return panel, channels


def _column(panel: pd.DataFrame, own: pd.DataFrame, unit: int) -> "pd.Series[float]":
    """Return one channel's spend by row of the panel, the chain's share of it included."""
    amount = own.assign(week=pd.to_datetime(own["week"]), amount=own["amount"] / unit)
    by_store = amount[amount["store_id"] != WHOLE]
    keys = pd.MultiIndex.from_arrays([by_store["store_id"].astype(str), by_store["week"]])
    spent = pd.Series(by_store["amount"].to_numpy(), index=keys)
    rows = pd.MultiIndex.from_arrays([panel["store"], panel["week"]])
    column = pd.Series(spent.reindex(rows).fillna(0.0).to_numpy(), index=panel.index)
    whole = amount[amount["store_id"] == WHOLE].set_index("week")["amount"]
    if len(whole):
        shared = marketing.spread(panel, whole, store="store", date="week", by="sales")
        column = column + shared.fillna(0.0)
    return column


def _holidays(country: str, first: date, last: date) -> dict[date, int]:
    known = Calendar(country).holidays(Period(first, last + timedelta(days=6)))
    mondays = [first + timedelta(weeks=at) for at in range((last - first).days // 7 + 1)]
    return {
        monday: sum(monday + timedelta(days=day) in known for day in range(7)) for monday in mondays
    }


def fingerprint(panel: pd.DataFrame) -> str:
    """Return what changes whenever the rows that advice was made of do."""
    rows = pd.util.hash_pandas_object(panel, index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()
