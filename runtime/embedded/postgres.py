"""The embedded PostgreSQL 18: one cluster, three roles, one database, no door to the network."""

import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg

from chain.errors import PermanentError
from runtime import roles
from runtime.embedded.place import Place, write_private
from runtime.embedded.process import (
    end,
    environment,
    identity,
    living,
    reason,
    spawn,
    tail,
    wait_until,
)

START_SECONDS = 120.0  # a crashed cluster first replays up to max_wal_size of its log

TUNING: dict[str, str] = {
    # One box of two cores and a few GiB, shared with the board and the workers.
    "shared_buffers": "192MB",
    "work_mem": "32MB",
    "temp_buffers": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_connections": "60",
    "max_locks_per_transaction": "128",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # nobody replicates from here
    "max_wal_senders": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "autovacuum": "on",
    # Until a new chain's first payments are analyzed, plans read all of them for every file.
    "autovacuum_naptime": "5s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "password_encryption": "scram-sha-256",
    "listen_addresses": "",
}

HBA = "local all all scram-sha-256\n"  # a password for everybody, and no host line at all


class Postgres:
    """The PostgreSQL of one installation.

    ``settings`` override TUNING (tests switch fsync off). Safe to use from several processes.
    """

    def __init__(self, place: Place, settings: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.directory = place.home / "postgres"
        self.log = place.home / "postgres.log"
        self._settings = TUNING | dict(settings or {})

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """Return the address for ``role``: superuser, owner, app or backup."""
        user = "postgres" if role == "superuser" else f"tillboard_{role}"
        password = quote(self.place.passwords[role], safe="")
        host = quote(str(self.place.sockets), safe="")
        return f"postgresql://{user}:{password}@/{database}?host={host}"

    def start(self) -> None:
        """Bring the server up: make it, recover it, or find it running.

        Raises PermanentError with the end of the server's log where it does not come up.
        """
        with self.place.locked():
            self._initialise()
            if not self._answers():
                self._launch()
            self._prepare()

    def stop(self) -> None:
        """Stop the server where it runs; open transactions are rolled back."""
        with self.place.locked():
            end(self.directory, "postgres", signal.SIGINT, 60)
            self.place.leave_sockets()

    def running(self) -> bool:
        """Say whether the server answers."""
        return self.directory.exists() and self._answers()

    def connect(self, role: str, database: str = roles.DATABASE) -> psycopg.Connection:
        """Open a connection in autocommit, for administration."""
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=10)

    def _initialise(self) -> None:
        if (self.directory / "PG_VERSION").exists():
            return
        # Made beside its place and then moved there, so that a kill leaves nothing half-made.
        new = self.place.home / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        self.place.owned(new)
        password = self.place.home / "initial-password"
        write_private(password, self.place.passwords["superuser"])
        self.place.account.own(password)
        try:
            self._initdb(new, password)
        finally:
            password.unlink()
        shutil.rmtree(self.directory, ignore_errors=True)
        new.rename(self.directory)

    def _initdb(self, directory: Path, password: Path) -> None:
        command: list[str | Path] = [
            self.place.postgres_programs / "initdb",
            f"--pgdata={directory}",
            "--username=postgres",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            env=environment(),
            check=False,
            **identity(self.place.account),
        )
        if done.returncode:
            raise PermanentError("runtime.postgres_failed", why=reason(done.stderr))

    def _launch(self) -> None:
        # Orphans of a killed server end by themselves; the new one must not start before that.
        wait_until(lambda: next(living(self.directory, "postgres"), None) is None, 30, 0.1)
        # The lock files may name a process that is somebody else's by now; nobody is at work here.
        for left in (self.directory / "postmaster.pid", *self.place.sockets.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)
        self.place.owned(self.place.sockets)
        hba = self.directory / "pg_hba.conf"
        write_private(hba, HBA)
        self.place.account.own(hba)
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        command: list[str | Path] = [
            self.place.postgres_programs / "postgres",
            "-D",
            self.directory,
            f"-cunix_socket_directories={_guc_list_item(self.place.sockets)}",
            "-cunix_socket_permissions=0700",
            *options,
        ]
        process = spawn(command, self.place.account, self.log)
        up = wait_until(
            lambda: process.poll() is not None or self._answers(), START_SECONDS, pause=0.05
        )
        if not up or process.poll() is not None:
            raise PermanentError("runtime.postgres_failed", why=tail(self.log))
        process.returncode = 0  # it is meant to outlive this object; no warning about that

    def _answers(self) -> bool:
        try:
            self.connect("superuser", "postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _prepare(self) -> None:
        with self.connect("superuser", "postgres") as connection:
            roles.prepare(connection, self.place.passwords)


def _guc_list_item(path: Path) -> str:
    return '"' + str(path).replace('"', '""') + '"'
