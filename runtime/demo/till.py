"""A Meituan till report (收款明细) of one store: its own view of money that the bills have too.

Title and filter rows stand above the header, 合计 below the rows. WeChat and Alipay payments carry
the merchant order numbers of those bills; card payments are nowhere else.
"""

from datetime import date

import numpy as np
import polars as pl

from runtime.demo.manifest import Sums
from runtime.demo.payments import ALIPAY, DAY, SALE, WECHAT, World
from runtime.demo.scenario import BRAND, till_shop
from runtime.demo.sheets import Sheet, workbook
from runtime.demo.texts import clock, scrambled

COLUMNS = (
    "门店", "营业日期", "业务大类", "业务小类", "结账方式", "支付状态", "支付时间",
    "支付日(账单日)", "支付金额(抵扣金额)", "支付优惠", "收款金额", "结算状态", "结算日期",
    "手续费(服务费)", "商家活动支出", "其他支出", "到账金额", "订单号", "订单状态", "收银员",
)  # fmt: skip
_WAYS = {WECHAT: "微信支付", ALIPAY: "支付宝"}
_CARD = "银行卡"
_CARDS_A_DAY = 4
_CARD_FEE = 50
"""Ten-thousandths."""


def file_name(world: World, first: date) -> str:
    """Return the report's name for the month of ``first``."""
    spot = world.scenario.spots[world.scenario.events.till_at]
    return f"收款明细_{BRAND}{spot.city}{spot.name}_{first:%Y%m}.xlsx"


def report(
    world: World, rows: pl.DataFrame, period: tuple[date, date]
) -> tuple[bytes, dict[str, Sums], dict[str, Sums]]:
    """Return the report, the sums of all its rows, and of those that bills hold too."""
    at = world.scenario.events.till_at
    known = rows.filter(
        (pl.col("store") == at) & (pl.col("kind") == SALE) & pl.col("platform").is_in([0, 1])
    )
    cards = _cards(world, period)
    spot = world.scenario.spots[at]
    sheet = Sheet("收款明细")
    sheet.add("收款明细")
    sheet.add(
        f"营业日期：{period[0]} ~ {period[1]}；门店：{till_shop(spot.city, spot.name)}；支付：全部"
    )
    sheet.add(*COLUMNS)
    lines = _lines(world, pl.concat([known.select(cards.columns), cards]).sort("at"))
    for line in lines:
        sheet.add(*line)
    sums = _sums(known), _sums(pl.concat([known.select(cards.columns), cards]))
    everything = sums[1]
    total: list[str | float | None] = ["合计", *[None] * (len(COLUMNS) - 1)]
    total[8] = everything.gross / 100
    total[9] = everything.merchant_subsidy / 100
    total[10] = (everything.gross - everything.merchant_subsidy) / 100
    total[13] = everything.fee / 100
    total[16] = everything.net / 100
    sheet.add(*total)
    return workbook([sheet]), {"sale": everything}, {"sale": sums[0]}


def _cards(world: World, period: tuple[date, date]) -> pl.DataFrame:
    first = (period[0] - world.scenario.chain.first_day).days
    days = (period[1] - period[0]).days + 1
    rng = np.random.default_rng([world.scenario.seed, 6, first])
    count = int(rng.poisson(_CARDS_A_DAY * days))
    at = (first + rng.integers(0, days, count)) * DAY + rng.integers(10 * 3600, 22 * 3600, count)
    return pl.DataFrame(
        {
            "platform": np.full(count, -1, dtype=np.int64),
            "at": at,
            # Beyond the numbers of all other payments.
            "number": 10**9 + first * 1000 + np.arange(count),
            "till": rng.integers(1, 3, count),
            "gross": rng.integers(15, 90, count) * 100,
            "merchant": np.zeros(count, dtype=np.int64),
        }
    )


def _fee(platform: int, gross: int) -> int:
    """Return the fee in fen; the till does not know what WeChat and Alipay take."""
    return (gross * _CARD_FEE + 5000) // 10_000 if platform < 0 else 0


def _sums(rows: pl.DataFrame) -> Sums:
    fee = sum(_fee(p, g) for p, g in rows.select("platform", "gross").iter_rows())
    gross, merchant = int(rows["gross"].sum()), int(rows["merchant"].sum())
    return Sums(len(rows), gross, merchant, 0, fee, gross - merchant - fee)


def _lines(world: World, rows: pl.DataFrame) -> list[list[str | float]]:
    spot = world.scenario.spots[world.scenario.events.till_at]
    name = f"{BRAND}({spot.city}{spot.name})"
    orders = scrambled(rows["number"], 11)
    lines: list[list[str | float]] = []
    picked = rows.select("platform", "at", "till", "gross", "merchant").iter_rows()
    for (platform, at, till, gross, merchant), order in zip(picked, orders, strict=True):
        day = world.day(at // DAY)
        fee = _fee(platform, gross)
        lines.append(
            [
                name, str(day), "堂食", "点餐", _WAYS.get(platform, _CARD), "支付成功",
                f"{day} {clock()[at % DAY]}", str(day), gross / 100, merchant / 100,
                (gross - merchant) / 100, "已结算", str(world.day(at // DAY + 1)), fee / 100, 0, 0,
                (gross - merchant - fee) / 100, f"YX{day:%Y%m%d}{order}", "已完成", f"收银{till}",
            ]
        )  # fmt: skip
    return lines
