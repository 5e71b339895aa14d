"""Alipay, personal bill: what a small shop has that takes money by a personal code.

Only received money (收入) is a payment. Refunds of the owner's own purchases are marked 不计收支,
in some years 收入, and are known by their class and state.
"""

import polars as pl

from etl.reading.layout import (
    Layout,
    Total,
    ident,
    money,
    not_received,
    payer,
    personal_says,
    text,
    time,
)

BILL = Layout(
    source="alipay_personal",
    platform="alipay",
    name="personal",
    signature=(
        *("交易时间", "交易分类", "交易对方", "对方账号", "商品说明", "收/支", "金额"),
        *("收/付款方式", "交易状态", "交易订单号", "商家订单号"),
    ),
    reads={
        "at": time("交易时间"),
        "payer": payer("对方账号"),
        "direction": text("收/支", required=True),
        "amount": money("金额"),
        "class": text("交易分类"),
        "state": text("交易状态"),
        "id": ident("交易订单号"),
        "order": text("商家订单号"),
    },
    skips=not_received("direction")
    | (pl.col("state").is_in(["交易关闭", "退款成功"]))
    | (pl.col("class") == "退款"),
    refuses={"etl.bad.direction": pl.col("direction") != "收入"},
    makes={
        "external_id": pl.col("id"),
        "kind": pl.lit("sale"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("amount"),
        "method": pl.lit("alipay"),
        "payer": pl.col("payer"),
        "order_ref": pl.col("order").replace("/", ""),
    },
    says=personal_says("支付宝账户：", "起始时间：", "终止时间：", "导出时间："),
    totals=(
        Total("lines", r"共(\d+)笔记录", lines=True),
        Total("income_count", r"^收入：(\d+)笔"),
        Total("income", r"^收入：\d+笔\s*([\d.,]+)元", "amount"),
    ),
    personal=True,
)

LAYOUTS = (BILL,)
