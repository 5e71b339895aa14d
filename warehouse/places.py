"""Accounts and places: from what a platform states to the numbers that payments carry."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """A place as stated: refs are '' where the platform gives none."""

    account_id: int
    store_ref: str
    terminal_ref: str
    operator_ref: str
    label: str


def account_id(connection: Connection, chain_id: int, platform: str, ref: str, label: str) -> int:
    """Return the id of the merchant account, made on first sight."""
    found = connection.scalar(_ACCOUNT, {"chain": chain_id, "platform": platform, "ref": ref})
    if found is None:
        found = connection.scalar(
            _NEW_ACCOUNT, {"chain": chain_id, "platform": platform, "ref": ref, "label": label}
        )
    assert isinstance(found, int)
    return found


def add_places(
    connection: Connection, chain_id: int, batch_id: int, refs: Iterable[PlaceRef]
) -> None:
    """Add the places that are not known yet.

    A place whose store id is a store's own code, or whose label is a store's name, binds itself
    from ever, whatever a person said of a later time; any other is unassigned until bound.
    """
    rows = [
        {
            "chain": chain_id,
            "batch": batch_id,
            "account": ref.account_id,
            "store": ref.store_ref,
            "terminal": ref.terminal_ref,
            "operator": ref.operator_ref,
            "label": ref.label,
        }
        for ref in refs
    ]
    if rows:
        connection.execute(_ADD_PLACE, rows)
        connection.execute(_BIND_ITSELF, {"chain": chain_id, "batch": batch_id})


def timeline(connection: Connection, chain_id: int, account: int) -> pl.DataFrame:
    """Return which store each place of the account is, and from when.

    Columns: place_id, store_ref, terminal_ref, operator_ref, from_at (UTC), store_id, time_zone,
    cutover_hour; one row a place and binding period, by from_at.
    """
    rows = connection.execute(_TIMELINE, {"chain": chain_id, "account": account}).all()
    schema: dict[str, pl.DataType] = {
        "place_id": pl.Int32(),
        "store_ref": pl.String(),
        "terminal_ref": pl.String(),
        "operator_ref": pl.String(),
        "from_at": pl.Datetime("us", "UTC"),
        "store_id": pl.Int32(),
        "time_zone": pl.String(),
        "cutover_hour": pl.Int32(),
    }
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


_ACCOUNT = text(
    "select account_id from account where chain_id = :chain and platform = :platform and ref = :ref"
)
_NEW_ACCOUNT = text(
    "insert into account (chain_id, platform, ref, label)"
    " values (:chain, :platform, :ref, :label)"
    " on conflict (chain_id, platform, ref) do update set ref = excluded.ref returning account_id"
)
_ADD_PLACE = text(
    "insert into place"
    " (chain_id, account_id, store_ref, terminal_ref, operator_ref, label, batch_id)"
    " values (:chain, :account, :store, :terminal, :operator, :label, :batch)"
    " on conflict do nothing"
)
_BIND_ITSELF = text(
    """
    insert into store_binding (chain_id, account_id, ref_kind, ref, store_id, created_by)
    select distinct on (p.account_id, p.store_ref)
           p.chain_id, p.account_id, 'store', p.store_ref, s.store_id, 0
    from place p join store s on s.chain_id = p.chain_id and not s.unassigned
        and (s.code = p.store_ref or p.label in (s.name, s.name_en) and p.label <> '')
    where p.chain_id = :chain and p.batch_id = :batch and p.store_ref <> ''
    order by p.account_id, p.store_ref, s.code <> p.store_ref, s.store_id
    on conflict do nothing
    """
)
_TIMELINE = text(
    """
    select place_id, store_ref, terminal_ref, operator_ref, from_at, store_id, time_zone,
           cutover_hour
    from place_store where chain_id = :chain and account_id = :account
    order by from_at, place_id
    """
)
