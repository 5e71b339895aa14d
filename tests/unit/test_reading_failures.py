"""Bad input ends in one exact sentence, in both languages, and never takes much memory."""

import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import xlsxwriter

from chain.errors import PermanentError
from etl.reading import LIMITS, Leaf, leaves, open_bill

SMALL = replace(LIMITS, zip_members=3, zip_bytes=1 << 22, sheet_cells=1000, sheet_bytes=1 << 20)
SMALL = replace(SMALL, workbook_bytes=1 << 22)
BOOKS = replace(SMALL, zip_members=99)
HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）"
)
ROW = "1,o,交易,茶,2025-03-01 09:00:00,2025-03-01 09:00:00,S,店,,,*,1.00,1.00,,0"
END = "#交易合计：1笔，商家实收共1.00元，商家优惠共0.00元"


class Endless(io.RawIOBase):
    """A file of ten gigabytes without a newline, that counts what is read of it."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.left, self.piece, self.taken, self.start = 10 << 30, piece, 0, start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = len(buffer)
        content = (self.start + self.piece * (size // len(self.piece) + 1))[:size]
        self.start = b""
        buffer[:size] = content
        self.taken += size
        return size


def _leaf(content: bytes, name: str = "bill.csv") -> Leaf:
    return Leaf(name, None, len(content), lambda: io.BytesIO(content))


def _read(content: bytes) -> None:
    for _ in open_bill(_leaf(content), limits=BOOKS).chunks():
        pass


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _encrypted() -> bytes:
    content = bytearray(_zip({"bill.csv": b"a,b\n"}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(magic) + at
        struct.pack_into("<H", content, place, 1)
    return bytes(content)


def _linked() -> bytes:
    made, link = io.BytesIO(), zipfile.ZipInfo("bill.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()


def _book(*cells: tuple[int, int, str]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, column, text in cells:
            sheet.write_string(row, column, text)
    return made.getvalue()


def _locked_book() -> bytes:
    """A workbook with a password: a compound file that holds an EncryptedPackage.

    [MS-CFB]: a header, then sectors of 512 bytes: the allocation table, the directory, a stream.
    """
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIIII", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 0, end, 0, end, 0, 0
    )
    header += struct.pack("<108I", *([free] * 108))
    table = struct.pack("<128I", 0xFFFFFFFD, end, *range(3, 10), end, *([free] * 118))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        coded = name.encode("utf-16-le") + bytes(2)
        links = struct.pack("<HBBIII", len(coded), kind, 1, free, free, child)
        return coded.ljust(64, bytes(1)) + links + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry("EncryptedPackage", 2, free, 2, 4096)
    return header + table + directory.ljust(512, bytes(1)) + bytes(4096)


def _lines(*lines: str) -> bytes:
    return "\n".join(lines).encode() + b"\n"


FILES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "empty": (
        lambda: b"",
        (
            "This file is empty, so nothing was loaded. Download it again from the platform; if it is "
            "still empty, there was nothing in that period."
        ),
        "这个文件是空的，没有导入任何内容。请从平台重新下载；如果仍然为空，说明该时段没有账目。",
    ),
    "blank": (
        lambda: b"\n \n\n",
        (
            "This file is empty, so nothing was loaded. Download it again from the platform; if it is "
            "still empty, there was nothing in that period."
        ),
        "这个文件是空的，没有导入任何内容。请从平台重新下载；如果仍然为空，说明该时段没有账目。",
    ),
    "a picture": (
        lambda: b"\x89PNG\r\n\x1a\n" + bytes(64) + b"\xff\xfe\xfd",
        (
            "This file is not a table in any encoding we know (UTF-8, GBK, UTF-16), so nothing was "
            "loaded. Send the file as the platform gave it, not a picture, a PDF or a copy saved by "
            "another program."
        ),
        (
            "这个文件不是我们认识的编码（UTF-8、GBK、UTF-16）的表格，没有导入任何内容。"
            "请直接上传平台给出的原文件，不要用图片、PDF 或其他程序另存的副本。"
        ),
    ),
    "unknown": (
        lambda: b"shoe,size\nleft,44\n",
        (
            "No known platform writes a table with this header: shoe, size. Nothing was loaded. Send "
            "the bill as the platform gave it, or save a column map for your own table."
        ),
        (
            "没有已知平台的表格使用这样的表头：shoe, size。没有导入任何内容。"
            "请上传平台给出的原始账单，或为自己的表格保存一份列对应关系。"
        ),
    ),
    "nearly known": (
        "记账时间,微信支付业务单号,资金流水单号,业务类型,收支类型\n1,2,3,4,5\n".encode,
        (
            "No known platform writes a table with this header: 记账时间, 微信支付业务单号, "
            "资金流水单号, 业务类型, 收支类型. The nearest is wechat_merchant/fund_flow, but these "
            "columns are missing: 收支金额(元). Nothing was loaded. Send the bill as the platform gave "
            "it, or save a column map for your own table."
        ),
        (
            "没有已知平台的表格使用这样的表头：记账时间, 微信支付业务单号, 资金流水单号, 业务类型, "
            "收支类型。最接近的是 wechat_merchant/fund_flow，但缺少这些列：收支金额(元)。"
            "没有导入任何内容。请上传平台给出的原始账单，或为自己的表格保存一份列对应关系。"
        ),
    ),
    "a million columns": (
        lambda: b"a," * 100_000,
        (
            "Line 1 has more than 2000 columns, which no bill has, so nothing of this file was "
            "loaded. Download it again from the platform."
        ),
        "第 1 行超过 2000 列，账单不会有这么多列，因此整个文件都没有导入。请从平台重新下载。",
    ),
    "cut off": (
        lambda: _lines(HEADER, ROW),
        (
            "The file stops at line 3 without the closing lines that this bill always has: it was cut "
            "off on its way. Nothing of it was loaded. Download it again."
        ),
        (
            "文件在第 3 行中断，缺少这种账单必有的结尾：传输途中被截断了。"
            "整个文件都没有导入。请重新下载。"
        ),
    ),
    "two in one": (
        lambda: _lines(HEADER, ROW, END, HEADER, ROW, END),
        (
            "After the end of its table, at line 3, this file goes on with more than a bill's closing "
            "lines. Nothing of it was loaded. If several bills were put into one file, send each by "
            "itself."
        ),
        (
            "表格在第 3 行结束之后，文件里还有超出账单结尾的内容。整个文件都没有导入。"
            "如果是把几份账单拼成了一个文件，请分别上传。"
        ),
    ),
    "total unreadable": (
        lambda: _lines(HEADER, ROW, END.replace("1.00", "1.0.0")),
        (
            "The file states a total that cannot be read: 交易合计：1笔，商家实收共1.0.0元. Nothing of "
            "it was loaded. Send the bill as the platform gave it."
        ),
        (
            "文件中注明的合计无法读取：交易合计：1笔，商家实收共1.0.0元。整个文件都没有导入。"
            "请上传平台给出的原始账单。"
        ),
    ),
    "workbook cut off": (
        lambda: _book((0, 0, "a"))[:-300],
        (
            "This workbook is damaged or incomplete, so nothing of it was loaded. Download it again "
            "from the platform."
        ),
        "这个工作簿已损坏或不完整，没有导入其中任何内容。请从平台重新下载。",
    ),
    "workbook with a password": (
        _locked_book,
        (
            "This workbook is locked with a password, so nothing of it was loaded. Open it, save it "
            "without a password, and send it again."
        ),
        "这个工作簿有密码保护，没有导入其中任何内容。请打开它，取消密码后另存，再重新上传。",
    ),
    "workbook too large": (
        lambda: b"PK\x03\x04" + bytes(BOOKS.workbook_bytes + 1),
        (
            "This workbook is larger than 4 MB, so it was not opened. Nothing was loaded. Choose a "
            "shorter period, or export as CSV."
        ),
        "这个工作簿超过 4 MB，因此没有打开。没有导入任何内容。请缩短时段，或导出为 CSV。",
    ),
    "sheet with far cells": (
        lambda: _book((0, 0, "a"), (1_000_000, 400, "b")),
        (
            "A sheet of this workbook spans more than 1000 cells, which no bill does, so it was not "
            "opened. Nothing was loaded. Export it again from the platform, for a shorter period if "
            "need be."
        ),
        (
            "这个工作簿有一张表超过 1000 个单元格，账单不会这样大，因此没有打开。没有导入任何内容。"
            "请从平台重新导出，必要时缩短时段。"
        ),
    ),
    "workbook that is a bomb": (
        lambda: _zip(
            {"[Content_Types].xml": b"", "xl/worksheets/sheet1.xml": b"<a>" + b" " * (2 << 20)}
        ),
        (
            "This zip would unpack to far more than any bill holds (limit 1 MB), so it was not "
            "opened. Nothing was loaded. Download it again from the platform."
        ),
        (
            "这个压缩包解开后会远远超过账单应有的大小（上限 1 MB），因此没有打开。没有导入任何内容。"
            "请从平台重新下载。"
        ),
    ),
}

ZIPS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "cut off": (
        lambda: _zip({"bill.csv": b"a,b\n" * 100})[:-10],
        (
            "This zip is incomplete, so none of its bills was loaded. Download it again; the earlier "
            "download was cut off."
        ),
        "这个压缩包不完整，其中的账单都没有导入。请重新下载；上一次下载中断了。",
    ),
    "a bomb": (
        lambda: _zip({"bill.csv": bytes(3 << 20)}),
        (
            "This zip would unpack to far more than any bill holds (limit 4 MB), so it was not "
            "opened. Nothing was loaded. Download it again from the platform."
        ),
        (
            "这个压缩包解开后会远远超过账单应有的大小（上限 4 MB），因此没有打开。没有导入任何内容。"
            "请从平台重新下载。"
        ),
    ),
    "too many": (
        lambda: _zip({f"{i}.csv": b"a" for i in range(4)}),
        (
            "This zip holds more than 3 files, so it was not opened. Nothing was loaded. Send fewer "
            "bills at once."
        ),
        "这个压缩包里的文件超过 3 个，因此没有打开。没有导入任何内容。请分批上传。",
    ),
    "a path trick": (
        lambda: _zip({"../../etc/passwd": b"a"}),
        (
            "The file name ../../etc/passwd in this zip points outside of it, as an attack would, so "
            "the zip was not opened. Nothing was loaded. Download it again from the platform."
        ),
        (
            "压缩包中的文件名 ../../etc/passwd 指向包外，像是攻击，因此没有打开。没有导入任何内容。"
            "请从平台重新下载。"
        ),
    ),
    "nothing": (
        lambda: _zip({"folder/": b"", ".DS_Store": b"x"}),
        "This zip holds no file, so nothing was loaded. Download it again from the platform.",
        "这个压缩包里没有文件，没有导入任何内容。请从平台重新下载。",
    ),
    "nothing at all": (
        lambda: _zip({}),
        "This zip holds no file, so nothing was loaded. Download it again from the platform.",
        "这个压缩包里没有文件，没有导入任何内容。请从平台重新下载。",
    ),
    "three deep": (
        lambda: _zip({"a.csv": b"x", "b.zip": _zip({"c.zip": _zip({"d.csv": b"x"})})}),
        (
            "The file c.zip is a zip in a zip in a zip, so none of its bills was loaded. Unpack the "
            "outer one, and send what is in it."
        ),
        (
            "文件 c.zip 是嵌套了三层的压缩包，其中的账单都没有导入。"
            "请先解开最外层，再上传里面的文件。"
        ),
    ),
    "a bomb inside": (
        lambda: _zip({"a.csv": b"x", "b.zip": _zip({"bill.csv": bytes(3 << 20)})}),
        (
            "This zip would unpack to far more than any bill holds (limit 4 MB), so it was not "
            "opened. Nothing was loaded. Download it again from the platform."
        ),
        (
            "这个压缩包解开后会远远超过账单应有的大小（上限 4 MB），因此没有打开。没有导入任何内容。"
            "请从平台重新下载。"
        ),
    ),
    "a link": (
        _linked,
        (
            "The file name bill.csv in this zip points outside of it, as an attack would, so the zip "
            "was not opened. Nothing was loaded. Download it again from the platform."
        ),
        (
            "压缩包中的文件名 bill.csv 指向包外，像是攻击，因此没有打开。没有导入任何内容。"
            "请从平台重新下载。"
        ),
    ),
    "locked": (
        _encrypted,
        (
            "The file bill.csv in this zip is locked with a password, so none of its bills was "
            "loaded. Unpack it with the password that the platform sent you, and send the files "
            "inside."
        ),
        (
            "压缩包中的文件 bill.csv 有密码保护，其中的账单都没有导入。"
            "请用平台发给您的密码解压，再上传里面的文件。"
        ),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_with_this_sentence(name: str) -> None:
    make, english, chinese = FILES[name]
    with pytest.raises(PermanentError) as caught:
        _read(make())
    assert (caught.value.say("en"), caught.value.say("zh")) == (english, chinese)


@pytest.mark.parametrize("name", ZIPS)
def test_a_bad_zip_is_refused_with_this_sentence(name: str, tmp_path: Path) -> None:
    make, english, chinese = ZIPS[name]
    path = tmp_path / "bills.zip"
    path.write_bytes(make())
    with pytest.raises(PermanentError) as caught:
        next(leaves(path, limits=SMALL))  # not even one that comes before what is bad
    assert (caught.value.say("en"), caught.value.say("zh")) == (english, chinese)


@pytest.mark.parametrize("start", [b"", _lines(HEADER, ROW)], ids=["at once", "after a row"])
def test_a_line_of_ten_gigabytes_is_refused_after_a_few_blocks(start: bytes) -> None:
    endless = Endless(start, b"abcd")
    leaf = Leaf("bill.csv", None, 10 << 30, lambda: io.BufferedReader(endless))
    tracemalloc.start()
    with pytest.raises(PermanentError) as caught:
        for _ in open_bill(leaf).chunks():
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    line = 1 if not start else 3
    assert caught.value.say() == (
        f"Line {line} is longer than 1048576 bytes, which no bill's line is, so nothing of this "
        "file was loaded. Download it again from the platform."
    )
    assert endless.taken < 64 << 20
    assert peak < 128 << 20


def test_a_zip_in_a_zip_gives_its_bills_and_gbk_names_are_read(tmp_path: Path) -> None:
    inner = bytearray(_zip({"A_.csv": _lines(HEADER, ROW, END)}))
    gbk = "店_".encode("gb18030")
    inner = bytearray(bytes(inner).replace(b"A_.csv", gbk + b".cs"))
    path = tmp_path / "bills.zip"
    path.write_bytes(_zip({"one.zip": bytes(inner), "two.csv": b"x"}))
    found = list(leaves(path))
    assert [leaf.name for leaf in found] == ["店_.cs", "two.csv"]
    assert all(leaf.container == path for leaf in found)
    (chunk,) = [chunk for chunk in open_bill(found[0]).chunks() if chunk.rows.height]
    assert chunk.rows["gross"].to_list() == [100]


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    content = bytearray(_zip({"bill.csv": _lines(HEADER, *[ROW] * 50, END)}))
    content[60:70] = bytes(10)
    path = tmp_path / "bills.zip"
    path.write_bytes(bytes(content))
    (leaf,) = leaves(path)
    with pytest.raises(PermanentError) as caught:
        leaf.sha256()
    assert caught.value.say("en") == (
        "The file bill.csv in this zip is damaged, so nothing of it was loaded. "
        "Download the zip again."
    )
    assert caught.value.say("zh") == (
        "压缩包中的文件 bill.csv 已损坏，没有导入其中任何内容。请重新下载压缩包。"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("above", [0, 5000])
def test_a_nul_spoils_its_line_only(encoding: str, above: int) -> None:
    """No text in the warehouse holds one; neither does it make a file unknown."""
    spoilt = ROW.replace("1,o", "2,o\0o")
    lines = _lines(*["说明,茶"] * above, HEADER, ROW, spoilt, END)
    content = lines.decode().encode(encoding)
    chunks = list(open_bill(_leaf(content)).chunks())
    assert [one["external_id"].to_list() for one in (chunk.rows for chunk in chunks)] == [["1"]]
    (reject,) = [reject for chunk in chunks for reject in chunk.rejects]
    assert (reject.line, reject.reason) == (above + 3, "etl.bad.encoding")


def test_a_file_whose_name_is_no_text_has_one_all_the_same(tmp_path: Path) -> None:
    """Windows wrote it in GBK; a name that no database keeps would stop the whole folder."""
    (tmp_path / os.fsdecode("账单.csv".encode("gb18030"))).write_bytes(_lines(HEADER, ROW, END))
    (leaf,) = leaves(tmp_path)
    assert leaf.name == "账单.csv"
    with leaf.open() as stream:
        assert stream.read(3) == "支".encode()
