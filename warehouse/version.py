"""The version of a chain's figures: what was kept under an older one is not shown.

A chain has two: ``figures`` goes up with all that figures are made of, ``files`` with what is said
of imports. Triggers raise them for the tables that people and imports change row by row (migration
0003); sums and payments change by the thousand, so ``bump`` is called for them once.
"""

from sqlalchemy import Connection, text

_BUMP = text(
    """
    insert into chain_version (chain_id, part, version) values (:chain_id, 'figures', 1)
    on conflict (chain_id, part) do update
        set version = chain_version.version + 1, changed_at = clock_timestamp()
    """
)


def bump(connection: Connection, chain_id: int) -> None:
    """Say that the chain's payments or sums have changed, in the caller's transaction.

    To be the last statement before the commit: it holds a lock on one row of the chain.
    """
    connection.execute(_BUMP, {"chain_id": chain_id})
