"""PayPal, activity download, in English.

Whether the day or the month stands first is seen from the whole file; each row is in a currency and
at an offset (PST, PDT) of its own.
Descriptions of types: developer.paypal.com, "Transaction event codes". What the owner pays, turns
into another currency or withdraws is no payment; money held back is a reserve until released.
"""

import polars as pl

from etl.reading.dates import WAYS
from etl.reading.layout import Layout, ident, money, payer, text, time
from etl.reading.zones import ABBREVIATIONS

_IN = pl.col("gross") > 0


def _says(words: str) -> pl.Expr:
    return pl.col("type").str.contains(f"(?i){words}")


_MOVED = _says(r"conversion|withdraw|transfer|deposit|authori[sz]ation|^order$|payout|^memo")
_HELD = _says(r"\bhold\b|reserve")
_FREED = _says(r"payment release|(release|reversal|cancell?ation|cancel).*(hold|reserve)|"
               r"(hold|reserve).*(release|reversal|cancel)")  # fmt: skip
_FEE = _says(r"\bfees?\b")
_BACK = _says(r"refund")
_DISPUTED = _says(r"chargeback|payment reversal|dispute|buyer.*complaint")
_PAID = _says(
    r"payment|checkout|purchase|sale|subscription|invoice|donation|virtual terminal|website|gift"
)
# A type of no known words is money all the same: an adjustment.
_KIND = (
    pl.when(_FREED).then(pl.lit("release"))
    .when(_HELD).then(pl.lit("reserve"))
    .when(_FEE).then(pl.lit("fee"))
    .when(_DISPUTED).then(pl.lit("chargeback"))
    .when(_BACK).then(pl.lit("refund"))
    .when(_PAID).then(pl.lit("sale"))
    .otherwise(pl.lit("adjustment"))
)  # fmt: skip
_SETTLED = r"^(Completed|Cleared|Refunded|Partially|Reversed|Funds)"
# The sign of the gross as written: rows are left out before amounts are read.
_OUT = pl.col("gross_text").str.starts_with("-")
_OWN = (_KIND == "sale") & _OUT | (_KIND == "refund") & ~_OUT

ACTIVITY = Layout(
    source="paypal",
    platform="paypal",
    name="activity",
    signature=(
        *("Date", "Time", "TimeZone", "Type", "Status", "Currency", "Gross", "Fee", "Net"),
        "Transaction ID",
    ),
    reads={
        "at": time("Date", clock=("Time",), ways=WAYS),
        "zone": text("TimeZone"),
        "type": text("Type", required=True),
        "status": text("Status"),
        "currency": text("Currency"),
        "gross_text": text("Gross"),
        "gross": money("Gross"),
        "fee": money("Fee", optional=True),
        "payer": payer("From Email Address"),
        "from": text("From Email Address"),
        "to": text("To Email Address"),
        "id": ident("Transaction ID"),
        "about": ident("Reference Txn ID", required=False),
        "invoice": text("Invoice Number"),
    },
    skips=_MOVED & ~_FREED & ~_HELD | ~pl.col("status").str.contains(_SETTLED) | _OWN,
    makes={
        # A row without either address is a row of PayPal's own.
        "account_ref": pl.when(_IN & (pl.col("to") != "")).then(pl.col("to"))
        .when(~_IN & (pl.col("from") != "")).then(pl.col("from"))
        .otherwise(pl.lit("paypal")),
        "external_id": pl.col("id"),
        "kind": _KIND,
        "occurred_at": pl.col("at"),
        "gross": pl.when(_KIND == "fee").then(0).otherwise(pl.col("gross")),
        "fee": pl.when(_KIND == "fee").then(-pl.col("gross")).otherwise(0) - pl.col("fee"),
        "method": pl.lit("paypal"),
        "channel": pl.lit("online"),
        "payer": pl.when(_KIND == "sale").then(pl.col("payer")),
        "order_ref": pl.col("invoice"),
        "original_external_id": pl.when(_KIND != "sale").then(pl.col("about")),
    },
    zone_of="zone",
    zones=ABBREVIATIONS,
)  # fmt: skip

LAYOUTS = (ACTIVITY,)
