"""A process that does a forecast's jobs and kills itself: run by ``test_forecast_kill``.

Orders come on standard input, one JSON object a line: ``url``, ``chain``, ``run`` and ``at``, the
boundary at which it sends itself SIGKILL. The answer is ``killed``, ``done``, or how else it ended.
Boundaries lie before each statement, and before and after each commit.
"""

import json
import os
import signal
import sys
from typing import Any

import forecasting
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.futures import LastWeek, finish, settings
from tests.integration import killed_import
from warehouse.session import Warehouse
from workers.forecasts import Forecasts


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
    killed_import.watch(int(order["at"]))
    forecasting.entrants = lambda: (SeasonalNaive(), LastWeek())
    finish(Forecasts(Warehouse(order["url"]), settings()), order["chain"], order["run"])
    os._exit(0)


if __name__ == "__main__":
    main()
