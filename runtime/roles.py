"""The roles of the warehouse and its database, made the same way on every server."""

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

from chain.errors import TransientError
from warehouse.session import cannot_connect

DATABASE = "tillboard"

# Who may do what. The application is bound by row-level security; the backup reads all chains.
ROLES: dict[str, LiteralString] = {
    "owner": "login nosuperuser nocreatedb nocreaterole nobypassrls",
    "app": "login nosuperuser nocreatedb nocreaterole nobypassrls",
    "backup": "login nosuperuser nocreatedb nocreaterole bypassrls",
}


def connect(url: str, setting: str) -> psycopg.Connection:
    """Connect in autocommit to a server that ``setting`` names.

    Raises TransientError with the server's reason.
    """
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise cannot_connect(setting, error) from error


def prepare(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database where they are missing; a superuser's work, autocommit.

    ``passwords`` are by the names in ROLES; those of roles that exist are left as they are.
    """
    for role, rights in ROLES.items():
        name = f"tillboard_{role}"
        if connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone():
            continue
        connection.execute(
            sql.SQL("create role {} {} password {}").format(
                sql.Identifier(name), sql.SQL(rights), sql.Literal(passwords[role])
            )
        )
    connection.execute("grant pg_read_all_data to tillboard_backup")
    create_database(connection, DATABASE)


def create_database(connection: psycopg.Connection, name: str, template: str = "") -> None:
    """Make database ``name`` for the three roles where it is missing.

    Raises TransientError where ``template`` is in use.
    """
    if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        return
    database = sql.Identifier(name)
    try:
        connection.execute(
            sql.SQL("create database {} owner tillboard_owner template {}").format(
                database, sql.Identifier(template or "template0")
            )
        )
    except psycopg.errors.ObjectInUse as error:
        raise TransientError("runtime.template_in_use") from error
    for statement in (
        sql.SQL("revoke all on database {} from public"),
        sql.SQL("grant connect, temporary on database {} to tillboard_app"),
        sql.SQL("grant connect on database {} to tillboard_backup"),
    ):
        connection.execute(statement.format(database))
