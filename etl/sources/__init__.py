"""Every platform that is known: one short declarative file each, listed here once."""

from collections.abc import Sequence

from etl.reading.columnmap import ColumnMapSpec
from etl.reading.layout import Layout
from etl.sources import (
    adyen,
    alipay_merchant,
    alipay_personal,
    cash_typed,
    generic,
    jd_personal,
    meituan_merchant,
    meituan_personal,
    meituan_till,
    paypal,
    shopify,
    square,
    stripe,
    wechat_merchant,
    wechat_personal,
)

_MODULES = (
    alipay_merchant,
    wechat_merchant,
    alipay_personal,
    wechat_personal,
    jd_personal,
    meituan_personal,
    meituan_merchant,
    meituan_till,
    adyen,
    paypal,
    stripe,
    square,
    shopify,
    cash_typed,
)

LAYOUTS: tuple[Layout, ...] = tuple(one for module in _MODULES for one in module.LAYOUTS)


def known_layouts(maps: Sequence[ColumnMapSpec] = ()) -> list[Layout]:
    """Return all layouts that files are recognised by."""
    return [*LAYOUTS, *map(generic.layout, maps)]
