"""Who may log in: accounts in the directory, passwords as argon2id, lock-out after failures."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, text

from chain.errors import PermanentError
from chain.words import LANGS, Lang
from dashboard.frame import Person
from warehouse.session import Scope, Warehouse

LOCK_AFTER = 5
"""Failures in a row before an account waits."""
LONGEST_LOCK = timedelta(minutes=30)
PASSWORD_MAX = 512
"""Longer ones are refused unread: hashing is work that anybody could make us do."""

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")

_PERSON = """
    select u.user_id, u.email, u.name, u.lang, u.session_epoch, u.password_hash,
           u.failed_logins, u.locked_until, m.chain_id, m.role, m.store_ids
    from directory.app_user u
    join directory.membership m on m.user_id = u.user_id
"""


@dataclass(frozen=True, slots=True)
class People:
    """The accounts of ``warehouse``."""

    warehouse: Warehouse

    def log_in(self, email: str, password: str) -> Person:
        """Return who this is.

        Raises PermanentError ``dashboard.login.wrong`` (the same for an unknown address and a wrong
        password) or ``dashboard.login.locked``.
        """
        with self.warehouse.directory() as connection:
            person = _check(connection, email.strip(), password, datetime.now(UTC))
        # The failure is counted in a transaction that commits; so it is raised only after it.
        if isinstance(person, PermanentError):
            raise person
        return person

    def find(self, user_id: int, chain_id: int, epoch: int) -> Person | None:
        """Return the person of a session, or None where the session has been ended."""
        query = f"{_PERSON} where u.user_id = :user and m.chain_id = :chain"
        with self.warehouse.directory() as connection:
            row = connection.execute(
                text(query), {"user": user_id, "chain": chain_id}
            ).one_or_none()
        if row is None or row.session_epoch != epoch:
            return None
        return _person(row)

    def set_lang(self, user_id: int, lang: str) -> None:
        """Remember the language that a person reads."""
        with self.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set lang = :lang where user_id = :user"),
                {"lang": lang, "user": user_id},
            )


def hash_password(password: str) -> str:
    """Return the argon2id hash that ``app_user.password_hash`` keeps."""
    return _hasher.hash(password)


def _check(
    connection: Connection, email: str, password: str, now: datetime
) -> Person | PermanentError:
    query = f"{_PERSON} where lower(u.email) = lower(:email) order by m.chain_id limit 1"
    row = connection.execute(text(f"{query} for update of u"), {"email": email}).one_or_none()
    if row is not None and row.locked_until is not None and row.locked_until > now:
        minutes = max(1, round((row.locked_until - now).total_seconds() / 60))
        return PermanentError("dashboard.login.locked", minutes=minutes)
    # An unknown address takes as long as a wrong password, so that nobody can tell them apart.
    right = _verify(_NOBODY if row is None else row.password_hash, password)
    if row is None:
        return PermanentError("dashboard.login.wrong")
    if not right:
        _failed(connection, row.user_id, row.failed_logins + 1, now)
        return PermanentError("dashboard.login.wrong")
    fresh = _hasher.hash(password) if _hasher.check_needs_rehash(row.password_hash) else None
    connection.execute(
        text(
            "update directory.app_user set failed_logins = 0, locked_until = null,"
            " password_hash = coalesce(:fresh, password_hash) where user_id = :user"
        ),
        {"fresh": fresh, "user": row.user_id},
    )
    return _person(row)


def _verify(hashed: str, password: str) -> bool:
    if len(password) > PASSWORD_MAX:
        return False
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _failed(connection: Connection, user_id: int, failures: int, now: datetime) -> None:
    locked = None
    if failures >= LOCK_AFTER:
        locked = now + min(LONGEST_LOCK, timedelta(minutes=2 ** min(failures - LOCK_AFTER, 10)))
    connection.execute(
        text(
            "update directory.app_user set failed_logins = :failures, locked_until = :locked"
            " where user_id = :user"
        ),
        {"failures": failures, "locked": locked, "user": user_id},
    )


def _person(row: object) -> Person:
    values = row._mapping  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public name
    stores = values["store_ids"]
    scope = Scope(
        values["chain_id"],
        user_id=values["user_id"],
        role=values["role"],
        store_ids=None if stores is None else tuple(stores),
    )
    lang = values["lang"] if values["lang"] in LANGS else "en"
    return Person(
        user_id=values["user_id"],
        email=values["email"],
        name=values["name"],
        lang=cast("Lang", lang),
        epoch=values["session_epoch"],
        scope=scope,
    )
