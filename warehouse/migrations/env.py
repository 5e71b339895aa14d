"""Run by Alembic: one connection, a lock time-out, and an advisory lock around everything."""

from alembic import context
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import OperationalError

from chain.errors import TransientError
from warehouse.session import cannot_connect
from warehouse.tables import metadata

LOCK = 7_311_220_901
"""Advisory lock number: two processes that start at once must not both migrate."""


def run() -> None:
    """Apply the migrations that are missing."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    try:
        opened = engine.connect()
    except OperationalError as error:
        raise cannot_connect("TILLBOARD_ADMIN_DATABASE_URL", error.orig or error) from error
    with opened as connection:
        connection.execute(text("set lock_timeout = '60s'"))
        try:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        except OperationalError as error:
            raise TransientError("warehouse.migration_locked") from error
        connection.execute(text("set lock_timeout = '10s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_schemas=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()


run()
