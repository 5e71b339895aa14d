"""Chains and the accounts of their owners, as set-up and the command line make them."""

import secrets

from argon2 import PasswordHasher
from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.directory.links import replace_password
from warehouse.session import Warehouse

OWNER_EMAIL = "owner@tillboard.local"


def create_owner(warehouse: Warehouse, chain_id: int, email: str, lang: str) -> str | None:
    """Give the chain an owner; return the new password, None where the account was there."""
    password = secrets.token_urlsafe(12)
    with warehouse.directory() as connection:
        known = connection.scalar(_PERSON, {"email": email})
        user = known or connection.scalar(
            text(
                "insert into directory.app_user (email, name, lang, password_hash)"
                " values (:email, '', :lang, :hash) returning user_id"
            ),
            {"email": email, "lang": lang, "hash": PasswordHasher().hash(password)},
        )
        connection.execute(
            text(
                "insert into directory.membership (chain_id, user_id, role)"
                " values (:chain, :user, 'owner') on conflict do nothing"
            ),
            {"chain": chain_id, "user": user},
        )
    return None if known else password


def reset_password(warehouse: Warehouse, email: str, *, without_second: bool) -> str:
    """Give a person a new password and end their sessions; return it.

    ``without_second`` takes the second factor away too, where the telephone is lost. Raises
    PermanentError naming the addresses there are where this one is not among them.
    """
    password = secrets.token_urlsafe(12)
    with warehouse.directory() as connection:
        user = connection.scalar(_PERSON, {"email": email})
        if user is None:
            known = connection.scalars(text("select email from directory.app_user")).all()
            raise PermanentError("runtime.no_person", email=email, known=", ".join(known) or "-")
        replace_password(connection, user, PasswordHasher().hash(password))
        if without_second:
            for statement in _NO_SECOND:
                connection.execute(statement, {"user": user})
    return password


def emails(warehouse: Warehouse) -> list[str]:
    """Return the addresses of all people, the first one made first."""
    with warehouse.directory() as connection:
        query = text("select email from directory.app_user order by user_id")
        return list(connection.scalars(query))


def chains(connection: Connection) -> dict[int, str]:
    """Return the names of all chains by number."""
    query = text("select chain_id, name from directory.chain order by chain_id")
    return {row.chain_id: row.name for row in connection.execute(query)}


def the_chain(warehouse: Warehouse, wanted: int | None) -> int:
    """Return the chain that is meant: ``wanted``, or the only one.

    Raises PermanentError where there is none, or where it is not clear which.
    """
    with warehouse.directory() as connection:
        known = chains(connection)
    if wanted in known:
        return wanted
    if not known:
        raise PermanentError("runtime.no_chain")
    if wanted is not None or len(known) > 1:
        names = ", ".join(f"{number} {name}" for number, name in known.items())
        raise PermanentError("runtime.which_chain", names=names)
    return next(iter(known))


_PERSON = text("select user_id from directory.app_user where lower(email) = lower(:email)")
_NO_SECOND = (
    text(
        "update directory.app_user set totp_secret = null, totp_step = null where user_id = :user"
    ),
    text("delete from directory.recovery_code where user_id = :user"),
)
