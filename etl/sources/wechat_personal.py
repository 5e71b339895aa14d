"""WeChat Pay, personal bill, CSV and XLSX.

Only received money (收入) is a payment; refunds of the owner's own purchases are marked 收入 too,
and are known by their type (商户消费-退款).
"""

import polars as pl

from etl.reading.layout import Layout, Total, ident, money, not_received, personal_says, text, time

BILL = Layout(
    source="wechat_personal",
    platform="wechat",
    name="personal",
    signature=(
        *("交易时间", "交易类型", "交易对方", "商品", "收/支", "金额(元)"),
        *("支付方式", "当前状态", "交易单号", "商户单号"),
    ),
    reads={
        "at": time("交易时间"),
        "type": text("交易类型"),
        "direction": text("收/支", required=True),
        "amount": money("金额(元)"),
        "id": ident("交易单号"),
        "order": text("商户单号"),
    },
    skips=not_received("direction") | pl.col("type").str.contains("退款", literal=True),
    refuses={"etl.bad.direction": pl.col("direction") != "收入"},
    makes={
        "external_id": pl.col("id"),
        "kind": pl.lit("sale"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("amount"),
        "method": pl.lit("wechat"),
        "order_ref": pl.col("order").replace("/", ""),
    },
    says=personal_says("微信昵称：", "起始时间：", "终止时间：", "导出时间："),
    totals=(
        Total("lines", r"共(\d+)笔记录", lines=True),
        Total("income_count", r"^收入：(\d+)笔"),
        Total("income", r"^收入：\d+笔\s*([\d.,]+)元", "amount"),
    ),
    personal=True,
)

LAYOUTS = (BILL,)
