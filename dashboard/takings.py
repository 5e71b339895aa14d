"""Typed cash takings: what was typed is checked, made a file, and sent the way of every file."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from chain.errors import PermanentError
from chain.money import parse_amount, to_major
from dashboard.frame import Board, Here
from dashboard.imports.changes import allow
from dashboard.loose import records
from dashboard.upload import keep
from etl.takings import Till, bill, bind_till
from figures import formats
from warehouse import batches

NOTE_MAX = 200


@dataclass(frozen=True, slots=True)
class Typed:
    """One box of the form: what stands in it, and what was typed for that day before, if at all."""

    day: date
    text: str
    before: int | None


def till_of(here: Here, store_id: int) -> Till:
    """Return the store as a till. Raises PermanentError where the reader sees no such store."""
    rows = here.reads.stores()
    found = records(rows[(rows["store_id"] == store_id) & ~rows["unassigned"]])
    if not found:
        raise PermanentError("dashboard.cash.no_store")
    currency = here.reads.chain().currency
    return Till(store_id, str(found[0]["code"]), str(found[0]["time_zone"]), currency)


def changed(here: Here, typed: list[Typed], currency: str) -> Mapping[date, int]:
    """Return the amounts that are new or other than before, in minor units by day.

    Raises PermanentError for what is no amount, lies in the future, or was emptied.
    """
    amounts = {}
    for box in typed:
        day = formats.day(box.day, here.lang)
        if not box.text.strip():
            if box.before is not None:
                raise PermanentError("dashboard.cash.emptied", day=day)
            continue
        if box.day > here.reads.chain().today:
            raise PermanentError("dashboard.cash.future", day=day)
        try:
            amount = parse_amount(box.text, currency)
        except ValueError as error:
            raise PermanentError(
                "dashboard.cash.no_amount", day=day, typed=box.text[:40]
            ) from error
        if amount != box.before:
            amounts[box.day] = amount
    if not amounts:
        raise PermanentError("dashboard.cash.nothing")
    return amounts


def save(
    board: Board, here: Here, store_id: int, typed: list[Typed], note: str
) -> Mapping[date, int]:
    """Send what was typed for a store into the import; return the amounts that were sent."""
    allow(here)
    till = till_of(here, store_id)
    amounts = changed(here, typed, till.currency)
    content = bill(till, amounts, datetime.now(UTC))
    name = f"cash-{till.code}-{max(amounts):%Y%m%d}.csv"
    stored = keep(io.BytesIO(content), board.settings.inbox, len(content), name)
    chain_id = here.scope.chain_id
    with board.warehouse.begin(here.scope) as connection:
        bind_till(connection, chain_id, till)
        received = batches.receive(
            connection,
            chain_id,
            sha256=stored.sha256,
            file_name=name,
            size_bytes=stored.size,
            options={"note": note.strip()[:NOTE_MAX]} if note.strip() else {},
            request_id=here.request_id,
            user_id=here.person.user_id,
        )
    board.jobs.import_batch(chain_id, received.batch_id)
    return amounts


def shown(amount: int, currency: str) -> str:
    """Return an amount as the form shows it again: major units, no sign, no grouping."""
    return f"{to_major(amount, currency):f}"
