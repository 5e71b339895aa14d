"""Digests that people get: made, changed, paused and ended, in the reader's own transaction.

A person sees and changes their own, an owner everybody's: row-level security says so, not this
module. What is not seen is as if it were not there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, text

from chain.errors import PermanentError
from chain.schedule import Rhythm, Schedule
from warehouse.directory.sessions import new_token, token_hash
from warehouse.session import Scope

MOST_A_PERSON = 20
"""Subscriptions of one person: whoever wants more has lost count."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is chosen: how often and when, in which language, by which robot (None: by mail)."""

    schedule: Schedule
    lang: str
    only_changed: bool = False
    robot_id: int | None = None

    def values(self) -> dict[str, object]:
        """Return the columns' values."""
        schedule = self.schedule
        return {
            "kind": schedule.rhythm,
            "lang": self.lang,
            "zone": schedule.zone,
            "at": schedule.at,
            "weekdays": list(schedule.weekdays),
            "month_day": schedule.month_day,
            "only_changed": self.only_changed,
            "robot": self.robot_id,
        }


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription with its person. ``refused``: what a mail server said of their address.

    ``channel`` is ``mail`` or the platform of the robot, ``group`` what the robot is called.
    """

    subscription_id: int
    user_id: int
    email: str
    name: str
    refused: str
    wanted: Wanted
    channel: str
    group: str
    paused: bool
    paused_key: str
    paused_params: Mapping[str, Any]
    since: datetime
    token: str


def everyone(connection: Connection, scope: Scope) -> list[Subscription]:
    """Return the subscriptions that the reader sees, by person and then by how often."""
    rows = connection.execute(_ALL, {"chain": scope.chain_id, "one": None})
    return [subscription_of(row) for row in rows]


def get(connection: Connection, scope: Scope, subscription_id: int) -> Subscription:
    """Return one. Raises PermanentError ``digests.gone`` where the reader sees none."""
    values = {"chain": scope.chain_id, "one": subscription_id}
    row = connection.execute(_ALL, values).one_or_none()
    if row is None:
        raise PermanentError("digests.gone")
    return subscription_of(row)


def add(connection: Connection, scope: Scope, user_id: int, wanted: Wanted) -> int:
    """Make one for ``user_id``, who must be of the chain; return its number.

    Raises PermanentError ``digests.gone`` for who is not, ``digests.too_many``.
    """
    token = new_token()
    values = wanted.values() | {"chain": scope.chain_id, "user": user_id, "token": token}
    if not connection.scalar(_MEMBER, values):
        raise PermanentError("digests.gone")
    if int(connection.scalar(_COUNT, values) or 0) >= MOST_A_PERSON:
        raise PermanentError("digests.too_many", count=MOST_A_PERSON)
    number = int(connection.execute(_ADD, values).scalar_one())
    known = {"hash": token_hash(token), "chain": scope.chain_id, "one": number}
    connection.execute(_LINK, known)
    _note(connection, scope, "digest.add", number, wanted)
    return number


def change(connection: Connection, scope: Scope, subscription_id: int, wanted: Wanted) -> None:
    """Change one. Raises PermanentError ``digests.gone``."""
    values = wanted.values() | {"chain": scope.chain_id, "one": subscription_id}
    _must(connection, _CHANGE, values)
    _note(connection, scope, "digest.change", subscription_id, wanted)


def pause(
    connection: Connection,
    scope: Scope,
    subscription_id: int,
    key: str = "",
    params: Mapping[str, Any] | None = None,
) -> None:
    """Let one rest; ``key`` is the sentence that says why. Raises as ``change`` does."""
    values = {
        "chain": scope.chain_id,
        "one": subscription_id,
        "key": key,
        "params": json.dumps(params or {}, default=str),
    }
    _must(connection, _PAUSE, values)
    _note(connection, scope, "digest.pause", subscription_id)


def resume(connection: Connection, scope: Scope, subscription_id: int) -> None:
    """Let one go on, from what is due after now. Raises as ``change`` does."""
    _must(connection, _RESUME, {"chain": scope.chain_id, "one": subscription_id})
    _note(connection, scope, "digest.resume", subscription_id)


def remove(connection: Connection, scope: Scope, subscription_id: int) -> None:
    """End one for good; the link in its mails then finds nothing. Raises as ``change`` does."""
    values = {"chain": scope.chain_id, "one": subscription_id}
    for statement in _WITH_IT:  # before it, since they are seen with it
        connection.execute(statement, values)
    _must(connection, _REMOVE, values)
    _note(connection, scope, "digest.remove", subscription_id)


def domains(connection: Connection, scope: Scope) -> tuple[str, ...]:
    """Return the domains that the chain lets digests go to; empty: all."""
    found = connection.scalar(_DOMAINS, {"chain": scope.chain_id})
    return tuple(found or ())


def set_domains(connection: Connection, scope: Scope, wanted: tuple[str, ...]) -> None:
    """Let digests go to addresses of these domains alone; none: to all."""
    connection.execute(_SET_DOMAINS, {"chain": scope.chain_id, "domains": list(wanted)})
    _note(connection, scope, "digest.domains", 0)


def subscription_of(row: Row[Any]) -> Subscription:
    """Return a row of ``COLUMNS`` as what it is."""
    rhythm, days = cast("Rhythm", row.kind), tuple(row.weekdays)
    schedule = Schedule(rhythm, row.time_zone, row.at, days, row.month_day)
    return Subscription(
        row.subscription_id,
        row.user_id,
        row.email,
        row.name,
        row.mail_refused_why if row.mail_refused_at else "",
        Wanted(schedule, row.lang, row.only_changed, row.robot_id),
        row.platform or "mail",
        row.group_name or "",
        row.paused,
        row.paused_key,
        dict(row.paused_params),
        row.since,
        row.token,
    )


def _must(connection: Connection, statement: Any, values: Mapping[str, object]) -> None:
    if connection.execute(statement, dict(values)).rowcount == 0:
        raise PermanentError("digests.gone")


def _note(
    connection: Connection, scope: Scope, action: str, number: int, wanted: Wanted | None = None
) -> None:
    detail: dict[str, object] = {}
    if wanted is not None:
        detail = {"kind": wanted.schedule.rhythm, "robot": wanted.robot_id}
    values = {
        "chain": scope.chain_id,
        "user": scope.user_id,
        "action": action,
        "subject": str(number),
        "detail": json.dumps(detail),
    }
    connection.execute(_NOTE, values)


COLUMNS = """
    s.subscription_id, s.user_id, s.kind, s.lang, s.time_zone, s.at, s.weekdays, s.month_day,
    s.only_changed, s.robot_id, s.paused, s.paused_key, s.paused_params, s.since, s.token,
    u.email, u.name, u.mail_refused_at, u.mail_refused_why, r.platform, r.name as group_name
"""
PEOPLE = """
    join directory.membership m on m.chain_id = s.chain_id and m.user_id = s.user_id
    join directory.app_user u on u.user_id = s.user_id
    left join robot r on r.chain_id = s.chain_id and r.robot_id = s.robot_id
"""
"""Whoever is of the chain no more gets nothing, with no further ado."""
_ALL = text(
    f"""
    select {COLUMNS} from subscription s {PEOPLE}
    where s.chain_id = :chain and s.subscription_id = coalesce(cast(:one as bigint),
        s.subscription_id)
    order by lower(coalesce(nullif(u.name, ''), u.email)), s.user_id,
        array_position(array['daily', 'weekly', 'monthly'], s.kind), s.subscription_id
    """
)
_MEMBER = text(
    "select count(*) from directory.membership where chain_id = :chain and user_id = :user"
)
_COUNT = text("select count(*) from subscription where chain_id = :chain and user_id = :user")
_ADD = text(
    """
    insert into subscription (chain_id, user_id, kind, lang, time_zone, at, weekdays, month_day,
        only_changed, robot_id, token)
    values (:chain, :user, :kind, :lang, :zone, :at, cast(:weekdays as smallint[]), :month_day,
        :only_changed, :robot, :token)
    returning subscription_id
    """
)
_LINK = text(
    "insert into directory.unsubscribe (token_hash, chain_id, subscription_id)"
    " values (:hash, :chain, :one)"
)
_CHANGE = text(
    """
    update subscription set kind = :kind, lang = :lang, time_zone = :zone, at = :at,
        weekdays = cast(:weekdays as smallint[]), month_day = :month_day,
        only_changed = :only_changed, robot_id = :robot
    where chain_id = :chain and subscription_id = :one
    """
)
_PAUSE = text(
    "update subscription set paused = true, paused_key = :key,"
    " paused_params = cast(:params as jsonb)"
    " where chain_id = :chain and subscription_id = :one"
)
_RESUME = text(
    "update subscription set paused = false, paused_key = '', paused_params = '{}', since = now()"
    " where chain_id = :chain and subscription_id = :one"
)
_REMOVE = text("delete from subscription where chain_id = :chain and subscription_id = :one")
_WITH_IT = (
    text("delete from delivery where chain_id = :chain and subscription_id = :one"),
    text("delete from directory.unsubscribe where chain_id = :chain and subscription_id = :one"),
)
_DOMAINS = text("select mail_domains from chain where chain_id = :chain")
_SET_DOMAINS = text("update chain set mail_domains = :domains where chain_id = :chain")
_NOTE = text(
    "insert into audit_log (chain_id, user_id, action, subject, detail)"
    " values (:chain, :user, :action, :subject, cast(:detail as jsonb))"
)
