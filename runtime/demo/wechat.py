"""WeChat Pay's merchant trade bill (交易账单, type ALL), as downloaded for a month.

Source of the form: pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html.
A payment and its refund are two rows; of a refund row the payment's own amounts are zero.
"""

from datetime import date

import polars as pl

from runtime.demo.geography import CITIES
from runtime.demo.menu import menu
from runtime.demo.payments import DAY, PAYERS_PER_CITY, REFUND, World
from runtime.demo.scenario import (
    BRAND,
    UNKNOWN_TERMINAL,
    WECHAT_ACCOUNTS,
    wechat_terminal,
)
from runtime.demo.texts import clock, five_decimals, lines, open_ids, scrambled, yuan

HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_APPS = ("wx5c1f09a7d3e84b26", "wx8e20b6f4471cd953")
_BANKS = ("OTHERS", "OTHERS", "OTHERS", "CMB_DEBIT", "ICBC_DEBIT", "CCB_DEBIT", "ABC_DEBIT", "CFT")
_OLD_RATE, _NEW_RATE = 60, 38
_TILLS = 5


def file_name(account: int, first: date, last: date) -> str:
    """Return the name under which the merchant platform offers the bill."""
    return f"{WECHAT_ACCOUNTS[account][0]}All{first}_{last}.csv"


def with_fees(world: World, rows: pl.DataFrame, account: int) -> pl.DataFrame:
    """Add ``rate`` (ten-thousandths), ``exact_fee`` (1e-5 yuan) and ``fee`` (fen, half-even).

    The second company's rate fell in the middle of the time; a refund gives the fee back.
    """
    middle = world.scenario.days // 2 * DAY
    cheap = (pl.col("paid_at") >= middle) if account else pl.lit(value=False)
    rate = pl.when(cheap).then(_NEW_RATE).otherwise(_OLD_RATE).cast(pl.Int64)
    product = pl.col("settled") * pl.col("rate")
    return (
        rows.with_columns(rate=rate, settled=pl.col("gross") - pl.col("merchant"))
        .with_columns(exact_fee=(product.abs() + 5) // 10 * product.sign())
        .with_columns(fee=(pl.col("exact_fee") / 1000).round(mode="half_to_even").cast(pl.Int64))
    )


def bill(world: World, rows: pl.DataFrame, account: int, bom: bool) -> bytes:
    """Return the bill of ``rows`` (as of `with_fees`) in UTF-8, ``bom`` a byte-order mark first."""
    head = ("\ufeff" if bom else "") + HEADER + "\n"
    tail = SUMMARY + "\n" + _summary(rows) + "\n"
    return b"".join((head.encode(), _lines(world, rows, account), tail.encode()))


def _summary(rows: pl.DataFrame) -> str:
    paid = rows.filter(pl.col("kind") != REFUND)
    back = rows.filter(pl.col("kind") == REFUND)
    fee = int(rows["exact_fee"].sum())
    cells = (
        str(len(rows)),
        _money(int(paid["settled"].sum())),
        _money(-int(back["settled"].sum())),
        _money(-int(back["subsidy"].sum())),
        f"{'-' if fee < 0 else ''}{abs(fee) // 100_000}.{abs(fee) % 100_000:05d}",
        _money(int(paid["gross"].sum())),
        _money(-int(back["gross"].sum())),
    )
    return ",".join(f"`{cell}" for cell in cells)


def _money(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _lines(world: World, rows: pl.DataFrame, account: int) -> bytes:
    day, second = rows["at"] // DAY, rows["at"] % DAY
    days = pl.Series([world.day(d) for d in range(world.scenario.days)])
    dates, plain = days.dt.strftime("`%Y-%m-%d "), days.dt.strftime("%Y%m%d")
    sold = plain.gather(rows["paid_at"] // DAY)
    number, order = scrambled(rows["number"], 10), scrambled(rows["number"], 11)
    nothing = pl.repeat("", len(rows), dtype=pl.String, eager=True)
    back = rows["kind"] == REFUND
    columns: dict[str, pl.Series] = {
        "date": dates.gather(day),
        "time": clock().gather(second),
        "till": _tills(world, account).gather(rows["store"] * _TILLS + rows["till"]),
        "sold": sold,
        "number": number,
        "order": order,
        "payer": open_ids(PAYERS_PER_CITY * len(CITIES), world.scenario.seed).gather(rows["payer"]),
        "way": _ways().gather((rows["number"] % 3) * 2 + back.cast(pl.Int64)),
        "bank": pl.Series(_BANKS).gather(rows["payer"] % len(_BANKS)),
        "name": pl.Series([f"{BRAND}-{name}" for name in menu().names]).gather(rows["basket"]),
        "fee": five_decimals(rows["exact_fee"]),
        "rate": pl.Series([f"{r / 100:.2f}%" for r in range(100)]).gather(rows["rate"]),
    }
    amounts = {"settled": rows["settled"], "coupon": rows["subsidy"], "gross": rows["gross"]}
    for name, amount in amounts.items():
        columns[name] = yuan(amount * ~back)
        columns[f"{name}_back"] = yuan(-amount * back)
    backs = back.cast(pl.Int64)
    columns["refund"] = pl.Series(["0,`0", "5030310856"]).gather(backs)
    gone = {"refund_sold": sold, "refund_number": "0" + number, "refund_order": ",`TK" + order}
    columns |= {name: part.zip_with(back, nothing) for name, part in gone.items()}
    columns["state"] = pl.Series(["`,`", "`ORIGINAL,`SUCCESS"]).gather(backs)
    return lines(columns, _layout())


def _layout() -> list[pl.Expr | str]:
    """Return the columns and the texts between them, in the order of HEADER."""
    dot, comma = pl.lit(",`"), pl.lit(",")
    return [
        "date", "time", dot, "till", pl.lit(",`4200002086"), "sold", "number", pl.lit(",`YX"),
        "sold", "order", dot, "payer", dot, "way", dot, "bank", pl.lit(",`CNY,`"), "settled", dot,
        "coupon", dot, "refund", "refund_sold", "refund_number", "refund_order", dot,
        "settled_back", dot, "coupon_back", comma, "state", dot, "name", pl.lit(",`,`"), "fee",
        dot, "rate", dot, "gross", dot, "gross_back", dot,
    ]  # fmt: skip


def _tills(world: World, account: int) -> pl.Series:
    """Return app, merchant, sub-merchant and device cells for each store and till."""
    merchant = WECHAT_ACCOUNTS[account][0]
    events = world.scenario.events
    moved = wechat_terminal(events.moved_from, 2)
    cells = [
        f"{_APPS[account]},`{merchant},`0,`{device}"
        for store in range(len(world.scenario.spots))
        for device in ("", wechat_terminal(store, 1), wechat_terminal(store, 2), moved,
                       UNKNOWN_TERMINAL)
    ]  # fmt: skip
    return pl.Series(cells)


def _ways() -> pl.Series:
    return pl.Series(
        [
            f"{way},`{state}"
            for way in ("MICROPAY", "MICROPAY", "JSAPI")
            for state in ("SUCCESS", "REFUND")
        ]
    )
