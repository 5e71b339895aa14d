"""Connections to the warehouse, each transaction bound to one chain and one person's scope.

Row-level security reads the settings that ``begin`` makes; with none made no row is seen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chain.errors import PermanentError, TransientError
from chain.roles import BOUNDED

_SET_SCOPE = text(
    "select set_config('app.chain_id', :chain_id, true),"
    " set_config('app.user_id', :user_id, true),"
    " set_config('app.role', :role, true),"
    " set_config('app.store_ids', :store_ids, true)"
)

_BYPASSES = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
_SET_SESSION = text("select set_config(:name, :value, false)")
_FORGET_SESSION = (
    text("select pg_advisory_unlock_all()"),
    text("discard temp"),
    text("reset all"),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may touch.

    ``store_ids`` None means all stores of the chain, for a bounded role (chain.roles) none at all.
    """

    chain_id: int
    user_id: int | None = None
    role: str = "owner"
    store_ids: tuple[int, ...] | None = None

    def settings(self) -> dict[str, str]:
        """Return the values of the ``app.*`` settings that the policies read."""
        given = self.store_ids
        if given is None and self.role in BOUNDED:
            given = ()
        stores = "" if given is None else f"{{{','.join(map(str, given))}}}"
        return {
            "chain_id": str(self.chain_id),
            "user_id": "" if self.user_id is None else str(self.user_id),
            "role": self.role,
            "store_ids": stores,
        }


def enter(connection: Connection, scope: Scope) -> None:
    """Go on in ``scope`` in a transaction that began without one."""
    connection.execute(_SET_SCOPE, scope.settings())


def sqlalchemy_url(url: str) -> str:
    """Return ``url`` with the psycopg 3 driver named, whatever dialect name it came with."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(False)


class Warehouse:
    """The application's door to PostgreSQL.

    ``url`` connects as a role that row-level security binds; any other is refused with
    PermanentError at each new connection, also where the server was away at the start.
    """

    def __init__(self, url: str, *, pool_size: int = 5, max_overflow: int = 5) -> None:
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_pre_ping=True,
            hide_parameters=True,  # they are rows of bills, and errors are logged
            connect_args={"connect_timeout": 10, "application_name": "tillboard"},
        )
        event.listen(self.engine, "connect", _refuse_a_role_that_bypasses)

    @contextmanager
    def begin(self, scope: Scope, *, snapshot: bool = False) -> Iterator[Connection]:
        """Open a transaction that sees ``scope``'s rows; commits at the end, rolls back on error.

        With ``snapshot`` all of its statements see the same state of the rows.

        Raises TransientError where the server cannot be reached.
        """
        with self._connect() as connection:
            if snapshot:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                connection.execute(_SET_SCOPE, scope.settings())
                yield connection

    @contextmanager
    def snapshot(self, scope: Scope) -> Iterator["Warehouse"]:
        """Give a door that leads into one transaction alone, for whoever asks much at once.

        All that is read through it, by ``scope`` and nobody else, is of one moment, and each
        question costs no more than itself.
        """
        with self.begin(scope, snapshot=True) as connection:
            yield _Within(self.engine, scope, connection)

    @contextmanager
    def hold(self, scope: Scope) -> Iterator[Connection]:
        """Keep one session over several transactions, each begun by ``connection.begin()``.

        For work with TEMP tables and session locks, which end with it. Raises TransientError where
        there is no server.
        """
        with self._connect() as connection:
            settings = scope.settings()
            for name, value in settings.items():
                connection.execute(_SET_SESSION, {"name": f"app.{name}", "value": value})
            connection.commit()
            try:
                yield connection
                with connection.begin():
                    for statement in _FORGET_SESSION:
                        connection.execute(statement)
            except BaseException:
                connection.invalidate()
                raise

    @contextmanager
    def directory(self) -> Iterator[Connection]:
        """Open a transaction that sees no chain: the ``directory`` schema only."""
        with self._connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except OperationalError as error:
            raise TransientError("warehouse.unreachable") from error
        with connection:
            yield connection

    def check(self) -> None:
        """Connect once.

        Raises PermanentError where the role could bypass row-level security, TransientError where
        there is no server.
        """
        with self._connect():
            pass

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


class _Within(Warehouse):
    """A door into a transaction that is open already. See ``Warehouse.snapshot``."""

    def __init__(self, engine: Engine, scope: Scope, connection: Connection) -> None:
        self.engine = engine
        self._scope = scope
        self._connection = connection

    @contextmanager
    def begin(self, scope: Scope, *, snapshot: bool = False) -> Iterator[Connection]:
        """Give the one transaction, which ends with its own block."""
        del snapshot
        if scope != self._scope:
            raise ValueError("one transaction is of one scope")
        yield self._connection


def _refuse_a_role_that_bypasses(
    connection: psycopg.Connection[tuple[object, ...]], _record: object
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BYPASSES)
        (bypasses,) = cursor.fetchone() or (True,)
    connection.rollback()
    if bypasses:
        connection.close()
        raise PermanentError("warehouse.role_bypasses_security")


def cannot_connect(setting: str, error: Exception) -> TransientError:
    """Return the sentence for a server that the address in ``setting`` does not lead to."""
    why = next(iter(str(error).strip().splitlines()), "")
    return TransientError("warehouse.cannot_connect", setting=setting, why=why)


def away(error: BaseException) -> bool:
    """Whether ``error`` says that the server is gone or at its limits, and no more than that."""
    if isinstance(error, DBAPIError):
        return isinstance(error.orig, psycopg.OperationalError)
    return isinstance(error, psycopg.OperationalError | PoolTimeoutError)


def driver(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """Return the psycopg connection under ``connection``, for COPY."""
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)
