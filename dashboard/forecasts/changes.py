"""What the Forecast page changes: overrides, targets, and the start of a run; and who may."""

from datetime import date

from chain.days import Period
from chain.errors import PermanentError
from chain.money import parse_amount
from chain.roles import BOUNDED
from dashboard.forecasts.asked import Asked, future
from dashboard.frame import Board, Here
from figures import formats
from warehouse import overrides, plans
from warehouse.reads.forecast_protocol import Unit

OWN_STORES = frozenset({"regional", "store"})
"""Roles that may change the forecasts of the stores they are given."""
REASON_MAX = 200
LONGEST_TEXT = 40
MOST_PERCENT = 500
"""A forecast may be made up to so many per cent larger; more is an amount to be set."""


def may_start(here: Here) -> bool:
    """Say whether the reader may start a run."""
    return here.may("import")


def may_change(here: Here, unit: Unit) -> bool:
    """Say whether the reader may override the forecast of ``unit``.

    Owner and finance may for all; who leads a region or a store for the stores they are given, and
    for a region of which they see every store.
    """
    if here.may("import"):
        return True
    stores = here.scope.store_ids
    if here.scope.role not in OWN_STORES or stores is None:
        return False
    if unit.level == "store":
        return unit.unit_id in stores
    # Only who sees all stores of a region sees its forecast.
    return unit.level == "region" and len(future(here).forecast(unit, 1, 1).frame) > 0


def may_plan(here: Here, unit: Unit) -> bool:
    """Say whether the reader may set the target of ``unit``: leaders of regions for own stores."""
    stores = here.scope.store_ids
    if not here.may("plan") or unit.level == "region":
        return False
    if here.scope.role not in BOUNDED and stores is None:
        return True
    return unit.level == "store" and unit.unit_id in (stores or ())


def _allow(here: Here, unit: Unit) -> None:
    if not may_change(here, unit):
        raise PermanentError("forecast.change.not_allowed")


def start(board: Board, here: Here) -> None:
    """Start a run over all stores; where one is at work, nothing more happens."""
    if not may_start(here):
        raise PermanentError("forecast.change.not_started")
    board.jobs.forecast(here.scope.chain_id)


def days_of(first: str | None, last: str | None) -> Period:
    """Return the days typed. Raises PermanentError where they are none."""
    try:
        return Period(date.fromisoformat(first or ""), date.fromisoformat(last or ""))
    except ValueError as error:
        raise PermanentError("forecast.change.no_days") from error


def override(
    board: Board,
    here: Here,
    asked: Asked,
    days: tuple[str | None, str | None],
    change: tuple[str, str],
    reason: str,
) -> None:
    """Scale or set the forecast of a unit over some days.

    ``change`` is the kind (``scale`` or ``set``) and what was typed: per cent more or less, or what
    all days come to. Raises PermanentError where something is not right; nothing is changed then.
    """
    _allow(here, asked.unit)
    period = _within(here, days_of(*days))
    kind, typed = change
    if not reason.strip():
        raise PermanentError("forecast.change.no_reason")
    made = overrides.NewOverride(
        level=asked.unit.level,
        unit_id=asked.unit.unit_id,
        starts_on=period.start,
        ends_on=period.end,
        reason=reason.strip()[:REASON_MAX],
        factor=_factor(typed) if kind != "set" else None,
        amount=_amount(here, typed) if kind == "set" else None,
    )
    overrides.add_override(board.warehouse, here.scope, made)


def _within(here: Here, period: Period) -> Period:
    """Return ``period`` where all of it is forecast."""
    run = future(here).forecast_run()
    if run is None or run.first_day is None or run.last_day is None:
        raise PermanentError("forecast.change.no_forecast")
    first = max(run.first_day, here.reads.chain().today)
    if period.start < first or period.end > run.last_day:
        raise PermanentError(
            "forecast.change.outside",
            first=formats.day_year(first, here.lang),
            last=formats.day_year(run.last_day, here.lang),
        )
    return period


def _factor(typed: str) -> float:
    """Return 1.1 for "10", "+10" and "+10 %", 0.7 for "-30"."""
    bare = typed.strip().rstrip("%％").strip().replace("−", "-").replace("＋", "+")
    try:
        percent = float(bare)
    except ValueError:
        percent = float("nan")
    if not -100 <= percent <= MOST_PERCENT:
        raise PermanentError(
            "forecast.change.no_percent", typed=typed[:LONGEST_TEXT], most=MOST_PERCENT
        )
    return round(1 + percent / 100, 6)


def _amount(here: Here, typed: str) -> int:
    try:
        amount = parse_amount(typed, here.reads.chain().currency)
    except ValueError as error:
        raise PermanentError("forecast.change.no_amount", typed=typed[:LONGEST_TEXT]) from error
    if amount < 0:
        raise PermanentError("forecast.change.no_amount", typed=typed[:LONGEST_TEXT])
    return amount


def revoke(board: Board, here: Here, override_id: int) -> None:
    """Take an override back; it stays in the list. Raises PermanentError where there is none."""
    rows = future(here).overrides()
    found = rows[rows["override_id"] == override_id]
    if found.empty:
        raise PermanentError("forecast.change.not_allowed")
    row = found.iloc[0]
    _allow(here, Unit(row["level"], int(row["unit_id"])))
    overrides.revoke_override(board.warehouse, here.scope, override_id)


def set_target(board: Board, here: Here, asked: Asked, month: str, typed: str) -> None:
    """Set a store's or the chain's target of a month, or take it back where nothing is typed."""
    if asked.unit.level == "region":
        raise PermanentError("forecast.change.no_region_target")
    if not may_plan(here, asked.unit):
        raise PermanentError("forecast.change.not_allowed")
    amount = _amount(here, typed) if typed.strip() else None
    with board.warehouse.begin(here.scope) as connection:
        plans.set_target(
            connection,
            here.scope.chain_id,
            asked.unit.unit_id,
            date.fromisoformat(month),
            amount,
            user_id=here.person.user_id,
        )
