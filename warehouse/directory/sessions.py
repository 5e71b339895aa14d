"""Log-ins as rows: the cookie holds a token, the row its hash; without the row it is nothing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, text

from warehouse.session import Warehouse

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when somebody was last seen: a request need not write."""


@dataclass(frozen=True, slots=True)
class Device:
    """One log-in of a person. ``device`` is what the browser calls itself."""

    session_id: int
    device: str
    address: str
    made_at: datetime
    seen_at: datetime


def new_token() -> str:
    """Return a secret of 256 random bits that can stand in an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is kept of a token. It is random and long, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def begin(
    warehouse: Warehouse,
    user_id: int,
    chain_id: int,
    *,
    ends_at: datetime,
    device: str,
    address: str,
) -> str:
    """Begin a session and return its token; what has ended of this person is swept away."""
    token = new_token()
    values = {
        "hash": token_hash(token),
        "user": user_id,
        "chain": chain_id,
        "device": device[:300],
        "address": address[:64],
        "ends": ends_at,
    }
    with warehouse.directory() as connection:
        connection.execute(
            text("delete from directory.session where user_id = :user and ends_at < now()"), values
        )
        connection.execute(
            text(
                "insert into directory.session"
                " (token_hash, user_id, chain_id, device, address, ends_at)"
                " values (:hash, :user, :chain, :device, :address, :ends)"
            ),
            values,
        )
        connection.execute(_SEEN, values)
    return token


def find(
    warehouse: Warehouse, hashed: bytes, now: datetime, ends_at: datetime
) -> Row[tuple[object, ...]] | None:
    """Return the person and membership of a session that goes on; it then ends at ``ends_at``."""
    with warehouse.directory() as connection:
        row = connection.execute(_FIND, {"hash": hashed, "now": now}).one_or_none()
        if row is not None and row.session_seen_at < now - SEEN_EVERY:
            values = {
                "session": row.session_id,
                "ends": ends_at,
                "user": row.user_id,
                "chain": row.chain_id,
            }
            connection.execute(_GOES_ON, values)
            connection.execute(_SEEN, values)
    return row


def devices(warehouse: Warehouse, user_id: int) -> list[Device]:
    """Return the sessions of a person that go on, in all of their chains, the last seen first."""
    with warehouse.directory() as connection:
        rows = connection.execute(
            text(
                "select session_id, device, address, made_at, seen_at from directory.session"
                " where user_id = :user and ends_at > now() order by seen_at desc, session_id desc"
            ),
            {"user": user_id},
        )
        return [Device(*row) for row in rows]


def end(warehouse: Warehouse, user_id: int, session_id: int) -> None:
    """End one session of a person; one of somebody else is left alone."""
    with warehouse.directory() as connection:
        connection.execute(
            text("delete from directory.session where user_id = :user and session_id = :session"),
            {"user": user_id, "session": session_id},
        )


def belongs(warehouse: Warehouse, user_id: int, chain_id: int) -> bool:
    """Return whether a person is in a chain."""
    with warehouse.directory() as connection:
        return bool(connection.scalar(_BELONGS, {"user": user_id, "chain": chain_id}))


def end_all(
    warehouse: Warehouse,
    user_id: int,
    *,
    chain_id: int | None = None,
    but: int | None = None,
) -> None:
    """End the sessions of a person, in one chain or in all, but for the session ``but``."""
    with warehouse.directory() as connection:
        connection.execute(
            text(
                "delete from directory.session where user_id = :user"
                " and chain_id = coalesce(:chain, chain_id)"
                " and session_id is distinct from cast(:but as bigint)"
            ),
            {"user": user_id, "chain": chain_id, "but": but},
        )


_FIND = text(
    """
    select s.session_id, s.seen_at as session_seen_at, u.user_id, u.email, u.name, u.lang,
           m.chain_id, m.role, m.region_ids, m.store_ids, r.due_at as leaves_at,
           (select json_agg(json_build_array(c.chain_id, c.name) order by c.name, c.chain_id)
            from directory.membership o join directory.chain c on c.chain_id = o.chain_id
            where o.user_id = u.user_id) as chains
    from directory.session s
    join directory.app_user u on u.user_id = s.user_id
    join directory.membership m on m.user_id = s.user_id and m.chain_id = s.chain_id
    left join directory.chain_removal r on r.chain_id = m.chain_id
    where s.token_hash = :hash and s.ends_at > :now
    """
)
_BELONGS = text(
    "select count(*) from directory.membership where user_id = :user and chain_id = :chain"
)
_GOES_ON = text(
    "update directory.session set seen_at = now(), ends_at = :ends where session_id = :session"
)
_SEEN = text(
    "update directory.membership set seen_at = now() where user_id = :user and chain_id = :chain"
)
