"""The version of a chain's figures: figures that were kept under an older one are not shown."""

from sqlalchemy import Connection, text

_BUMP = text(
    """
    insert into chain_version (chain_id, version) values (:chain_id, 1)
    on conflict (chain_id) do update
        set version = chain_version.version + 1, changed_at = clock_timestamp()
    """
)


def bump(connection: Connection, chain_id: int) -> None:
    """Say that what the chain's figures are made of has changed, in the caller's transaction.

    To be the last statement before the commit: it holds a lock on one row of the chain. Called
    after a merge, an undo, a binding, and any change to stores, regions or rates.
    """
    connection.execute(_BUMP, {"chain_id": chain_id})
