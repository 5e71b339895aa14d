"""Lists that a program reads to their end, each page from where the last one stopped."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import UUID, Select, cast, or_, select, text, tuple_

from chain.days import Period
from warehouse.reads.context import Context
from warehouse.reads.details import SHOWN, counted_elsewhere, matching, payment, payment_twin
from warehouse.reads.facts import where_stores
from warehouse.reads.figures import NOW, days_with_data, frame
from warehouse.reads.imports import SELECT_BATCH, batch_frame
from warehouse.reads.protocol import Filters, PaymentPlace

BLOCK_DAYS = 92
"""Days that are looked at for payments at once."""
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
    Days without any are known beforehand: nothing is read to find nothing.
    """
    found: list[pd.DataFrame] = []
    wanted = size
    for span in _spans(context, filters, after):
        if wanted <= 0:
            break
        asked = _some(filters, span, after, wanted)
        if kinds:
            asked = asked.where(payment.c.kind.in_(kinds))
        rows = frame(context, asked)
        found.append(rows)
        wanted -= len(rows)
    filled = [rows for rows in found if len(rows)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    return found[0] if found else pd.DataFrame(columns=[*SHOWN, "twin"])


def _spans(context: Context, filters: Filters, after: PaymentPlace | None) -> Iterator[Period]:
    """Yield spans of days with payments, the latest first, each of twice as many days."""
    end = min(filters.period.end, after.day) if after else filters.period.end
    width = 1
    while end >= filters.period.start:
        start = max(filters.period.start, end - timedelta(days=BLOCK_DAYS - 1))
        days = sorted(_days(context, filters, Period(start, end)), reverse=True)
        while days:
            yield Period(days[:width][-1], days[0])
            days, width = days[width:], width * 2
        end = start - timedelta(days=1)


def _days(context: Context, filters: Filters, period: Period) -> set[date]:
    """Return the days with payments: those that are counted, and those counted elsewhere."""
    twins = context.connection.scalars(
        select(payment_twin.c.business_date)
        .where(
            payment_twin.c.business_date.between(period.start, period.end),
            *where_stores(filters, payment_twin.c.store_id),
        )
        .distinct()
    )
    return days_with_data(context, filters, {NOW: period})[NOW] | set(twins)


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
