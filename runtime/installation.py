"""One installation: its settings made whole, with the embedded servers where none is configured."""

import json
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chain.errors import PermanentError
from chain.settings import Settings
from runtime import roles, upgrade
from runtime.embedded import Place, Postgres, Valkey
from runtime.embedded.place import private_directory, write_private
from warehouse import migrations
from warehouse.session import Warehouse

DATABASE_URLS = {
    "database_url": "app",
    "admin_database_url": "owner",
    "backup_database_url": "backup",
}
KEYS = ("secret_key", "payer_key")


@dataclass
class Installation:
    """The servers and secrets that belong to ``settings``."""

    settings: Settings
    _started: list[Postgres | Valkey] = field(default_factory=list, repr=False)

    @cached_property
    def place(self) -> Place:
        """Where the embedded servers live."""
        return Place(self.settings.data)

    @cached_property
    def postgres(self) -> Postgres | None:
        """The embedded PostgreSQL, None where one is configured."""
        return None if self.settings.database_url else Postgres(self.place)

    @cached_property
    def valkey(self) -> Valkey | None:
        """The embedded Valkey, None where one is configured."""
        return None if self.settings.broker_url else Valkey(self.place)

    @property
    def where(self) -> Path:
        """The directory to keep and to copy: the data's, or that of the servers where it is apart.

        It is apart where root runs them and their account cannot reach the data directory.
        """
        data = self.settings.data.resolve()
        if not self.embedded or self.place.home.is_relative_to(data):
            return data
        return self.place.home

    @property
    def embedded(self) -> list[Postgres | Valkey]:
        """The servers that are ours to start."""
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def start(self) -> None:
        """Start the embedded servers, both at once. Raises PermanentError where one does not."""
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda server: server.start(), self.embedded):
                pass

    def stop(self) -> None:
        """Stop the embedded servers, the queue first."""
        for server in reversed(self.embedded):
            server.stop()

    def require_running(self) -> None:
        """Raise PermanentError where the embedded database does not answer."""
        if self.postgres is not None and not self.postgres.running():
            raise PermanentError("runtime.not_running")

    def complete(self) -> Settings:
        """Return the settings with every address and key filled in.

        Raises PermanentError in production where one is missing: nothing is made up there.
        """
        found: dict[str, str] = {}
        missing = [name for name in (*KEYS, "database_url", "broker_url") if not self._get(name)]
        if missing and self.settings.environment == "production":
            raise PermanentError(
                "runtime.not_configured",
                name=", ".join(f"TILLBOARD_{name.upper()}" for name in missing),
            )
        found |= {name: self._keys[name] for name in KEYS if not self._get(name)}
        if self.postgres is not None:
            found |= {name: self.postgres.url(role) for name, role in DATABASE_URLS.items()}
        if self.valkey is not None:
            found["broker_url"] = self.valkey.broker_url
            found["cache_url"] = self.valkey.cache_url
        elif not self.settings.cache_url:
            # One socket, named in two ways by the two clients.
            found["cache_url"] = str(self.settings.broker_url).replace("redis+socket:", "unix:", 1)
        return self.settings.model_copy(update=found)

    def environment(self) -> dict[str, str]:
        """Return the environment in which children find the completed settings."""
        settings = self.complete()
        # Web and workers get no address by which tables could be changed or all chains be read.
        kept_back = {"admin_database_url", "backup_database_url", "superuser_database_url"}
        given = {
            f"TILLBOARD_{name.upper()}": str(value)
            for name, value in settings.model_dump(exclude=kept_back).items()
            if value is not None
        }
        hidden = {f"TILLBOARD_{name.upper()}" for name in kept_back}
        return {
            "PROMETHEUS_MULTIPROC_DIR": str(settings.metrics_dir),
            "PYTHONUNBUFFERED": "1",
            **{name: value for name, value in os.environ.items() if name not in hidden},
            **given,
        }

    def _get(self, name: str) -> str | None:
        value: str | None = getattr(self.settings, name)
        return value

    @cached_property
    def _keys(self) -> dict[str, str]:
        file = private_directory_of(self.settings.data) / "keys.json"
        if not file.exists():
            write_private(file, json.dumps({name: secrets.token_urlsafe(48) for name in KEYS}))
        keys: dict[str, str] = json.loads(file.read_text())
        return keys


def private_directory_of(data: Path) -> Path:
    """Make the data directory, for its owner alone where it is new."""
    return data if data.is_dir() else private_directory(data)


def bring_up_to_date(settings: Settings, tell: upgrade.Tell = lambda _path: None) -> None:
    """Make what is missing on the server: roles and database, and the newest tables.

    ``tell`` hears of the backup that is made before tables with data change. Without the owner's
    address the tables must be there already. Raises PermanentError naming the setting that is
    missing, TransientError where the server cannot be reached; and what ``upgrade.upgrade`` raises.
    """
    if settings.admin_database_url is None:
        if not _up_to_date(settings):
            raise PermanentError("runtime.not_configured", name="TILLBOARD_ADMIN_DATABASE_URL")
        return
    prepare_server(settings)
    upgrade.upgrade(settings, tell)


def _up_to_date(settings: Settings) -> bool:
    warehouse = Warehouse(str(settings.database_url), pool_size=1)
    try:
        with warehouse.directory() as connection:
            return migrations.version(connection) == migrations.newest()
    finally:
        warehouse.close()


def prepare_server(settings: Settings) -> None:
    """Make roles and database on a configured server, where a superuser's address is given.

    Raises PermanentError where the roles' own addresses are missing or have no password.
    """
    if settings.superuser_database_url is None:
        return
    passwords = {}
    for name, role in DATABASE_URLS.items():
        url = getattr(settings, name)
        found = urlsplit(url).password if url else None
        if not found:
            raise PermanentError("runtime.not_configured", name=f"TILLBOARD_{name.upper()}")
        passwords[role] = unquote(found)
    with roles.connect(
        settings.superuser_database_url, "TILLBOARD_SUPERUSER_DATABASE_URL"
    ) as connection:
        roles.prepare(connection, passwords)
