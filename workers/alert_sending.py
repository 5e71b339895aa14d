"""Who is told of alerts: what is due is claimed, composed by what its receiver may see, and sent.

A worker that dies after its claim leaves it; ten minutes later the same message is sent, with the
same Message-ID (ADR 24). So nobody goes untold, and a mailbox that knows the id shows it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import structlog
from sqlalchemy import text

from chain.errors import PermanentError, TransientError
from chain.settings import Settings
from chain.words import LANGS, Lang
from reports import alert_mail, mail, robots
from reports.alert_mail import Told
from reports.alert_words import AlertWords
from reports.robots import Platform, Robot
from warehouse import alert_notices, alerts
from warehouse import robots as stored
from warehouse.directory.told import member
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from workers.addresses import allow

log = structlog.get_logger(__name__)
UNSURE = frozenset({"mail.unsure", "robot.unsure"})


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends what is due, chain by chain."""

    warehouse: Warehouse
    settings: Settings

    def tell(self, now: datetime) -> None:
        """Tell everybody what is due. A receiver who cannot be told keeps no other from it."""
        with self.warehouse.directory() as connection:
            chains = connection.scalars(text("select chain_id from directory.chain")).all()
        for chain_id in chains:
            with self.warehouse.begin(Scope(chain_id)) as connection:
                receivers = alert_notices.due(connection, chain_id, now)
            for receiver in receivers:
                self.tell_one(chain_id, receiver, now)

    def tell_one(self, chain_id: int, receiver: str, now: datetime) -> None:
        """Claim what one receiver is to be told, and send it."""
        scope = Scope(chain_id)
        with self.warehouse.begin(scope) as connection:
            claim, numbers = alert_notices.claim(connection, chain_id, receiver, now)
        if not numbers:
            return
        try:
            told = self._send(chain_id, receiver, claim, numbers)
        except TransientError as error:
            log.warning("alert_later", reason=error.key, receiver=receiver)
            if error.key in UNSURE:
                self._unsure(chain_id, claim, error)
                return
            with self.warehouse.begin(scope) as connection:
                alert_notices.later(connection, chain_id, claim, now)
            return
        except PermanentError as error:
            log.warning("alert_not_sent", reason=error.key, receiver=receiver)
            with self.warehouse.begin(scope) as connection:
                alert_notices.failed(connection, chain_id, claim, error)
            return
        done = alert_notices.sent if told else alert_notices.skipped
        with self.warehouse.begin(scope) as connection:
            done(connection, chain_id, claim)

    def _unsure(self, chain_id: int, claim: str, error: TransientError) -> None:
        """Handed over without an answer: a mail goes again as the same one once its claim is old.

        What a group was written has no number by which it would be known as the same.
        """
        if error.key.startswith("robot."):
            with self.warehouse.begin(Scope(chain_id)) as connection:
                alert_notices.failed(connection, chain_id, claim, error)

    def _send(self, chain_id: int, receiver: str, claim: str, numbers: Sequence[int]) -> bool:
        """Return whether there was anything to send that the receiver may still see."""
        kind, _, number = receiver.partition(":")
        if kind == "robot":
            return self._write(chain_id, int(number), numbers)
        person = member(self.warehouse, chain_id, int(number))
        if person is None:
            return False
        told = self._told(person.scope, numbers)
        if not told:
            return False
        server = mail.mail_server(self.settings)
        if server is None:
            raise PermanentError("alerts.no_mail")
        allow(self.warehouse, self.settings, chain_id, person.email)
        domain = server.sender.rpartition("@")[2]
        words, chain = self._words(person.scope, person.lang)
        board, message_id = self.settings.board_url, f"<alert-{claim}@{domain}>"
        letter = alert_mail.letter(person.email, words, chain, told, board, message_id)
        mail.send(server, letter)
        return True

    def _write(self, chain_id: int, number: int, numbers: Sequence[int]) -> bool:
        """Write into a group, in the language of whoever set up its robot."""
        scope = Scope(chain_id)
        told = self._told(scope, numbers)
        if not told:
            return False
        with self.warehouse.begin(scope) as connection:
            key = str(self.settings.secret_key)
            webhook = stored.webhook(connection, scope, key, number)
            owners = {one.robot_id: one.user_id for one in stored.groups(connection, scope)}
        owner = member(self.warehouse, chain_id, owners[number])
        words, chain = self._words(scope, owner.lang if owner else "")
        robot = Robot(cast("Platform", webhook.platform), webhook.address, webhook.secret)
        said = alert_mail.group(words, chain, told, self.settings.board_url)
        robots.send(robot, said, datetime.now(UTC), self.settings.more_robots)
        return True

    def _told(self, scope: Scope, numbers: Sequence[int]) -> list[Told]:
        """Return of the events those that are open and the receiver sees, by rule."""
        with self.warehouse.begin(scope) as connection:
            rules = alerts.rules(connection, scope.chain_id)
            found = alerts.open_alerts(connection, scope.chain_id)
        wanted = set(numbers)
        going = sorted(
            (one for one in found if one.alert_id in wanted), key=lambda one: one.alert_id
        )
        told = [Told(rule, [one for one in going if one.rule_id == rule.rule_id]) for rule in rules]
        return [one for one in told if one.alerts]

    def _words(self, scope: Scope, lang: str) -> tuple[AlertWords, str]:
        reads = Reads(self.warehouse, scope)
        chain = reads.chain()
        known = lang if lang in LANGS else chain.lang
        return AlertWords.of(reads, cast("Lang", known)), chain.name
