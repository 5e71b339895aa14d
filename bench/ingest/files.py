"""Large bills in the formats of Alipay and WeChat Pay for merchants, written a block at a time."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

STORES = 200
DAYS = 60
START = datetime(2026, 8, 1)  # noqa: DTZ001 - the files say local time
BLOCK = 200_000

ALIPAY = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,"
    "分润（元）,备注\r\n"
)
WECHAT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n"
)


def _yuan(fen: pl.Expr) -> pl.Expr:
    return pl.format("{}.{}", fen // 100, (fen % 100).cast(pl.String).str.zfill(2))


def _rows(first: int, count: int, rows: int) -> pl.DataFrame:
    """Return ``count`` sales from number ``first`` on: stores open 10 to 22, day after day."""
    number = pl.int_range(first, first + count, eager=True).alias("n")
    day = pl.col("n") * DAYS // rows
    second = (pl.col("n") * 104_729) % (12 * 3600)
    at = pl.lit(START) + pl.duration(days=day, hours=10) + pl.duration(seconds=second)
    return number.to_frame().with_columns(
        at.dt.strftime("%Y-%m-%d %H:%M:%S").alias("at"),
        (pl.col("n") * 7919 % STORES).alias("store"),
        (pl.col("n") * 37 % 5000 + 500).alias("fen"),
        pl.col("n").cast(pl.String).str.zfill(12).alias("id"),
    )


def _blocks(rows: int) -> Iterator[pl.DataFrame]:
    for first in range(0, rows, BLOCK):
        yield _rows(first, min(BLOCK, rows - first), rows)


def write_alipay(path: Path, rows: int, *, exported: str) -> None:
    """Write a business detail of ``rows`` sales, exported at ``exported`` (local time)."""
    fen = pl.col("fen")
    line = pl.format(
        "2026092822001458{}\t,SO{}\t,交易\t,珍珠奶茶等{}件\t,{},{},S{}\t,云岫茶第{}店\t,op1\t,T{}\t,"
        "*津水(602***@qq.com)\t,{},{},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-{},0.00,\t",
        "id", "id", pl.col("n") % 5, "at", "at", pl.col("store").cast(pl.String).str.zfill(4),
        "store", "store", _yuan(fen), _yuan(fen), _yuan(fen * 6 // 1000),
    )  # fmt: skip
    total = 0
    with path.open("wb") as file:
        head = (
            "#支付宝业务明细查询\r\n#账号：[20880211096256330156]\r\n"
            "#起始日期：[2026年08月01日 00:00:00]   终止日期：[2026年10月01日 00:00:00]\r\n"
            "#------业务明细列表------\r\n" + ALIPAY
        )
        file.write(head.encode("gb18030"))
        for block in _blocks(rows):
            total += int(block["fen"].sum())
            lines = block.select(line.alias("line"))["line"]
            file.write(("\r\n".join(lines) + "\r\n").encode("gb18030"))
        tail = (
            "#------业务明细列表结束------\r\n"
            f"#交易合计：{rows}笔，商家实收共{total // 100}.{total % 100:02d}元，"
            "商家优惠共0.00元\r\n"
            "#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元\r\n"
            f"#导出时间：[{exported}]\r\n"
        )
        file.write(tail.encode("gb18030"))


def write_wechat(path: Path, rows: int) -> None:
    """Write a trade bill of ``rows`` sales with its stated totals."""
    fen = pl.col("fen")
    fee = fen * 6
    line = pl.format(
        "`{},`wx81be3101902f7cb2,`1601959334,`0,`S{},`4200000925{},`W{},`o{},`JSAPI,`SUCCESS,`OTHERS,"
        "`CNY,`{},`0.00,`0,`0,`0.00,`0.00,`,`,`珍珠奶茶,`,`{}.{},`0.60%,`{},`0.00,`",
        "at", pl.col("store").cast(pl.String).str.zfill(4), "id", "id", pl.col("n") % 300_000,
        _yuan(fen), fee // 100_000, (fee % 100_000).cast(pl.String).str.zfill(5), _yuan(fen),
    )  # fmt: skip
    total = fees = 0
    with path.open("wb") as file:
        file.write(WECHAT.encode())
        for block in _blocks(rows):
            total += int(block["fen"].sum())
            fees += int(block["fen"].sum()) * 6
            lines = block.select(line.alias("line"))["line"]
            file.write(("\r\n".join(lines) + "\r\n").encode())
        yuan = f"{total // 100}.{total % 100:02d}"
        stated = (
            f"`{rows},`{yuan},`0.00,`0.00,`{fees // 100_000}.{fees % 100_000:05d},`{yuan},`0.00"
        )
        head = (
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,"
            "订单总金额,申请退款总金额"
        )
        file.write(f"{head}\r\n{stated}\r\n".encode())
