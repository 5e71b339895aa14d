"""Tokens by which programs read: made, listed and revoked by people, found by their hash.

A token reads with the eyes of a viewer, never with more than its maker sees at that moment, and
row-level security holds it to that.
"""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from chain.errors import PermanentError
from chain.roles import API_SCOPES, may
from warehouse.directory.members import note
from warehouse.directory.scopes import scope_of
from warehouse.directory.sessions import new_token, token_hash
from warehouse.session import Scope, Warehouse

MARK = "tillboard"
"""What every token begins with, so that a scanner for leaked secrets can know one."""
USED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a token was last used: a question need not write."""
READER = "viewer"
MOST = 100
"""Tokens that go on, of one chain: nobody has use for more."""
_PREFIX_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token as it is asked for. No regions and no stores: all that its maker sees."""

    name: str
    scopes: tuple[str, ...]
    days: int
    region_ids: tuple[int, ...] | None = None
    store_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it stands in the list; the secret itself is nowhere."""

    token_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    region_ids: tuple[int, ...] | None
    store_ids: tuple[int, ...] | None
    maker: str
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever holds a token that is good: what it may read, and whose rows."""

    token_id: int
    scopes: frozenset[str]
    scope: Scope


def make(warehouse: Warehouse, scope: Scope, wanted: Wanted) -> str:
    """Make a token and return its secret, which nobody can look up again.

    Raises PermanentError ``tokens.too_many``.
    """
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(8))
    secret = f"{MARK}_{prefix}_{new_token()}"
    values: dict[str, object] = {
        "chain": scope.chain_id,
        "user": scope.user_id,
        "hash": token_hash(secret),
        "prefix": prefix,
        "name": wanted.name,
        "scopes": [each for each in API_SCOPES if each in wanted.scopes],
        "regions": None if wanted.region_ids is None else list(wanted.region_ids),
        "stores": None if wanted.store_ids is None else list(wanted.store_ids),
        "days": wanted.days,
    }
    with warehouse.begin(scope) as connection:
        if int(connection.scalar(_COUNT, values) or 0) >= MOST:
            raise PermanentError("tokens.too_many", count=MOST)
        number = int(connection.scalar(_MAKE, values) or 0)
        detail: dict[str, object] = {
            "name": wanted.name,
            "prefix": prefix,
            "scopes": values["scopes"],
        }
        note(connection, scope, "token.make", number, detail)
    return secret


def tokens(warehouse: Warehouse, scope: Scope) -> list[Token]:
    """Return the tokens that are not revoked and that ``scope`` may see, the last one first."""
    with warehouse.begin(scope) as connection:
        rows = connection.execute(_LIST, {"chain": scope.chain_id}).all()
    return [
        Token(
            row.token_id,
            row.name,
            row.prefix,
            tuple(row.scopes),
            _numbers(row.region_ids),
            _numbers(row.store_ids),
            row.maker,
            row.made_at,
            row.ends_at,
            row.used_at,
        )
        for row in rows
    ]


def revoke(warehouse: Warehouse, scope: Scope, token_id: int) -> str:
    """End a token at once and return its name. Raises PermanentError ``tokens.gone``."""
    with warehouse.begin(scope) as connection:
        name = connection.scalar(_REVOKE, {"chain": scope.chain_id, "id": token_id})
        if name is None:
            raise PermanentError("tokens.gone")
        note(connection, scope, "token.revoke", token_id, {"name": name})
    return str(name)


def find(warehouse: Warehouse, secret: str, now: datetime) -> Bearer:
    """Return who holds ``secret``.

    Raises PermanentError ``api.token_unknown``, ``api.token_revoked``, ``api.token_ended``, or
    ``api.token_maker`` where its maker may not make one any more.
    """
    with warehouse.directory() as connection:
        row = connection.execute(_FIND, {"hash": token_hash(secret)}).one_or_none()
        if row is None:
            raise PermanentError("api.token_unknown")
        _check(row, now)
        if row.used_at is None or row.used_at < now - USED_EVERY:
            connection.execute(_USED, {"id": row.token_id, "now": now})
    return Bearer(row.token_id, frozenset(row.scopes), _scope(warehouse, row))


def _check(row: Row[Any], now: datetime) -> None:
    if row.revoked_at is not None:
        raise PermanentError("api.token_revoked")
    if row.ends_at <= now:
        raise PermanentError("api.token_ended", day=row.ends_at.date().isoformat())
    if row.role is None or not may(row.role, "tokens"):
        raise PermanentError("api.token_maker")


def _scope(warehouse: Warehouse, row: Row[Any]) -> Scope:
    maker, given = (
        scope_of(warehouse, row.chain_id, row.user_id, READER, regions, stores).store_ids
        for regions, stores in (
            (row.maker_regions, row.maker_stores),
            (row.region_ids, row.store_ids),
        )
    )
    if maker is None or given is None:
        both = maker if given is None else given
    else:
        both = tuple(sorted(set(maker) & set(given)))
    return Scope(row.chain_id, user_id=row.user_id, role=READER, store_ids=both)


def _numbers(given: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if given is None else tuple(given)


_COUNT = text(
    "select count(*) from directory.api_token"
    " where chain_id = :chain and revoked_at is null and ends_at > now()"
)
_MAKE = text(
    """
    insert into directory.api_token
        (chain_id, user_id, token_hash, prefix, name, scopes, region_ids, store_ids, ends_at)
    values (:chain, :user, :hash, :prefix, :name, cast(:scopes as text[]),
        cast(:regions as bigint[]), cast(:stores as bigint[]), now() + make_interval(days => :days))
    returning token_id
    """
)
_LIST = text(
    """
    select t.*, coalesce(nullif(u.name, ''), u.email, '') as maker
    from directory.api_token t left join directory.app_user u on u.user_id = t.user_id
    where t.chain_id = :chain and t.revoked_at is null
    order by t.token_id desc limit 500
    """
)
_REVOKE = text(
    "update directory.api_token set revoked_at = now()"
    " where chain_id = :chain and token_id = :id and revoked_at is null returning name"
)
_FIND = text(
    """
    select t.*, m.role, m.region_ids as maker_regions, m.store_ids as maker_stores
    from directory.api_token t
    left join directory.membership m on m.chain_id = t.chain_id and m.user_id = t.user_id
    where t.token_hash = :hash
    """
)
_USED = text("update directory.api_token set used_at = :now where token_id = :id")
