"""Make the chain, serve the board with gunicorn, let readers click, print one JSON line."""

import argparse
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from bench.board.data import Size, fill
from bench.board.load import CLICKS, EMPTY, Asker, Board, click_on, log_in
from chain.settings import Settings
from runtime.installation import Installation
from runtime.people import create_owner
from warehouse import migrations
from warehouse.chains import NewChain, create_chain
from warehouse.session import Scope, Warehouse

EMAIL = "bench@tillboard.local"
VIEWS = {"month": 30, "three years": 1096}
TARGETS = {"month": 400, "three years": 800}
TIMES_EMPTY = 5


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``python -m bench board --help``."""
    options = _options(arguments)
    data = Path(options.data) if options.data else Path(tempfile.mkdtemp(prefix="tillboard-bench-"))
    port = free_port()
    installation = Installation(Settings(data=data, port=port, demo=False, log_level="ERROR"))
    installation.start()
    try:
        result = _measure(installation, options, port)
    finally:
        installation.stop()
        if not options.data:
            shutil.rmtree(data, ignore_errors=True)
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench board", description=__doc__)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--days", type=int, default=1096)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=40, help="of clicking, each measurement")
    parser.add_argument("--think", type=float, default=1.0, help="seconds between clicks")
    parser.add_argument("--data", help="directory that keeps the chain for the next run")
    return parser.parse_args(arguments)


def _measure(installation: Installation, options: argparse.Namespace, port: int) -> dict[str, Any]:
    settings = installation.complete()
    migrations.upgrade(str(settings.admin_database_url))
    warehouse = Warehouse(str(settings.database_url))
    size = Size(options.stores, options.days)
    chain, password, seconds = made_chain(installation, warehouse, size)
    _say(f"the chain is there ({seconds:.0f} s)")
    try:
        with served(installation, port):
            board = log_in(port, EMAIL, password)
            figures = _all_views(board, warehouse, chain, size, options)
    finally:
        warehouse.close()
    return {
        "bench": "board",
        "stores": size.stores,
        "days": size.days,
        "platforms": 5,
        "users": options.users,
        "think_seconds": options.think,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "web_workers": settings.web_workers,
        "web_threads": settings.web_threads,
        **figures,
    }


def made_chain(
    installation: Installation, warehouse: Warehouse, size: Size
) -> tuple[int, str, float]:
    """Return the chain of this size, its owner's password, and how long it took to make."""
    postgres = installation.postgres
    if postgres is None:
        raise SystemExit("this bench makes its rows as superuser: unset TILLBOARD_DATABASE_URL")
    kept = installation.settings.data / "bench-board.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if known["size"] == [size.stores, size.days, str(size.last())]:
            return known["chain"], known["password"], 0.0
        raise SystemExit(f"{kept.parent} holds a chain of another size or day: give a new --data")
    chain = create_chain(warehouse, NewChain("Bench"))
    password = create_owner(warehouse, chain, EMAIL, "en")
    seconds = fill(postgres.url("superuser"), chain, size)
    known = {
        "size": [size.stores, size.days, str(size.last())],
        "chain": chain,
        "password": password,
    }
    kept.write_text(json.dumps(known))
    kept.chmod(0o600)
    return chain, str(password), seconds


@contextmanager
def served(installation: Installation, port: int) -> Iterator[None]:
    """Serve the board as ``tillboard web`` does, with the empty callback added."""
    settings = installation.settings
    settings.metrics_dir.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config=python:runtime.gunicorn_config",
        f"--bind=127.0.0.1:{port}",
        f"--workers={settings.web_workers}",
        f"--threads={settings.web_threads}",
        "bench.board.app:app",
    ]
    server = subprocess.Popen(command, env=installation.environment())
    try:
        _wait(port, server)
        yield
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"gunicorn ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=5).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the board does not answer")


def _all_views(
    board: Board, warehouse: Warehouse, chain: int, size: Size, options: argparse.Namespace
) -> dict[str, Any]:
    with warehouse.begin(Scope(chain)) as connection:
        stores = list(connection.scalars(text("select store_id from store where not unassigned")))
        regions = list(connection.scalars(text("select region_id from region")))

    def asker(days: int, seed: int) -> Asker:
        return Asker(days, size.first(), size.last(), stores, regions, random.Random(seed))

    bump = cold(warehouse, chain)
    found: dict[str, Any] = {}
    warm = [asker(30, 1)]
    click_on(board, (*CLICKS, EMPTY), warm * 4, 2, 0.05, bump)  # processes and pages of the server
    for view, days in VIEWS.items():
        for users in (1, options.users):
            askers = [asker(days, 1000 * users + at) for at in range(users)]
            took = click_on(board, CLICKS, askers, options.seconds, options.think, bump)
            found[f"cold, {view}, {users} users"] = {"all": took.whole(), **took.table()}
            _say(f"cold, {view}, {users} users: {took.whole()} {took.refused[:3]}")
            found.setdefault("refused", []).extend(took.refused)
    found |= _cached(board, asker, options)
    return found | _verdict(found, options.users)


def _cached(
    board: Board, asker: Callable[[int, int], Asker], options: argparse.Namespace
) -> dict[str, Any]:
    """Measure the same questions again and again, and the callback that does nothing."""
    found: dict[str, Any] = {}
    for name, clicks in (("cached", CLICKS), ("empty", (EMPTY,))):
        for users in (1, options.users):
            same = [_Same(asker(30, 7)) for _ in range(users)]
            if name == "cached":
                click_on(board, clicks, same[:1], 0, 0, _nothing)
            took = click_on(board, clicks, same, options.seconds / 2, options.think, _nothing)
            found[f"{name}, {users} users"] = {"all": took.whole(), **took.table()}
            _say(f"{name}, {users} users: {took.whole()}")
    return found


class _Same(Asker):
    """A reader who always asks the same."""

    def __init__(self, asker: Asker) -> None:
        self._values = asker.values()

    def values(self) -> dict[str, Any]:
        return self._values


def _nothing() -> None:
    """Nothing to do before a click."""


def cold(warehouse: Warehouse, chain: int) -> Callable[[], None]:
    """Return what makes all kept figures old, as an import would."""
    connection = psycopg.connect(
        warehouse.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
    )
    connection.execute("select set_config('app.chain_id', %s, false)", [str(chain)])

    def bump() -> None:
        connection.execute(
            "insert into chain_version (chain_id, part, version) values (%s, 'figures', 1)"
            " on conflict (chain_id, part) do update set version = chain_version.version + 1",
            [chain],
        )

    return bump


def _verdict(found: dict[str, Any], users: int) -> dict[str, Any]:
    """Hold the worst page's p95 against what is to be reached."""
    reached = {}
    for view, most in TARGETS.items():
        pages = found[f"cold, {view}, {users} users"]
        worst = max((page["p95"], name) for name, page in pages.items() if name != "all")
        reached[view] = {"worst_p95": worst[0], "page": worst[1], "target": most}
    empty = found[f"empty, {users} users"]["all"]["p95"]
    pages = found[f"cached, {users} users"]
    worst = max((page["p95"], name) for name, page in pages.items() if name != "all")
    reached["cached"] = {"worst_p95": worst[0], "page": worst[1], "target": TIMES_EMPTY * empty}
    return {"reached": reached}


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
