"""A process that works as ordered and kills itself at a boundary, and what comes after its death.

Orders come on standard input, one JSON object a line, and each is followed by a fork of its own.
``at`` is the boundary at which it sends itself SIGKILL; all else is the worker's. The answer is
``killed``, ``done``, or how else it ended. Boundaries lie before each statement and each piece of a
COPY, and before and after each commit.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from chain.errors import TransientError
from warehouse.session import Scope, Warehouse

MOST = 400
"""Boundaries that are tried, and more than any work here has."""
Order = dict[str, Any]
Boundaries = tuple[tuple[type[Any], str], ...]
WATCHED: Boundaries = (
    (psycopg.Cursor, "execute"),
    (psycopg.Cursor, "executemany"),
    (psycopg.Copy, "write"),
    (psycopg.Connection, "commit"),
)
_AT_WORK = text(
    "select count(*) from pg_stat_activity where datname = current_database()"
    " and pid <> pg_backend_pid() and backend_type = 'client backend'"
    " and (state <> 'idle' or pid in (select pid from pg_locks where locktype = 'advisory'))"
)


def obey(work: Callable[[Order], None], watched: Boundaries = WATCHED) -> None:
    """Do ``work`` for each order, until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # the log is not the answer
            _watch(watched, int(order["at"]))
            work(order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = "done" if status == 0 else f"status {status}"
        sys.stdout.write(("killed" if killed else ended) + "\n")
        sys.stdout.flush()


def _watch(watched: Boundaries, at: int) -> None:
    """Have this process kill itself at boundary ``at``."""
    numbers, lock = itertools.count(1), threading.Lock()

    def boundary() -> None:
        with lock:
            if next(numbers) == at:
                os.kill(os.getpid(), signal.SIGKILL)

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*arguments: Any, **options: Any) -> Any:
            boundary()
            answer = call(*arguments, **options)
            if call.__name__ == "commit":
                boundary()
            return answer

        return guard

    for kind, name in watched:
        setattr(kind, name, guarded(getattr(kind, name)))


class Worker:
    """A process that obeys."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def deaths(self, ordered: Callable[[], Order], step: int = 1) -> Iterator[int]:
        """Yield every ``step``-th boundary, after it has died there; end where it lives to the end.

        ``ordered`` makes ready for one death, and says what to do.
        """
        for at in range(1, MOST, step):
            ended = self._order(ordered() | {"at": at})
            if ended == "done":
                return
            assert ended == "killed"
            yield at
        pytest.fail("there are more boundaries than were tried")

    def _order(self, order: Order) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def worker(module: str) -> Iterator[Worker]:
    """Run the program ``module``, which is to ``obey``, for the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(process)
    finally:
        process.communicate()


def buried(warehouse: Warehouse, scope: Scope) -> None:
    """Wait until the server has noticed that the dead process is gone, with its locks."""
    for _ in range(1000):
        with warehouse.begin(scope) as connection:
            if not connection.scalar(_AT_WORK):
                return
        time.sleep(0.01)
    pytest.fail("the dead process still has a session")


def take_up(work: Callable[[], object]) -> None:
    """Do a job as a worker does: again, while the dead process still has its locks."""
    for _ in range(1000):
        try:
            work()
        except TransientError:
            time.sleep(0.01)
        else:
            return
    pytest.fail("it stayed locked")
