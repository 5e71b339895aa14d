"""Mails with a link: the link is made here, when it is sent, and is known to nobody else."""

from dataclasses import dataclass

import structlog

from chain.errors import PermanentError
from chain.settings import Settings
from chain.words import say
from reports import letters
from reports.mail import Mail, mail_server, send
from warehouse.directory import links
from warehouse.session import Warehouse

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mails:
    """Sends what the directory says is to be sent. Done twice, the later link is the one."""

    warehouse: Warehouse
    settings: Settings

    def invitation(self, invitation_id: int) -> None:
        """Send an invitation. Raises TransientError where the server is to be asked again."""
        found = links.invitation_letter(self.warehouse, invitation_id)
        if found is None or found.ends_at is None:
            return
        mail = letters.invitation(
            found.email,
            found.lang,
            inviter=found.inviter,
            chain=found.chain,
            role=say(found.lang, f"people.role.{found.role}"),
            link=f"{self.settings.board_url}/join/{found.token}",
            until=found.ends_at,
        )
        self._send(mail, "invitation", invitation_id)

    def reset(self, user_id: int) -> None:
        """Send the link to a new password; raises as above."""
        found = links.reset_letter(self.warehouse, user_id)
        if found is None:
            return
        link = f"{self.settings.board_url}/reset/{found.token}"
        mail = letters.new_password(found.email, found.lang, link=link, minutes=links.RESET_MINUTES)
        self._send(mail, "password_reset", user_id)

    def _send(self, mail: Mail, table: str, number: int) -> None:
        server = mail_server(self.settings)
        if server is None:
            log.warning("mail_not_configured", table=table, number=number)
            return
        try:
            send(server, mail)
        except PermanentError as error:
            log.warning("mail_refused", reason=error.key, table=table, number=number)
            links.sent(self.warehouse, table, number, error.key)
            return
        links.sent(self.warehouse, table, number)
