"""Meituan, merchant: delivery orders (sheet 订单明细).

A delivery order's amount due is goods, boxes and bags less the merchant's discounts, commission,
delivery service and donation. What is due is kept as Meituan states it, the fee is what is missing
from there, and the parts are summed beside it, so that a part we do not know leaves a residual.
"""

import polars as pl

from etl.reading.layout import Layout, Total, ident, money, text, time

_GROSS = pl.sum_horizontal("goods", "box", "bag")
_PARTS = pl.sum_horizontal(
    *("goods", "box", "bag", "activity", "donation"),
    *("commission", "commission2", "delivery", "rebate", "health", "company"),
)
_BACK = pl.col("type").str.contains("退")

ORDERS = Layout(
    source="meituan_merchant",
    platform="meituan",
    name="orders",
    sheets=("订单明细",),
    signature=(
        *("门店id", "交易类型", "订单号", "下单时间", "完成时间", "退款时间"),
        *("商家应收款", "商品总价", "餐盒费", "商家活动总支出", "佣金", "配送服务费"),
    ),
    reads={
        "account": text("客户id", required=True),
        "store": text("门店id", required=True),
        "store_name": text("门店名称", label=True),
        "type": text("交易类型", required=True),
        "order": ident("订单号"),
        "done": time("完成时间", "下单时间"),
        "back": time("退款时间", optional=True),
        "back_text": text("退款时间"),
        "due": money("商家应收款"),
        "goods": money("商品总价"),
        "box": money("餐盒费", optional=True),
        "bag": money("打包袋", optional=True),
        "activity": money("商家活动总支出", optional=True),
        "donation": money("公益捐款", optional=True),
        "subsidy": money("美团补贴总支出", optional=True),
        "agent_subsidy": money("代理商补贴总支出", optional=True),
        "commission": money("佣金", optional=True),
        "commission2": money("佣金2", optional=True),
        "health": money("健康卡费用商家部分", optional=True),
        "company": money("企业版佣金", optional=True),
        "delivery": money("配送服务费", optional=True),
        "rebate": money("配送费返利", optional=True),
    },
    refuses={"etl.bad.sign": pl.when(_BACK).then(_GROSS > 0).otherwise(_GROSS < 0)},
    makes={
        "account_ref": pl.col("account"),
        "external_id": pl.col("order"),
        "kind": pl.when(_BACK).then(pl.lit("refund")).otherwise(pl.lit("sale")),
        # An order may be refunded in parts.
        "part": pl.when(_BACK).then(pl.col("back_text")),
        "occurred_at": pl.when(_BACK).then(pl.coalesce("back", "done")).otherwise("done"),
        "gross": _GROSS,
        "platform_subsidy": -pl.col("subsidy") - pl.col("agent_subsidy"),
        "merchant_subsidy": -pl.col("activity"),
        "fee": _GROSS + pl.col("activity") - pl.col("due"),
        "method": pl.lit("meituan"),
        "channel": pl.lit("delivery"),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(_BACK).then(pl.col("order")),
        "store_ref": pl.col("store"),
        "store_label": pl.col("store_name"),
    },
    totals=(Total("parts", of="due", rows=_PARTS),),
)  # fmt: skip

LAYOUTS = (ORDERS,)
