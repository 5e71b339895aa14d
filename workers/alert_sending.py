"""Who is told of alerts: what is due is claimed, composed by what its receiver may see, and sent.

A worker that dies after its claim leaves it; ten minutes later the same message is sent, with the
same Message-ID. So nobody goes untold, and a mailbox that knows the id shows it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import structlog
from sqlalchemy import text

from chain.errors import PermanentError, TransientError
from chain.settings import Settings
from chain.words import Lang
from reports import alert_mail, mail
from reports.alert_mail import Told
from reports.alert_words import AlertWords
from warehouse import alert_notices, alerts
from warehouse.directory.told import Member, member
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

log = structlog.get_logger(__name__)


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

    def _send(self, chain_id: int, receiver: str, claim: str, numbers: Sequence[int]) -> bool:
        """Return whether there was anything to send that the receiver may still see."""
        kind, _, number = receiver.partition(":")
        person = member(self.warehouse, chain_id, int(number)) if kind == "user" else None
        if person is None:
            return False
        told = self._told(person.scope, numbers)
        if not told:
            return False
        server = mail.mail_server(self.settings)
        if server is None:
            raise PermanentError("alerts.no_mail")
        domain = server.sender.rpartition("@")[2]
        words, chain = self._words(person)
        board, message_id = self.settings.board_url, f"<alert-{claim}@{domain}>"
        letter = alert_mail.letter(person.email, words, chain, told, board, message_id)
        mail.send(server, letter)
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

    def _words(self, person: Member) -> tuple[AlertWords, str]:
        reads = Reads(self.warehouse, person.scope)
        lang = cast("Lang", person.lang if person.lang in {"en", "zh"} else "en")
        return AlertWords.of(reads, lang), reads.chain().name
