"""Links that let somebody in: invitations and new passwords. Each works once, and not for long.

A link's token is kept as its hash, and only whoever sends the link ever has it: a job makes it when
it writes the mail, so it waits in no queue and stands in no table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, text

from chain.errors import PermanentError
from warehouse.directory.members import Place, note, place
from warehouse.directory.sessions import new_token, token_hash
from warehouse.session import Scope, Warehouse

INVITATION_DAYS = 7
RESET_MINUTES = 60
RESET_EVERY = timedelta(minutes=2)
"""A link that was sent a moment ago is not replaced by another."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that is open. ``sent_at`` None: not by mail, or not yet."""

    invitation_id: int
    email: str
    name: str
    place: Place
    ends_at: datetime
    sent_at: datetime | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail with a link says; ``token`` is the link's."""

    token: str
    email: str
    lang: str
    chain: str = ""
    inviter: str = ""
    role: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link leads to. ``known`` is whoever has an account with this address already."""

    email: str
    name: str
    lang: str
    chain_id: int
    chain: str
    known: int | None


def invite(
    warehouse: Warehouse, scope: Scope, email: str, name: str, lang: str, wanted: Place
) -> int:
    """Make an invitation, or make one that is open anew; return its number.

    Raises PermanentError ``people.already`` where they belong to the chain.
    """
    values = {"chain": scope.chain_id, "email": email, "name": name, "lang": lang}
    values |= wanted.values() | {"by": scope.user_id, "days": INVITATION_DAYS}
    with warehouse.begin(scope) as connection:
        if connection.scalar(_ALREADY, values):
            raise PermanentError("people.already", email=email)
        number = int(connection.scalar(_INVITE, values) or 0)
        note(connection, scope, "person.invite", number, {"email": email} | wanted.values())
    return number


def invitations(warehouse: Warehouse, scope: Scope) -> list[Invited]:
    """Return the invitations of the chain that are open, the last one first."""
    with warehouse.begin(scope) as connection:
        rows = connection.execute(_INVITATIONS, {"chain": scope.chain_id}).all()
    return [
        Invited(
            row.invitation_id,
            row.email,
            row.name,
            place(row.role, row.region_ids, row.store_ids),
            row.ends_at,
            row.sent_at,
            bool(row.error_key),
        )
        for row in rows
    ]


def withdraw(warehouse: Warehouse, scope: Scope, invitation_id: int) -> None:
    """Take an invitation back; its link leads nowhere then."""
    values = {"chain": scope.chain_id, "id": invitation_id}
    with warehouse.begin(scope) as connection:
        connection.execute(_WITHDRAW, values)
        note(connection, scope, "person.withdraw", invitation_id, {})


def own_invitation(warehouse: Warehouse, scope: Scope, invitation_id: int) -> None:
    """Raise PermanentError ``people.gone`` where the invitation is not one of the chain."""
    with warehouse.begin(scope) as connection:
        if not connection.scalar(_OWN, {"chain": scope.chain_id, "id": invitation_id}):
            raise PermanentError("people.gone")


def invitation_letter(warehouse: Warehouse, invitation_id: int) -> Letter | None:
    """Make the link of an invitation, which ends any earlier one; None where it is gone."""
    token = new_token()
    with warehouse.directory() as connection:
        values = {"id": invitation_id, "hash": token_hash(token)}
        row = connection.execute(_INVITATION_LETTER, values).one_or_none()
    if row is None:
        return None
    return Letter(token, row.email, row.lang, row.chain, row.inviter, row.role, row.ends_at)


def reset_letter(warehouse: Warehouse, user_id: int) -> Letter | None:
    """Make the link of a reset that was asked for; None where there is none."""
    token = new_token()
    with warehouse.directory() as connection:
        values = {"user": user_id, "hash": token_hash(token)}
        row = connection.execute(_RESET_LETTER, values).one_or_none()
    return None if row is None else Letter(token, row.email, row.lang, ends_at=row.ends_at)


def sent(warehouse: Warehouse, table: str, number: int, error_key: str = "") -> None:
    """Say that the mail of an ``invitation`` or a ``password_reset`` went, or why it did not."""
    with warehouse.directory() as connection:
        connection.execute(_SENT[table], {"id": number, "error": error_key})


def ask_reset(warehouse: Warehouse, email: str) -> int | None:
    """Let a person of this address have a link; None for nobody, and soon after the last one."""
    with warehouse.directory() as connection:
        values = {"email": email.strip(), "minutes": RESET_MINUTES, "every": RESET_EVERY}
        found = connection.scalar(_ASK_RESET, values)
    return None if found is None else int(found)


def opened_invitation(warehouse: Warehouse, token: str) -> Opened | None:
    """Return what an invitation's link leads to, None for one that is used, old or made up."""
    with warehouse.directory() as connection:
        row = connection.execute(_OPENED_INVITATION, {"hash": token_hash(token)}).one_or_none()
    return None if row is None else Opened(*row)


def opened_reset(warehouse: Warehouse, token: str) -> str | None:
    """Return the address whose password a link may change; None as above."""
    with warehouse.directory() as connection:
        found = connection.scalar(_OPENED_RESET, {"hash": token_hash(token)})
    return None if found is None else str(found)


def join(
    warehouse: Warehouse, token: str, *, name: str, password_hash: str, user_id: int | None
) -> tuple[int, int] | None:
    """Use an invitation up: make the account, or let ``user_id`` in; return user and chain.

    Whoever has an account with the invited address must be ``user_id``, who has shown that they
    are: an invitation never changes a password. None where the link is of no use.
    """
    with warehouse.directory() as connection:
        row = connection.execute(_USE_INVITATION, {"hash": token_hash(token)}).one_or_none()
        if row is None:
            return None
        known = connection.scalar(_KNOWN, {"email": row.email})
        if known != user_id:
            connection.rollback()
            return None
        user = known or _new_user(connection, row, name, password_hash)
        connection.execute(
            _JOIN,
            {
                "chain": row.chain_id,
                "user": user,
                **place(row.role, row.region_ids, row.store_ids).values(),
            },
        )
    return int(user), int(row.chain_id)


def set_password(warehouse: Warehouse, token: str, password_hash: str) -> int | None:
    """Use a reset up: a new password, no lock, and no session goes on; return whose it is."""
    with warehouse.directory() as connection:
        user = connection.scalar(_USE_RESET, {"hash": token_hash(token)})
        if user is None:
            return None
        replace_password(connection, int(user), password_hash)
    return int(user)


def replace_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Give a person another password and end all of their sessions and links."""
    values = {"user": user_id, "hash": password_hash}
    for statement in _REPLACE:
        connection.execute(statement, values)


def _new_user(connection: Connection, row: Row[tuple[object, ...]], name: str, hashed: str) -> int:
    values = {"email": row.email, "name": name, "lang": row.lang, "hash": hashed}
    return int(connection.scalar(_NEW_USER, values) or 0)


_ALREADY = text(
    "select count(*) from directory.membership m join directory.app_user u using (user_id)"
    " where m.chain_id = :chain and lower(u.email) = lower(:email)"
)
_INVITE = text(
    """
    insert into directory.invitation as i
        (chain_id, email, name, lang, role, region_ids, store_ids, invited_by, ends_at)
    values (:chain, :email, :name, :lang, :role, :regions, :stores, :by,
        now() + make_interval(days => :days))
    on conflict (chain_id, lower(email)) do update
        set name = excluded.name, lang = excluded.lang, role = excluded.role,
            region_ids = excluded.region_ids, store_ids = excluded.store_ids,
            invited_by = excluded.invited_by, made_at = now(), ends_at = excluded.ends_at,
            token_hash = null, sent_at = null, error_key = ''
    returning invitation_id
    """
)
_INVITATIONS = text(
    "select * from directory.invitation where chain_id = :chain order by invitation_id desc"
)
_WITHDRAW = text("delete from directory.invitation where chain_id = :chain and invitation_id = :id")
_OWN = text(
    "select count(*) from directory.invitation where chain_id = :chain and invitation_id = :id"
)
_INVITATION_LETTER = text(
    """
    update directory.invitation i set token_hash = :hash
    where i.invitation_id = :id and i.ends_at > now()
    returning i.email, i.lang, i.role, i.ends_at,
        (select c.name from directory.chain c where c.chain_id = i.chain_id) as chain,
        coalesce((select coalesce(nullif(u.name, ''), u.email) from directory.app_user u
            where u.user_id = i.invited_by), '') as inviter
    """
)
_RESET_LETTER = text(
    """
    update directory.password_reset r set token_hash = :hash
    from directory.app_user u
    where r.user_id = :user and u.user_id = r.user_id and r.ends_at > now()
    returning u.email, u.lang, r.ends_at
    """
)
_SENT = {
    "invitation": text(
        "update directory.invitation set error_key = :error,"
        " sent_at = case when :error = '' then now() end where invitation_id = :id"
    ),
    "password_reset": text(
        "update directory.password_reset set error_key = :error,"
        " sent_at = case when :error = '' then now() end where user_id = :id"
    ),
}
_ASK_RESET = text(
    """
    insert into directory.password_reset as r (user_id, ends_at)
    select user_id, now() + make_interval(mins => :minutes) from directory.app_user
    where lower(email) = lower(:email)
    on conflict (user_id) do update
        set made_at = now(), ends_at = excluded.ends_at, token_hash = null, sent_at = null,
            error_key = ''
        where r.made_at < now() - cast(:every as interval)
    returning user_id
    """
)
_OPENED_INVITATION = text(
    """
    select i.email, i.name, i.lang, i.chain_id, coalesce(c.name, ''),
        (select u.user_id from directory.app_user u where lower(u.email) = lower(i.email))
    from directory.invitation i left join directory.chain c on c.chain_id = i.chain_id
    where i.token_hash = :hash and i.ends_at > now()
    """
)
_OPENED_RESET = text(
    "select u.email from directory.password_reset r join directory.app_user u using (user_id)"
    " where r.token_hash = :hash and r.ends_at > now()"
)
_USE_INVITATION = text(
    "delete from directory.invitation where token_hash = :hash and ends_at > now()"
    " returning chain_id, email, lang, role, region_ids, store_ids"
)
_KNOWN = text("select user_id from directory.app_user where lower(email) = lower(:email)")
_NEW_USER = text(
    "insert into directory.app_user (email, name, lang, password_hash)"
    " values (:email, :name, :lang, :hash) returning user_id"
)
_JOIN = text(
    "insert into directory.membership (chain_id, user_id, role, region_ids, store_ids)"
    " values (:chain, :user, :role, :regions, :stores) on conflict do nothing"
)
_USE_RESET = text(
    "delete from directory.password_reset where token_hash = :hash and ends_at > now()"
    " returning user_id"
)
_REPLACE = (
    text(
        "update directory.app_user set password_hash = :hash, failed_logins = 0,"
        " locked_until = null where user_id = :user"
    ),
    text("delete from directory.session where user_id = :user"),
    text("delete from directory.password_reset where user_id = :user"),
)
