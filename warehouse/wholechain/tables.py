"""Which tables hold rows of a chain, as the metadata says: a new table is of them by itself."""

from collections.abc import Sequence
from graphlib import TopologicalSorter

from sqlalchemy import ARRAY, BigInteger, Column, Connection, Integer, Numeric, Table, text

from warehouse.tables import metadata

NOT_ARCHIVED = {
    "chain_version": "counts changes; made anew by them",
    "subscription": "their links end digests of this installation",
    "delivery": "what was sent by this installation",
    "robot": "webhooks are sealed under this installation's key",
    "alert_notice": "who was told of what by this installation",
    "alert_watch": "what rules were last evaluated on; made anew",
    "export": "files made for one person, which are not in the archive",
}
"""Tables that an archive leaves out, and why."""
WRITTEN_DOWN = "chain_removal"
"""What stays: that a chain was removed, when, and the number of who asked for it."""
AUDIT = "audit_log"
VERSIONS = "chain_version"


def tenant_tables(connection: Connection) -> list[Table]:
    """Return the tables of a chain, each after those whose rows decide whether its own are seen.

    A policy may look into another table (a notice is seen with its alert): rows come in and are
    read in this order, and go in the other.
    """
    tables = {t.name: t for t in metadata.sorted_tables if t.info.get("tenant", True)}
    behind: dict[str, set[str]] = {name: set() for name in tables}
    for name, looked_into in connection.execute(_LOOKS_INTO):
        if name in tables and looked_into in tables:
            behind[name].add(looked_into)
    return [tables[name] for name in TopologicalSorter(behind).static_order()]


def archived_tables(connection: Connection) -> list[Table]:
    """Return the tables whose rows an archive holds, in the same order."""
    return [table for table in tenant_tables(connection) if table.name not in NOT_ARCHIVED]


def directory_tables() -> Sequence[Table]:
    """Return the tables of the directory that hold rows of a chain and go with it."""
    return [
        table
        for table in metadata.sorted_tables
        if table.schema == "directory" and "chain_id" in table.c and table.name != WRITTEN_DOWN
    ]


def person_tables() -> Sequence[Table]:
    """Return the tables of the directory that hold rows of a person, the account itself last."""
    found = [t for t in metadata.sorted_tables if t.schema == "directory" and "user_id" in t.c]
    return sorted(found, key=lambda table: table.name == "app_user")


def columns(table: Table) -> list[str]:
    """Return the columns that an archive holds: not the chain's number, nor what is computed."""
    return [
        column.name
        for column in table.columns
        if column.name != "chain_id" and column.computed is None
    ]


def summed(table: Table) -> list[str]:
    """Return the columns of amounts and counts, by whose sums an archive is checked."""
    keys = {column.name for column in table.primary_key.columns}
    return [
        column.name
        for column in table.columns
        if isinstance(column.type, BigInteger | Integer | Numeric)
        and column.name not in keys
        and not column.name.endswith("_id")
        and not is_person(column)
    ]


def is_people(column: Column[object]) -> bool:
    """Return whether a column holds the numbers of several people."""
    return isinstance(column.type, ARRAY) and column.name.endswith("users")


_LOOKS_INTO = text(
    """
    select c.relname, r.relname from pg_policy p
    join pg_class c on c.oid = p.polrelid
    join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> p.polrelid
    join pg_class r on r.oid = d.refobjid
    """
)


def is_person(column: Column[object]) -> bool:
    """Return whether a column holds the number of a person."""
    return column.name == "user_id" or column.name.endswith("_by")
