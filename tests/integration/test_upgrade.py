"""Upgrades: a database of an older program keeps its rows, and is backed up before it changes.

``older/0004.backup.xz`` was written by the program as it was at revision 0004: its backup of a
chain with an owner, two stores and four bills, beside a second chain with a row in every table.
"""

import itertools
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from chain.errors import PermanentError
from chain.settings import Settings
from dashboard.people import People
from dashboard.second import Second
from runtime import upgrade
from runtime.backup import restore
from runtime.embedded import Postgres
from runtime.people import OWNER_EMAIL
from runtime.roles import create_database
from tests.conftest import Database
from tests.integration.test_backup import rules
from warehouse import migrations
from warehouse.session import Scope, Warehouse

OLDER = Path(__file__).parent / "older" / "0004.backup.xz"
PASSWORD = "an older owner's word"
COLUMNS = """
    select table_schema, table_name, column_name from information_schema.columns c
    where table_schema in ('public', 'directory') and table_name <> 'alembic_version'
      and exists (select from pg_class k join pg_namespace n on n.oid = k.relnamespace
          where n.nspname = c.table_schema and k.relname = c.table_name
            and k.relkind in ('r', 'p') and not k.relispartition)
    order by 1, 2, ordinal_position
"""
DROPPED = {("directory", "app_user", "session_epoch")}
"""Columns that a migration takes away on purpose."""
EMPTIED = {"subscription", "delivery"}
"""Tables that nothing wrote to before the migration which shapes them anew."""
RAISED = "chain_version"
"""Counts changes, so that a migration may raise it."""

_numbers = itertools.count(1)
Rows = dict[tuple[str, str], list[dict[str, Any]]]


@pytest.fixture
def older(postgres: Postgres, tmp_path: Path) -> Iterator[Database]:
    """A database as the program of revision 0004 left it."""
    file = tmp_path / "0004.backup"
    file.write_bytes(lzma.decompress(OLDER.read_bytes()))
    made = Database(postgres, f"older_{next(_numbers)}")
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, made.name)
    restore(made.owner, file)
    yield made
    with postgres.connect("superuser", "postgres") as connection:
        connection.execute(f'drop database "{made.name}" with (force)')


def _settings(database: Database, folder: Path, **given: Any) -> Settings:
    urls = {
        "database_url": database.app,
        "admin_database_url": database.owner,
        "backup_database_url": database.backup,
    }
    return Settings(**{"data": folder, "backup_dir": None, **urls, **given})


def _version(database: Database) -> str:
    with psycopg.connect(database.owner) as connection:
        row = connection.execute("select version_num from alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def _columns(database: Database) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    with psycopg.connect(database.superuser) as connection:
        for schema, table, column in connection.execute(COLUMNS):
            found.setdefault((schema, table), []).append(column)
    return found


def _rows(database: Database, columns: dict[tuple[str, str], list[str]]) -> Rows:
    """Return all rows of these columns, in an order of their own."""
    found: Rows = {}
    with psycopg.connect(database.superuser) as connection:
        for (schema, table), names in columns.items():
            query = sql.SQL("select to_jsonb(t) from (select {} from {}) t order by 1").format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, table)
            )
            found[schema, table] = [row for (row,) in connection.execute(query)]
    return found


def test_every_row_of_an_older_program_is_kept(older: Database, tmp_path: Path) -> None:
    columns = {
        table: [name for name in names if (*table, name) not in DROPPED]
        for table, names in _columns(older).items()
        if table[1] not in {RAISED, *EMPTIED}
    }
    before = _rows(older, columns)
    assert all(len(rows) > 0 for rows in before.values())
    upgrade.upgrade(_settings(older, tmp_path))
    assert _version(older) == migrations.newest()
    assert _rows(older, columns) == before


def test_an_upgraded_database_has_the_rules_of_a_fresh_one(
    older: Database, database: Database, tmp_path: Path
) -> None:
    upgrade.upgrade(_settings(older, tmp_path))
    assert rules(older.superuser) == rules(database.superuser)
    assert _columns(older) == _columns(database)


def test_the_owner_of_an_older_program_logs_in_and_sees_the_own_chain(
    older: Database, tmp_path: Path
) -> None:
    upgrade.upgrade(_settings(older, tmp_path))
    warehouse = Warehouse(older.app)
    people = People(warehouse, 24, Second(warehouse, "k" * 32))
    account = people.log_in(OWNER_EMAIL, PASSWORD)
    token = people.begin(account.user_id, account.chain_id, device="", address="")
    assert token
    with warehouse.begin(Scope(account.chain_id, user_id=account.user_id)) as connection:
        stores = connection.scalars(text("select code from store order by code")).all()
        gross = connection.scalar(text("select sum(gross) from store_day where store_id = 2"))
    warehouse.close()
    assert stores == ["A1", "A2", "unassigned"]
    assert gross == 3055


def test_a_database_with_data_is_backed_up_first_and_comes_back(
    older: Database, postgres: Postgres, tmp_path: Path
) -> None:
    columns = _columns(older)
    before = _rows(older, columns)
    told: list[tuple[Path, str]] = []
    made = upgrade.upgrade(
        _settings(older, tmp_path), lambda path: told.append((path, _version(older)))
    )
    assert made is not None
    assert told == [(made, "0004")], "said while nothing had changed yet"
    assert made.parent == tmp_path / "backups"
    assert made.name.startswith("0004-")
    again = Database(postgres, f"{older.name}_again")
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, again.name)
    restore(again.owner, made)
    assert _version(again) == "0004"
    assert _rows(again, columns) == before
    upgrade.upgrade(_settings(again, tmp_path))
    assert _version(again) == migrations.newest()


def test_nothing_pending_makes_no_backup(database: Database, tmp_path: Path) -> None:
    assert upgrade.upgrade(_settings(database, tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_an_older_database_without_a_chain_needs_none(postgres: Postgres, tmp_path: Path) -> None:
    bare = Database(postgres, "older_bare")
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, bare.name)
    migrations.upgrade(bare.owner, "0004")
    assert upgrade.upgrade(_settings(bare, tmp_path)) is None
    assert _version(bare) == migrations.newest()
    assert list(tmp_path.iterdir()) == []


def _unreadable(database: Database, _folder: Path) -> dict[str, Any]:
    password = database.server.place.passwords["backup"]
    return {"backup_database_url": database.backup.replace(password, "wrong")}


def _nowhere(_database: Database, folder: Path) -> dict[str, Any]:
    (folder / "a file").write_text("")
    return {"backup_dir": folder / "a file" / "backups"}


def _nobody(_database: Database, _folder: Path) -> dict[str, Any]:
    return {"backup_database_url": None}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (_unreadable, "password authentication failed"),
        (_nowhere, "cannot be written"),
        (_nobody, "TILLBOARD_BACKUP_DATABASE_URL"),
    ],
)
def test_without_a_backup_nothing_changes_unless_the_setting_says_so(
    older: Database, tmp_path: Path, broken: Any, why: str
) -> None:
    settings = _settings(older, tmp_path, **broken(older, tmp_path))
    with pytest.raises(PermanentError, match=why) as refused:
        upgrade.upgrade(settings)
    assert "TILLBOARD_UPGRADE_WITHOUT_BACKUP" in refused.value.say("en")
    assert _version(older) == "0004"
    without = settings.model_copy(update={"upgrade_without_backup": True})
    assert upgrade.upgrade(without) is None
    assert _version(older) == migrations.newest()


def test_tables_of_a_newer_program_are_left_alone(database: Database, tmp_path: Path) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(PermanentError, match="newer Tillboard"):
        upgrade.upgrade(_settings(database, tmp_path))
    assert _version(database) == "9999"


def test_a_failing_migration_names_the_backup(older: Database, tmp_path: Path) -> None:
    with psycopg.connect(older.superuser) as connection:
        connection.execute("create table directory.session (in_the_way integer)")
    with pytest.raises(PermanentError, match="could not be brought up to date") as failed:
        upgrade.upgrade(_settings(older, tmp_path))
    (made,) = (tmp_path / "backups").iterdir()
    assert str(made) in failed.value.say("en")
    assert _version(older) == "0004"


def test_the_newest_backup_of_each_of_the_last_revisions_is_kept(tmp_path: Path) -> None:
    names = ["0004-20260101T000000.0Z.backup", "0005-20260201T000000.0Z.backup"]
    names += [f"0006-2026030{day}T000000.0Z.backup" for day in range(1, 5)]
    for name in [*names, "mine.backup"]:
        (tmp_path / name).touch()
    upgrade._keep_newest(tmp_path, 2)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {names[1], names[-1], "mine.backup"}


def test_two_that_start_at_once_do_not_both_upgrade(older: Database, tmp_path: Path) -> None:
    with upgrade._alone(older.owner), psycopg.connect(older.owner, autocommit=True) as second:
        second.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute("select pg_advisory_lock(%s)", [upgrade.LOCK])
