"""The link that ends a digest: it works without a log-in, by its token alone (RFC 8058).

And what mail servers say of people's addresses: it is true of the address, in whichever chain.
"""

from dataclasses import dataclass

from sqlalchemy import text

from chain.errors import PermanentError
from warehouse import subscriptions
from warehouse.directory.sessions import token_hash
from warehouse.session import Scope, Warehouse
from warehouse.subscriptions import Subscription

WHY = "digests.unsubscribed"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is about."""

    chain: str
    subscription: Subscription
    scope: Scope


def opened(warehouse: Warehouse, token: str) -> Link | None:
    """Return what a link ends, None for one that is made up or of what is gone."""
    with warehouse.directory() as connection:
        row = connection.execute(_FIND, {"hash": token_hash(token)}).one_or_none()
    if row is None:
        return None
    scope = Scope(row.chain_id)
    try:
        with warehouse.begin(scope) as connection:
            found = subscriptions.get(connection, scope, row.subscription_id)
    except PermanentError:
        return None
    return Link(row.chain, found, Scope(row.chain_id, user_id=found.user_id))


def end(warehouse: Warehouse, token: str) -> Link | None:
    """Pause what a link is about; done twice it is done once. None as above."""
    link = opened(warehouse, token)
    if link is not None and not link.subscription.paused:
        with warehouse.begin(link.scope) as connection:
            subscriptions.pause(connection, link.scope, link.subscription.subscription_id, WHY)
    return link


def go_on(warehouse: Warehouse, token: str) -> Link | None:
    """Take back what was done by mistake. None as above."""
    link = opened(warehouse, token)
    if link is not None and link.subscription.paused_key == WHY:
        with warehouse.begin(link.scope) as connection:
            subscriptions.resume(connection, link.scope, link.subscription.subscription_id)
    return link


def refuse(warehouse: Warehouse, user_id: int, why: str) -> None:
    """Note that a mail server takes no mail for a person, for good."""
    with warehouse.directory() as connection:
        connection.execute(_REFUSE, {"user": user_id, "why": why})


def trust(warehouse: Warehouse, user_id: int) -> None:
    """Try a person's address again."""
    with warehouse.directory() as connection:
        connection.execute(_TRUST, {"user": user_id})


_FIND = text(
    "select u.chain_id, u.subscription_id, coalesce(c.name, '') as chain"
    " from directory.unsubscribe u left join directory.chain c on c.chain_id = u.chain_id"
    " where u.token_hash = :hash"
)
_REFUSE = text(
    "update directory.app_user set mail_refused_at = now(), mail_refused_why = :why"
    " where user_id = :user"
)
_TRUST = text(
    "update directory.app_user set mail_refused_at = null, mail_refused_why = ''"
    " where user_id = :user"
)
