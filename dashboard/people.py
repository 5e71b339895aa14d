"""Who may log in: passwords as argon2id, lock-out after failures, sessions that can be ended."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Row, text

from chain.errors import PermanentError
from chain.words import LANGS, Lang
from dashboard.frame import Person
from dashboard.second import Second
from warehouse.directory import sessions
from warehouse.directory.scopes import scope_of
from warehouse.session import Warehouse

LOCK_AFTER = 5
"""Failures in a row before an account waits."""
LONGEST_LOCK = timedelta(minutes=30)
PASSWORD_MIN = 10
DIFFERENT = 5
"""So many different letters at least: 1111111111 is no password."""
PASSWORD_MAX = 512
"""Longer ones are refused unread: hashing is work that anybody could make us do."""

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")

_ACCOUNT = """
    select u.user_id, u.lang, u.password_hash, u.failed_logins, u.locked_until,
           u.totp_secret is not null as second, m.chain_id
    from directory.app_user u
    join directory.membership m on m.user_id = u.user_id
    where lower(u.email) = lower(:email)
    order by m.seen_at desc nulls last, m.chain_id limit 1 for update of u
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who has shown who they are; with ``second`` a code is still to come.

    ``chain_id`` is the chain in which they were seen last.
    """

    user_id: int
    chain_id: int
    second: bool


@dataclass(frozen=True, slots=True)
class People:
    """The accounts of ``warehouse``; a session that is not used ends after ``session_hours``."""

    warehouse: Warehouse
    session_hours: int
    second: Second

    def log_in(self, email: str, password: str) -> Account:
        """Return who this is.

        Raises PermanentError ``dashboard.login.wrong`` (the same for an unknown address and a wrong
        password) or ``dashboard.login.locked``.
        """
        with self.warehouse.directory() as connection:
            found = _check(connection, email.strip(), password, datetime.now(UTC))
        # The failure is counted in a transaction that commits; so it is raised only after it.
        if isinstance(found, PermanentError):
            raise found
        return found

    def check_code(self, user_id: int, code: str) -> None:
        """Use up a code of the second factor.

        Raises PermanentError ``people.second.wrong`` or ``dashboard.login.locked``: codes are
        counted with the passwords.
        """
        now = datetime.now(UTC)
        with self.warehouse.directory() as connection:
            row = connection.execute(_LOCKED, {"user": user_id}).one()
            wrong = _locked(row.locked_until, now)
            if wrong is None and not self.second.right(connection, user_id, code, now):
                _failed(connection, user_id, row.failed_logins + 1, now)
                wrong = PermanentError("people.second.wrong")
            if wrong is None:
                connection.execute(_UNLOCK, {"user": user_id})
        if wrong is not None:
            raise wrong

    def check_password(self, user_id: int, password: str) -> None:
        """Raise PermanentError ``people.password_wrong`` where this is not theirs; counted too."""
        check_password(self.warehouse, user_id, password)

    def chain_of(self, user_id: int) -> int | None:
        """Return the chain in which a person was seen last, None for who belongs to none."""
        with self.warehouse.directory() as connection:
            found = connection.scalar(_LAST_CHAIN, {"user": user_id})
        return None if found is None else int(found)

    def begin(self, user_id: int, chain_id: int, *, device: str, address: str) -> str:
        """Begin a session; return the token that the browser keeps."""
        ends_at = datetime.now(UTC) + timedelta(hours=self.session_hours)
        return sessions.begin(
            self.warehouse, user_id, chain_id, ends_at=ends_at, device=device, address=address
        )

    def find(self, hashed: bytes) -> Person | None:
        """Return the person of a session by its token's hash, or None where it has ended."""
        now = datetime.now(UTC)
        row = sessions.find(self.warehouse, hashed, now, now + timedelta(hours=self.session_hours))
        return None if row is None else self._person(row)

    def _person(self, row: Row[Any]) -> Person:
        scope = scope_of(
            self.warehouse, row.chain_id, row.user_id, row.role, row.region_ids, row.store_ids
        )
        return Person(
            user_id=row.user_id,
            email=row.email,
            name=row.name,
            lang=cast("Lang", row.lang if row.lang in LANGS else "en"),
            session_id=row.session_id,
            scope=scope,
            leaves_at=row.leaves_at,
            chains=tuple((int(number), str(name)) for number, name in row.chains or ()),
        )

    def set_lang(self, user_id: int, lang: str) -> None:
        """Remember the language that a person reads."""
        with self.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set lang = :lang where user_id = :user"),
                {"lang": lang, "user": user_id},
            )


def check_password(warehouse: Warehouse, user_id: int, password: str) -> None:
    """Raise PermanentError ``people.password_wrong`` where this is not theirs; counted too.

    For what somebody at an open screen must not be able to do. Raises ``dashboard.login.locked``
    after too many.
    """
    now = datetime.now(UTC)
    with warehouse.directory() as connection:
        row = connection.execute(_LOCKED, {"user": user_id}).one()
        wrong = _locked(row.locked_until, now)
        if wrong is None and not _verify(row.password_hash, password):
            _failed(connection, user_id, row.failed_logins + 1, now)
            wrong = PermanentError("people.password_wrong")
    if wrong is not None:
        raise wrong


def hash_password(password: str) -> str:
    """Return the argon2id hash that ``app_user.password_hash`` keeps."""
    return _hasher.hash(password)


def chosen_password(password: str, email: str) -> str:
    """Return the hash of a password that somebody chose.

    Raises PermanentError ``people.password_short`` or ``people.password_known``.
    """
    if len(password) < PASSWORD_MIN or len(password) > PASSWORD_MAX:
        raise PermanentError("people.password_short", count=PASSWORD_MIN)
    if password.casefold() == email.casefold() or len(set(password)) < DIFFERENT:
        raise PermanentError("people.password_known")
    return hash_password(password)


def _check(
    connection: Connection, email: str, password: str, now: datetime
) -> Account | PermanentError:
    row = connection.execute(text(_ACCOUNT), {"email": email}).one_or_none()
    if row is not None and (locked := _locked(row.locked_until, now)):
        return locked
    # An unknown address takes as long as a wrong password, so that nobody can tell them apart.
    right = _verify(_NOBODY if row is None else row.password_hash, password)
    if row is None:
        return PermanentError("dashboard.login.wrong")
    if not right:
        _failed(connection, row.user_id, row.failed_logins + 1, now)
        return PermanentError("dashboard.login.wrong")
    fresh = _hasher.hash(password) if _hasher.check_needs_rehash(row.password_hash) else None
    if fresh:
        connection.execute(_REHASH, {"fresh": fresh, "user": row.user_id})
    if not row.second:  # else the right code says so: or one could guess codes for ever
        connection.execute(_UNLOCK, {"user": row.user_id})
    return Account(row.user_id, row.chain_id, row.second)


def _verify(hashed: str, password: str) -> bool:
    if len(password) > PASSWORD_MAX:
        return False
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _locked(until: datetime | None, now: datetime) -> PermanentError | None:
    if until is None or until <= now:
        return None
    minutes = max(1, round((until - now).total_seconds() / 60))
    return PermanentError("dashboard.login.locked", minutes=minutes)


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


_LOCKED = text(
    "select failed_logins, locked_until, password_hash from directory.app_user"
    " where user_id = :user for update"
)
_UNLOCK = text(
    "update directory.app_user set failed_logins = 0, locked_until = null where user_id = :user"
)
_REHASH = text("update directory.app_user set password_hash = :fresh where user_id = :user")
_LAST_CHAIN = text(
    "select chain_id from directory.membership where user_id = :user"
    " order by seen_at desc nulls last, chain_id limit 1"
)
