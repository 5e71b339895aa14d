"""Upgrades of the tables: a database that holds anything is backed up before it is migrated."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import Connection
from sqlalchemy.exc import DBAPIError

from chain.errors import PermanentError, TillboardError, TransientError
from chain.settings import Settings
from runtime import roles
from runtime.backup import backup
from runtime.embedded.place import cannot_write
from warehouse import migrations

LOCK = 7_311_220_902
"""Advisory lock number: of two that start at once, one makes the backup and upgrades."""
SUFFIX = ".backup"

Tell = Callable[[Path], None]


def upgrade(settings: Settings, tell: Tell = lambda _path: None) -> Path | None:
    """Bring the tables up to date; return the backup made before, None where none was needed.

    None is needed where nothing is pending or no chain is there. ``tell`` hears of the backup
    before the first migration runs. Raises PermanentError where the tables are newer than this
    program, where no backup can be made (nothing is changed then; see the setting
    ``upgrade_without_backup``) or where a migration fails; TransientError where the server cannot
    be reached or somebody else upgrades for more than ten minutes.
    """
    url = str(settings.admin_database_url)
    with _alone(url) as connection:
        found = _version(connection)
        if found is not None and found not in migrations.revisions():
            raise PermanentError("runtime.tables_newer", found=found, newest=migrations.newest())
        if found == migrations.newest():
            return None
        made = None
        if found is not None and _holds_a_chain(connection):
            made = _backup(settings, found)
        if made is not None:
            _keep_newest(made.parent, settings.upgrade_backups)
            tell(made)
        _migrate(url, made)
    return made


def _backup(settings: Settings, revision: str) -> Path | None:
    """Back up into a file named by revision and time; None where the settings go without."""
    if settings.upgrade_without_backup:
        return None
    folder = settings.backups
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = folder / f"{revision}-{stamp}{SUFFIX}"
    try:
        if settings.backup_database_url is None:
            raise PermanentError("runtime.not_configured", name="TILLBOARD_BACKUP_DATABASE_URL")
        _make(folder)
        backup(settings.backup_database_url, target)
    except TillboardError as error:
        why = error.say(settings.language)
        raise PermanentError("runtime.no_upgrade_without_backup", why=why) from error
    return target


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(error, folder) from error


def _migrate(url: str, made: Path | None) -> None:
    try:
        migrations.upgrade(url)
    except DBAPIError as error:
        why = next(iter(str(error.orig or error).strip().splitlines()), "")
        raise PermanentError(
            "runtime.upgrade_failed", why=why, backup="-" if made is None else str(made)
        ) from error


def _keep_newest(folder: Path, count: int) -> None:
    """Keep the newest backup of each of ``count`` revisions; other files are left alone.

    One of each, so that a start that fails again and again fills no disk and drives out no backup
    of an earlier upgrade.
    """
    kept: set[str] = set()
    for path in sorted(folder.glob(f"*-*Z{SUFFIX}"), key=_made_at, reverse=True):
        revision, _, _ = path.name.partition("-")
        if revision in kept or len(kept) == count:
            path.unlink(missing_ok=True)
        else:
            kept.add(revision)


def _made_at(path: Path) -> str:
    return path.name.partition("-")[2]


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    with roles.connect(url, "TILLBOARD_ADMIN_DATABASE_URL") as connection:
        connection.execute("set lock_timeout = '600s'")
        try:
            connection.execute("select pg_advisory_lock(%s)", [LOCK])
        except psycopg.errors.LockNotAvailable as error:
            raise TransientError("warehouse.migration_locked") from error
        yield connection  # the lock ends with the connection


def _version(connection: Connection) -> str | None:
    (there,) = connection.execute("select to_regclass('public.alembic_version')").fetchone() or (
        None,
    )
    if there is None:
        return None
    row = connection.execute("select version_num from public.alembic_version").fetchone()
    return None if row is None else str(row[0])


def _holds_a_chain(connection: Connection) -> bool:
    # Of the schema that is open before a chain is known, so that no row is hidden from the owner.
    query = "select exists (select from directory.chain) or exists (select from directory.app_user)"
    return bool((connection.execute(query).fetchone() or (True,))[0])
