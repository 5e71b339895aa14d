"""Backup and restore: what goes in comes out, row for row, and nothing is half-done."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from chain.errors import PermanentError
from runtime.backup import backup, restore
from runtime.embedded import Postgres
from runtime.people import OWNER_EMAIL, create_owner
from runtime.roles import create_database
from tests.conftest import Database
from warehouse import batches
from warehouse.chains import NewChain, create_chain
from warehouse.session import Scope, Warehouse

TABLES = (
    "select format('%I.%I', schemaname, tablename) from pg_tables"
    " where schemaname in ('public', 'directory') order by 1"
)
RULES = (
    "select tablename, policyname, qual, with_check from pg_policies order by 1, 2",
    (
        "select relname, relrowsecurity, relforcerowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1"
    ),
    (
        "select table_schema, table_name, grantee, privilege_type from"
        " information_schema.role_table_grants where grantee like 'tillboard%' order by 1, 2, 3, 4"
    ),
)


def _counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        names = [str(name) for (name,) in connection.execute(TABLES)]
        counts = {}
        for name in names:
            schema, table = name.split(".")
            query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
            (counts[name],) = connection.execute(query).fetchone() or (0,)
        return counts


def rules(url: str) -> list[list[tuple[object, ...]]]:
    """Return policies, forced tables and grants of a database."""
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in RULES]


def _fill(database: Database) -> None:
    warehouse = Warehouse(database.app)
    for number, name in enumerate(("一号店", "Two")):
        chain_id = create_chain(warehouse, NewChain(name))
        create_owner(warehouse, chain_id, f"{number}.{OWNER_EMAIL}", "en")
        with warehouse.begin(Scope(chain_id)) as connection:
            batches.receive(
                connection, chain_id, sha256=b"x" * 32, file_name="账单.csv", size_bytes=1
            )
    warehouse.close()


def test_a_restored_warehouse_has_the_same_rows_and_the_same_rules(
    postgres: Postgres, database: Database, tmp_path: Path
) -> None:
    _fill(database)
    target = tmp_path / "a backup"
    assert backup(database.backup, target) == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    copy = Database(postgres, f"{database.name}_restored")
    with postgres.connect("superuser", "postgres") as connection:
        create_database(connection, copy.name)
    restore(copy.owner, target)
    counts = _counts(copy.superuser)
    assert counts == _counts(database.superuser)
    assert counts["public.chain"] == counts["public.import_batch"] == 2
    assert rules(copy.superuser) == rules(database.superuser)
    warehouse = Warehouse(copy.app)
    assert create_chain(warehouse, NewChain("Three")) == 3
    warehouse.close()


def test_a_database_that_holds_tables_is_left_alone(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup(database.backup, target)
    with pytest.raises(PermanentError, match="Restore into an empty one"):
        restore(database.owner, target)


def test_a_backup_that_fails_leaves_no_file(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    url = database.backup.replace(database.server.place.passwords["backup"], "wrong")
    with pytest.raises(PermanentError, match="password authentication failed"):
        backup(url, target)
    assert list(tmp_path.iterdir()) == []
