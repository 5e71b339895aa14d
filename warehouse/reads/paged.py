"""Lists that a program reads to their end, each page from where the last one stopped."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
from sqlalchemy import UUID, Select, cast, or_, select, text, tuple_

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.details import SHOWN, counted_elsewhere, matching, payment
from warehouse.reads.figures import frame
from warehouse.reads.imports import SELECT_BATCH, batch_frame
from warehouse.reads.protocol import Filters, PaymentPlace

_BATCHES_BEFORE = text(
    f"{SELECT_BATCH} where (cast(:state as text) is null or state = :state)"
    " and (cast(:before as bigint) is null or batch_id < :before)"
    " order by batch_id desc limit :size"
)


def payments_after(
    context: Context,
    filters: Filters,
    after: PaymentPlace | None,
    size: int,
    kinds: Sequence[str] = (),
) -> pd.DataFrame:
    """Return up to ``size`` payments after a place, latest business date first; see the protocol.

    Payments are laid down by business date and found by it, so days are asked for in spans that
    double until there are enough: a page reads little more than it shows, however long the period.
    """
    end = min(filters.period.end, after.day) if after else filters.period.end
    found: list[pd.DataFrame] = []
    wanted, days = size, 1
    while wanted > 0 and end >= filters.period.start:
        start = max(filters.period.start, end - timedelta(days=days - 1))
        asked = _some(filters, Period(start, end), after, wanted)
        if kinds:
            asked = asked.where(payment.c.kind.in_(kinds))
        rows = frame(context, asked)
        found.append(rows)
        wanted -= len(rows)
        end, days = start - timedelta(days=1), days * 2
    filled = [rows for rows in found if len(rows)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    return found[0] if found else pd.DataFrame(columns=[*SHOWN, "twin"])


def _some(
    filters: Filters, period: Period, after: PaymentPlace | None, size: int
) -> Select[object]:
    statement = select(
        *(payment.c[name] for name in SHOWN), counted_elsewhere().label("twin")
    ).where(*matching(filters, period))
    if after is not None:
        later = tuple_(payment.c.business_date, payment.c.occurred_at)
        statement = statement.where(
            or_(
                later < (after.day, after.at),
                (later == (after.day, after.at)) & (payment.c.key > cast(after.key, UUID)),
            )
        )
    return statement.order_by(
        payment.c.business_date.desc(), payment.c.occurred_at.desc(), payment.c.key
    ).limit(size)


def batches_before(
    context: Context, before: int | None, size: int, state: str | None
) -> pd.DataFrame:
    """Return imports with a number below ``before``, latest first; see the protocol."""
    asked = {"before": before, "size": size, "state": state}
    return batch_frame(context.connection.execute(_BATCHES_BEFORE, asked))
