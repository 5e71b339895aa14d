"""Fast reading of amounts is compared with the obvious slow way."""

import re
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.money import exponent, to_minor
from etl.reading.encodings import Carrier
from etl.reading.typed import read_fine, read_minor

NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)
CURRENCIES = st.sampled_from(["CNY", "JPY", "KWD"])

digits = st.integers(0, 10**9).map(str)
numbers = st.builds(
    lambda sign, sign_of, whole, part, pad: f"{pad}{sign}{sign_of}{whole}{part}{pad}",
    st.sampled_from(["", "-", "+"]),
    st.sampled_from(["", "¥", "￥"]),
    st.one_of(digits, st.integers(0, 10**9).map("{:,}".format)),
    st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,12}", fullmatch=True)),
    st.sampled_from(["", " ", "\t"]),
)
noise = st.text("0123456789.,-+eE¥ \t一x", max_size=8)


def slow(cell: str, currency: str) -> int | None:
    """Read one amount as the documentation says."""
    bare = cell.strip()
    match = re.fullmatch(r"([+-]?)\s*[¥￥]?\s*(.*)", bare, re.DOTALL)
    assert match is not None
    sign, rest = match[1], match[2]
    if rest[:1] in ("+", "-"):
        sign, rest = sign + rest[0], rest[1:]
    if len(sign) > 1 or not NUMBER.fullmatch(sign + rest):
        return None
    return to_minor(Decimal((sign + rest).replace(",", "")), currency)


@settings(deadline=None)
@given(st.lists(st.one_of(numbers, noise), min_size=1, max_size=20), CURRENCIES, st.booleans())
def test_amounts_are_read_exactly_or_not_at_all(
    cells: list[str], currency: str, in_gbk: bool
) -> None:
    carrier = Carrier("gb18030" if in_gbk else None)
    carried = pl.Series([carrier.carry(cell) for cell in cells], dtype=pl.String)
    seen = read_minor(carried, carrier, currency).to_list()
    for cell, minor in zip(cells, seen, strict=True):
        if re.fullmatch(r"\s*[+-]?(\d+\.|\.\d+)\s*", cell, re.ASCII):
            continue  # "5." and ".5" may be read; what they mean is beyond doubt
        assert minor == slow(cell, currency), cell


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**6), 10**6, places=5), min_size=1, max_size=50))
def test_the_exact_sum_is_kept_beside_the_rounded_amounts(amounts: list[Decimal]) -> None:
    cells = pl.Series([str(one) for one in amounts], dtype=pl.String)
    assert Decimal(read_fine(cells, Carrier(None)).sum()) == sum(amounts)
    assert read_minor(cells, Carrier(None), "CNY").to_list() == [
        to_minor(one, "CNY") for one in amounts
    ]


def test_minor_units_of_every_currency_are_known() -> None:
    assert [exponent(one) for one in ("CNY", "JPY", "KWD")] == [2, 0, 3]
