"""Stripe, itemised balance change. Rows are told apart by ``reporting_category``.

Categories: docs.stripe.com/reports/reporting-categories; not all are known here.
A capture of less than was authorised is two rows of one charge, the whole and what was not
captured: the second takes back, like a refund.
"""

import polars as pl

from etl.reading.dates import YEAR_FIRST
from etl.reading.layout import Layout, either, filled, ident, money, payer, text, time

_KINDS = {
    "charge": "sale",
    **dict.fromkeys(("refund", "partial_capture_reversal", "charge_failure"), "refund"),
    **dict.fromkeys(("dispute", "dispute_reversal"), "chargeback"),
    **dict.fromkeys(("fee", "network_cost", "tax"), "fee"),
    **dict.fromkeys(("risk_reserved_funds", "connect_reserved_funds"), "reserve"),
    **dict.fromkeys(("refund_failure", "other_adjustment", "contribution"), "adjustment"),
    **dict.fromkeys(("platform_earning", "platform_earning_refund"), "adjustment"),
    **dict.fromkeys(("connect_collection_transfer", "fx", "obligation"), "adjustment"),
}
_MOVED = r"^(payout|topup|transfer|issuing|financing|anticipation|.*minimum_balance|climate)"
_KIND = either("category", _KINDS)
_FREED = (_KIND == "reserve") & (pl.col("gross") > 0)
_IS_FEE = _KIND == "fee"

ITEMIZED = Layout(
    source="stripe",
    platform="stripe",
    name="balance_change",
    signature=(
        *("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net"),
        "reporting_category",
    ),
    reads={
        "id": ident("balance_transaction_id"),
        "at": time("created_utc", formats=YEAR_FIRST),
        "currency": text("currency"),
        "gross": money("gross"),
        "fee": money("fee", optional=True),
        "category": text("reporting_category", required=True),
        "charge": ident("charge_id", required=False),
        "intent": text("payment_intent_id"),
        "payer": payer("customer_id"),
        "method": text("payment_method_type"),
    },
    skips=pl.col("category").str.contains(_MOVED),
    refuses={
        "etl.bad.type": ~pl.col("category").is_in(list(_KINDS)),
        "etl.bad.sign": pl.when(_KIND == "sale").then(pl.col("gross") < 0)
        .otherwise((_KIND == "refund") & (pl.col("gross") > 0)),
    },
    makes={
        # Ids of balance transactions are unique over all of Stripe.
        "account_ref": pl.lit("stripe"),
        "external_id": pl.when(filled("charge")).then(pl.col("charge")).otherwise(pl.col("id")),
        "kind": pl.when(_FREED).then(pl.lit("release")).otherwise(_KIND),
        "part": pl.when(_KIND != "sale").then(pl.col("id")),
        "occurred_at": pl.col("at"),
        "gross": pl.when(_IS_FEE).then(0).otherwise(pl.col("gross")),
        "fee": pl.col("fee") - pl.when(_IS_FEE).then(pl.col("gross")).otherwise(0),
        "method": pl.col("method"),
        "channel": pl.when(pl.col("method") == "card_present").then(pl.lit(""))
        .otherwise(pl.lit("online")),
        "payer": pl.col("payer"),
        "order_ref": pl.col("intent"),
        "original_external_id": pl.when(_KIND != "sale").then(pl.col("charge")),
    },
    zone="UTC",
)  # fmt: skip

LAYOUTS = (ITEMIZED,)
