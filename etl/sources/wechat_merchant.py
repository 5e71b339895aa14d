"""WeChat Pay, merchant: the trade bill; the fund-flow bill is known, and holds no payments of ours.

Columns of the trade bill: pay.weixin.qq.com, "下载交易账单" (bill type ALL, SUCCESS or REFUND).
"""

import polars as pl

from etl.reading.layout import (
    Layout,
    Total,
    either,
    ident,
    money,
    payer,
    product,
    text,
    time,
)

_KINDS = {"SUCCESS": "sale", "REFUND": "refund", "REVOKED": "refund"}
_SALE = pl.col("state") == "SUCCESS"
_SIGN = pl.when(_SALE).then(1).otherwise(-1)


def _of(sale: str, refund: str) -> pl.Expr:
    return pl.when(_SALE).then(pl.col(sale)).otherwise(-pl.col(refund).abs())


_GROSS = _of("order_amount", "asked_refund")
# What the order cost less what is settled: coupons that the merchant pays for. Coupons that are
# settled (充值券) are money that somebody paid, so they are no gift of the merchant.
_SETTLED = _of("settled", "refunded")

TRADE = Layout(
    source="wechat_merchant",
    platform="wechat",
    name="trade",
    signature=(
        *("交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "应结订单金额"),
        *("微信退款单号", "退款金额", "手续费", "订单金额", "申请退款金额"),
    ),
    reads={
        "at": time("交易时间"),
        "merchant": text("商户号", required=True),
        "sub_merchant": text("特约商户号"),
        "device": text("设备号", label=True),
        "trade": ident("微信订单号"),
        "order": ident("商户订单号", required=False),
        "payer": payer("用户标识"),
        "type": text("交易类型"),
        "state": text("交易状态", required=True),
        "currency": text("货币种类"),
        "settled": money("应结订单金额"),
        "coupon": money("代金券金额", optional=True),
        "refund": ident("微信退款单号", required=False),
        "refunded": money("退款金额", optional=True),
        "coupon_refunded": money("充值券退款金额", optional=True),
        "product": product("商品名称"),
        "fee": money("手续费", fine=True),
        "order_amount": money("订单金额"),
        "asked_refund": money("申请退款金额", optional=True),
    },
    refuses={
        "etl.bad.type": ~pl.col("state").is_in(list(_KINDS)),
        "etl.bad.refund_id": ~_SALE & pl.col("refund").is_in(["", "0"]),
    },
    makes={
        "account_ref": pl.when(pl.col("sub_merchant").is_in(["", "0"]))
        .then(pl.col("merchant"))
        .otherwise(pl.col("sub_merchant")),
        "external_id": pl.when(_SALE).then(pl.col("trade")).otherwise(pl.col("refund")),
        "kind": either("state", _KINDS),
        "occurred_at": pl.col("at"),
        "currency": pl.col("currency"),
        "gross": _GROSS,
        "merchant_subsidy": _GROSS - _SETTLED,
        # The fee of a refund is written negative: WeChat gives it back.
        "fee": pl.col("fee").abs() * _SIGN,
        "method": pl.col("type").str.to_lowercase(),
        "payer": pl.col("payer"),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(~_SALE).then(pl.col("trade")),
        "terminal_ref": pl.col("device"),
    },
    ends=("总交易单数", "`总交易单数"),
    closed=True,
    totals=(
        Total("count", r"^总交易单数：(\d+)", None),
        Total("settled", r"^应结订单总金额：(-?[\d.]+)", "settled", _SALE),
        Total("refunded", r"^退款总金额：(-?[\d.]+)", "refunded", ~_SALE),
        Total("coupon_refunded", r"^充值券退款总金额：(-?[\d.]+)", "coupon_refunded", ~_SALE),
        Total("fees", r"^手续费总金额：(-?[\d.]+)", "fee"),
        Total("order_amount", r"^订单总金额：(-?[\d.]+)", "order_amount", _SALE),
        Total("asked_refund", r"^申请退款总金额：(-?[\d.]+)", "asked_refund", ~_SALE),
    ),
)  # fmt: skip

FUND_FLOW = Layout(
    source="wechat_merchant",
    platform="wechat",
    name="fund_flow",
    signature=(
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务类型",
        "收支类型",
        "收支金额(元)",
    ),
    ends=("资金流水总笔数", "`资金流水总笔数"),
    payments=False,
)

LAYOUTS = (TRADE, FUND_FLOW)
