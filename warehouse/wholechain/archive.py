"""A chain as one zip: a CSV a table, the people, and a manifest with counts, sums and hashes.

The format is described in ``docs/chain-archive.md``. It holds all of the chain but what
NOT_ARCHIVED names and what lets somebody in: passwords, second factors, log-ins, open invitations.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, text

from chain.errors import PermanentError
from warehouse import migrations
from warehouse.session import Scope, Warehouse, driver, enter
from warehouse.wholechain.tables import archived_tables, columns, is_people, is_person, summed

FORMAT = 1
MANIFEST = "manifest.json"
PEOPLE = "people.csv"
PERSON = ("user_id", "email", "name", "lang", "role", "region_ids", "store_ids")
PIECE = 1 << 20
NOBODY = 0
"""Who stands where a person is needed who is not in the archive."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a chain became in another installation: its number, and who has no password yet."""

    chain_id: int
    name: str
    rows: int
    new_people: tuple[str, ...]


def write(
    warehouse: Warehouse, scope: Scope, path: Path, alive: Callable[[], None] = lambda: None
) -> int:
    """Write the chain's archive to ``path``, as of one moment; return its size in bytes.

    ``alive`` is called between pieces, for whoever wants to know that it goes on.
    """
    tables: dict[str, Any] = {}
    with (
        warehouse.begin(scope, snapshot=True) as connection,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for table in archived_tables(connection):
            query = _rows_of(table)
            tables[table.name] = _member(archive, connection, f"{table.name}.csv", query, alive)
            tables[table.name] |= {"columns": columns(table)} | _totals(
                connection, table, scope.chain_id
            )
        people = _member(archive, connection, PEOPLE, _people(scope.chain_id), alive)
        chain = connection.execute(text("select name, currency, time_zone from chain")).one()
        manifest = {
            "format": FORMAT,
            "revision": migrations.version(connection),
            "made_at": datetime.now(UTC).isoformat(),
            "chain": dict(chain._mapping),  # noqa: SLF001 - SQLAlchemy's public name of it
            "tables": tables,
            "people": people,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return path.stat().st_size


def _member(
    archive: zipfile.ZipFile,
    connection: Connection,
    name: str,
    query: sql.Composable,
    alive: Callable[[], None],
) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    copy = sql.SQL("copy ({}) to stdout with (format csv, header)").format(query)
    with (
        archive.open(name, "w", force_zip64=True) as member,
        driver(connection).cursor() as cursor,
        cursor.copy(copy) as rows,
    ):
        piece = bytearray()
        for row in rows:
            piece += bytes(row)
            if len(piece) >= PIECE:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
                piece.clear()
                alive()
        member.write(piece)
        digest.update(piece)
        size += len(piece)
    alive()
    return {"sha256": digest.hexdigest(), "bytes": size}


def _rows_of(table: Table) -> sql.Composable:
    keys = [column.name for column in table.primary_key.columns if column.name != "chain_id"]
    order = sql.SQL(" order by {}").format(_names(keys)) if keys else sql.SQL("")
    return sql.SQL("select {} from {}{}").format(
        _names(columns(table)), sql.Identifier(table.name), order
    )


def _people(chain_id: int) -> sql.Composable:
    return sql.SQL(
        "select u.user_id, u.email, u.name, u.lang, m.role, m.region_ids, m.store_ids"
        " from directory.membership m join directory.app_user u using (user_id)"
        " where m.chain_id = {} order by u.user_id"
    ).format(sql.Literal(chain_id))


def _names(names: list[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _totals(connection: Connection, table: Table, chain_id: int) -> dict[str, Any]:
    """Return the count of rows and the sums of amounts, exactly, as texts."""
    sums = "".join(f', coalesce(sum("{name}"), 0)::text' for name in summed(table))
    row = connection.execute(
        text(f'select count(*){sums} from "{table.name}" where chain_id = :chain'),
        {"chain": chain_id},
    ).one()
    return {"rows": int(row[0]), "sums": dict(zip(summed(table), row[1:], strict=True))}


def read(warehouse: Warehouse, path: Path) -> Taken:
    """Make the chain of an archive, all of it or nothing; ``warehouse`` is the tables' owner's.

    It gets a number of its own; all other numbers stay, since each is a chain's. Who has an account
    with the same address is that person; any other gets one without a password. Raises
    PermanentError for what is no archive, is damaged, or comes from other tables.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise PermanentError("wholechain.no_archive", path=path.name) from error
    with archive, warehouse.directory() as connection:
        manifest = _manifest(archive, path.name)
        found = migrations.version(connection)
        known = {table.name for table in archived_tables(connection)}
        if manifest["revision"] != found:
            raise PermanentError(
                "wholechain.other_revision", found=str(manifest["revision"]), ours=str(found)
            )
        if known != set(manifest["tables"]):
            raise PermanentError("wholechain.damaged", member=MANIFEST)
        name = str(manifest["chain"]["name"])
        chain_id = int(connection.scalar(_NUMBER) or 0)
        new = _take_people(connection, archive, manifest, chain_id, name)
        enter(connection, Scope(chain_id))
        rows = sum(
            _take_table(connection, archive, table, manifest["tables"][table.name], chain_id)
            for table in archived_tables(connection)
        )
    return Taken(chain_id, name, rows, tuple(new))


def _manifest(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(archive.read(MANIFEST))
        good = found["format"] == FORMAT and isinstance(found["tables"], dict)
    except (KeyError, ValueError, TypeError) as error:
        raise PermanentError("wholechain.no_archive", path=name) from error
    if not good:
        raise PermanentError("wholechain.no_archive", path=name)
    return found


def _take_people(
    connection: Connection,
    archive: zipfile.ZipFile,
    manifest: dict[str, Any],
    chain_id: int,
    name: str,
) -> list[str]:
    connection.execute(_PEOPLE_STAGED)
    _copy(connection, archive, PEOPLE, "people", list(PERSON), manifest["people"]["sha256"])
    new = list(connection.scalars(_NEW_PEOPLE))
    connection.execute(_PERSON_MAP)
    connection.execute(_DIRECTORY_CHAIN, {"chain": chain_id, "name": name})
    connection.execute(_MEMBERS, {"chain": chain_id})
    return new


def _take_table(
    connection: Connection,
    archive: zipfile.ZipFile,
    table: Table,
    stated: dict[str, Any],
    chain_id: int,
) -> int:
    names = columns(table)
    if stated["columns"] != names:
        raise PermanentError("wholechain.damaged", member=table.name)
    staged = f"taken_{table.name}"
    connection.execute(
        text(
            f'create temp table "{staged}" on commit drop as'
            f' select {_quoted(names)} from "{table.name}" limit 0'
        )
    )
    _copy(connection, archive, f"{table.name}.csv", staged, names, stated["sha256"])
    values = ", ".join(_value(table, name) for name in names)
    connection.execute(
        text(
            f'insert into "{table.name}" (chain_id, {_quoted(names)}) overriding system value'
            f' select :chain, {values} from "{staged}" s'
        ),
        {"chain": chain_id},
    )
    connection.execute(text(f'drop table "{staged}"'))
    found = _totals(connection, table, chain_id)
    if found != {"rows": stated["rows"], "sums": stated["sums"]}:
        raise PermanentError("wholechain.damaged", member=table.name)
    _go_on_counting(connection, table)
    return int(found["rows"])


def _value(table: Table, name: str) -> str:
    column = table.columns[name]
    if is_people(column):
        return f'array(select new from person_map where old = any(s."{name}"))'
    if column.name.endswith("robots"):
        return "'{}'"  # they are not in the archive
    if not is_person(column):
        return f's."{name}"'
    mapped = f'(select new from person_map where old = s."{name}")'
    return mapped if column.nullable else f"coalesce({mapped}, {NOBODY})"


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let numbers that the server gives begin after those that came."""
    for column in table.columns:
        if column.identity is None or column.name == "chain_id":
            continue
        counter = "pg_get_serial_sequence(:table, :column)"
        highest = f'max("{column.name}")'
        connection.execute(
            text(
                f"select setval({counter}, greatest(nextval({counter}), {highest}))"
                f' from "{table.name}"'
            ),
            {"table": table.name, "column": column.name},
        )


def _copy(
    connection: Connection,
    archive: zipfile.ZipFile,
    member: str,
    target: str,
    names: list[str],
    sha256: str,
) -> None:
    digest = hashlib.sha256()
    copy = sql.SQL("copy pg_temp.{} ({}) from stdin with (format csv, header match)").format(
        sql.Identifier(target), _names(names)
    )
    try:
        opened = archive.open(member)
    except KeyError as error:
        raise PermanentError("wholechain.damaged", member=member) from error
    try:
        with opened, driver(connection).cursor() as cursor, cursor.copy(copy) as rows:
            for piece in _pieces(opened):
                digest.update(piece)
                rows.write(piece)
    except (psycopg.DataError, zipfile.BadZipFile, zlib.error) as error:
        raise PermanentError("wholechain.damaged", member=member) from error
    if digest.hexdigest() != sha256:
        raise PermanentError("wholechain.damaged", member=member)


def _pieces(opened: Any) -> Iterator[bytes]:
    stream = io.BufferedReader(opened, PIECE)
    while piece := stream.read(PIECE):
        yield piece


_NUMBER = text("select nextval(pg_get_serial_sequence('public.chain', 'chain_id'))")
_PEOPLE_STAGED = text(
    """
    create temp table people (user_id bigint, email text, name text, lang text, role text,
        region_ids bigint[], store_ids bigint[]) on commit drop
    """
)
_NEW_PEOPLE = text(
    """
    insert into directory.app_user (email, name, lang, password_hash)
    select p.email, coalesce(p.name, ''), p.lang, '' from people p
    where not exists (select from directory.app_user u where lower(u.email) = lower(p.email))
    returning email
    """
)
_PERSON_MAP = text(
    """
    create temp table person_map on commit drop as
    select p.user_id as old, u.user_id as new from people p
    join directory.app_user u on lower(u.email) = lower(p.email)
    """
)
_DIRECTORY_CHAIN = text("insert into directory.chain (chain_id, name) values (:chain, :name)")
_MEMBERS = text(
    """
    insert into directory.membership (chain_id, user_id, role, region_ids, store_ids)
    select :chain, m.new, p.role, p.region_ids, p.store_ids
    from people p join person_map m on m.old = p.user_id
    """
)
