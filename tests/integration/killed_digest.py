"""A process that sends digests and kills itself: run by ``test_digest_kill``, a fork an order.

Orders come on standard input, one JSON object a line: ``url``, ``chain``, ``port`` of the mail
server and ``at``, the boundary at which it sends itself SIGKILL. The answer is ``killed``,
``done``, or how else it ended. Boundaries lie before each statement, before and after each commit,
and before each word said to the mail server and each answer of it.
"""

import json
import os
import signal
import smtplib
import sys
from functools import partial
from typing import Any

import workers.digests
from reports.digests.build import build
from reports.mail import _Handing
from tests.integration import killed_import
from tests.integration.digest_world import Clock, settings_for
from tests.postbox import Postbox
from warehouse.session import Warehouse
from workers.digests import Digests


def main() -> None:
    """Follow orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _follow(order)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = "done" if status == 0 else f"status {status}"
        sys.stdout.write(("killed" if killed else ended) + "\n")
        sys.stdout.flush()


def _follow(order: dict[str, Any]) -> None:
    os.dup2(2, 1)  # the log is not the answer
    killed_import.WATCHED += ((_Handing, "send"), (smtplib.SMTP, "getreply"))
    killed_import.watch(int(order["at"]))
    # Fewer reads, fewer boundaries at which nothing can go wrong.
    setattr(workers.digests, "build", partial(build, makers=()))  # noqa: B010 - a name of theirs
    settings = settings_for(Postbox(port=order["port"]))
    digests = Digests(Warehouse(order["url"]), settings, Clock())
    lanes: list[int] = []
    digests.plan(lambda _chain, lane: lanes.append(lane))
    for lane in lanes:
        digests.send(order["chain"], lane)
    os._exit(0)


if __name__ == "__main__":
    main()
