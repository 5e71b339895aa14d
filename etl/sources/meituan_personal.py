"""Meituan, personal bill.

Refunds of the owner's own purchases are marked 收入 and are no payments; as the file's total of
收入 contains them, it cannot be compared with what was received.
"""

import polars as pl

from etl.reading.layout import Layout, Total, ident, money, not_received, personal_says, text, time

BILL = Layout(
    source="meituan_personal",
    platform="meituan",
    name="personal",
    signature=(
        *("交易创建时间", "交易成功时间", "交易类型", "订单标题", "收/支", "支付方式"),
        *("订单金额", "实付金额", "交易单号", "商家单号"),
    ),
    reads={
        "at": time("交易成功时间", "交易创建时间"),
        "type": text("交易类型"),
        "direction": text("收/支", required=True),
        "amount": money("实付金额"),
        "id": ident("交易单号"),
        "order": text("商家单号"),
    },
    skips=not_received("direction") | (pl.col("type") == "退款"),
    refuses={"etl.bad.direction": pl.col("direction") != "收入"},
    makes={
        "external_id": pl.col("id"),
        "kind": pl.lit("sale"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("amount"),
        "method": pl.lit("meituan"),
        "order_ref": pl.col("order").replace("/", ""),
    },
    says=personal_says("美团用户名：", "起始时间：", "终止时间：", "导出时间："),
    totals=(Total("lines", r"共：(\d+)笔记录", lines=True),),
    personal=True,
)

LAYOUTS = (BILL,)
