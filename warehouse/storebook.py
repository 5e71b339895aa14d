"""The chain's list of stores: added, changed and closed by people, and what follows from it."""

import json
from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from chain.terms import EVER
from warehouse import locks
from warehouse.binding import rederive
from warehouse.chains import UNASSIGNED, NewStore, add_store
from warehouse.terms import Given, take


def set_store(
    connection: Connection,
    chain_id: int,
    store: NewStore,
    given: Collection[str],
    user_id: int | None = None,
) -> int:
    """Add a store, or change the ``given`` fields of the one of the same code; return its id.

    Where its time zone or cut-over hour changes, its past payments get the business dates that
    follow, and the sums of those days are made anew. Raises PermanentError for the code of the
    unassigned store, TransientError while one of its accounts is being imported.
    """
    if store.code == UNASSIGNED:
        raise PermanentError("warehouse.store_reserved", code=store.code)
    before = connection.execute(_RULE, {"chain": chain_id, "code": store.code}).one_or_none()
    store_id = add_store(connection, chain_id, store, given)
    after = connection.execute(_RULE, {"chain": chain_id, "code": store.code}).one()
    if before is not None and before != after:
        _move_days(connection, chain_id, store_id)
    terms = _terms(store, given)
    if terms is not None:
        take(connection, chain_id, store_id, terms, user_id)
    detail = {name: str(getattr(store, name)) for name in sorted(given)}
    connection.execute(
        _AUDIT,
        {"chain": chain_id, "user": user_id, "code": store.code, "detail": json.dumps(detail)},
    )
    return store_id


def _terms(store: NewStore, given: Collection[str]) -> Given | None:
    """Return what is stated of the store's terms; a royalty alone says that it is franchised."""
    owes = store.royalty_rate or store.royalty_minimum
    ownership = store.ownership or ("franchised" if owes else None)
    vat = "vat_rate" in given
    if ownership is None and not vat:
        return None
    return Given(
        vat=vat,
        vat_rate=store.vat_rate,
        # Stated and empty is from ever, and nothing owed.
        vat_from=(store.vat_from or EVER) if "vat_from" in given else None,
        ownership=ownership,
        ownership_from=(store.ownership_from or EVER) if "ownership_from" in given else None,
        royalty_rate=(store.royalty_rate or Decimal(0)) if "royalty_rate" in given else None,
        royalty_minimum=(store.royalty_minimum or 0) if "royalty_minimum" in given else None,
    )


def _move_days(connection: Connection, chain_id: int, store_id: int) -> None:
    accounts = connection.scalars(_ACCOUNTS, {"chain": chain_id, "store": store_id}).all()
    for account in accounts:
        locks.hold_transaction(connection, locks.Lock.ACCOUNT, account)
        rederive(connection, chain_id, account)


_RULE = text("select time_zone, cutover_hour from store where chain_id = :chain and code = :code")
_ACCOUNTS = text(
    """
    select distinct p.account_id from place p
    join place_store s on s.chain_id = p.chain_id and s.place_id = p.place_id
    where p.chain_id = :chain and s.store_id = :store order by p.account_id
    """
)
_AUDIT = text(
    """
    insert into audit_log (chain_id, user_id, action, subject, detail)
    values (:chain, :user, 'store', :code, cast(:detail as jsonb))
    """
)
