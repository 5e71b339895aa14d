"""The people of a chain: who they are there, changed by an owner and by nobody else.

Every transaction is one of the chain, so the server keeps an owner from other chains' people.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.session import Scope, Warehouse


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is in a chain. No regions and no stores: all of them, for the wider roles."""

    role: str
    region_ids: tuple[int, ...] | None = None
    store_ids: tuple[int, ...] | None = None

    def values(self) -> dict[str, object]:
        """Return the columns' values."""
        return {
            "role": self.role,
            "regions": None if self.region_ids is None else list(self.region_ids),
            "stores": None if self.store_ids is None else list(self.store_ids),
        }


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the chain. ``seen_at`` None: not yet."""

    user_id: int
    email: str
    name: str
    place: Place
    seen_at: datetime | None


def members(warehouse: Warehouse, scope: Scope) -> list[Member]:
    """Return everybody, owners first, then by name."""
    with warehouse.begin(scope) as connection:
        rows = connection.execute(_MEMBERS, {"chain": scope.chain_id}).all()
    return [
        Member(row.user_id, row.email, row.name, place(row.role, row.region_ids, row.store_ids),
               row.seen_at)
        for row in rows
    ]  # fmt: skip


def place(role: str, regions: list[int] | None, stores: list[int] | None) -> Place:
    """Return a place as the table states it."""
    return Place(
        role,
        None if regions is None else tuple(regions),
        None if stores is None else tuple(stores),
    )


def change(warehouse: Warehouse, scope: Scope, user_id: int, wanted: Place) -> None:
    """Give a person another role or other stores.

    Raises PermanentError ``people.gone``, or ``people.last_owner`` where nobody would be left who
    may do this.
    """
    with warehouse.begin(scope) as connection:
        _lock(connection, scope)
        found = connection.execute(_CHANGE, _of(scope, user_id) | wanted.values())
        if found.rowcount == 0:
            raise PermanentError("people.gone")
        _keep_an_owner(connection, scope)
        note(connection, scope, "person.change", user_id, wanted.values())


def revoke(warehouse: Warehouse, scope: Scope, user_id: int) -> None:
    """Take a person out of the chain; their sessions and tokens in it end.

    Raises as ``change`` does.
    """
    with warehouse.begin(scope) as connection:
        _lock(connection, scope)
        if connection.execute(_REVOKE, _of(scope, user_id)).rowcount == 0:
            raise PermanentError("people.gone")
        _keep_an_owner(connection, scope)
        connection.execute(_SESSIONS, _of(scope, user_id))
        connection.execute(_TOKENS, _of(scope, user_id))
        note(connection, scope, "person.revoke", user_id, {})


def elsewhere(warehouse: Warehouse, user_id: int) -> bool:
    """Return whether a person belongs to more chains than one."""
    with warehouse.directory() as connection:
        query = text("select count(*) > 1 from directory.membership where user_id = :user")
        return bool(connection.scalar(query, {"user": user_id}))


def note(
    connection: Connection, scope: Scope, action: str, subject: int, detail: dict[str, object]
) -> None:
    """Write down who changed what about whom."""
    connection.execute(
        _NOTE,
        {
            "chain": scope.chain_id,
            "user": scope.user_id,
            "action": action,
            "subject": str(subject),
            "detail": json.dumps(detail),
        },
    )


def _lock(connection: Connection, scope: Scope) -> None:
    # Two owners who revoke each other at once must not both succeed.
    connection.execute(_LOCK, {"chain": scope.chain_id})


def _keep_an_owner(connection: Connection, scope: Scope) -> None:
    if not connection.scalar(_OWNERS, {"chain": scope.chain_id}):
        raise PermanentError("people.last_owner")


def _of(scope: Scope, user_id: int) -> dict[str, object]:
    return {"chain": scope.chain_id, "user": user_id}


_MEMBERS = text(
    """
    select m.user_id, u.email, u.name, m.role, m.region_ids, m.store_ids, m.seen_at
    from directory.membership m join directory.app_user u on u.user_id = m.user_id
    where m.chain_id = :chain
    order by m.role <> 'owner', lower(coalesce(nullif(u.name, ''), u.email))
    """
)
_LOCK = text(
    "select from directory.membership where chain_id = :chain and role = 'owner'"
    " order by user_id for update"
)
_OWNERS = text(
    "select count(*) from directory.membership where chain_id = :chain and role = 'owner'"
    " and region_ids is null and store_ids is null"
)
_CHANGE = text(
    "update directory.membership set role = :role, region_ids = :regions, store_ids = :stores"
    " where chain_id = :chain and user_id = :user"
)
_REVOKE = text("delete from directory.membership where chain_id = :chain and user_id = :user")
_SESSIONS = text("delete from directory.session where chain_id = :chain and user_id = :user")
_TOKENS = text(
    "update directory.api_token set revoked_at = now()"
    " where chain_id = :chain and user_id = :user and revoked_at is null"
)
_NOTE = text(
    "insert into audit_log (chain_id, user_id, action, subject, detail)"
    " values (:chain, :user, :action, :subject, cast(:detail as jsonb))"
)
