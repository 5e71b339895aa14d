"""Which products are stored value or vouchers: money taken, but no revenue yet. Declared here once.

A product of this name is a top-up of a card or balance, or a voucher sold for later use, whatever
platform sold it; a name that says the money was *spent* from there is an ordinary sale.
"""

import re

import polars as pl

from etl.reading.encodings import Carrier

KINDS = {
    "topup": re.compile(r"储值|充值|购卡|礼品卡|会员卡办理|办卡|[Gg]ift card|[Tt]op-?up"),
    "voucher": re.compile(r"代金券|团购券|兑换券|提货券|次卡|售券|购券|券包|[Vv]oucher"),
}
SPENT = re.compile(r"储值卡?(支付|消费)|余额(支付|消费)|免充值|核销|券后|(使用|抵扣)")
# Parts of the patterns above, one of which every match contains: what a carried text is sieved by.
_SIEVE = [
    *"储值 充值 购卡 礼品卡 会员卡 办卡 代金券 团购券 兑换券 提货券 次卡 售券 购券 券包".split(),
    *("ift card", "op-up", "opup", "oucher"),
]


def stored_kind(name: str) -> str:
    """Return 'topup', 'voucher', or '' for a product that is neither."""
    if SPENT.search(name):
        return ""
    return next((kind for kind, pattern in KINDS.items() if pattern.search(name)), "")


def sold(cells: pl.Series, carrier: Carrier) -> pl.Series:
    """Return stored_kind of each product name, decoding only the few that can be one."""
    words = [carrier.carry(one) for one in _SIEVE]
    likely = cells.str.contains_any(words)
    blank = pl.Series([""], dtype=pl.String).new_from_index(0, len(cells))
    if not likely.any():
        return blank
    names = cells.filter(likely)
    distinct = names.unique()
    kinds = pl.Series([stored_kind(carrier.plain(one) or "") for one in distinct], dtype=pl.String)
    found = names.replace_strict(distinct, kinds, return_dtype=pl.String)
    return blank.scatter(likely.arg_true(), found)
