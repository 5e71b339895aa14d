"""Advisory locks: which work must not run at once. Taken by session, given back with it."""

from enum import IntEnum

from sqlalchemy import Connection, text

from chain.errors import TransientError


class Lock(IntEnum):
    """What is locked: the first of PostgreSQL's two lock numbers; the second is an id mod 2^31."""

    BATCH = 71
    ACCOUNT = 72
    FORECAST = 73
    FORECAST_CHUNK = 74
    EXPORT = 75
    ALERTS = 76
    DIGESTS = 77
    MARKETING = 78
    REMOVAL = 79
    SITES = 80


def hold(connection: Connection, lock: Lock, number: int) -> None:
    """Take the lock until the session lets it go. Raises TransientError where another has it."""
    taken = connection.scalar(
        text("select pg_try_advisory_lock(:lock, :number)"),
        {"lock": int(lock), "number": number % 2**31},
    )
    if not taken:
        raise TransientError("warehouse.busy")


def free(connection: Connection, lock: Lock, number: int) -> bool:
    """Return whether nobody has the lock; until the transaction ends the caller has it."""
    return bool(
        connection.scalar(
            text("select pg_try_advisory_xact_lock(:lock, :number)"),
            {"lock": int(lock), "number": number % 2**31},
        )
    )


def hold_transaction(connection: Connection, lock: Lock, number: int) -> None:
    """Take the lock until the transaction ends. Raises TransientError where another has it."""
    if not free(connection, lock, number):
        raise TransientError("warehouse.busy")
