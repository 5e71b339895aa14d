"""JD, personal bill. Only received money (收入) is a payment; amounts carry notes in brackets."""

import polars as pl

from etl.reading.layout import Layout, Total, ident, money, not_received, personal_says, text, time

BILL = Layout(
    source="jd_personal",
    platform="jd",
    name="personal",
    signature=(
        *("交易时间", "商户名称", "交易说明", "金额", "收/付款方式", "交易状态"),
        *("收/支", "交易分类", "交易订单号", "商家订单号"),
    ),
    reads={
        "at": time("交易时间"),
        "title": text("交易说明"),
        "amount": money("金额", strip=r"\(.*\)$"),
        "state": text("交易状态"),
        "direction": text("收/支", required=True),
        "id": ident("交易订单号"),
        "order": text("商家订单号"),
    },
    skips=not_received("direction") | pl.col("title").str.starts_with("退款-"),
    refuses={"etl.bad.direction": pl.col("direction") != "收入"},
    makes={
        "external_id": pl.col("id"),
        "kind": pl.lit("sale"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("amount"),
        "method": pl.lit("jd"),
        "order_ref": pl.col("order"),
    },
    says=personal_says("京东账号名：", "日期区间：", r"日期区间：\S+ 至 ", "申请时间："),
    totals=(
        Total("lines", r"共：(\d+)笔记录", lines=True),
        Total("income_count", r"^收入：(\d+)笔"),
        Total("income", r"^收入：\d+笔[^，]*，([\d.,]+)元", "amount"),
    ),
    personal=True,
)

LAYOUTS = (BILL,)
