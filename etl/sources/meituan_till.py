"""Meituan till: the report of payments (收款明细), with a row of sums (合计) below the table.

The till sees money that WeChat or Alipay moved; their bills have it too, so ``via`` names them.
"""

import polars as pl

from etl.reading.layout import Layout, Total, either, ident, money, text, time

_STATES = {
    **dict.fromkeys(("支付成功", "已支付", "收款成功", "成功"), "sale"),
    **dict.fromkeys(("退款成功", "已退款", "部分退款", "退款"), "refund"),
}
_IDLE = ("支付失败", "未支付", "待支付", "支付中", "已取消", "已撤销", "已关闭")
_WAY = pl.col("way")
_MOVERS = {"微信": "wechat", "支付宝": "alipay", "美团": "meituan", "京东": "jd"}
_METHODS = {**_MOVERS, "现金": "cash", "卡": "card", "储值": "stored_value", "会员": "stored_value"}
_PLACES = {"外卖": "delivery", "外带": "takeaway", "自提": "takeaway", "堂食": "dine_in"}


def _first_of(column: str, words: dict[str, str]) -> pl.Expr:
    """Translate by the first of ``words`` that the text contains."""
    found = pl.lit("")
    for word, meaning in reversed(words.items()):
        holds = pl.col(column).str.contains(word, literal=True)
        found = pl.when(holds).then(pl.lit(meaning)).otherwise(found)
    return found


_TILL_NET = pl.col("paid") - pl.col("discount") - pl.sum_horizontal("activity", "fee", "other")

TILL = Layout(
    source="meituan_till",
    platform="meituan",
    name="payments",
    signature=(
        *("门店", "营业日期", "业务大类", "结账方式", "支付状态", "支付时间"),
        *("支付金额(抵扣金额)", "支付优惠", "收款金额", "手续费(服务费)", "到账金额", "订单号"),
    ),
    reads={
        "store": text("门店", required=True, label=True),
        "class": text("业务大类"),
        "way": text("结账方式", required=True),
        "state": text("支付状态", required=True),
        "at": time("支付时间"),
        "at_text": text("支付时间"),
        "paid": money("支付金额(抵扣金额)"),
        "discount": money("支付优惠", optional=True),
        "received": money("收款金额"),
        "fee": money("手续费(服务费)", optional=True),
        "activity": money("商家活动支出", optional=True),
        "other": money("其他支出", optional=True),
        "arrives": money("到账金额", optional=True),
        "order": ident("订单号"),
        "cashier": text("收银员", label=True),
    },
    skips=pl.col("state").is_in(_IDLE),
    refuses={
        "etl.bad.type": ~pl.col("state").is_in(list(_STATES)),
        "etl.bad.sign": pl.when(either("state", _STATES) == "sale")
        .then(pl.col("paid") < 0).otherwise(pl.col("paid") > 0),
    },
    makes={
        "account_ref": pl.lit("till"),
        "external_id": pl.col("order"),
        "kind": either("state", _STATES),
        # One order may be paid in several ways, and by several people.
        "part": _WAY + " " + pl.col("at_text"),
        "occurred_at": pl.col("at"),
        "gross": pl.col("paid"),
        "merchant_subsidy": pl.col("discount") + pl.col("activity"),
        "fee": pl.col("fee") + pl.col("other"),
        "method": _first_of("way", _METHODS),
        "channel": _first_of("class", _PLACES),
        "via": _first_of("way", _MOVERS),
        "order_ref": pl.col("order"),
        "original_external_id": pl.when(either("state", _STATES) == "refund")
        .then(pl.col("order")),
        "store_ref": pl.col("store"),
        "store_label": pl.col("store"),
        "operator_ref": pl.col("cashier"),
    },
    ends=("合计", '"合计'),
    totals=(
        Total("till_gross", r"^合计 支付金额\(抵扣金额\)：(-?[\d.,]+)", "paid"),
        Total("till_discount", r"^合计 支付优惠：(-?[\d.,]+)", "discount"),
        Total("till_received", r"^合计 收款金额：(-?[\d.,]+)", "received"),
        Total("till_fee", r"^合计 手续费\(服务费\)：(-?[\d.,]+)", "fee"),
        Total("till_net", r"^合计 到账金额：(-?[\d.,]+)", "arrives"),
        Total("till_parts", of="arrives", rows=_TILL_NET),
    ),
)  # fmt: skip

LAYOUTS = (TILL,)
