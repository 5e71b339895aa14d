"""Shopify Payments, transactions of payouts.

Times carry their offset; amounts are those paid out, in ``Currency``, whatever the customer saw
(``Presentment Currency``).
The file has no id of a transaction: checkout or order, type and moment tell rows apart.
Types: shopify.dev, "ShopifyPaymentsTransactionType" has many more; those not named are refused.
"""

import polars as pl

from etl.reading.dates import YEAR_FIRST
from etl.reading.layout import Layout, either, filled, ident, money, text, time

_KINDS = {
    "charge": "sale",
    "refund": "refund",
    **dict.fromkeys(("chargeback", "dispute", "chargeback won", "chargeback_won"), "chargeback"),
    **dict.fromkeys(("chargeback_reversal", "dispute_reversal"), "chargeback"),
    **dict.fromkeys(("adjustment", "credit", "debit", "refund_failure"), "adjustment"),
    **dict.fromkeys(("fee", "billing", "shipping_label"), "fee"),
    "reserve": "reserve",
}
_KIND = either("type", _KINDS)
_FREED = (_KIND == "reserve") & (pl.col("amount") > 0)
_IS_FEE = _KIND == "fee"

TRANSACTIONS = Layout(
    source="shopify",
    platform="shopify",
    name="payout_transactions",
    signature=(
        *("Transaction Date", "Type", "Order", "Payout Status", "Payout Date", "Payout ID"),
        *("Amount", "Fee", "Net", "Currency"),
    ),
    reads={
        "at": time("Transaction Date", formats=("%Y-%m-%d %H:%M:%S %z", *YEAR_FIRST)),
        "type": text("Type", required=True),
        "order": text("Order"),
        "checkout": ident("Checkout", required=False),
        "currency": text("Currency"),
        "amount": money("Amount"),
        "fee": money("Fee", optional=True),
        "brand": text("Card Brand"),
        "method": text("Payment Method Name"),
        "source": text("Card Source"),
    },
    # Money that went to the bank, or came back from it.
    skips=pl.col("type").str.contains("(?i)payout|transfer"),
    refuses={
        "etl.bad.type": ~pl.col("type").is_in(list(_KINDS)),
        "etl.bad.sign": pl.when(_KIND == "sale").then(pl.col("amount") < 0)
        .otherwise((_KIND == "refund") & (pl.col("amount") > 0)),
    },
    makes={
        "account_ref": pl.lit("shopify"),
        "external_id": pl.when(filled("checkout")).then(pl.col("checkout"))
        .when(filled("order")).then(pl.col("order"))
        .otherwise(pl.col("type")),
        "kind": pl.when(_FREED).then(pl.lit("release")).otherwise(_KIND),
        "part": pl.format("{} {}", "type", pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")),
        "occurred_at": pl.col("at"),
        "gross": pl.when(_IS_FEE).then(0).otherwise(pl.col("amount")),
        "fee": pl.col("fee") - pl.when(_IS_FEE).then(pl.col("amount")).otherwise(0),
        "method": pl.when(filled("brand")).then(pl.col("brand")).otherwise(pl.col("method")),
        "channel": pl.when(pl.col("source") == "online").then(pl.lit("online")),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(_KIND != "sale").then(pl.col("checkout")),
    },
    zone="UTC",
)  # fmt: skip

LAYOUTS = (TRANSACTIONS,)
