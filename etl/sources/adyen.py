"""Adyen, settlement detail report. Columns may stand in any order and are found by name.

Amounts are those of the net currency, in which Adyen settles. Where the customer paid in it too,
the fee is what lies between gross and net; else it is the sum of the fee columns.
Columns as in a real report, which shows the types Fee and Balancetransfer only: the other types are
not checked against a file or a document.
"""

import polars as pl

from etl.reading.layout import Layout, either, filled, ident, money, text, time
from etl.reading.zones import ABBREVIATIONS

_KINDS = {
    **dict.fromkeys(("Settled", "SettledInInstallments", "SettledBulk"), "sale"),
    "Refunded": "refund",
    **dict.fromkeys(("Chargeback", "SecondChargeback", "ChargebackReversed"), "chargeback"),
    **dict.fromkeys(("Fee", "PaymentCost", "InvoiceDeduction"), "fee"),
    **dict.fromkeys(("DepositCorrection", "ManualCorrected", "MatchedStatement"), "adjustment"),
    **dict.fromkeys(("RefundedReversed", "CaptureReversed", "AdvancementCommission"), "adjustment"),
    "ReserveAdjustment": "reserve",
}
_MOVED = (
    *("Balancetransfer", "MerchantPayout", "Epayout", "InternalCompanyPayout"),
    *("BankInstructionReturned", "SettledExternally", "RefundedExternally"),
)
_KIND = either("type", _KINDS)
_NET = pl.col("net_credit") - pl.col("net_debit")
_FEES = pl.sum_horizontal("commission", "markup", "scheme", "interchange")
_SAME = (pl.col("gross_currency") == pl.col("currency")) & (
    (pl.col("gross_credit") != 0) | (pl.col("gross_debit") != 0)
)
_GROSS = pl.when(_SAME).then(pl.col("gross_credit") - pl.col("gross_debit")).otherwise(_NET + _FEES)
_IS_FEE = _KIND == "fee"

SETTLEMENT = Layout(
    source="adyen",
    platform="adyen",
    name="settlement_detail",
    signature=(
        *("Merchant Account", "Psp Reference", "Merchant Reference", "Creation Date", "TimeZone"),
        *("Type", "Modification Reference", "Gross Currency", "Gross Debit (GC)"),
        *("Gross Credit (GC)", "Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Batch Number"),
    ),
    reads={
        "account": text("Merchant Account", required=True),
        "psp": ident("Psp Reference", required=False),
        "reference": ident("Modification Reference", required=False),
        "order": text("Merchant Reference"),
        "at": time("Creation Date"),
        "at_text": text("Creation Date"),
        "zone": text("TimeZone"),
        "type": text("Type", required=True),
        "batch": text("Batch Number"),
        "method": text("Payment Method"),
        "store": text("Store", label=True),
        "terminal": text("Unique Terminal ID", "Terminal ID", label=True),
        "currency": text("Net Currency"),
        "gross_currency": text("Gross Currency"),
        "gross_debit": money("Gross Debit (GC)", optional=True),
        "gross_credit": money("Gross Credit (GC)", optional=True),
        "net_debit": money("Net Debit (NC)", optional=True),
        "net_credit": money("Net Credit (NC)", optional=True),
        "commission": money("Commission (NC)", optional=True),
        "markup": money("Markup (NC)", optional=True),
        "scheme": money("Scheme Fees (NC)", optional=True),
        "interchange": money("Interchange (NC)", optional=True),
    },
    # Money that went to the bank or another account, and what another acquirer settled.
    skips=pl.col("type").is_in(_MOVED),
    refuses={
        "etl.bad.type": ~pl.col("type").is_in(list(_KINDS)),
        "etl.bad.sign": pl.when(_KIND == "sale").then(_GROSS < 0)
        .otherwise((_KIND == "refund") & (_GROSS > 0)),
    },
    makes={
        "account_ref": pl.col("account"),
        "external_id": pl.when(filled("psp")).then(pl.col("psp"))
        .otherwise(pl.format("batch {} {}", "batch", "at_text")),
        "kind": pl.when((_KIND == "reserve") & (_NET > 0)).then(pl.lit("release")).otherwise(_KIND),
        # A payment may be captured and refunded in parts, and charged back twice.
        "part": pl.when(_KIND.is_in(["sale", "refund", "fee"])).then(pl.col("reference"))
        .otherwise(pl.format("{} {}", "type", "reference")),
        "occurred_at": pl.col("at"),
        "gross": pl.when(_IS_FEE).then(0).otherwise(_GROSS),
        "fee": pl.when(_IS_FEE).then(-_NET).otherwise(_GROSS - _NET),
        "method": pl.col("method"),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(_KIND != "sale").then(pl.col("psp")),
        "store_ref": pl.col("store"),
        "terminal_ref": pl.col("terminal"),
    },
    zone_of="zone",
    zones=ABBREVIATIONS,
)  # fmt: skip

LAYOUTS = (SETTLEMENT,)
