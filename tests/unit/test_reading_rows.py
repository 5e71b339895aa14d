"""A bad row is refused with its reason, good rows go on, and nothing private is kept."""

import io

import pytest

from chain.errors import BadRecord
from chain.words import say
from etl.reading import Leaf, open_bill
from etl.reading.mask import mask
from etl.reading.stored_value import stored_kind

HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）"
)
GOOD = [
    "1",
    "o",
    "交易",
    "茶",
    "2025-03-01 09:00:00",
    "2025-03-01 09:00:00",
    "S",
    "店",
    "",
    "",
    "*",
    "1.00",
    "1.00",
    "",
    "0",
]


def _reject(encoding: str, **cells: str) -> BadRecord:
    names = HEADER.split(",")
    bad = list(GOOD)
    for name, cell in cells.items():
        bad[next(i for i, one in enumerate(names) if one.startswith(name))] = cell
    lines = [HEADER, ",".join(GOOD), ",".join(bad), ",".join(GOOD).replace("1,o", "2,o"), "#完"]
    content = "\n".join(lines).encode(encoding)
    chunks = list(open_bill(Leaf("b", None, 1, lambda: io.BytesIO(content))).chunks())
    assert sum(chunk.rows.height for chunk in chunks) == 2
    (reject,) = [one for chunk in chunks for one in chunk.rejects]
    assert reject.line == 3
    return reject


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    ("cells", "english", "chinese"),
    [
        (
            {"订单金额": "一元"},
            (
                '订单金额（元） is no amount: "一元". The line was left out. Correct it in a copy of the '
                "file, and import that."
            ),
            "“订单金额（元）”不是金额：“一元”。这一行已略过。请在文件副本中改正，再导入副本。",
        ),
        (
            {"订单金额": "1e5"},
            (
                '订单金额（元） is no amount: "1e5". The line was left out. Correct it in a copy of the '
                "file, and import that."
            ),
            "“订单金额（元）”不是金额：“1e5”。这一行已略过。请在文件副本中改正，再导入副本。",
        ),
        (
            {"完成时间": "2025-02-30 09:00:00"},
            (
                '完成时间 is no date and time that we can read: "2025-02-30 09:00:00". The line was '
                "left out. Correct it in a copy of the file, and import that."
            ),
            (
                "“完成时间”不是可以识别的日期时间：“2025-02-30 09:00:00”。"
                "这一行已略过。请在文件副本中改正，再导入副本。"
            ),
        ),
        (
            {"支付宝交易号": "2.01909E+27"},
            (
                "支付宝交易号 is 2.01909E+27: a spreadsheet program has rounded this number, and its "
                "last digits are lost. The line was left out. Import the file as the platform gave "
                "it, never opened and saved in Excel."
            ),
            (
                "“支付宝交易号”是 2.01909E+27：表格软件把这个号码四舍五入了，末尾的数字已经丢失。"
                "这一行已略过。请导入平台给出的原文件，不要用 Excel 打开后保存。"
            ),
        ),
        (
            {"支付宝交易号": ""},
            (
                "支付宝交易号 is empty in this line. It was left out. Correct the line in a copy of the "
                "file, and import that."
            ),
            "这一行的“支付宝交易号”为空，已略过。请在文件副本中改正这一行，再导入副本。",
        ),
        (
            {"业务类型": "转账"},
            (
                '业务类型 is "转账", which this source does not know. The line was left out. Tell us, so '
                "that it can be added; then import the file again."
            ),
            (
                "“业务类型”是“转账”，这个来源不认识它。这一行已略过。"
                "请告诉我们以便补充，之后重新导入文件。"
            ),
        ),
        (
            {"商品名称": "奶茶,大"},
            (
                "This line has 16 cells where the header has 15. It was left out. Correct the line in "
                "a copy of the file, and import that."
            ),
            "这一行有 16 格，而表头有 15 格，已略过。请在文件副本中改正这一行，再导入副本。",
        ),
        (
            {"商品名称": '"奶茶'},
            (
                "A quotation mark in this line is never closed. The line was left out. Correct it in "
                "a copy of the file, and import that."
            ),
            "这一行有引号没有闭合，已略过。请在文件副本中改正，再导入副本。",
        ),
    ],
)
def test_a_bad_row_says_why(
    encoding: str, cells: dict[str, str], english: str, chinese: str
) -> None:
    reject = _reject(encoding, **cells)
    assert say("en", reject.reason, **reject.params) == english
    assert say("zh", reject.reason, **reject.params) == chinese


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_raw_line_of_a_reject_hides_what_must_not_be_kept(encoding: str) -> None:
    private = "王13800138000 4111111111111111 wang.wu@example.com"
    raw = _reject(encoding, 商品名称=private, 订单金额="x").raw
    assert "王138****8000 4111********1111 w***@example.com" in raw


def test_mask_leaves_ids_of_payments_alone() -> None:
    ids = "2025030122001400000000000001,4200000925202101284997714292,T20250301-0001,1601959334"
    assert mask(ids) == ids
    # Sixteen digits that pass a card's check: as Alipay numbers stores and merchants.
    assert [mask(one) for one in ("2019050000000091", "2088000000000019")] == [
        "2019050000000091",
        "2088000000000019",
    ]
    cards = "4111111111111111 5555555555554444 2223000048400011 378282246310005 6212345678901265"
    assert all("*" in one for one in mask(cards.replace(" ", ",")).split(","))


def test_bytes_that_are_no_text_refuse_their_line_only() -> None:
    content = "\n".join([HEADER, ",".join(GOOD), "#完"]).encode("gb18030")
    content = content.replace("S,店".encode("gb18030"), b"S,\xff\xff")
    (chunk,) = list(open_bill(Leaf("b", None, 1, lambda: io.BytesIO(content))).chunks())
    assert chunk.rows.height == 0
    assert [one.reason for one in chunk.rejects] == ["etl.bad.encoding"]


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("2025/3/1 9:05", "2025-03-01 01:05:00"),
        ("2025-03-01 09:05", "2025-03-01 01:05:00"),
        ("2025-03-01 09:05:07\t", "2025-03-01 01:05:07"),
    ],
)
def test_times_that_a_spreadsheet_shortened_are_read(moment: str, utc: str) -> None:
    row = ",".join(GOOD).replace("2025-03-01 09:00:00", moment)
    content = "\n".join([HEADER, row, "#完"]).encode()
    (chunk,) = list(open_bill(Leaf("b", None, 1, lambda: io.BytesIO(content))).chunks())
    assert [f"{one:%Y-%m-%d %H:%M:%S}" for one in chunk.rows["occurred_at"]] == [utc]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("会员储值500元", "topup"),
        ("账户充值", "topup"),
        ("礼品卡200", "topup"),
        ("双人餐代金券", "voucher"),
        ("10次卡", "voucher"),
        ("储值卡支付-奶茶", ""),
        ("杨枝甘露（大）", ""),
    ],
)
def test_stored_value_and_vouchers_are_told_from_sales(name: str, kind: str) -> None:
    assert stored_kind(name) == kind
