"""Square, transactions. The currency is known by its sign only, and ``$`` is taken for US dollars.

Columns as exported since 2018; the end of a row varies. Fees are posted later than the payment, so
a later export of the same row supersedes it. Gift cards sold are vouchers; a sale that is paid by
one is a sale.
"""

import polars as pl

from etl.reading.dates import WAYS
from etl.reading.layout import (
    Also,
    CurrencySign,
    Layout,
    either,
    filled,
    ident,
    money,
    payer,
    text,
    time,
)
from etl.reading.zones import ABBREVIATIONS, CITIES

_SIGNS = {"$": "USD", "US$": "USD", "CA$": "CAD", "A$": "AUD", "£": "GBP", "€": "EUR", "¥": "JPY"}
_KINDS = {"Payment": "sale", "Refund": "refund"}
_KIND = either("event", _KINDS, default="sale")
_GIFT = pl.col("gift_card")
# What was collected, without gift cards sold and before discounts, which are written negative.
_GROSS = pl.col("collected") - _GIFT - pl.col("discounts")
_ONLY_GIFT = (_GROSS == 0) & (_GIFT != 0)
_REFUND = _KIND == "refund"
_IDENTITY = {
    # Ids of transactions are unique over all of Square.
    "account_ref": pl.lit("square"),
    "external_id": pl.col("id"),
    "part": pl.when(_REFUND).then(pl.col("payment")),
    "occurred_at": pl.col("at"),
    "method": pl.when(pl.col("card") != 0).then(pl.lit("card"))
    .when(pl.col("cash") != 0).then(pl.lit("cash"))
    .when(pl.col("by_gift_card") != 0).then(pl.lit("stored_value"))
    .when(filled("other_type")).then(pl.col("other_type").str.to_lowercase())
    .otherwise(pl.lit("other")),
    "order_ref": pl.col("id"),
    "original_external_id": pl.when(_REFUND).then(pl.col("id")),
    "payer": pl.col("customer"),
    "store_ref": pl.col("location"),
    "store_label": pl.col("location"),
    "terminal_ref": pl.col("device"),
    "operator_ref": pl.col("staff"),
}  # fmt: skip

TRANSACTIONS = Layout(
    source="square",
    platform="square",
    name="transactions",
    signature=(
        *("Date", "Time", "Time Zone", "Gross Sales", "Discounts", "Net Sales"),
        *("Gift Card Sales", "Total Collected", "Fees", "Net Total", "Transaction ID"),
    ),
    reads={
        "at": time("Date", clock=("Time",), ways=WAYS),
        "zone": text("Time Zone"),
        "currency": CurrencySign(("Total Collected",), _SIGNS),
        "discounts": money("Discounts", optional=True),
        "gift_card": money("Gift Card Sales", optional=True),
        "collected": money("Total Collected"),
        "card": money("Card", optional=True),
        "cash": money("Cash", optional=True),
        "by_gift_card": money("Square Gift Card", optional=True),
        "other_type": text("Other Tender Type"),
        "fees": money("Fees", optional=True),
        "id": ident("Transaction ID"),
        "payment": ident("Payment ID", required=False),
        "event": text("Event Type"),
        "location": text("Location", label=True),
        "device": text("Device Nickname", "Device Name", label=True),
        "staff": text("Staff ID", label=True),
        "customer": payer("Customer ID"),
    },
    skips=pl.col("event").str.contains("(?i)void|declined|cancel"),
    refuses={
        "etl.bad.type": ~pl.col("event").is_in(["", *_KINDS]),
        "etl.bad.sign": pl.when(_REFUND).then(_GROSS > 0).otherwise(_GROSS < 0),
    },
    makes={
        **_IDENTITY,
        "kind": pl.when(_ONLY_GIFT).then(pl.lit("voucher")).otherwise(_KIND),
        "gross": pl.when(_ONLY_GIFT).then(_GIFT).otherwise(_GROSS),
        "merchant_subsidy": -pl.col("discounts"),
        "fee": -pl.col("fees"),
    },
    also=(
        Also(
            where=~_ONLY_GIFT & (_GIFT != 0),
            makes={**_IDENTITY, "kind": pl.lit("voucher"), "gross": _GIFT},
        ),
    ),
    zone_of="zone",
    zones={**ABBREVIATIONS, **CITIES},
)

LAYOUTS = (TRANSACTIONS,)
