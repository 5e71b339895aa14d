"""Alipay, merchant: business detail (bill type trade) and account statement (signcustomer).

Both state the same money: the detail with what the customer paid and who paid for which discount,
the statement with what moved, and fees and refunds in rows of their own. Counted together fees
would be there twice, so of one account and time only one of them is taken.
"""

import polars as pl

from etl.reading.layout import (
    Layout,
    Total,
    either,
    filled,
    ident,
    money,
    payer,
    product,
    text,
    time,
)

_SAYS = (
    r"账号[：:]\[(?P<account>[^\]]+)\]",
    r"起始日期[：:]\[(?P<start>[^\]]+)\]\s*终止日期[：:]\[(?P<end>[^\]]+)\]",
    r"导出时间[：:]\[(?P<exported>[^\]]+)\]",
)
_KINDS = {"交易": "sale", "退款": "refund"}
_SALE, _REFUND = pl.col("type") == "交易", pl.col("type") == "退款"
# Profit shared with a partner leaves the merchant as the service fee does. Bills differ in whether
# a fee is written as a negative amount, so the row's kind gives its sign.
_FEE = (pl.col("service_fee").abs() + pl.col("shared").abs()) * pl.when(_SALE).then(1).otherwise(-1)

DETAIL = Layout(
    source="alipay_merchant",
    platform="alipay",
    name="detail",
    signature=(
        *("支付宝交易号", "商户订单号", "业务类型", "完成时间", "门店编号", "对方账户"),
        *("订单金额（元）", "商家实收（元）", "退款批次号/请求号", "服务费（元）"),
    ),
    reads={
        "trade": ident("支付宝交易号"),
        "order": ident("商户订单号", required=False),
        "type": text("业务类型", required=True),
        "product": product("商品名称"),
        "at": time("完成时间", "创建时间"),
        "store": text("门店编号", label=True),
        "store_name": text("门店名称", label=True),
        "operator": text("操作员", label=True),
        "terminal": text("终端号", label=True),
        "payer": payer("对方账户"),
        "gross": money("订单金额（元）"),
        "received": money("商家实收（元）"),
        "red_packet": money("支付宝红包（元）", optional=True),
        "points": money("集分宝（元）", optional=True),
        "discount": money("支付宝优惠（元）", optional=True),
        "merchant_discount": money("商家优惠（元）", optional=True),
        "request": ident("退款批次号/请求号", required=False),
        "service_fee": money("服务费（元）", optional=True),
        "shared": money("分润（元）", optional=True),
    },
    refuses={
        "etl.bad.type": ~pl.col("type").is_in(list(_KINDS)),
        "etl.bad.refund_id": _REFUND & ~filled("request"),
    },
    makes={
        "external_id": pl.col("trade"),
        "kind": either("type", _KINDS),
        # A trade refunded in parts has one request number for each.
        "part": pl.when(_REFUND).then(pl.col("request")),
        "occurred_at": pl.col("at"),
        "gross": pl.col("gross"),
        "platform_subsidy": pl.col("red_packet") + pl.col("points") + pl.col("discount"),
        "merchant_subsidy": pl.col("gross") - pl.col("received"),
        "fee": _FEE,
        "method": pl.lit("alipay"),
        "payer": pl.col("payer"),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(_REFUND).then(pl.col("trade")),
        "store_ref": pl.col("store"),
        "store_label": pl.col("store_name"),
        "terminal_ref": pl.col("terminal"),
        "operator_ref": pl.col("operator"),
    },
    ends=("#",),
    closed=True,
    rival="signcustomer",
    says=_SAYS,
    totals=(
        Total("sale_count", r"交易合计：(\d+)笔", None, _SALE),
        Total("sale_received", r"交易合计：.*?商家实收共(-?[\d.,]+)元", "received", _SALE),
        Total("sale_discount", r"交易合计：.*?商家优惠共(-?[\d.,]+)元", "merchant_discount", _SALE),
        Total("refund_count", r"退款合计：(\d+)笔", None, _REFUND),
        Total("refund_received", r"退款合计：.*?商家实收退款共(-?[\d.,]+)元", "received", _REFUND),
        Total(
            *("refund_discount", r"退款合计：.*?商家优惠退款共(-?[\d.,]+)元"),
            *("merchant_discount", _REFUND),
        ),
    ),
)  # fmt: skip

SUMMARY = Layout(
    source="alipay_merchant",
    platform="alipay",
    name="summary",
    signature=("门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）"),
    says=_SAYS,
    ends=("#",),
    payments=False,
)

_FLOWS = {"在线支付": "sale", "交易退款": "refund", "收费": "fee", "服务费": "fee"}
_IS_FEE = pl.col("kind") == "fee"
_MOVED = pl.col("income") - pl.col("expense").abs()

STATEMENT = Layout(
    source="alipay_merchant",
    platform="alipay",
    name="signcustomer",
    signature=(
        *("账务流水号", "业务流水号", "商户订单号", "发生时间"),
        *("收入金额（+元）", "支出金额（-元）", "业务类型"),
    ),
    reads={
        "flow": ident("账务流水号"),
        "trade": ident("业务流水号", required=False),
        "order": ident("商户订单号", required=False),
        "type": text("业务类型", required=True),
        "product": product("商品名称"),
        "at": time("发生时间"),
        "payer": payer("对方账号"),
        "income": money("收入金额（+元）", optional=True),
        "expense": money("支出金额（-元）", optional=True),
    },
    # Money moved to the bank, to and from other accounts: no sale, refund or fee.
    skips=~pl.col("type").is_in(list(_FLOWS)),
    makes={
        "external_id": pl.when(filled("trade")).then(pl.col("trade")).otherwise(pl.col("flow")),
        "kind": either("type", _FLOWS),
        "part": pl.when(pl.col("type") == "在线支付").then(pl.lit("")).otherwise(pl.col("flow")),
        "occurred_at": pl.col("at"),
        "gross": pl.when(either("type", _FLOWS) == "fee").then(0).otherwise(_MOVED),
        "fee": pl.when(either("type", _FLOWS) == "fee").then(-_MOVED).otherwise(0),
        "method": pl.lit("alipay"),
        "payer": pl.col("payer"),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(pl.col("type") == "交易退款").then(pl.col("trade")),
    },
    ends=("#",),
    closed=True,
    rival="detail",
    says=_SAYS,
)

LAYOUTS = (DETAIL, SUMMARY, STATEMENT)
