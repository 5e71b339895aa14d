"""A process that imports and kills itself: run by ``test_kill``, one fork for each order.

Orders come on standard input, one JSON object a line: ``url``, ``data``, ``chain``, ``batch``,
``split_bytes`` (from which size a file has two parts), ``at``, the boundary at which the process
sends itself SIGKILL, and ``work``: to import or to undo the batch, or to bind a terminal. The
answer is ``killed``, ``done``, or how else it ended. Boundaries lie before each statement and each
piece of a COPY, and before and after each commit.
"""

import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from chain.settings import Settings
from warehouse.binding import bind
from warehouse.session import Scope, Warehouse
from workers.imports import Imports

WATCHED: tuple[tuple[type[Any], str], ...] = (
    (psycopg.Cursor, "execute"),
    (psycopg.Cursor, "executemany"),
    (psycopg.Copy, "write"),
    (psycopg.Connection, "commit"),
)


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
    watch(int(order["at"]))
    settings = Settings(data=Path(order["data"]), split_import_bytes=order["split_bytes"])
    warehouse = Warehouse(order["url"])
    imports = Imports(warehouse, settings, "k" * 32)
    if order["work"] == "import":
        imports.run(order["chain"], order["batch"])
    elif order["work"] == "undo":
        imports.undo(order["chain"], order["batch"])
    else:
        bind_terminal(warehouse, Scope(order["chain"]))
    os._exit(0)


def bind_terminal(warehouse: Warehouse, scope: Scope) -> None:
    """Say that the terminal T01 is the store B, whose days end at four."""
    with warehouse.begin(scope) as connection:
        account = connection.scalars(text("select account_id from account")).one()
        store = connection.scalars(text("select store_id from store where code = 'B'")).one()
        bind(connection, account_id=account, ref_kind="terminal", ref="T01", store_id=store)


def watch(at: int) -> None:
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

    for kind, name in WATCHED:
        setattr(kind, name, guarded(getattr(kind, name)))


if __name__ == "__main__":
    main()
