"""Alipay's merchant business detail (业务明细) with its summary beside it, zipped.

The form is that of a bill of 2019 and of the summary described with the bill download interface
(alipay.data.dataservice.bill.downloadurl.query, type trade). Both files are GBK; table cells end
with a tab where Alipay keeps a spreadsheet from reading a number.
"""

import io
import zipfile
from datetime import date, datetime, timedelta

import polars as pl

from runtime.demo.geography import CITIES
from runtime.demo.menu import menu
from runtime.demo.payments import DAY, PAYERS_PER_CITY, REFUND, World
from runtime.demo.scenario import ALIPAY_ACCOUNTS, BRAND, alipay_shop
from runtime.demo.texts import as_bytes, clock, lines, masked_payers, scrambled, yuan

HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,"
    "分润（元）,备注"
)
SUMMARY_HEADER = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
    "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
)
_DASHES = "-" * 41
_RATES = (55, 38)
_NOTHING = "0.00,0.00,"
_SECONDS_TO_PAY = 4


class GbkName(zipfile.ZipInfo):
    """A member whose name is stored in GBK with no flag, as Alipay's zips have it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (zipfile's own name)
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def file_name(account: int, first: date, last: date) -> str:
    """Return the name of the zip for a bill of ``first`` to ``last``."""
    return f"{ALIPAY_ACCOUNTS[account][0]}_{first:%Y%m%d}_{last:%Y%m%d}.csv.zip"


def with_fees(world: World, rows: pl.DataFrame, account: int) -> pl.DataFrame:
    """Add ``fee`` in fen: the rate of the company, half up; a refund gives it back."""
    del world
    product = (pl.col("gross") - pl.col("merchant")) * _RATES[account]
    return rows.with_columns(fee=(product.abs() + 5000) // 10_000 * product.sign())


def bill(
    world: World, rows: pl.DataFrame, account: int, period: tuple[date, date], exported: datetime
) -> bytes:
    """Return the zip of detail and summary for ``rows`` (as of `with_fees`).

    ``period`` is the first and the last day; ``exported`` what the bill says of its own making.
    """
    label = f"{period[0]:%Y%m%d}_{period[1]:%Y%m%d}"
    stem = f"{ALIPAY_ACCOUNTS[account][0]}_{label}_业务明细"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, data in (
            (f"{stem}.csv", _detail(world, rows, account, period, exported)),
            (f"{stem}(汇总).csv", _summary(world, rows, account, period, exported)),
        ):
            member = GbkName(name, exported.timetuple()[:6])
            out.writestr(member, data, zipfile.ZIP_DEFLATED, compresslevel=1)
    return archive.getvalue()


def _frame_lines(
    title: str, account: int, period: tuple[date, date], exported: datetime
) -> tuple[str, str, str]:
    """Return the lines above the table, the line below it, and the very last line."""
    start, end = period[0], period[1] + timedelta(days=1)
    head = (
        f"#支付宝{title}查询\n"
        f"#账号：[{ALIPAY_ACCOUNTS[account][0]}]\n"
        f"#起始日期：[{start:%Y年%m月%d日} 00:00:00]   终止日期：[{end:%Y年%m月%d日} 00:00:00]\n"
        f"#{_DASHES}{title}列表{_DASHES[:-1]}\n"
    )
    return (
        head,
        f"#{_DASHES}{title}列表结束{_DASHES[:-5]}\n",
        f"#导出时间：[{exported:%Y年%m月%d日 %H:%M:%S}]\n",
    )


def _detail(
    world: World, rows: pl.DataFrame, account: int, period: tuple[date, date], exported: datetime
) -> bytes:
    head, below, last = _frame_lines("业务明细", account, period, exported)
    table = _lines(world, rows)
    totals = ""
    for word, money, part in (
        ("交易", "", rows.filter(pl.col("kind") != REFUND)),
        ("退款", "退款", rows.filter(pl.col("kind") == REFUND)),
    ):
        merchant = int(part["merchant"].sum())
        received = int(part["gross"].sum()) - merchant
        totals += (
            f"#{word}合计：{len(part)}笔，商家实收{money}共{_money(received)}元，"
            f"商家优惠{money}共{_money(merchant)}元\n"
        )
    return b"".join(
        (
            f"{head}{HEADER}\n".encode("gbk"),
            table.decode().encode("latin-1"),
            f"{below}{totals}{last}".encode("gbk"),
        )
    )


def _money(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _lines(world: World, rows: pl.DataFrame) -> bytes:
    days = pl.Series([world.day(d) for d in range(world.scenario.days)])
    dates, plain = days.dt.strftime("%Y-%m-%d "), days.dt.strftime("%Y%m%d")
    back = rows["kind"] == REFUND
    people = masked_payers(PAYERS_PER_CITY * len(CITIES) // 4, world.scenario.seed)
    names = pl.Series([as_bytes(f"{BRAND}-{n.replace(',', ' ')}") for n in menu().names])
    received = rows["gross"] - rows["merchant"]
    order = scrambled(rows["number"], 11)
    nothing = pl.repeat("", len(rows), dtype=pl.String, eager=True)
    return lines(
        {
            "sold": plain.gather(rows["paid_at"] // DAY),
            "number": scrambled(rows["number"], 12),
            "order": order,
            "type": pl.Series([as_bytes("交易"), as_bytes("退款")]).gather(back.cast(pl.Int64)),
            "name": names.gather(rows["basket"]),
            "made": dates.gather(rows["paid_at"] // DAY),
            "made_at": clock().gather((rows["paid_at"] % DAY - _SECONDS_TO_PAY).clip(0)),
            "done": dates.gather(rows["at"] // DAY),
            "done_at": clock().gather(rows["at"] % DAY),
            "place": _places(world).gather(rows["store"] * 2 + (rows["till"] == 2).cast(pl.Int64)),
            "payer": people.gather(rows["payer"] // 4),
            "gross": yuan(rows["gross"]),
            "received": yuan(received),
            "subsidy": yuan(rows["subsidy"]),
            "merchant": yuan(rows["merchant"]),
            "coupon": pl.Series(["", as_bytes("云岫茶满减券")]).gather(
                (rows["merchant"] != 0).cast(pl.Int64)
            ),
            "fee": yuan(-rows["fee"]),
            "request": ("TK" + order).zip_with(back, nothing),
        },
        _layout(),
    )


def _layout() -> list[pl.Expr | str]:
    """Return the columns and the texts between them, in the order of HEADER."""
    comma, tab = pl.lit(","), pl.lit("\t,")
    return [
        "sold", pl.lit("22001458"), "number", tab, pl.lit("YX"), "sold", "order", tab, "type", tab,
        "name", comma, "made", "made_at", comma, "done", "done_at", comma, "place", "payer", tab,
        "gross", comma, "received", pl.lit(f",{_NOTHING}"), "subsidy", comma, "merchant",
        pl.lit(",0.00,"), "coupon", pl.lit(",0.00\t,0.00,"), "request", tab, "fee",
        pl.lit(",0.00,"),
    ]  # fmt: skip


def _places(world: World) -> pl.Series:
    """Return store, store name, operator and terminal cells for each store and till."""
    cells = [
        as_bytes(f"{alipay_shop(i)}\t,{BRAND}({s.city}{s.name})\t,cashier{n}\t,AL{i:04d}{n}\t,")
        for i, s in enumerate(world.scenario.spots)
        for n in (1, 2)
    ]
    return pl.Series(cells)


def _summary(
    world: World, rows: pl.DataFrame, account: int, period: tuple[date, date], exported: datetime
) -> bytes:
    head, below, last = _frame_lines("业务汇总", account, period, exported)
    back = pl.col("kind") == REFUND
    by_store = rows.group_by("store").agg(
        (~back).sum().alias("sold"),
        back.sum().alias("back"),
        pl.sum("gross", "merchant", "subsidy", "fee"),
    )
    stores = []
    total = [0] * 6
    for store, *numbers in by_store.sort("store").rows():
        spot = world.scenario.spots[store]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        stores.append(
            f"{alipay_shop(store)}\t,{BRAND}({spot.city}{spot.name})\t," + _summed(numbers)
        )
    stores.append("合计\t,\t," + _summed(total))
    table = "\n".join(stores)
    return f"{head}{SUMMARY_HEADER}\n{table}\n{below}{last}".encode("gbk")


def _summed(numbers: list[int]) -> str:
    sold, back, gross, merchant, subsidy, fee = numbers
    money = (gross, gross - merchant, subsidy, merchant, 0, -fee, 0, gross - merchant - fee)
    return f"{sold},{back}," + ",".join(_money(fen) for fen in money)
