"""Meituan's merchant workbook of delivery orders (美团外卖账单).

Sheets and columns as merchants' own importers list them. What the merchant pays is negative:
商家应收款 = 商品总价 + 餐盒费 + 打包袋 + 商家活动总支出 + 公益捐款 + 佣金 + 配送服务费.
Delivery is Meituan's, so the fee for it that the customer pays is no part of that sum.
"""

from datetime import date

import polars as pl

from runtime.demo.manifest import Sums, sums_by_kind
from runtime.demo.payments import DAY, REFUND, World
from runtime.demo.scenario import BRAND, MEITUAN_ACCOUNT, meituan_shop
from runtime.demo.sheets import Sheet
from runtime.demo.sheets import workbook as book
from runtime.demo.texts import clock, scrambled, yuan

ORDER_COLUMNS = (
    "门店id", "门店名称", "物理城市", "是否代理订单", "是否医保订单", "客户id", "结算id",
    "入账结算id", "交易类型", "交易描述", "用户支付方式", "订单序号", "订单号", "下单时间",
    "完成时间", "退款时间", "订单状态", "结算状态", "账单日期", "归属账期", "应开佣金发票金额",
    "应开配送发票金额", "商家应收款", "商品总价", "用户支付配送费", "餐盒费", "打包袋",
    "商品补贴", "配送费补贴", "打包袋补贴", "商家活动总支出", "公益捐款", "美团商品补贴",
    "美团配送费补贴", "美团打包袋补贴", "美团补贴总支出", "代理商商品补贴", "代理商配送费补贴",
    "代理商打包袋补贴", "代理商补贴总支出", "佣金", "佣金2", "健康卡费用商家部分", "企业版费率",
    "企业版佣金", "配送方式", "配送服务费", "配送费返利", "基础价格", "距离收费", "时段收费",
    "品类收费", "重量收费", "特殊日期收费", "爆单加价", "用户线上支付金额", "用户医保报销金额",
    "用户自付金额", "统筹支付金额", "商家代金券美团补贴", "商家代金券商家补贴",
    "商家代金券用户支付", "商家代金券佣金比例", "用户支付_医事服务费",
)  # fmt: skip
BILL_COLUMNS = (
    "结算id", "入账结算ID", "门店id", "门店名称", "账单日期", "账单金额", "应开发票金额",
    "结算状态", "归属账期", "结算日期",
)  # fmt: skip
_BILL_GROUPS = ("结算信息", None, "门店信息", None, "账单信息", None, None, "结算进度", None, None)
_SETTLEMENT = "3387105"
_BOX, _DELIVERY, _BASE = 100, 300, 250
_COMMISSION = 6
"""Per cent of what is left after the merchant's discount."""
_TO_SETTLE_DAYS = 3


def file_name(first: date, last: date) -> str:
    """Return the name of the workbook for bills of ``first`` to ``last``."""
    return f"美团外卖账单_{first:%Y%m%d}-{last:%Y%m%d}.xlsx"


def workbook(
    world: World, rows: pl.DataFrame, period: tuple[date, date]
) -> tuple[bytes, dict[str, Sums]]:
    """Return the workbook of ``rows`` (as of `month_rows`) and its sums.

    The manifest's fee is commission, delivery service and donation together.
    """
    orders = _amounts(rows)
    sheets = (_bills(world, orders), _orders(world, orders), _totals(orders, period),
              _balance(world, orders))  # fmt: skip
    fees = orders.with_columns(
        fee=-pl.sum_horizontal("commission", "delivery", "donation").cast(pl.Int64)
    )
    return book(sheets), sums_by_kind(fees)


def _amounts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the parts of 商家应收款 in fen. A refund returns the commission, not the delivery."""
    back = pl.col("kind") == REFUND
    sign = pl.when(back).then(-1).otherwise(1)
    paid = pl.col("gross") - pl.col("merchant")
    return (
        rows.with_columns(
            box=sign * _BOX,
            commission=-sign * ((paid.abs() * _COMMISSION + 50) // 100),
            delivery=pl.when(back).then(0).otherwise(-_BASE - pl.col("number") % 5 * 50),
            donation=pl.when(back | (pl.col("number") % 3 > 0)).then(0).otherwise(-1),
        )
        .with_columns(goods=pl.col("gross") - pl.col("box"))
        .with_columns(
            due=pl.sum_horizontal("gross", "commission", "delivery", "donation")
            - pl.col("merchant")
        )
        .with_columns(pl.col(pl.Int32).cast(pl.Int64))
    )


def _orders(world: World, orders: pl.DataFrame) -> Sheet:
    sheet = Sheet("订单明细")
    sheet.add(*ORDER_COLUMNS)
    texts = _order_texts(world, orders) | _order_money(orders)
    money = set(ORDER_COLUMNS[20:]) - {"配送方式"}
    empty = [""] * len(orders)
    zero = ["0.00"] * len(orders)
    sheet.add_table(
        [
            (name in money, texts.get(name, zero if name in money else empty))
            for name in ORDER_COLUMNS
        ]
    )
    return sheet


def _order_texts(world: World, orders: pl.DataFrame) -> dict[str, list[str]]:
    days = pl.Series([world.day(d) for d in range(world.scenario.days)]).dt.strftime("%Y-%m-%d")
    places = world.scenario.spots
    shops, names = _shops(world)
    back = (orders["kind"] == REFUND).cast(pl.Int64)
    store, last = orders["store"], world.scenario.days

    def moment(at: pl.Series) -> pl.Series:
        return days.gather(at // DAY) + " " + clock().gather(at % DAY)

    def pick(*texts: str) -> list[str]:
        return pl.Series(texts).gather(back).to_list()

    billed = days.gather(orders["at"] // DAY)
    refunded = moment(orders["at"])
    open_ = (orders["at"] // DAY >= last - _TO_SETTLE_DAYS).cast(pl.Int64)
    same = [MEITUAN_ACCOUNT[0], _SETTLEMENT, "否", "在线支付", "美团快送"]
    account, settlement, no, online, rider = ([text] * len(orders) for text in same)
    return {
        "门店id": shops.gather(store).to_list(),
        "门店名称": names.gather(store).to_list(),
        "物理城市": pl.Series([s.city for s in places]).gather(store).to_list(),
        "是否代理订单": no,
        "是否医保订单": no,
        "客户id": account,
        "结算id": settlement,
        "入账结算id": settlement,
        "交易类型": pick("外卖订单", "订单退款"),
        "交易描述": pick("订单完成", "用户退款"),
        "用户支付方式": online,
        "订单序号": (orders["number"] % 90 + 1).cast(pl.String).to_list(),
        "订单号": ("21" + scrambled(orders["number"], 12) + "7340").to_list(),
        "下单时间": moment((orders["paid_at"] - 2100).clip(0)).to_list(),
        "完成时间": moment(orders["paid_at"]).to_list(),
        "退款时间": [t if b else "" for t, b in zip(refunded, back, strict=True)],
        "订单状态": pick("已完成", "已退款"),
        "结算状态": pl.Series(["已结算", "待结算"]).gather(open_).to_list(),
        "账单日期": billed.to_list(),
        "归属账期": (billed + "至" + billed).to_list(),
        "配送方式": rider,
    }


def _order_money(orders: pl.DataFrame) -> dict[str, list[str]]:
    sold = (orders["kind"] != REFUND).cast(pl.Int64)
    carried = _DELIVERY * sold
    amounts = {
        "应开佣金发票金额": -orders["commission"],
        "应开配送发票金额": -orders["delivery"],
        "商家应收款": orders["due"],
        "商品总价": orders["goods"],
        "用户支付配送费": carried,
        "餐盒费": orders["box"],
        "商品补贴": -orders["merchant"],
        "商家活动总支出": -orders["merchant"],
        "公益捐款": orders["donation"],
        "美团商品补贴": -orders["subsidy"],
        "美团补贴总支出": -orders["subsidy"],
        "佣金": orders["commission"],
        "配送服务费": orders["delivery"],
        "基础价格": -_BASE * sold,
        "距离收费": orders["delivery"] + _BASE * sold,
        "用户线上支付金额": orders["gross"] - orders["merchant"] - orders["subsidy"] + carried,
    }
    return {name: yuan(fen.cast(pl.Int64)).to_list() for name, fen in amounts.items()}


def _bills(world: World, orders: pl.DataFrame) -> Sheet:
    """Return 账单明细: a line a store and day, under two header rows."""
    sheet = Sheet("账单明细")
    sheet.add(*_BILL_GROUPS)
    sheet.add(*BILL_COLUMNS)
    by_day = (
        orders.group_by("store", day=pl.col("at") // DAY)
        .agg(pl.sum("due", "commission", "delivery"))
        .sort("day", "store")
    )
    days = pl.Series([str(world.day(d)) for d in range(world.scenario.days)])
    store, day = by_day["store"], by_day["day"]
    billed = days.gather(day)
    settled = day < world.scenario.days - _TO_SETTLE_DAYS
    ids, names = _shops(world)
    paid = days.gather((day + _TO_SETTLE_DAYS).clip(None, world.scenario.days - 1))
    number = [_SETTLEMENT] * len(by_day)
    nothing = pl.repeat("", len(by_day), dtype=pl.String, eager=True)
    columns = (
        (False, number),
        (False, number),
        (False, ids.gather(store).to_list()),
        (False, names.gather(store).to_list()),
        (False, billed.to_list()),
        (True, yuan(by_day["due"]).to_list()),
        (True, yuan(-by_day["commission"] - by_day["delivery"]).to_list()),
        (False, pl.Series(["待结算", "已结算"]).gather(settled.cast(pl.Int64)).to_list()),
        (False, (billed + "至" + billed).to_list()),
        (False, paid.zip_with(settled, nothing).to_list()),
    )
    sheet.add_table(columns)
    return sheet


def _shops(world: World) -> tuple[pl.Series, pl.Series]:
    """Return Meituan's number and its name for each store."""
    spots = world.scenario.spots
    numbers = [meituan_shop(i) for i in range(len(spots))]
    return pl.Series(numbers), pl.Series([f"{BRAND}({s.city}{s.name})" for s in spots])


def _totals(orders: pl.DataFrame, period: tuple[date, date]) -> Sheet:
    sheet = Sheet("汇总信息")
    sheet.add("账单周期", f"{period[0]}至{period[1]}")
    sheet.add("客户id", MEITUAN_ACCOUNT[0])
    sheet.add("订单笔数", len(orders))
    names = {
        "商品总价": "goods",
        "餐盒费": "box",
        "公益捐款": "donation",
        "佣金": "commission",
        "配送服务费": "delivery",
        "商家应收款": "due",
    }
    for name, column in names.items():
        sheet.add(name, int(orders[column].sum()) / 100)
    sheet.add("商家活动总支出", -int(orders["merchant"].sum()) / 100)
    return sheet


def _balance(world: World, orders: pl.DataFrame) -> Sheet:
    """Return 账户余额流水: each day's money in, and a transfer to the bank every Monday."""
    sheet = Sheet("账户余额流水")
    sheet.add("流水号", "时间", "类型", "金额", "余额", "备注")
    balance = 0
    by_day = orders.group_by(day=pl.col("at") // DAY).agg(pl.sum("due")).sort("day")
    for number, due in by_day.rows():
        day = world.day(number)
        balance += due
        sheet.add(
            f"LS{day:%Y%m%d}01", f"{day} 23:59:59", "账单入账", due / 100, balance / 100, None
        )
        if day.weekday() == 0 and balance > 0:
            sheet.add(f"LS{day:%Y%m%d}02", f"{day} 23:59:59", "提现", -balance / 100, 0, "对公账户")
            balance = 0
    return sheet
