"""A process that tells of alerts and kills itself over the mail: run by ``test_alert_mails``.

The order is its one argument, JSON: ``url``, ``port`` of the mail server, ``now``, and ``at``:
``before`` the mail is handed in, or ``after``.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

from chain.settings import Settings
from reports import mail
from reports.mail import Mail, MailServer
from warehouse.session import Warehouse
from workers.alert_sending import Sending


def main(order: dict[str, Any]) -> None:
    """Tell everybody, and die over the first mail."""
    send = mail.send

    def deadly(server: MailServer, letter: Mail) -> None:
        if order["at"] == "after":
            send(server, letter)
        os.kill(os.getpid(), signal.SIGKILL)

    mail.send = deadly  # type: ignore[assignment]
    settings = Settings(
        smtp_host="localhost", smtp_port=order["port"], smtp_security="none",
        mail_from="board@example.com",
    )  # fmt: skip
    Sending(Warehouse(order["url"]), settings).tell(datetime.fromisoformat(order["now"]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
