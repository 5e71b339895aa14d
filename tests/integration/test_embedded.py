"""The embedded servers: their promises about safety, recovery and places."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from chain.errors import PermanentError
from runtime.embedded import Place, Postgres, Valkey
from runtime.embedded.place import private_directory
from runtime.embedded.process import living, wait_until
from tests.conftest import FAST, Database


def test_the_application_role_cannot_bypass_row_level_security(postgres: Postgres) -> None:
    with postgres.connect("superuser") as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles"
            " where rolname like 'tillboard%' order by rolname"
        ).fetchall()
    assert rows == [
        ("tillboard_app", False, False, False, False),
        ("tillboard_backup", False, True, False, False),
        ("tillboard_owner", False, False, False, False),
    ]


def test_every_way_in_asks_for_a_scram_password(postgres: Postgres) -> None:
    with postgres.connect("superuser") as connection:
        methods = connection.execute("select type, auth_method from pg_hba_file_rules").fetchall()
        (stored,) = connection.execute(
            "select bool_and(rolpassword like 'SCRAM-SHA-256%') from pg_authid where rolcanlogin"
        ).fetchone() or (None,)
    assert methods == [("local", "scram-sha-256")]
    assert stored is True


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    url = postgres.url("app").replace(postgres.place.passwords["app"], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_passwords_and_data_are_for_their_owner_alone(postgres: Postgres, place: Place) -> None:
    assert (place.home / "passwords.json").stat().st_mode & 0o777 == 0o600
    assert postgres.directory.stat().st_mode & 0o777 == 0o700
    assert place.sockets.stat().st_mode & 0o777 == 0o700
    assert postgres.log.stat().st_mode & 0o777 == 0o600


def test_the_backup_role_cannot_write(database: Database) -> None:
    with (
        psycopg.connect(database.backup) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from payment")


def test_a_database_is_closed_to_roles_without_a_grant(database: Database) -> None:
    with psycopg.connect(database.superuser) as connection:
        row = connection.execute(
            "select has_database_privilege('public', current_database(), 'connect')"
        ).fetchone()
    assert row == (False,)


def test_valkey_refuses_whoever_has_no_password(valkey: Valkey) -> None:
    with (
        redis.Redis(unix_socket_path=str(valkey.socket)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.fixture
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory whose path has spaces and Chinese characters, in a private parent."""
    directory = tmp_path_factory.mktemp("my 门店") / "data"
    yield directory
    found = Place(directory)
    Postgres(found).stop()
    Valkey(found).stop()
    shutil.rmtree(found.home)  # as root it is elsewhere, and nobody else would remove it


def test_a_second_start_finds_what_a_killed_starter_left_running(installation: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from runtime.embedded import Place, Postgres, Valkey;"
        "place = Place(Path(sys.argv[1])); Postgres(place).start(); Valkey(place).start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, installation], check=False)
    assert done.returncode == -signal.SIGKILL
    server = Postgres(Place(installation))
    (first, *_) = living(server.directory, "postgres")
    server.start()
    (second, *_) = living(server.directory, "postgres")
    assert first.pid == second.pid
    assert Valkey(Place(installation)).running()


def test_a_killed_server_comes_back_with_what_was_committed(installation: Path) -> None:
    place = Place(installation)
    server, queue = Postgres(place), Valkey(place)
    server.start()
    queue.start()
    with server.connect("owner") as connection:
        connection.execute("create table kept as select 1 as x")
    with redis.Redis.from_url(queue.cache_url) as client:
        client.set("kept", "1")
    time.sleep(1.1)  # the log of Valkey is flushed once a second
    for directory, program in ((server.directory, "postgres"), (queue.directory, "valkey-server")):
        next(living(directory, program)).kill()
    server.start()
    queue.start()
    with server.connect("owner") as connection:
        assert connection.execute("select x from kept").fetchone() == (1,)
    with redis.Redis.from_url(queue.cache_url) as client:
        assert client.get("kept") == b"1"


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(installation: Path) -> None:
    server = Postgres(Place(installation), FAST)
    server.start()
    server.stop()
    (server.directory / "postmaster.pid").write_text(f"{os.getpid()}\n{server.directory}\n")
    server.start()
    assert server.running()


def test_two_installations_run_side_by_side(installation: Path, postgres: Postgres) -> None:
    other = Postgres(Place(installation), FAST)
    other.start()
    assert other.place.sockets != postgres.place.sockets
    assert other.running()
    assert postgres.running()


def test_stopping_leaves_no_process(installation: Path) -> None:
    place = Place(installation)
    server, queue = Postgres(place, FAST), Valkey(place)
    server.start()
    queue.start()
    server.stop()
    queue.stop()
    assert wait_until(lambda: not list(living(server.directory, "postgres")), 5)
    assert not list(living(queue.directory, "valkey-server"))


def test_parent_directories_keep_their_modes(installation: Path) -> None:
    parent = installation.parent.parent
    before = parent.stat().st_mode
    Postgres(Place(installation), FAST).start()
    assert parent.stat().st_mode == before


def test_a_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(PermanentError, match="another user or is a link"):
        private_directory(link)
