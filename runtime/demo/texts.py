"""Texts by number: tables looked up instead of formatting two million cells one by one.

A GBK bill is put together as text whose characters are the bytes themselves (`as_bytes`), so that
it can be written as Latin-1, which costs a copy where a Chinese codec costs a table look-up.
"""

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

HIGHEST_FEN = 60_000
HIGHEST_FEE = 310_000
"""Hundred-thousandths of a yuan."""
_BASE64 = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"


def as_bytes(text: str) -> str:
    """Return ``text`` in GBK, each byte as the character of its number."""
    return text.encode("gbk").decode("latin-1")


@lru_cache(maxsize=1)
def clock() -> pl.Series:
    """Return HH:MM:SS for each second of a day."""
    return pl.Series([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)])


@lru_cache(maxsize=1)
def _yuan_table() -> pl.Series:
    positive = [f"{fen // 100}.{fen % 100:02d}" for fen in range(HIGHEST_FEN + 1)]
    return pl.Series([f"-{text}" for text in positive[:0:-1]] + positive)


def yuan(fen: pl.Series) -> pl.Series:
    """Return amounts as a bill writes them, "-12.50"; at most HIGHEST_FEN either way."""
    return _yuan_table().gather(fen + HIGHEST_FEN)


@lru_cache(maxsize=1)
def _fee_table() -> pl.Series:
    positive = [f"{f // 100_000}.{f % 100_000:05d}" for f in range(HIGHEST_FEE + 1)]
    return pl.Series([f"-{text}" for text in positive[:0:-1]] + positive)


def five_decimals(fee: pl.Series) -> pl.Series:
    """Return fees, given in hundred-thousandths of a yuan, as WeChat writes them."""
    return _fee_table().gather(fee + HIGHEST_FEE)


@lru_cache(maxsize=2)
def open_ids(count: int, seed: int) -> pl.Series:
    """Return WeChat user ids: 28 characters, the same person always the same one."""
    rng = np.random.default_rng([seed, 3])
    letters = _BASE64[rng.integers(0, 64, (count, 28))]
    letters[:, :6] = np.frombuffer(b"oYx7Kt", dtype=np.uint8)
    return pl.Series(letters.reshape(-1).view("S28").astype("U28").tolist())


@lru_cache(maxsize=2)
def masked_payers(count: int, seed: int) -> pl.Series:
    """Return payers as Alipay masks them, which makes many people one text (GBK as bytes)."""
    rng = np.random.default_rng([seed, 4])
    picks = rng.integers(0, [20, 20, 20, 900, 100, 3], (count, 6)).tolist()
    return pl.Series([as_bytes(_masked(*pick)) for pick in picks])


def _masked(one: int, two: int, surname: int, front: int, back: int, form: int) -> str:
    if form == 0:
        return f"*{_GIVEN[one]}{_GIVEN[two]}({front + 100}***@qq.com)"
    if form == 1:
        return f"*{_GIVEN[one]}(1{front % 60 + 30}****{back:02d})"
    return f"*{_SURNAMES[surname]}{_GIVEN[two]}(1{front % 60 + 30}****{back:02d})"


def scrambled(number: pl.Series, digits: int) -> pl.Series:
    """Return ``number`` as ``digits`` digits that do not show their order; distinct stay distinct.

    Multiplying by a number that shares no factor with the power of ten permutes the remainders.
    """
    size = 10**digits
    factor = size * 61_803 // 100_000 // 10 * 10 + 7
    mixed: pl.Series = (number.cast(pl.UInt64) * factor + size // 7) % size + size
    return mixed.cast(pl.String).str.slice(1)


def lines(columns: dict[str, pl.Series], layout: Sequence[str | pl.Expr]) -> bytes:
    """Return one line of UTF-8 a row, each the texts of ``layout`` put together."""
    out = io.BytesIO()
    line = pl.DataFrame(columns).select(pl.concat_str(layout).alias("line"))
    line.write_csv(out, include_header=False, quote_style="never")
    return out.getvalue()
