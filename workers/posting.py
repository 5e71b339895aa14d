"""One digest after the other is claimed, handed over, and its end written down.

What is certain decides: refused for good, it failed; not handed over, it waits again; handed over
without an answer, nobody knows, and it is never sent again by itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self, cast

import structlog
from sqlalchemy import Connection

from chain.errors import PermanentError, TillboardError, TransientError
from chain.settings import Settings
from reports import robots
from reports.digests.group import message
from reports.digests.mail import Letters, Reader
from reports.digests.model import Contents
from reports.mail import Mail, Post, connected, in_domains, mail_server
from reports.robots import Platform, Robot
from warehouse import deliveries, subscriptions
from warehouse import robots as stored
from warehouse.deliveries import Waiting
from warehouse.directory import unsubscribe
from warehouse.session import Scope, Warehouse
from warehouse.subscriptions import Subscription

log = structlog.get_logger(__name__)
OF_THE_ADDRESS = frozenset({"mail.refused", "mail.bad_address"})
"""What is true of a person's address, whatever is sent to it."""
OF_THE_SERVER = frozenset({"mail.log_in", "mail.certificate", "mail.not_encrypted", "mail.none"})
"""What keeps every mail back until somebody acts; it is tried again, for then it may go."""
UNSURE = frozenset({"mail.unsure", "robot.unsure"})


class Stopped(Exception):  # noqa: N818 - it is no failure of ours
    """This digest is to be tried later, for the reason in ``error``."""

    def __init__(self, error: TillboardError) -> None:
        super().__init__(error.key)
        self.error = error


@dataclass
class Posting:
    """Sends digests of one chain; a context that ends its conversation with the mail server.

    Once the server cannot be reached nothing more is tried with it.
    """

    warehouse: Warehouse
    settings: Settings
    chain_id: int
    letters: Letters
    now: Callable[[], datetime]
    _open: AbstractContextManager[Post] | None = field(init=False, default=None)
    _post: Post | None = field(init=False, default=None)
    _away: TillboardError | None = field(init=False, default=None)
    _domains: tuple[str, ...] | None = field(init=False, default=None)

    def __enter__(self) -> Self:
        """Begin; the server is called when there is a mail for it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say goodbye."""
        self._hang_up()

    def post(self, one: Waiting, contents: Contents) -> None:
        """Send one digest. Raises Stopped where it is to be tried later."""
        if self._unchanged(one, contents):
            return
        try:
            hand_over = self._ready(one, contents)
        except TransientError as error:
            raise Stopped(error) from error
        except PermanentError as error:
            if error.key in OF_THE_SERVER:
                raise Stopped(error) from error
            self._fail(one, error)
            return
        if not self._claim(one, contents):
            return
        try:
            hand_over()
        except TillboardError as error:
            self._ended(one, error)
        else:
            with self._begin() as connection:
                deliveries.sent(connection, self.chain_id, one.delivery_id, contents.fingerprint)
            log.info("digest_sent", delivery_id=one.delivery_id)

    def _ready(self, one: Waiting, contents: Contents) -> Callable[[], None]:
        """Return what hands the digest over; raises where that need not be tried."""
        subscription = one.subscription
        if subscription.wanted.robot_id is None:
            mail = self._mail(one, contents)
            post = self._connected()
            return lambda: post.send(mail)
        with self._begin() as connection:
            webhook = stored.webhook(
                connection,
                Scope(self.chain_id),
                str(self.settings.secret_key),
                subscription.wanted.robot_id,
            )
        robot = Robot(cast("Platform", webhook.platform), webhook.address, webhook.secret)
        more = self.settings.more_robots
        robots.check(robot, more)
        said = message(contents, test=one.test)
        return lambda: robots.send(robot, said, self.now(), more)

    def _mail(self, one: Waiting, contents: Contents) -> Mail:
        subscription = one.subscription
        self.allow(subscription)
        link = f"{self.settings.board_url}/unsubscribe/{subscription.token}"
        domain = (self.settings.mail_from or "").rpartition("@")[2]
        number = f"<digest-{self.chain_id}-{one.delivery_id}@{domain}>"
        reader = Reader(subscription.email, link, one.test, number)
        return self.letters.mail(contents, reader)

    def allow(self, subscription: Subscription) -> None:
        """Raise PermanentError where mail may not go to this address."""
        address = subscription.email
        if not in_domains(address, self.settings.digest_domains):
            raise PermanentError("digests.not_ours", address=address)
        if self._domains is None:
            with self._begin() as connection:
                self._domains = subscriptions.domains(connection, Scope(self.chain_id))
        if not in_domains(address, self._domains):
            raise PermanentError("digests.not_allowed", address=address)
        if subscription.refused:
            raise PermanentError("digests.refused", address=address, why=subscription.refused)

    def _connected(self) -> Post:
        if self._away is not None:
            raise self._away
        if self._post is None:
            server = mail_server(self.settings)
            try:
                if server is None:
                    raise PermanentError("mail.none")
                self._open = connected(server)
                self._post = self._open.__enter__()
            except TillboardError as error:
                self._away = error
                raise
        return self._post

    def _hang_up(self) -> None:
        if self._open is not None:
            with suppress(TillboardError):
                self._open.__exit__(None, None, None)
        self._open = self._post = None

    def _claim(self, one: Waiting, contents: Contents) -> bool:
        receiver = one.subscription.group or one.subscription.email
        with self._begin() as connection:
            return deliveries.claim(
                connection, self.chain_id, one, receiver, provisional=contents.provisional
            )

    def _ended(self, one: Waiting, error: TillboardError) -> None:
        """Write down how a claimed digest ended that did not go, or may not have gone."""
        log.warning("digest_not_sent", delivery_id=one.delivery_id, reason=error.key)
        if error.key in {"mail.away", "mail.unsure"}:
            self._hang_up()
        if error.key in UNSURE:
            with self._begin() as connection:
                deliveries.unsure(connection, self.chain_id, one.delivery_id, error)
            return
        if isinstance(error, TransientError) or error.key in OF_THE_SERVER:
            raise Stopped(error)
        self._fail(one, error)

    def _fail(self, one: Waiting, error: TillboardError) -> None:
        """Say that it failed for good; an address or a robot that refuses rests from then on."""
        subscription = one.subscription
        with self._begin() as connection:
            deliveries.fail(connection, self.chain_id, one.delivery_id, error)
        if error.key in OF_THE_ADDRESS:
            why = str(error.params.get("why") or error.say(subscription.wanted.lang))
            unsubscribe.refuse(self.warehouse, subscription.user_id, why)
        elif error.key.startswith(("robot.", "digests.robot_")):
            scope = Scope(self.chain_id)
            with self._begin() as connection, suppress(PermanentError):
                subscriptions.pause(
                    connection, scope, subscription.subscription_id, error.key, error.params
                )

    def _unchanged(self, one: Waiting, contents: Contents) -> bool:
        """Note, for who wants news alone, that this would say what the last one did."""
        if one.asked or not one.subscription.wanted.only_changed:
            return False
        with self._begin() as connection:
            last = deliveries.last_fingerprint(
                connection, self.chain_id, one.subscription.subscription_id
            )
            if last != contents.fingerprint:
                return False
            deliveries.unchanged(connection, self.chain_id, one.delivery_id, last)
        return True

    def _begin(self) -> AbstractContextManager[Connection]:
        return self.warehouse.begin(Scope(self.chain_id))
