"""Notes on days: what somebody wants remembered of them, for one store or all."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from chain.errors import PermanentError

LONGEST = 300
"""Letters of a note."""


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note on ``starts_on`` to ``ends_on``; ``store_id`` 0: of all stores."""

    store_id: int
    starts_on: date
    ends_on: date
    note: str


def add_note(connection: Connection, chain_id: int, new: NewNote, user_id: int | None) -> int:
    """Keep a note; return its id. Raises PermanentError for an empty one or days turned round."""
    found = connection.scalar(_ADD, {"chain": chain_id, "user": user_id, **_values(new)})
    return int(found or 0)


def change_note(connection: Connection, chain_id: int, note_id: int, new: NewNote) -> None:
    """Change a note. Raises PermanentError where the reader may not: author and owner may."""
    values = {"chain": chain_id, "id": note_id, **_values(new)}
    if not connection.execute(_CHANGE, values).rowcount:
        raise PermanentError("warehouse.note_missing")


def remove_note(connection: Connection, chain_id: int, note_id: int) -> None:
    """Take a note away. Raises PermanentError where the reader may not, or it is gone."""
    if not connection.execute(_REMOVE, {"chain": chain_id, "id": note_id}).rowcount:
        raise PermanentError("warehouse.note_missing")


def _values(new: NewNote) -> dict[str, object]:
    if not new.note.strip():
        raise PermanentError("warehouse.note_empty")
    if new.ends_on < new.starts_on:
        raise PermanentError("warehouse.note_period")
    return {
        "store": new.store_id,
        "first": new.starts_on,
        "last": new.ends_on,
        "note": new.note.strip()[:LONGEST],
    }


_ADD = text(
    "insert into day_note (chain_id, store_id, starts_on, ends_on, note, made_by)"
    " values (:chain, :store, :first, :last, :note, :user) returning note_id"
)
_CHANGE = text(
    "update day_note set store_id = :store, starts_on = :first, ends_on = :last, note = :note,"
    " changed_at = clock_timestamp() where chain_id = :chain and note_id = :id"
)
_REMOVE = text("delete from day_note where chain_id = :chain and note_id = :id")
