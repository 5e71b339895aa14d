"""Typed cash takings as a file of their own, so that they go the way of every bill."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, text

from chain.money import to_major
from warehouse.chains import TYPED
from warehouse.merge import EVER

COLUMNS = ("cash_store", "cash_day", "cash_noon", "cash_time_zone", "cash_currency", "cash_amount")
"""The header, by which ``etl.sources.cash_typed`` knows the file."""


@dataclass(frozen=True, slots=True)
class Till:
    """The store whose cash is typed in, and the currency it takes."""

    store_id: int
    code: str
    time_zone: str
    currency: str


def bill(till: Till, amounts: Mapping[date, int], typed_at: datetime) -> bytes:
    """Return the file: ``amounts`` in minor units by business day, as typed at an aware instant.

    A day's takings stand at its noon, which is of that business day wherever the cut-over is.
    """
    written = io.StringIO()
    stamp = typed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    written.write(f"Tillboard cash takings, typed at {stamp}\n")
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(COLUMNS)
    for day, amount in sorted(amounts.items()):
        noon = f"{day.isoformat()} 12:00:00"
        shown = to_major(amount, till.currency)
        rows.writerow(
            [till.code, day.isoformat(), noon, till.time_zone, till.currency, f"{shown:f}"]
        )
    return written.getvalue().encode()


def bind_till(connection: Connection, chain_id: int, till: Till) -> None:
    """Make the account of typed cash, and say that the store's code in it is the store."""
    values = {"chain": chain_id, "ref": TYPED, "code": till.code, "store": till.store_id}
    connection.execute(_ACCOUNT, values)
    connection.execute(_BINDING, {**values, "ever": EVER})


_ACCOUNT = text(
    "insert into account (chain_id, platform, ref) values (:chain, 'cash', :ref)"
    " on conflict do nothing"
)
_BINDING = text(
    """
    insert into store_binding (chain_id, account_id, ref_kind, ref, store_id, from_at)
    select :chain, account_id, 'store', :code, :store, :ever
    from account where chain_id = :chain and platform = 'cash' and ref = :ref
    on conflict do nothing
    """
)
