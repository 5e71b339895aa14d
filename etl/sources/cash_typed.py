"""Cash takings that people typed on the board, one row a store and business day.

The board writes the file itself (see etl.takings), so that what is typed comes in, is corrected
and is undone like any other bill. A day typed again supersedes what was typed before, for the file
says when it was.
"""

import polars as pl

from etl.reading.layout import Layout, money, text, time
from etl.takings import COLUMNS
from warehouse.chains import TYPED

TAKINGS = Layout(
    source="cash_typed",
    platform="cash",
    name="takings",
    signature=COLUMNS,
    reads={
        "store": text("cash_store", required=True),
        "day": text("cash_day"),
        "at": time("cash_noon"),
        "zone": text("cash_time_zone", required=True),
        "currency": text("cash_currency", required=True),
        "amount": money("cash_amount"),
    },
    makes={
        "account_ref": pl.lit(TYPED),
        "external_id": pl.concat_str("store", "day", separator=" "),
        "kind": pl.lit("sale"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("amount"),
        "method": pl.lit("cash"),
        "store_ref": pl.col("store"),
    },
    says=(r"typed at (?P<exported>[\d-]+ [\d:.]+)",),
    zone="UTC",
    zone_of="zone",
)

LAYOUTS = (TAKINGS,)
