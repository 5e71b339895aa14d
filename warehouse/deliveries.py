"""What becomes of each digest, and the claim by which it goes once (ADR 23).

``waiting`` → ``sending`` (claimed) → ``sent``; or ``unchanged``, ``late``, ``failed``. A claim is
given back only where it is certain that nothing was handed over. One that nobody gave back is
``unsure``: whether it went is not known, and it is not sent again by itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from chain.errors import PermanentError, TillboardError
from chain.schedule import Due
from warehouse.session import Scope
from warehouse.subscriptions import COLUMNS, PEOPLE, Subscription, subscription_of

ASKED_AN_HOUR = 10
"""Tests and repetitions of one subscription: more is no test."""
KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A digest that is to go: whose, in which role and of which stores they are now."""

    delivery_id: int
    subscription: Subscription
    role: str
    region_ids: tuple[int, ...] | None
    store_ids: tuple[int, ...] | None
    period: date
    due_at: datetime
    made_at: datetime
    tries: int
    asked: bool
    test: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest as the page tells of it. See ``tables.Delivery``."""

    delivery_id: int
    subscription_id: int
    period: date
    kind: str
    channel: str
    state: str
    test: bool
    who: str
    receiver: str
    due_at: datetime
    next_at: datetime
    sent_at: datetime | None
    tries: int
    provisional: bool
    error_key: str
    error_params: Mapping[str, Any]


def active(connection: Connection, chain_id: int) -> list[Subscription]:
    """Return the subscriptions that are not paused, of people who are of the chain."""
    return [subscription_of(row) for row in connection.execute(_ACTIVE, {"chain": chain_id})]


def plan(
    connection: Connection,
    chain_id: int,
    due: Sequence[tuple[int, Due]],
    *,
    late: Sequence[tuple[int, Due]] = (),
) -> None:
    """Make a row for each (subscription, what is due), where there is none; ``late`` ones never go.

    Done twice, or by two at once, it is done once: one row for a subscription and period.
    """
    rows = [
        {"chain": chain_id, "one": one, "period": each.period.start, "due": each.at, "state": state}
        for state, all_of_them in (("waiting", due), ("late", late))
        for one, each in all_of_them
    ]
    if rows:
        connection.execute(_PLAN, rows)


def ask(
    connection: Connection, scope: Scope, subscription_id: int, period: date, *, test: bool
) -> int:
    """Have a digest sent beside the schedule; return its number.

    Raises PermanentError ``digests.gone``, ``digests.too_often``.
    """
    values = {
        "chain": scope.chain_id,
        "one": subscription_id,
        "user": scope.user_id,
        "period": period,
        "test": test,
    }
    if not connection.scalar(_SEEN, values):
        raise PermanentError("digests.gone")
    if int(connection.scalar(_ASKED, values) or 0) >= ASKED_AN_HOUR:
        raise PermanentError("digests.too_often")
    return int(connection.execute(_ASK, values).scalar_one())


def lose(connection: Connection, chain_id: int, silent: timedelta) -> int:
    """Call unsure what was claimed so long ago that whoever did is gone; return how many."""
    values = {"chain": chain_id, "silent": silent}
    return connection.execute(_LOSE, values).rowcount


def forget(connection: Connection, chain_id: int) -> None:
    """Remove what is too old to be looked at."""
    connection.execute(_FORGET, {"chain": chain_id, "kept": KEPT})


def waiting(connection: Connection, chain_id: int, now: datetime) -> list[Waiting]:
    """Return what is to be tried at ``now``, the longest due first.

    Of paused subscriptions only what somebody asked for.
    """
    rows = connection.execute(_WAITING, {"chain": chain_id, "now": now})
    return [_waiting(row) for row in rows]


def claim(
    connection: Connection, chain_id: int, one: Waiting, receiver: str, *, provisional: bool
) -> bool:
    """Take a digest to send it; return False where another has, or it is wanted no more.

    From the commit on it is sent by the caller or by nobody.
    """
    values = {
        "chain": chain_id,
        "id": one.delivery_id,
        "receiver": receiver,
        "provisional": provisional,
    }
    return connection.execute(_CLAIM, values).rowcount == 1


def sent(connection: Connection, chain_id: int, delivery_id: int, fingerprint: str) -> None:
    """Say that a claimed digest was taken by the server."""
    values = {"chain": chain_id, "id": delivery_id, "fingerprint": fingerprint}
    connection.execute(_SENT, values)


def unsure(connection: Connection, chain_id: int, delivery_id: int, error: TillboardError) -> None:
    """Say that nobody knows whether a claimed digest went."""
    connection.execute(_END, _told(chain_id, delivery_id, error) | {"state": "unsure"})


def fail(connection: Connection, chain_id: int, delivery_id: int, error: TillboardError) -> None:
    """Say why a digest will not go."""
    connection.execute(_END, _told(chain_id, delivery_id, error) | {"state": "failed"})


def later(
    connection: Connection,
    chain_id: int,
    delivery_ids: Sequence[int],
    error: TillboardError,
    next_at: datetime,
    *,
    tried: bool = True,
) -> None:
    """Give digests back, claimed or not, of which nothing was handed over.

    ``tried``: it counts as a try, after which the next pause is longer.
    """
    for delivery_id in delivery_ids:
        told = _told(chain_id, delivery_id, error)
        connection.execute(_LATER, told | {"next": next_at, "tried": tried})


def unchanged(connection: Connection, chain_id: int, delivery_id: int, fingerprint: str) -> None:
    """Say that a digest is not sent since it would say what the last one did."""
    values = {"chain": chain_id, "id": delivery_id, "fingerprint": fingerprint}
    connection.execute(_UNCHANGED, values)


def last_fingerprint(connection: Connection, chain_id: int, subscription_id: int) -> str:
    """Return what the last digest that went was made of; empty for none."""
    values = {"chain": chain_id, "one": subscription_id}
    return str(connection.scalar(_FINGERPRINT, values) or "")


def recent(connection: Connection, scope: Scope, most: int = 60) -> list[Delivery]:
    """Return the latest digests that the reader sees."""
    rows = connection.execute(_RECENT, {"chain": scope.chain_id, "most": most, "one": None})
    return [_delivery(row) for row in rows]


def get(connection: Connection, scope: Scope, delivery_id: int) -> Delivery:
    """Return one. Raises PermanentError ``digests.gone`` where the reader sees none."""
    values = {"chain": scope.chain_id, "most": 1, "one": delivery_id}
    row = connection.execute(_RECENT, values).one_or_none()
    if row is None:
        raise PermanentError("digests.gone")
    return _delivery(row)


def _told(chain_id: int, delivery_id: int, error: TillboardError) -> dict[str, object]:
    return {
        "chain": chain_id,
        "id": delivery_id,
        "key": error.key,
        "params": json.dumps(error.params, default=str),
    }


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        row.delivery_id,
        subscription_of(row),
        row.role,
        None if row.region_ids is None else tuple(row.region_ids),
        None if row.store_ids is None else tuple(row.store_ids),
        row.period,
        row.due_at,
        row.planned_at,
        row.tries,
        row.asked_by is not None,
        row.test,
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.delivery_id,
        row.subscription_id,
        row.period,
        row.kind,
        row.channel,
        row.state,
        row.test,
        row.name or row.email,
        row.receiver,
        row.due_at,
        row.next_at,
        row.sent_at,
        row.tries,
        row.provisional,
        row.error_key,
        dict(row.error_params),
    )


_ACTIVE = text(
    f"""
    select {COLUMNS} from subscription s {PEOPLE}
    where s.chain_id = :chain and not s.paused
        and not (s.robot_id is null and u.mail_refused_at is not null)
    """
)
_PLAN = text(
    """
    insert into delivery (chain_id, subscription_id, period, state, due_at, next_at)
    values (:chain, :one, :period, :state, :due, :due)
    on conflict (chain_id, subscription_id, period) where asked_by is null do nothing
    """
)
_SEEN = text("select count(*) from subscription where chain_id = :chain and subscription_id = :one")
_ASKED = text(
    "select count(*) from delivery where chain_id = :chain and subscription_id = :one"
    " and asked_by is not null and made_at > now() - interval '1 hour'"
)
_ASK = text(
    """
    insert into delivery (chain_id, subscription_id, period, state, due_at, next_at, asked_by, test)
    values (:chain, :one, :period, 'waiting', now(), now(), :user, :test)
    returning delivery_id
    """
)
_LOSE = text(
    """
    update delivery set state = 'unsure', error_key = 'digests.unsure', error_params = '{}'
    where chain_id = :chain and state = 'sending'
        and claimed_at < clock_timestamp() - cast(:silent as interval)
    """
)
_FORGET = text(
    "delete from delivery where chain_id = :chain and made_at < now() - cast(:kept as interval)"
)
_WAITING = text(
    f"""
    select d.delivery_id, d.period, d.due_at, d.made_at as planned_at, d.tries, d.asked_by, d.test,
        m.role, m.region_ids, m.store_ids, {COLUMNS}
    from delivery d
    join subscription s on s.chain_id = d.chain_id and s.subscription_id = d.subscription_id
    {PEOPLE}
    where d.chain_id = :chain and d.state = 'waiting' and d.next_at <= :now
        and (not s.paused or d.asked_by is not null)
    order by d.due_at, d.delivery_id
    """
)
_CLAIM = text(
    """
    update delivery d set state = 'sending', claimed_at = clock_timestamp(), tries = tries + 1,
        receiver = :receiver, provisional = :provisional, error_key = '', error_params = '{}'
    where d.chain_id = :chain and d.delivery_id = :id and d.state = 'waiting'
        and exists (select from subscription s where s.chain_id = d.chain_id
            and s.subscription_id = d.subscription_id
            and (not s.paused or d.asked_by is not null))
    """
)
# Whoever was given up and yet comes to its end says how it was.
_SENT = text(
    """
    update delivery set state = 'sent', sent_at = clock_timestamp(), fingerprint = :fingerprint,
        error_key = '', error_params = '{}'
    where chain_id = :chain and delivery_id = :id and state in ('sending', 'unsure')
    """
)
_END = text(
    """
    update delivery set state = :state, error_key = :key, error_params = cast(:params as jsonb)
    where chain_id = :chain and delivery_id = :id and state in ('waiting', 'sending')
    """
)
_LATER = text(
    """
    update delivery set state = 'waiting', next_at = :next, error_key = :key,
        error_params = cast(:params as jsonb),
        tries = tries + case when state = 'waiting' and :tried then 1 else 0 end
    where chain_id = :chain and delivery_id = :id and state in ('waiting', 'sending')
    """
)
_UNCHANGED = text(
    """
    update delivery set state = 'unchanged', fingerprint = :fingerprint
    where chain_id = :chain and delivery_id = :id and state = 'waiting'
    """
)
_FINGERPRINT = text(
    """
    select fingerprint from delivery
    where chain_id = :chain and subscription_id = :one and state in ('sent', 'unsure')
        and not test and fingerprint <> ''
    order by period desc, delivery_id desc limit 1
    """
)
_RECENT = text(
    """
    select d.*, s.kind, coalesce(r.platform, 'mail') as channel, u.name, u.email
    from delivery d
    join subscription s on s.chain_id = d.chain_id and s.subscription_id = d.subscription_id
    join directory.app_user u on u.user_id = s.user_id
    left join robot r on r.chain_id = s.chain_id and r.robot_id = s.robot_id
    where d.chain_id = :chain
        and d.delivery_id = coalesce(cast(:one as bigint), d.delivery_id)
    order by d.delivery_id desc limit :most
    """
)
