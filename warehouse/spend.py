"""Marketing money as it was spent: by day, channel and store, in the chain's currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

WHOLE = 0
"""Stands where a store would: money that the chain spent as a whole."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a channel cost on a day (or in the week of it) at a store, in minor units."""

    day: date
    channel: str
    store_id: int
    amount: int


def set_spend(connection: Connection, chain_id: int, rows: Sequence[Spent], currency: str) -> int:
    """Keep what was spent, in place of what was said of the same days, channels and stores.

    Needs a scope that may set up the chain. Returns how many rows were kept.
    """
    if rows:
        connection.execute(
            _SET,
            [
                {
                    "chain": chain_id,
                    "day": row.day,
                    "channel": row.channel,
                    "store": row.store_id,
                    "currency": currency,
                    "amount": row.amount,
                }
                for row in rows
            ],
        )
    return len(rows)


_SET = text(
    """
    insert into spend (chain_id, day, channel, store_id, currency, amount)
    values (:chain, :day, :channel, :store, :currency, :amount)
    on conflict (chain_id, day, channel, store_id, campaign_id, currency)
        do update set amount = excluded.amount
    """
)
