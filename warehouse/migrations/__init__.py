"""Alembic migrations of the warehouse, run as the owner of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from warehouse.session import sqlalchemy_url


def config(admin_url: str) -> Config:
    """Return Alembic's configuration for the database at ``admin_url``."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["url"] = sqlalchemy_url(admin_url)
    return settings


def upgrade(admin_url: str, revision: str = "head") -> None:
    """Bring the database to ``revision``; safe to call from several processes at once.

    Raises TransientError where the server cannot be reached, or where another process holds the
    migration lock for more than a minute.
    """
    command.upgrade(config(admin_url), revision)


def newest() -> str:
    """Return the version of the tables that this program needs."""
    return str(ScriptDirectory(str(Path(__file__).parent)).get_current_head())


def revisions() -> frozenset[str]:
    """Return every version of the tables that this program can upgrade from."""
    script = ScriptDirectory(str(Path(__file__).parent))
    return frozenset(str(one.revision) for one in script.walk_revisions())


def version(connection: Connection) -> str | None:
    """Return the version of the tables that are there, None where there are none."""
    if connection.scalar(text("select to_regclass('public.alembic_version')")) is None:
        return None
    return str(connection.scalar(text("select version_num from public.alembic_version")))
