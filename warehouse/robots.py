"""Groups that digests and alerts can be written into: their robots, with the webhook sealed.

Whoever has a webhook can write into the group, so it is encrypted under the settings' secret key,
handed out to nobody but a job that sends, and never shown again.
"""

import json
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken
from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.sealed import box
from warehouse.session import Scope

PURPOSE = "group robot"
MOST = 50
"""Robots of one chain."""


@dataclass(frozen=True, slots=True)
class Group:
    """A robot as a person sees it: without its webhook."""

    robot_id: int
    user_id: int
    platform: str
    name: str
    used: int


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is needed to write into a group. ``secret`` signs, where the robot has one."""

    platform: str
    name: str
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)


def groups(connection: Connection, scope: Scope) -> list[Group]:
    """Return the robots that the reader sees, by name; ``used`` counts their digests."""
    rows = connection.execute(_GROUPS, {"chain": scope.chain_id})
    return [Group(row.robot_id, row.user_id, row.platform, row.name, row.used) for row in rows]


def add(connection: Connection, scope: Scope, key: str, webhook: Webhook) -> int:
    """Keep a robot; ``key`` is the settings' secret key. Return its number.

    Raises PermanentError ``digests.too_many_robots``.
    """
    if int(connection.scalar(_COUNT, {"chain": scope.chain_id}) or 0) >= MOST:
        raise PermanentError("digests.too_many_robots", count=MOST)
    kept = json.dumps([webhook.address, webhook.secret])
    values = {
        "chain": scope.chain_id,
        "user": scope.user_id,
        "platform": webhook.platform,
        "name": webhook.name,
        "webhook": box(key, PURPOSE).encrypt(kept.encode()).decode(),
    }
    return int(connection.execute(_ADD, values).scalar_one())


def webhook(connection: Connection, scope: Scope, key: str, robot_id: int) -> Webhook:
    """Return what is needed to send.

    Raises PermanentError ``digests.robot_gone``, or ``digests.robot_lost`` where it was sealed
    under another key.
    """
    values = {"chain": scope.chain_id, "robot": robot_id}
    row = connection.execute(_WEBHOOK, values).one_or_none()
    if row is None:
        raise PermanentError("digests.robot_gone")
    try:
        address, secret = json.loads(box(key, PURPOSE).decrypt(row.webhook.encode()))
    except InvalidToken:
        raise PermanentError("digests.robot_lost", name=row.name) from None
    return Webhook(row.platform, row.name, str(address), str(secret))


def remove(connection: Connection, scope: Scope, robot_id: int) -> None:
    """Forget a robot. Raises PermanentError ``digests.gone``, ``digests.robot_used``."""
    values = {"chain": scope.chain_id, "robot": robot_id}
    if used := connection.scalar(_USED, values):
        raise PermanentError("digests.robot_used", count=int(used))
    if connection.execute(_REMOVE, values).rowcount == 0:
        raise PermanentError("digests.gone")


_GROUPS = text(
    """
    select r.robot_id, r.user_id, r.platform, r.name, (select count(*) from subscription s
        where s.chain_id = r.chain_id and s.robot_id = r.robot_id) as used
    from robot r where r.chain_id = :chain order by lower(r.name), r.robot_id
    """
)
_COUNT = text("select count(*) from robot where chain_id = :chain")
_ADD = text(
    """
    insert into robot (chain_id, user_id, platform, name, webhook)
    values (:chain, :user, :platform, :name, :webhook) returning robot_id
    """
)
_WEBHOOK = text(
    "select platform, name, webhook from robot where chain_id = :chain and robot_id = :robot"
)
_USED = text("select count(*) from subscription where chain_id = :chain and robot_id = :robot")
_REMOVE = text("delete from robot where chain_id = :chain and robot_id = :robot")
