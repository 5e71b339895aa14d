"""Tenancy: the chain leads every key, every tenant table is forced, nobody sees another's rows."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from tests.conftest import Database
from warehouse.session import Scope, Warehouse, sqlalchemy_url
from warehouse.tables import metadata

TENANT = [table for table in metadata.sorted_tables if table.info.get("tenant", True)]
NAMES = [table.name for table in TENANT]
STORE_SCOPED = [table.name for table in TENANT if "store_id" in table.c]
EVERY_STORE = {"store_binding"}
"""Which place is which store, to be known wherever payments are read in."""

MINE, OTHERS = 1, 2


@pytest.fixture(scope="module")
def behind(module_database: Database) -> Iterator[Connection]:
    """The superuser's connection: sees what is really there."""
    engine = create_engine(sqlalchemy_url(module_database.superuser))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def warehouse(module_database: Database, behind: Connection) -> Iterator[Warehouse]:
    """A warehouse in which two chains have one row in every table, for stores 10 and 11."""
    behind.execute(text("set session_replication_role = replica"))
    for chain in (MINE, OTHERS):
        for table in TENANT:
            for store in (10, 11) if "store_id" in table.c else (10,):
                insert_row(behind, table.name, chain, store)
    behind.commit()
    opened = Warehouse(module_database.app)
    yield opened
    opened.close()


def insert_row(connection: Connection, table: str, chain: int, store: int) -> None:
    """Put one row into a table of the schema public, whatever its columns are."""
    columns, values = [], []
    described = connection.execute(
        text(
            "select column_name, data_type, is_nullable, column_default, is_identity"
            " from information_schema.columns"
            " where table_schema = 'public' and table_name = :table"
        ),
        {"table": table},
    )
    for name, kind, nullable, default, identity in described.fetchall():
        if name == "chain_id":
            value = str(chain)
        elif name == "store_id":
            value = str(store)
        elif (table, name) in _CONSTANTS:
            value = _CONSTANTS[table, name]
        elif nullable == "YES" or default is not None:
            continue
        elif identity == "YES":
            value = str(chain * 100 + store)
        else:
            value = _VALUES[kind]
        columns.append(name)
        values.append(value.format(chain=chain, store=store))
    connection.execute(
        text(
            f'insert into "{table}" ({", ".join(columns)})'
            f" overriding system value values ({', '.join(values)})"
        )
    )


_CONSTANTS = {
    ("store_binding", "ref_kind"): "'store'",
    ("store_terms", "ownership"): "'franchised'",
    ("vat_rate", "rate"): "0.06",
    ("import_batch", "state"): "'done'",
    ("calendar_day", "kind"): "'event'",
    ("forecast_group", "level"): "'region'",
    ("forecast_group", "store_ids"): "'{{10,11}}'",
    ("forecast_override", "level"): "'region'",
    ("forecast_override", "store_ids"): "'{{10,11}}'",
    ("forecast_override", "factor"): "1.1",
    ("subscription", "kind"): "'daily'",
    ("delivery", "state"): "'waiting'",
    ("robot", "platform"): "'wecom'",
    ("site_input", "kind"): "'areas'",
    ("export_schedule", "rhythm"): "'weekly'",
}
_VALUES = {
    "text": "'{chain}-{store}'",
    "character varying": "'{chain}-{store}'",
    "bigint": "{chain}{store}",
    "integer": "{chain}{store}",
    "smallint": "1",
    "date": "'2026-01-01'",
    "time without time zone": "'08:00'",
    "timestamp with time zone": "'2026-01-01 00:00+00'",
    "uuid": "md5('{chain}-{store}')::uuid",
    "bytea": "'\\x00'",
    "numeric": "1",
    "double precision": "1",
    "jsonb": "'{{}}'",
    "ARRAY": "'{{}}'",
    "boolean": "false",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_chain_leads_every_unique_key(behind: Connection, name: str) -> None:
    """Citus can distribute a table only if the distribution column is in each of them."""
    seen = inspect(behind)
    keys: list[list[str | None]] = [[*seen.get_pk_constraint(name)["constrained_columns"]]]
    keys += [[*unique["column_names"]] for unique in seen.get_unique_constraints(name)]
    keys += [index["column_names"] for index in seen.get_indexes(name) if index["unique"]]
    assert keys
    assert [key[0] for key in keys] == ["chain_id"] * len(keys)


@pytest.mark.parametrize("name", NAMES)
def test_row_level_security_is_on_and_forced_and_has_a_policy(
    behind: Connection, name: str
) -> None:
    found = behind.execute(
        text(
            "select relrowsecurity, relforcerowsecurity, array("
            " select polname::text from pg_policy p where p.polrelid = c.oid order by 1)"
            " from pg_class c where oid = cast(:name as regclass)"
        ),
        {"name": name},
    ).one()
    assert found[0]
    assert found[1]
    assert "chain" in found[2]


def test_every_table_of_the_server_is_described_in_the_metadata(behind: Connection) -> None:
    """A table made by a migration alone would escape the tests above."""
    parts = behind.scalars(text("select inhrelid::regclass::text from pg_inherits"))
    there = set(inspect(behind).get_table_names()) - set(parts) - {"alembic_version"}
    assert there == set(NAMES)
    schemas = {name for name in inspect(behind).get_schema_names() if name != "information_schema"}
    assert schemas == {"public", "directory"}
    shared = {table.name for table in metadata.sorted_tables if table.schema == "directory"}
    assert set(inspect(behind).get_table_names("directory")) == shared


def test_the_migrations_make_what_the_metadata_describes(behind: Connection) -> None:
    """Columns, types, keys and indexes: code that follows the metadata finds what it expects."""
    parts = set(behind.scalars(text("select inhrelid::regclass::text from pg_inherits")))
    context = MigrationContext.configure(
        behind,
        opts={
            "include_schemas": True,
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or name not in parts,
        },
    )
    assert compare_metadata(context, metadata) == []


def test_a_partition_is_reached_through_its_parent_alone(behind: Connection) -> None:
    """The policy is the parent's: whoever could read a partition itself would read all chains."""
    behind.execute(text("select ensure_month_partitions('2030-01-01', 2)"))
    parts = behind.scalars(text("select inhrelid::regclass::text from pg_inherits")).all()
    assert {"payment_history_203002", "audit_log_203002"} <= set(parts)
    granted = [
        (part, right)
        for part in parts
        for right in ("select", "insert", "update", "delete", "truncate")
        if behind.scalar(
            text("select has_table_privilege('tillboard_app', :part, :right)"),
            {"part": part, "right": right},
        )
    ]
    assert granted == []


@pytest.mark.parametrize("name", NAMES)
def test_only_the_own_chain_is_seen(warehouse: Warehouse, name: str) -> None:
    with warehouse.begin(Scope(MINE)) as connection:
        seen = set(connection.scalars(text(f'select chain_id from "{name}"')))
    assert seen == {MINE}


@pytest.mark.parametrize("name", NAMES)
def test_without_a_scope_no_row_is_seen(warehouse: Warehouse, name: str) -> None:
    with warehouse.directory() as connection:
        assert connection.scalar(text(f'select count(*) from "{name}"')) == 0


@pytest.mark.parametrize("name", sorted(set(STORE_SCOPED) - EVERY_STORE))
def test_a_store_scope_sees_its_stores_only(warehouse: Warehouse, name: str) -> None:
    with warehouse.begin(Scope(MINE, role="store", store_ids=(10,))) as connection:
        seen = set(connection.scalars(text(f'select store_id from "{name}"')))
    assert seen == {10}


@pytest.mark.parametrize("name", ["forecast_group", "forecast_override"])
def test_what_is_of_several_stores_is_seen_by_who_may_see_them_all(
    warehouse: Warehouse, name: str
) -> None:
    seen = []
    for stores in (None, (10, 11, 12), (10,), ()):
        with warehouse.begin(Scope(MINE, role="viewer", store_ids=stores)) as connection:
            seen.append(connection.scalar(text(f'select count(*) from "{name}"')))
    assert seen == [1, 1, 0, 0]


WHOLE = (
    "import_batch reject payout payout_line bank_line match exception budget_plan site_suggestion"
    " site_input site_market audit_log place"
).split()
SET_UP = (
    "chain region store account place store_binding fx_rate column_map import_batch campaign spend"
    " expense match exception site_input site_market site_suggestion"
).split()


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_of_the_whole_chain_is_seen_by_who_sees_it_all(
    warehouse: Warehouse, name: str
) -> None:
    seen = []
    for scope in (Scope(MINE, role="viewer"), Scope(MINE, role="store", store_ids=(10, 11))):
        with warehouse.begin(scope) as connection:
            seen.append(connection.scalar(text(f'select count(*) > 0 from "{name}"')))
    assert seen == [True, False]


def test_a_region_is_seen_with_a_store_of_it(warehouse: Warehouse, behind: Connection) -> None:
    behind.execute(text("update store set region_id = 110 where chain_id = 1 and store_id = 10"))
    behind.commit()
    seen = []
    for stores in ((10,), (11,)):
        with warehouse.begin(Scope(MINE, role="store", store_ids=stores)) as connection:
            seen.append(connection.scalars(text("select region_id from region")).all())
    assert seen == [[110], []]


@pytest.mark.parametrize("name", SET_UP)
def test_who_may_only_look_changes_no_row(warehouse: Warehouse, name: str) -> None:
    """Whatever a page forgets to ask: the server itself refuses."""
    for role, count in (("owner", 1), ("finance", 1), ("viewer", 0), ("regional", 0), ("store", 0)):
        scope = Scope(MINE, role=role, store_ids=(10, 11))
        if name in WHOLE:
            scope = Scope(MINE, role=role)
        with warehouse.begin(scope) as connection:
            changed = connection.execute(text(f'update "{name}" set chain_id = chain_id'))
            assert (changed.rowcount > 0) == bool(count), role
            connection.rollback()


def test_a_bounded_role_without_stores_sees_none(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(MINE, role="regional")) as connection:
        assert connection.scalar(text("select count(*) from store")) == 0


def test_a_chunk_of_a_run_is_for_jobs_alone(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(MINE, role="store", store_ids=(10,))) as connection:
        assert connection.scalar(text("select count(*) from forecast_chunk")) == 0


def test_no_row_can_be_written_into_another_chain(warehouse: Warehouse) -> None:
    with (
        pytest.raises(Exception, match="row-level security"),
        warehouse.begin(Scope(MINE)) as connection,
    ):
        connection.execute(
            text("insert into region (chain_id, name) values (:chain, 'x')"), {"chain": OTHERS}
        )


def test_a_scope_ends_with_its_transaction(warehouse: Warehouse) -> None:
    """A pooled connection must not carry one reader's scope to the next."""
    with warehouse.begin(Scope(MINE)) as connection:
        assert connection.scalar(text("select count(*) from chain")) == 1
    with warehouse.directory() as connection:
        assert connection.scalar(text("select count(*) from chain")) == 0
