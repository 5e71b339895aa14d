"""What people plan: targets by month, and the days that the chain knows better than a calendar."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.tables.forecasts import CALENDAR_KINDS


def set_target(
    connection: Connection,
    chain_id: int,
    store_id: int,
    month: date,
    amount: int | None,
    *,
    user_id: int | None = None,
) -> None:
    """Set what a store (0: the chain) is to take in a month, net; ``amount`` None takes it away.

    In minor units of the chain's currency. ``month`` is any day of it.
    """
    values = {
        "chain": chain_id,
        "store": store_id,
        "month": month.replace(day=1),
        "amount": amount,
        "user": user_id,
    }
    connection.execute(_SET_TARGET if amount is not None else _NO_TARGET, values)


@dataclass(frozen=True, slots=True)
class NewCalendarDay:
    """A day of the chain's own calendar; ``store_id`` 0: of all stores.

    ``kind``: holiday, workday (worked although it would be off), school (holidays), event, or
    closed (the stores are not open).
    """

    day: date
    kind: str
    name: str
    store_id: int = 0


def add_calendar_day(connection: Connection, chain_id: int, new: NewCalendarDay) -> None:
    """Add a day; one that is there stays. Raises PermanentError for a kind there is not."""
    if new.kind not in CALENDAR_KINDS:
        raise PermanentError("warehouse.calendar_kind", kind=new.kind)
    connection.execute(
        _ADD_DAY,
        {
            "chain": chain_id,
            "day": new.day,
            "kind": new.kind,
            "name": new.name.strip(),
            "store": new.store_id,
        },
    )


def remove_calendar_day(connection: Connection, chain_id: int, calendar_id: int) -> None:
    """Take a day away; one that is gone stays so."""
    connection.execute(_REMOVE_DAY, {"chain": chain_id, "day": calendar_id})


_SET_TARGET = text(
    """
    insert into target (chain_id, month, store_id, amount, currency, set_by)
    select :chain, :month, :store, :amount, currency, :user from chain where chain_id = :chain
    on conflict (chain_id, month, store_id) do update set
        amount = excluded.amount, currency = excluded.currency, set_by = excluded.set_by,
        set_at = clock_timestamp()
    """
)
_NO_TARGET = text(
    "delete from target where chain_id = :chain and month = :month and store_id = :store"
)
_ADD_DAY = text(
    "insert into calendar_day (chain_id, day, kind, name, store_id)"
    " values (:chain, :day, :kind, :name, :store) on conflict do nothing"
)
_REMOVE_DAY = text("delete from calendar_day where chain_id = :chain and calendar_id = :day")
