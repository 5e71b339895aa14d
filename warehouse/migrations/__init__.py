"""Alembic migrations of the warehouse, run as the owner of the tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from warehouse.session import sqlalchemy_url


def config(admin_url: str) -> Config:
    """Return Alembic's configuration for the database at ``admin_url``."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["url"] = sqlalchemy_url(admin_url)
    return settings


def upgrade(admin_url: str, revision: str = "head") -> None:
    """Bring the database to ``revision``; safe to call from several processes at once.

    Raises TransientError where another process holds the migration lock for more than a minute.
    """
    command.upgrade(config(admin_url), revision)
