"""Terms as people type them: rates of value-added tax, whose a store is, what a franchise owes.

A change is in every sum from its date on when its transaction commits.
"""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from chain.terms import EVER, Ownership, StoreTerms, VatRate, terms_at
from warehouse.sums import apply_terms


@dataclass(frozen=True, slots=True)
class Given:
    """What a list or a form states of a store's terms; None is what it does not state.

    What is not stated stays as it is known last: the date, the royalty. With ``vat`` a rate of None
    takes the store's own rate of that date away, so that the chain's holds.
    """

    vat: bool = False
    vat_rate: Decimal | None = None
    vat_from: date | None = None
    ownership: Ownership | None = None
    ownership_from: date | None = None
    royalty_rate: Decimal | None = None
    royalty_minimum: int | None = None


def vat_rates(connection: Connection) -> list[VatRate]:
    """Return the rates that are seen, by store (the chain first) and date."""
    return [VatRate(*row) for row in connection.execute(_VAT_RATES)]


def store_terms(connection: Connection) -> list[StoreTerms]:
    """Return the terms of the stores that are seen, by store and date."""
    return [StoreTerms(*row) for row in connection.execute(_TERMS)]


def set_vat(
    connection: Connection,
    chain_id: int,
    store_id: int,
    from_date: date,
    rate: Decimal | None,
    user_id: int | None = None,
) -> None:
    """Set the rate from a date on, of a store or (0) of the chain; None takes it away."""
    values = {"chain": chain_id, "store": store_id, "from": from_date, "rate": rate}
    changed = connection.execute(_SET_VAT if rate is not None else _DROP_VAT, values).rowcount
    if changed:
        detail: dict[str, object] = {
            "from": from_date.isoformat(),
            "rate": None if rate is None else str(rate),
        }
        _note(connection, chain_id, user_id, "terms.vat", store_id, detail)
        apply_terms(connection, chain_id, store_id, from_date)


def set_ownership(
    connection: Connection, chain_id: int, terms: StoreTerms, user_id: int | None = None
) -> None:
    """Set whose a store is from a date on, and what it owes then."""
    values = {
        "chain": chain_id,
        "store": terms.store_id,
        "from": terms.from_date,
        "ownership": terms.ownership,
        "rate": terms.royalty_rate,
        "minimum": terms.royalty_minimum,
    }
    if connection.execute(_SET_TERMS, values).rowcount:
        detail: dict[str, object] = {
            "from": terms.from_date.isoformat(),
            "ownership": terms.ownership,
            "rate": str(terms.royalty_rate),
            "minimum": terms.royalty_minimum,
        }
        _note(connection, chain_id, user_id, "terms.ownership", terms.store_id, detail)
        apply_terms(connection, chain_id, terms.store_id, terms.from_date)


def take(
    connection: Connection, chain_id: int, store_id: int, given: Given, user_id: int | None = None
) -> None:
    """Take over what a list or a form states of a store's terms; what it states anew is kept."""
    if given.vat:
        own = [each for each in vat_rates(connection) if each.store_id == store_id]
        since = given.vat_from or (own[-1].from_date if own else EVER)
        set_vat(connection, chain_id, store_id, since, given.vat_rate, user_id)
    if given.ownership is None:
        return
    known = [each for each in store_terms(connection) if each.store_id == store_id]
    since = given.ownership_from or (known[-1].from_date if known else EVER)
    if given.ownership == "owned":
        # A store of which nothing is known is owned.
        if known or since != EVER:
            set_ownership(connection, chain_id, StoreTerms(store_id, since, "owned"), user_id)
        return
    before = terms_at(known, store_id, since)
    rate = before.royalty_rate if given.royalty_rate is None else given.royalty_rate
    minimum = before.royalty_minimum if given.royalty_minimum is None else given.royalty_minimum
    terms = StoreTerms(store_id, since, "franchised", rate, minimum)
    set_ownership(connection, chain_id, terms, user_id)


def _note(
    connection: Connection,
    chain_id: int,
    user_id: int | None,
    action: str,
    store_id: int,
    detail: dict[str, object],
) -> None:
    values = {
        "chain": chain_id,
        "user": user_id,
        "action": action,
        "store": str(store_id),
        "detail": json.dumps(detail),
    }
    connection.execute(_NOTE, values)


_VAT_RATES = text("select store_id, from_date, rate from vat_rate order by store_id, from_date")
_TERMS = text(
    "select store_id, from_date, ownership, royalty_rate, royalty_minimum from store_terms"
    " order by store_id, from_date"
)
_SET_VAT = text(
    """
    insert into vat_rate as v (chain_id, store_id, from_date, rate)
    values (:chain, :store, :from, :rate)
    on conflict (chain_id, store_id, from_date) do update set rate = excluded.rate
    where v.rate <> excluded.rate
    """
)
_DROP_VAT = text(
    "delete from vat_rate where chain_id = :chain and store_id = :store and from_date = :from"
)
_SET_TERMS = text(
    """
    insert into store_terms as s
        (chain_id, store_id, from_date, ownership, royalty_rate, royalty_minimum)
    values (:chain, :store, :from, :ownership, :rate, :minimum)
    on conflict (chain_id, store_id, from_date) do update set ownership = excluded.ownership,
        royalty_rate = excluded.royalty_rate, royalty_minimum = excluded.royalty_minimum
    where (s.ownership, s.royalty_rate, s.royalty_minimum) is distinct from
        (excluded.ownership, excluded.royalty_rate, excluded.royalty_minimum)
    """
)
_NOTE = text(
    "insert into audit_log (chain_id, user_id, action, subject, detail)"
    " values (:chain, :user, :action, :store, cast(:detail as jsonb))"
)
