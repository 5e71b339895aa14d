"""Whom a job acts for or writes to: a member's address, language, and what they may see now."""

from dataclasses import dataclass

from sqlalchemy import text

from warehouse.directory.scopes import scope_of
from warehouse.session import Scope, Warehouse


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a chain, with the scope that they have at this moment."""

    user_id: int
    email: str
    name: str
    lang: str
    scope: Scope


def member(warehouse: Warehouse, chain_id: int, user_id: int) -> Member | None:
    """Return a person; None where they are in the chain no more."""
    with warehouse.directory() as connection:
        row = connection.execute(_MEMBER, {"chain": chain_id, "user": user_id}).one_or_none()
    if row is None:
        return None
    scope = scope_of(warehouse, chain_id, user_id, row.role, row.region_ids, row.store_ids)
    return Member(user_id, row.email, row.name, row.lang, scope)


def first_owner(warehouse: Warehouse, chain_id: int) -> int | None:
    """Return the owner who came first, among those who see the whole chain."""
    with warehouse.directory() as connection:
        found = connection.scalar(_FIRST_OWNER, {"chain": chain_id})
    return None if found is None else int(found)


_MEMBER = text(
    """
    select u.email, u.name, u.lang, m.role, m.region_ids, m.store_ids
    from directory.membership m join directory.app_user u on u.user_id = m.user_id
    where m.chain_id = :chain and m.user_id = :user
    """
)
_FIRST_OWNER = text(
    """
    select user_id from directory.membership
    where chain_id = :chain and role = 'owner' and region_ids is null and store_ids is null
    order by made_at, user_id limit 1
    """
)
