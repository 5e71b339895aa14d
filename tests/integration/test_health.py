"""``/healthz``: the board lives whatever is away, and says what it waits for."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from flask import Flask

from chain.errors import PermanentError
from dashboard.health import Health
from dashboard.queue import QueuedJobs
from runtime.embedded import Postgres, Valkey
from runtime.roles import create_database
from tests.conftest import Database
from warehouse import migrations
from warehouse.session import Warehouse


def away() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def asked(url: str, broker: str) -> tuple[int, dict[str, str]]:
    """Return the status of ``/healthz/ready`` and its reasons, after ``/healthz`` said live."""
    server, warehouse = Flask(__name__), Warehouse(url)
    Health(warehouse, QueuedJobs(broker, 0.5), lambda: b"").install(server)
    client = server.test_client()
    assert client.get("/healthz").get_json() == {"status": "live"}
    answer = client.get("/healthz/ready")
    warehouse.close()
    reasons = answer.get_json()["reasons"]
    return answer.status_code, {each["reason"]: each["text"] for each in reasons}


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[Database]:
    """A database without a table."""
    made = Database(postgres, f"bare_{os.getpid()}")
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, made.name)
    yield made
    with postgres.connect("superuser", "postgres") as connection:
        connection.execute(f'drop database "{made.name}" with (force)')


def test_ready_is_ready(database: Database, valkey: Valkey) -> None:
    assert asked(database.app, valkey.broker_url) == (200, {})


def test_every_server_that_is_away_is_a_reason() -> None:
    status, reasons = asked(f"postgresql://x:hidden@{away()}/x", f"redis://:hidden@{away()}/0")
    assert status == 503
    assert reasons.keys() == {"database", "queue"}
    assert "TILLBOARD_DATABASE_URL" in reasons["database"]
    assert "TILLBOARD_BROKER_URL" in reasons["queue"]
    assert "hidden" not in str(reasons)


def test_tables_that_are_missing_or_old_are_a_reason(bare: Database, valkey: Valkey) -> None:
    status, reasons = asked(bare.app, valkey.broker_url)
    assert (status, set(reasons)) == (503, {"migrations"})
    assert "tillboard migrate" in reasons["migrations"]
    migrations.upgrade(bare.owner, "0001")
    status, reasons = asked(bare.app, valkey.broker_url)
    assert (status, set(reasons)) == (503, {"migrations"})
    assert f"version 0001, the program needs {migrations.newest()}" in reasons["migrations"]
    migrations.upgrade(bare.owner)
    assert asked(bare.app, valkey.broker_url) == (200, {})


def test_a_role_that_could_see_every_chain_is_refused_at_every_connection(
    database: Database, valkey: Valkey
) -> None:
    for url in (database.superuser, database.backup):
        status, reasons = asked(url, valkey.broker_url)
        assert (status, set(reasons)) == (503, {"database"})
        assert "row-level security" in reasons["database"]
        warehouse = Warehouse(url)
        with pytest.raises(PermanentError), warehouse.directory():
            pass
        assert warehouse.engine.pool.status().count("Connections in pool: 0") == 1
        warehouse.close()


def test_the_board_starts_while_its_servers_are_away() -> None:
    code = (
        "from dashboard.wsgi import app; client = app.test_client();"
        "print(*(client.get(path).status_code for path in ("
        "'/healthz', '/healthz/ready', '/login')))"
    )
    ours = {
        "TILLBOARD_DATABASE_URL": f"postgresql://x@{away()}/x",
        "TILLBOARD_BROKER_URL": f"redis://{away()}/0",
        "TILLBOARD_SECRET_KEY": "s" * 40,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **ours},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["200", "503", "200"]
    assert '"event": "not_ready"' in done.stderr
