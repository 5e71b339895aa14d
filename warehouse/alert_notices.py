"""Who is told of what: notices wait until they are due, and are claimed before anything is sent.

A claim takes all that one receiver is to be told now, so that many stores are one message. Its
number is the message's own: what is sent again after a worker died is the same message.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from chain.errors import TillboardError

GATHER = timedelta(minutes=15)
"""After a message its receiver is left alone for so long, unless something is urgent."""
LOST_AFTER = timedelta(minutes=10)
"""A claim that is not done with after this was a worker's that died."""
TRY_AGAIN = timedelta(minutes=5)
GIVE_UP = timedelta(days=2)
"""What could not be sent for so long is told no more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """That a receiver is to be told of an event from an instant on."""

    alert_id: int
    receiver: str
    due_at: datetime


def add(connection: Connection, chain_id: int, notices: Collection[Notice]) -> None:
    """Keep notices; who is told of an event already, or will be, is not told twice."""
    values = [
        {"chain": chain_id, "alert": one.alert_id, "receiver": one.receiver, "due": one.due_at}
        for one in notices
    ]
    if values:
        connection.execute(_ADD, values)


def due(connection: Connection, chain_id: int, now: datetime) -> Sequence[str]:
    """Return the receivers who are to be told something now.

    What is over before it was told, or given up, is told no more; what was snoozed meanwhile waits.
    """
    values = {"chain": chain_id, "now": now, "old": now - GIVE_UP}
    connection.execute(_SKIP, values)
    connection.execute(_WAIT, values)
    values |= {"gathered": now - GATHER, "lost": now - LOST_AFTER}
    return connection.scalars(_DUE, values).all()


def claim(
    connection: Connection, chain_id: int, receiver: str, now: datetime
) -> tuple[str, Sequence[int]]:
    """Take what a receiver is to be told now; return the claim and the events, perhaps none.

    One that a dead worker left is taken up as it was. To be committed before anything is sent.
    """
    number = secrets.token_hex(12)
    values = {
        "chain": chain_id,
        "receiver": receiver,
        "now": now,
        "lost": now - LOST_AFTER,
        "claim": number,
    }
    left = connection.execute(_LEFT, values).all()
    if left:
        return str(left[0].claim), [row.alert_id for row in left]
    taken = connection.scalars(_CLAIM, values).all()
    return number, sorted(taken)


def sent(connection: Connection, chain_id: int, number: str) -> None:
    """Say that a claim's message was handed in."""
    connection.execute(_SENT, {"chain": chain_id, "claim": number})


def failed(connection: Connection, chain_id: int, number: str, error: TillboardError) -> None:
    """Say that it will not be sent, and why."""
    values = {"key": error.key, "params": json.dumps(error.params, default=str)}
    connection.execute(_FAILED, {"chain": chain_id, "claim": number, **values})


def skipped(connection: Connection, chain_id: int, number: str) -> None:
    """Say that there was nothing to send: its receiver sees none of it any more."""
    connection.execute(_SKIPPED, {"chain": chain_id, "claim": number})


def later(connection: Connection, chain_id: int, number: str, now: datetime) -> None:
    """Give a claim back, to be tried again soon: the server asked to wait."""
    connection.execute(_LATER, {"chain": chain_id, "claim": number, "due": now + TRY_AGAIN})


_ADD = text(
    """
    insert into alert_notice (chain_id, alert_id, receiver, due_at)
    values (:chain, :alert, :receiver, :due) on conflict do nothing
    """
)
_SKIP = text(
    """
    update alert_notice n set state = 'skipped'
    from alert a
    where n.chain_id = :chain and n.state = 'waiting' and a.chain_id = n.chain_id
      and a.alert_id = n.alert_id and (a.cleared_at is not null or a.fired_at < :old)
    """
)
_WAIT = text(
    """
    update alert_notice n set due_at = z.until
    from alert a, lateral (
        select max(s.until) as until from alert_snooze s
        where s.chain_id = a.chain_id and s.rule_id = a.rule_id and s.subject in ('', a.subject)
    ) z
    where n.chain_id = :chain and n.state = 'waiting' and n.due_at < z.until and z.until > :now
      and a.chain_id = n.chain_id and a.alert_id = n.alert_id
    """
)
_DUE = text(
    """
    select n.receiver
    from alert_notice n
    join alert a on a.chain_id = n.chain_id and a.alert_id = n.alert_id
    join alert_rule r on r.chain_id = n.chain_id and r.rule_id = a.rule_id
    left join lateral (
        select max(claimed_at) as at from alert_notice l
        where l.chain_id = n.chain_id and l.receiver = n.receiver and l.state = 'sent'
    ) before on true
    where n.chain_id = :chain and (
        n.state = 'waiting' and n.due_at <= :now
            and (before.at is null or before.at <= :gathered or r.severity = 'urgent')
        or n.state = 'sending' and n.claimed_at < :lost)
    group by n.receiver order by n.receiver
    """
)
_LEFT = text(
    """
    update alert_notice set claimed_at = :now
    where chain_id = :chain and receiver = :receiver and state = 'sending' and claim = (
        select claim from alert_notice
        where chain_id = :chain and receiver = :receiver and state = 'sending'
          and claimed_at < :lost
        order by claimed_at limit 1)
    returning claim, alert_id
    """
)
_CLAIM = text(
    """
    update alert_notice set state = 'sending', claim = :claim, claimed_at = :now
    where chain_id = :chain and receiver = :receiver and state = 'waiting' and due_at <= :now
    returning alert_id
    """
)
_SENT = text(
    """
    update alert_notice set state = 'sent', sent_at = clock_timestamp()
    where chain_id = :chain and claim = :claim and state = 'sending'
    """
)
_FAILED = text(
    """
    update alert_notice set state = 'failed', error_key = :key,
        error_params = cast(:params as jsonb)
    where chain_id = :chain and claim = :claim and state = 'sending'
    """
)
_SKIPPED = text(
    """
    update alert_notice set state = 'skipped'
    where chain_id = :chain and claim = :claim and state = 'sending'
    """
)
_LATER = text(
    """
    update alert_notice set state = 'waiting', due_at = :due
    where chain_id = :chain and claim = :claim and state = 'sending'
    """
)
