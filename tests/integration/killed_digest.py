"""Sends digests and dies over it: ordered by ``test_digest_kill``.

An order has ``url``, ``chain`` and ``port`` of the mail server. Boundaries lie also before each
word said to the mail server and each answer of it.
"""

import smtplib
from functools import partial

import workers.digests
from reports.digests.build import build
from reports.mail import _Handing
from tests.integration.digest_world import Clock, settings_for
from tests.integration.killing import WATCHED, Order, obey
from tests.postbox import Postbox
from warehouse.session import Warehouse
from workers.digests import Digests


def follow(order: Order) -> None:
    """Plan what is due, and send it."""
    # Fewer reads, fewer boundaries at which nothing can go wrong.
    setattr(workers.digests, "build", partial(build, makers=()))  # noqa: B010 - a name of theirs
    settings = settings_for(Postbox(port=order["port"]))
    digests = Digests(Warehouse(order["url"]), settings, Clock())
    lanes: list[int] = []
    digests.plan(lambda _chain, lane: lanes.append(lane))
    for lane in lanes:
        digests.send(order["chain"], lane)


if __name__ == "__main__":
    obey(follow, (*WATCHED, (_Handing, "send"), (smtplib.SMTP, "getreply")))
