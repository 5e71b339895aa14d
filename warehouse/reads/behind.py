"""How payments come to a figure: which kinds count in it, for how much, and in which currency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Numeric, case, func, null, select

from chain.metrics import Linear, Metric, metric
from warehouse.reads.context import Context
from warehouse.reads.details import counted_elsewhere, matching, payment, payment_twin
from warehouse.reads.facts import Rate, converted, store_day, store_month_total, where_stores
from warehouse.reads.figures import NOW, frame
from warehouse.reads.parts_protocol import Behind
from warehouse.reads.protocol import Filters

MOST = 10_000
"""Twins counted at most; there is no need to know more exactly how many."""
DERIVED = frozenset({"vat", "franchised", "royalty"})
"""Sums that are worked out of a store-day by the chain's terms: no payment carries them."""
_SALES = ("sale",)
_BOTH = ("sale", "refund")
_OF_COLUMN: Mapping[str, tuple[tuple[str, ...], str, int]] = {
    "gross": (_SALES, "gross", 1),
    "orders": (_SALES, "", 1),
    "refund": (("refund",), "gross", -1),
    "refunds": (("refund",), "", 1),
    "platform_subsidy": (_BOTH, "platform_subsidy", 1),
    "merchant_subsidy": (_BOTH, "merchant_subsidy", 1),
    "fee": ((), "fee", 1),
    "net": ((), "net", 1),
    "prepaid": (("topup", "voucher"), "gross", 1),
    "other": (("chargeback", "reserve", "release", "adjustment"), "gross", 1),
}
"""Of each sum the kinds of payments in it (none: all), the amount ('' counts them) and its sign."""


def contributions(part: Linear, payments: pd.DataFrame) -> NDArray[np.int64]:
    """Return what each of ``payments`` adds to ``part``, in its own currency.

    ``payments`` has the columns of ``Reads.payments_after``. A twin adds nothing.
    """
    added = np.zeros(len(payments), dtype=np.int64)
    if payments.empty:
        return added
    kind = payments["kind"].to_numpy()
    counted = ~payments["twin"].to_numpy(dtype=bool)
    for name in part.columns:
        if name not in _OF_COLUMN:
            continue
        kinds, amount, sign = _OF_COLUMN[name]
        there = counted & np.isin(kind, kinds) if kinds else counted
        values = payments[amount].to_numpy(dtype=np.int64) if amount else 1
        added += np.where(there, values, 0) * sign * (1 if name in part.plus else -1)
    return added


def kinds_of(one: Metric) -> tuple[str, ...]:
    """Return the kinds of payments that a metric is about; none where it is about all of them."""
    found = [_OF_COLUMN[name][0] for name in one.columns if name in _OF_COLUMN]
    if not all(found):
        return ()
    return tuple(dict.fromkeys(kind for kinds in found for kind in kinds))


def behind(context: Context, filters: Filters) -> Behind:
    """Return how payments come to the top of the metric; see the protocol."""
    one = replace(metric(filters.metric), read=None)
    columns: list[str] = [name for name in one.columns if name != "area_sqm"]
    whole = frame(
        context, select(context.facts(filters).sums({NOW: filters.period}, (), columns))
    ).fillna(0)
    own = {name: float(whole[name].sum()) for name in columns}
    rows = []
    for currency, native, home, left in _foreign(context, filters, columns):
        for name in columns:
            own[name] -= home[name]
        rows.append(_currency(one, currency, native, one.top.value(home), one.top.value(left)))
    top = one.top.value(own)
    rows.insert(0, _currency(one, context.money.currency, own, top, 0))
    made = pd.DataFrame(rows, columns=["currency", "top", "over", "home", "left_out"])
    return Behind(made, _twins(context, filters, kinds_of(one)))


def _foreign(
    context: Context, filters: Filters, columns: Sequence[str]
) -> Iterator[tuple[str, dict[str, float], dict[str, float], dict[str, float]]]:
    """Yield each other currency with its sums: its own, converted, and where there is no rate."""
    period, money = filters.period, context.money
    # Most chains take one currency: a look at the months is all that costs them.
    others = (
        select(store_month_total.c.currency)
        .where(
            store_month_total.c.month.between(period.start.replace(day=1), period.end),
            store_month_total.c.currency != money.currency,
        )
        .distinct()
    )
    for currency in sorted(context.connection.scalars(others)):
        factor = _factor([rate for rate in money.rates if rate.currency == currency])
        known = factor.is_not(None)
        row = context.connection.execute(
            select(
                *(func.sum(store_day.c[name]) for name in columns),
                *(converted(name, factor, known) for name in columns),
                *(func.sum(store_day.c[name]).filter(~known) for name in columns),
            ).where(
                store_day.c.business_date.between(period.start, period.end),
                store_day.c.currency == currency,
                *context.facts(filters).where(store_day),
            )
        ).one()
        if any(row):
            parts = np.array([int(each or 0) for each in row], dtype=float).reshape(3, -1)
            own, home, left = (dict(zip(columns, part.tolist(), strict=True)) for part in parts)
            yield currency, own, home, left


def _factor(rates: Sequence[Rate]) -> ColumnElement[Any]:
    """Return the rate of a store-day's date; null where there is none."""
    spans = [
        (store_day.c.business_date.between(rate.period.start, rate.period.end), rate.factor)
        for rate in rates
    ]
    return case(*spans, else_=null()) if spans else null().cast(Numeric)


def _currency(
    one: Metric, currency: str, sums: Mapping[str, float], home: float, left: float
) -> tuple[str, float, float | None, float, float]:
    over = one.over.value(sums) if one.over and "area_sqm" not in one.over.columns else None
    return currency, one.top.value(sums), over, home, left


def _twins(context: Context, filters: Filters, kinds: Sequence[str]) -> int:
    within = [
        payment_twin.c.business_date.between(filters.period.start, filters.period.end),
        *where_stores(filters, payment_twin.c.store_id),
    ]
    found = select(payment_twin.c.key).where(*within).limit(MOST)
    if not (filters.platforms or filters.channels or kinds):
        return len(context.connection.execute(found).all())
    keys = found.subquery("twin")
    asked = select(payment.c.key).where(
        payment.c.key.in_(select(keys.c.key)),
        counted_elsewhere(),
        *matching(filters, filters.period),
    )
    if kinds:
        asked = asked.where(payment.c.kind.in_(kinds))
    return len(context.connection.execute(asked).all())
