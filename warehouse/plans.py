"""What people plan: targets by month, and the days that the chain knows better than a calendar."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection, text

from chain.days import Period
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
class NewTarget:
    """A target of a store (0: the chain) in a month, net, in minor units; None: none any more."""

    store_id: int
    month: date
    amount: int | None


def set_targets(
    connection: Connection, chain_id: int, targets: Sequence[NewTarget], user_id: int | None
) -> None:
    """Set many targets at once; all or none."""
    for each in targets:
        set_target(connection, chain_id, each.store_id, each.month, each.amount, user_id=user_id)


def copy_targets(
    connection: Connection, chain_id: int, year: int, wanted: "Copied", user_id: int | None
) -> int:
    """Fill the empty targets of a year from the year before; return how many were set.

    For the stores that the reader sees. What is set stays. Of what came, months that are not over
    or lack more than a fifth of their days are left out, since they would set the bar too low.
    """
    values = {
        "chain": chain_id,
        "first": date(year - 1, 1, 1),
        "last": date(year - 1, 12, 31),
        "today": wanted.today,
        "factor": 1 + wanted.percent / 100,
        "unit": wanted.unit,
        "user": user_id,
    }
    copied = connection.execute(_COPY_ACTUAL if wanted.actual else _COPY_TARGETS, values)
    return int(copied.rowcount)


@dataclass(frozen=True, slots=True)
class Copied:
    """What is copied: what came (``actual``) or the targets, ``percent`` more, on ``today``.

    ``unit``: amounts are rounded to so many minor units.
    """

    actual: bool
    percent: float
    today: date
    unit: int = 100


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


LONGEST = 366
"""Days that one entry of the calendar may last."""


def add_calendar_days(
    connection: Connection, chain_id: int, period: Period, new: NewCalendarDay
) -> None:
    """Add each day of ``period`` as ``new`` (whose own day is not looked at)."""
    if period.days > LONGEST:
        raise PermanentError("warehouse.calendar_long", most=LONGEST)
    for at in range(period.days):
        add_calendar_day(connection, chain_id, replace(new, day=period.start + timedelta(days=at)))


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
_FILL = """
    insert into target (chain_id, month, store_id, amount, currency, set_by)
    select :chain, (f.month + interval '1 year')::date, f.store_id,
        round(f.amount * cast(:factor as numeric) / :unit)::bigint * :unit, c.currency, :user
    from ({found}) f (store_id, month, amount) join chain c on c.chain_id = :chain
    where f.amount > 0
    on conflict (chain_id, month, store_id) do nothing
"""
_COPY_TARGETS = text(
    _FILL.format(
        found="""
            select t.store_id, t.month, t.amount from target t
            join chain c using (chain_id, currency) where t.month between :first and :last
        """
    )
)
_COPY_ACTUAL = text(
    _FILL.format(
        found="""
            select m.store_id, m.month, m.gross - m.refund - m.merchant_subsidy
            from store_month_total m join chain c using (chain_id, currency)
            join store s on s.chain_id = m.chain_id and s.store_id = m.store_id
            where m.month between :first and :last and not s.unassigned
                and (s.closed_on is null or s.closed_on > m.month + interval '1 year')
                and m.month + interval '1 month' <= :today
                and m.days >= 0.8 * extract(day from m.month + interval '1 month - 1 day')
        """
    )
)
_NO_TARGET = text(
    "delete from target where chain_id = :chain and month = :month and store_id = :store"
)
_ADD_DAY = text(
    "insert into calendar_day (chain_id, day, kind, name, store_id)"
    " values (:chain, :day, :kind, :name, :store) on conflict do nothing"
)
_REMOVE_DAY = text("delete from calendar_day where chain_id = :chain and calendar_id = :day")
