"""What the Plans page changes, and who may: targets, notes on days, days of the calendar."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from chain.days import Period
from chain.errors import PermanentError
from chain.money import exponent, parse_amount
from chain.roles import BOUNDED, Right
from dashboard.forecasts.changes import days_of
from dashboard.frame import Board, Here
from etl.targetlist import CHAIN_CODE, read_targets
from warehouse import notes, plans
from warehouse.plans import Copied, NewCalendarDay, NewTarget

MOST_PERCENT = 200
YEARS = (-1, 2)
"""Years around this one that may be planned: from last year up to the next."""


def may_whole(here: Here, right: Right) -> bool:
    """Say whether the reader may do this for all stores at once."""
    return here.may(right) and here.scope.role not in BOUNDED and here.scope.store_ids is None


def allow(here: Here, right: Right, store: int = -1) -> None:
    """Raise PermanentError where the reader may not; ``store`` 0 is all stores, -1 any of them."""
    seen = set(here.reads.stores()["store_id"]) if here.may(right) else set()
    if (store < 0 and not seen) or (store > 0 and store not in seen):
        raise PermanentError("plans.not_allowed")
    if store == 0 and not may_whole(here, right):
        raise PermanentError("plans.not_allowed_all" if seen else "plans.not_allowed")


def set_cells(board: Board, here: Here, changed: Sequence[dict[str, Any]]) -> int:
    """Set targets as they were typed into the grid; return how many. All or none."""
    allow(here, "plan")
    currency = here.reads.chain().currency
    targets = []
    for cell in changed:
        store, month = int(cell["rowId"]), str(cell["colId"])
        allow(here, "plan", store)
        typed = str(cell.get("value") if cell.get("value") is not None else "").strip()
        try:
            amount = parse_amount(typed, currency) if typed else None
            targets.append(NewTarget(store, date.fromisoformat(month), amount))
        except ValueError as error:
            raise PermanentError("plans.targets.no_amount", typed=typed[:40]) from error
    with board.warehouse.begin(here.scope) as connection:
        plans.set_targets(connection, here.scope.chain_id, targets, here.person.user_id)
    return len(targets)


def copy(board: Board, here: Here, year: int, source: str, percent: str) -> int:
    """Fill empty targets of a year from the year before; return how many were set."""
    allow(here, "plan")
    bare = percent.strip().rstrip("%％").strip().replace("−", "-") or "0"
    try:
        more = float(bare)
    except ValueError:
        more = float("nan")
    if not -100 < more <= MOST_PERCENT:
        raise PermanentError("plans.targets.no_percent", typed=percent[:40], most=MOST_PERCENT)
    chain = here.reads.chain()
    wanted = Copied(source != "targets", more, chain.today, 10 ** exponent(chain.currency))
    with board.warehouse.begin(here.scope) as connection:
        return plans.copy_targets(
            connection, here.scope.chain_id, checked_year(here, year), wanted, here.person.user_id
        )


def checked_year(here: Here, year: int) -> int:
    """Return ``year`` where it may be planned, else this year."""
    this = here.reads.chain().today.year
    return year if this + YEARS[0] <= year < this + YEARS[1] else this


def take_file(board: Board, here: Here, content: bytes) -> int:
    """Set the targets of a file; return how many. All or none."""
    allow(here, "plan")
    stores = here.reads.stores()
    known = stores[~stores["unassigned"].astype(bool)]
    codes = {
        str(code): int(store) for code, store in zip(known["code"], known["store_id"], strict=True)
    }
    if may_whole(here, "plan"):
        codes[CHAIN_CODE] = 0
    targets = read_targets(content, codes, here.reads.chain().currency)
    with board.warehouse.begin(here.scope) as connection:
        plans.set_targets(connection, here.scope.chain_id, targets, here.person.user_id)
    return len(targets)


def _store(here: Here, right: Right, chosen: str | None) -> int:
    if not (chosen or "").isdecimal():
        allow(here, right)
        raise PermanentError("plans.no_store")
    store = int(chosen or 0)
    allow(here, right, store)
    return store


def save_note(
    board: Board,
    here: Here,
    note_id: int,
    days: tuple[str | None, str | None],
    store: str | None,
    text: str,
) -> None:
    """Keep a new note (``note_id`` 0), or change one."""
    at = _store(here, "note", store)
    period = days_of(*days)
    new = notes.NewNote(at, period.start, period.end, text)
    with board.warehouse.begin(here.scope) as connection:
        if note_id:
            notes.change_note(connection, here.scope.chain_id, note_id, new)
        else:
            notes.add_note(connection, here.scope.chain_id, new, here.person.user_id)


def remove_note(board: Board, here: Here, note_id: int) -> None:
    """Take a note away; its author and the owner may."""
    allow(here, "note")
    with board.warehouse.begin(here.scope) as connection:
        notes.remove_note(connection, here.scope.chain_id, note_id)


def may_keep(here: Here, made_by: object) -> bool:
    """Say whether the reader may change a note of ``made_by``."""
    own = made_by is not None and made_by == here.person.user_id
    return here.may("note") and (here.scope.role == "owner" or own)


def add_days(
    board: Board,
    here: Here,
    days: tuple[str | None, str | None],
    kind: str,
    store: str | None,
    name: str,
) -> Period:
    """Add days to the chain's own calendar; return them."""
    at = _store(here, "plan", store)
    period = days_of(*days)
    if not name.strip():
        raise PermanentError("plans.calendar.no_name")
    new = NewCalendarDay(period.start, kind, name[:80], at)
    with board.warehouse.begin(here.scope) as connection:
        plans.add_calendar_days(connection, here.scope.chain_id, period, new)
    return period


def remove_days(board: Board, here: Here, ids: Sequence[int]) -> None:
    """Take days away from the calendar."""
    allow(here, "plan")
    with board.warehouse.begin(here.scope) as connection:
        for each in ids:
            plans.remove_calendar_day(connection, here.scope.chain_id, each)
