"""Whose stores are, at which rates, and what franchised ones owe month by month."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date

import pandas as pd
from sqlalchemy import select

from chain.days import Period
from chain.terms import StoreTerms, VatRate, due, terms_at
from warehouse import terms as typed
from warehouse.reads.context import Context
from warehouse.reads.figures import frame
from warehouse.reads.protocol import Filters

COLUMNS = (
    "store_id",
    "month",
    "month_days",
    "gross",
    "sales",
    "franchised",
    "vat",
    "royalty_rate",
    "royalty",
    "royalty_minimum",
    "due",
    "whole",
)


def vat_rates(context: Context) -> tuple[VatRate, ...]:
    """Return the rates that are seen."""
    return tuple(typed.vat_rates(context.connection))


def store_terms(context: Context) -> tuple[StoreTerms, ...]:
    """Return the terms of stores that are seen."""
    return tuple(typed.store_terms(context.connection))


def royalties(context: Context, filters: Filters) -> pd.DataFrame:
    """Return what is owed, a row a month and store; see the protocol."""
    terms = typed.store_terms(context.connection)
    if not any(each.ownership == "franchised" for each in terms):
        return pd.DataFrame(columns=list(COLUMNS))
    wanted = ("gross", "merchant_subsidy", "refund", "franchised", "vat", "royalty")
    sums = context.facts(filters).sums({0: filters.period}, ("store_id", "month"), wanted)
    rows = [
        made
        for row in frame(context, select(sums)).to_dict("records")
        if (made := _row({str(key): row[key] for key in row}, filters.period, terms)) is not None
    ]
    made_frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return made_frame.sort_values(["month", "store_id"], ignore_index=True)


def _row(
    row: dict[str, object], asked: Period, terms: Sequence[StoreTerms]
) -> tuple[object, ...] | None:
    store, first = int(str(row["store_id"])), row["month"]
    assert isinstance(first, date)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    held = terms_at(terms, store, last)
    begun = terms_at(terms, store, first)
    franchised, royalty = int(str(row["franchised"] or 0)), int(str(row["royalty"] or 0))
    if held.ownership != "franchised" and not franchised and not royalty:
        return None
    shown = Period(max(first, asked.start), min(last, asked.end))
    # The minimum is of a month in which the store was franchised from its first day to its last.
    whole = (shown.start, shown.end) == (first, last)
    bound = whole and held.ownership == begun.ownership == "franchised"
    minimum = held.royalty_minimum if bound else 0
    sales = sum(int(str(row[name] or 0)) * sign for name, sign in _NET_SALES.items())
    return (
        store,
        first,
        shown.days,
        int(str(row["gross"] or 0)),
        sales,
        franchised,
        int(str(row["vat"] or 0)),
        float(held.royalty_rate),
        royalty,
        minimum,
        due(royalty, minimum, whole_month=bound),
        whole,
    )


_NET_SALES = {"gross": 1, "merchant_subsidy": -1, "refund": -1}
