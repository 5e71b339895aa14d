"""Real servers for the tests: one PostgreSQL and one Valkey a session, a fresh database a test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.embedded import Place, Postgres, Valkey
from runtime.roles import create_database
from tests import browser
from warehouse import migrations

# A test server may forget everything when the machine stops, so it need not wait for the disk.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "96MB",
    "autovacuum_naptime": "10min",
}
TEMPLATE = "template_tillboard"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """One database of the test server: an address for each role."""

    server: Postgres
    name: str

    @property
    def app(self) -> str:
        """Address for the role that row-level security binds."""
        return self.server.url("app", self.name)

    @property
    def owner(self) -> str:
        """Address for the owner of the tables, who migrates."""
        return self.server.url("owner", self.name)

    @property
    def backup(self) -> str:
        """Address for the role that reads all chains."""
        return self.server.url("backup", self.name)

    @property
    def superuser(self) -> str:
        """Address for looking behind row-level security in a test."""
        return self.server.url("superuser", self.name)


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A directory for servers that the system account can reach (pytest's own is private)."""
    directory = Path(tempfile.mkdtemp(prefix="tillboard-test-"))
    found = Place(directory)
    yield found
    shutil.rmtree(found.home, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(place: Place) -> Iterator[Postgres]:
    """A running PostgreSQL, one for each pytest process."""
    server = Postgres(place, FAST)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey(place: Place) -> Iterator[Valkey]:
    """A running Valkey, one for each pytest process; empty it where a test needs that."""
    server = Valkey(place)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def empty_template(postgres: Postgres) -> str:
    """The name of a migrated database with no rows, to make copies of."""
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, TEMPLATE)
    migrations.upgrade(postgres.url("owner", TEMPLATE))
    return TEMPLATE


def _copy(postgres: Postgres, template: str) -> Iterator[Database]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, name, template)
    yield Database(postgres, name)
    with postgres.connect("superuser", "postgres") as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def database(postgres: Postgres, empty_template: str) -> Iterator[Database]:
    """A migrated, empty database for one test."""
    yield from _copy(postgres, empty_template)


@pytest.fixture(scope="module")
def module_database(postgres: Postgres, empty_template: str) -> Iterator[Database]:
    """A migrated database that the tests of one module share."""
    yield from _copy(postgres, empty_template)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory of real platform files; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    found = Path(os.environ.get("TILLBOARD_REAL_DATA", beside))
    if not found.is_dir():
        pytest.skip("no real platform files here: set TILLBOARD_REAL_DATA to their directory")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for Playwright's ``executable_path``."""
    found = browser.find()
    if found is None:
        pytest.fail("no Chromium: run make test, which installs one, or set TILLBOARD_CHROMIUM")
    return found
