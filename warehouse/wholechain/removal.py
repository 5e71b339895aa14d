"""The removal of a whole chain: asked for, called off, due, and its rows gone in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, text

from chain.errors import PermanentError
from warehouse.directory.members import note
from warehouse.session import Scope, Warehouse
from warehouse.wholechain.tables import (
    AUDIT,
    VERSIONS,
    directory_tables,
    person_tables,
    tenant_tables,
)


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal that was asked for. ``begun_at``: from then on it cannot be called off."""

    chain_id: int
    asked_at: datetime
    due_at: datetime
    begun_at: datetime | None
    done_at: datetime | None


def ask(warehouse: Warehouse, scope: Scope, grace: timedelta) -> datetime:
    """Have the chain removed after ``grace``; return when. Asked again, the first time stands."""
    with warehouse.begin(scope) as connection:
        values = {"chain": scope.chain_id, "user": scope.user_id, "grace": grace}
        connection.execute(_ASK, values)
        found = pending(connection, scope.chain_id)
        if found is None:
            raise PermanentError("people.not_allowed")
        note(connection, scope, "chain.remove", scope.chain_id, {"due_at": str(found.due_at)})
    return found.due_at


def call_off(warehouse: Warehouse, scope: Scope) -> None:
    """Keep the chain. Raises PermanentError ``wholechain.too_late`` where it is being removed."""
    with warehouse.begin(scope) as connection:
        if connection.execute(_CALL_OFF, {"chain": scope.chain_id}).rowcount == 0:
            raise PermanentError("wholechain.too_late")
        note(connection, scope, "chain.keep", scope.chain_id, {})


def pending(connection: Connection, chain_id: int) -> Removal | None:
    """Return the removal that was asked for, None where there is none."""
    row = connection.execute(_PENDING, {"chain": chain_id}).one_or_none()
    return None if row is None else Removal(*row)


def due(warehouse: Warehouse) -> Sequence[int]:
    """Return the chains whose time is up and that are not removed yet."""
    with warehouse.directory() as connection:
        return connection.scalars(_DUE).all()


def begin(connection: Connection, chain_id: int) -> bool:
    """Say that it has begun; return whether it is still wanted."""
    return connection.execute(_BEGIN, {"chain": chain_id}).rowcount == 1


def finish(connection: Connection, chain_id: int) -> None:
    """Say that nothing is left."""
    connection.execute(_FINISH, {"chain": chain_id})


def count(connection: Connection, chain_id: int, *, rows: int = 0, files: int = 0) -> None:
    """Add to what was removed."""
    connection.execute(_COUNT, {"chain": chain_id, "rows": rows, "files": files})


def remove_people(connection: Connection, chain_id: int) -> int:
    """Remove who is in this chain alone, and everybody's place in it; return how many rows.

    In a transaction of no chain. People of other chains keep their account.
    """
    removed = 0
    only = connection.scalars(_ONLY_HERE, {"chain": chain_id}).all()
    for table in person_tables():
        query = text(f"delete from {table.fullname} where user_id = any(:users)")
        removed += connection.execute(query, {"users": list(only)}).rowcount
    for table in directory_tables():
        query = text(f"delete from {table.fullname} where chain_id = :chain")
        removed += connection.execute(query, {"chain": chain_id}).rowcount
    return removed


def remove_some(connection: Connection, table: Table, chain_id: int, most: int) -> int:
    """Remove at most ``most`` rows of a table, in a transaction of the chain; return how many."""
    if table.name == AUDIT:
        return int(connection.scalar(_CLEAR_AUDIT, {"most": most}) or 0)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    query = text(
        f'delete from "{table.name}" where ({keys}) in (select {keys} from "{table.name}"'
        f" where chain_id = :chain order by {keys} limit :most)"
    )
    return connection.execute(query, {"chain": chain_id, "most": most}).rowcount


def removal_order(connection: Connection) -> list[Table]:
    """Return the tables as they are emptied: what others are seen by goes after them.

    The versions, which others' triggers raise, are last.
    """
    order = tenant_tables(connection)[::-1]
    return sorted(order, key=lambda table: table.name == VERSIONS)


def shas(connection: Connection, chain_id: int) -> set[str]:
    """Return the hashes of the chain's uploads, which are their names in the inbox."""
    return {bytes(sha).hex() for sha in connection.scalars(_SHAS, {"chain": chain_id}) if sha}


_ASK = text(
    """
    insert into directory.chain_removal (chain_id, asked_by, due_at)
    values (:chain, :user, now() + :grace) on conflict (chain_id) do nothing
    """
)
_CALL_OFF = text("delete from directory.chain_removal where chain_id = :chain and begun_at is null")
_PENDING = text(
    "select chain_id, asked_at, due_at, begun_at, done_at from directory.chain_removal"
    " where chain_id = :chain"
)
_DUE = text(
    "select chain_id from directory.chain_removal where due_at <= now() and done_at is null"
    " order by due_at"
)
_BEGIN = text(
    "update directory.chain_removal set begun_at = coalesce(begun_at, now())"
    " where chain_id = :chain and due_at <= now() and done_at is null"
)
_FINISH = text("update directory.chain_removal set done_at = now() where chain_id = :chain")
_COUNT = text(
    "update directory.chain_removal set row_count = row_count + :rows,"
    " file_count = file_count + :files where chain_id = :chain"
)
_ONLY_HERE = text(
    """
    select m.user_id from directory.membership m where m.chain_id = :chain and not exists (
        select from directory.membership o
        where o.user_id = m.user_id and o.chain_id <> m.chain_id)
    """
)
_CLEAR_AUDIT = text("select clear_audit('infinity', :most)")
_SHAS = text(
    "select unnest(array[sha256, container_sha256]) from import_batch where chain_id = :chain"
)
