"""Every metric once: name, unit, expression, whether up is good.

An expression is a sum of store-day columns, or one such sum over another: a ratio of sums, never
a mean of ratios, so that a metric of a month is not the mean of its days. What does not add up
over days and stores names the read that answers it. Labels and the sentence that explains a
metric are in the word catalogues under ``metrics.<name>``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from chain.words import say

Unit = Literal["money", "count", "ratio", "days"]
Terms = Literal["vat", "franchise"]
"""What a chain has terms of (chain.terms), without which some metrics say nothing of it."""
Column = Literal[
    "gross",
    "orders",
    "refund",
    "refunds",
    "platform_subsidy",
    "merchant_subsidy",
    "fee",
    "net",
    "prepaid",
    "other",
    "vat",
    "franchised",
    "royalty",
    "area_sqm",
]
"""The sums of ``store_day``; ``vat``, ``franchised`` and ``royalty`` are rounded by its rows as
``chain.terms`` says. ``area_sqm`` is the floor area of the stores that are summed."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Columns added and taken away: ``Linear(plus=("gross",), minus=("refund",))``."""

    plus: tuple[Column, ...]
    minus: tuple[Column, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns it needs."""
        return self.plus + self.minus

    def value(self, sums: Mapping[str, float]) -> float:
        """Return the figure for ``sums``, which has every one of ``columns``."""
        return sum(sums[name] for name in self.plus) - sum(sums[name] for name in self.minus)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``up_is_good`` None: neither way is good in itself.

    ``over`` None: ``top`` adds up over days and stores. ``read`` names the read that answers a
    metric that is no expression, whose ``top`` is what that read is about. ``ranks``: stores can be
    put in order by it; ``series``: it has a value for each day. ``needs`` names the terms that a
    chain must have for it to be shown.
    """

    name: str
    unit: Unit
    up_is_good: bool | None
    top: Linear
    over: Linear | None = None
    read: str | None = None
    ranks: bool = True
    series: bool = True
    needs: Terms | None = None

    @property
    def additive(self) -> bool:
        """Whether the parts add up to the whole, so that a share of it means something."""
        return self.over is None and self.read is None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns it needs, each once."""
        over = self.over.columns if self.over else ()
        return tuple(dict.fromkeys(self.top.columns + over))

    def value(self, sums: Mapping[str, float]) -> float | None:
        """Return the metric of ``sums``; None where it divides by nothing.

        Raises TypeError for a metric that a read answers.
        """
        if self.read:
            raise TypeError(f"{self.name} is answered by the read {self.read}")
        top = self.top.value(sums)
        if self.over is None:
            return top
        over = self.over.value(sums)
        return top / over if over else None

    def label(self, lang: str) -> str:
        """Return its name in ``lang``."""
        return say(lang, f"metrics.{self.name}.label")

    def sentence(self, lang: str) -> str:
        """Return one sentence in ``lang`` that says what it is."""
        return say(lang, f"metrics.{self.name}.sentence")


_GROSS = Linear(("gross",))
_NET_SALES = Linear(("gross",), minus=("merchant_subsidy", "refund"))
_KEPT = Linear(("gross",), minus=("refund",))

_ALL = (
    Metric("gross_sales", "money", up_is_good=True, top=_GROSS),
    Metric("refunds", "money", up_is_good=False, top=Linear(("refund",))),
    Metric("net_sales", "money", up_is_good=True, top=_NET_SALES),
    Metric(
        "net_sales_ex_vat",
        "money",
        up_is_good=True,
        top=Linear(("gross",), minus=("merchant_subsidy", "refund", "vat")),
        needs="vat",
    ),
    Metric("vat", "money", up_is_good=None, top=Linear(("vat",)), needs="vat"),
    Metric("orders", "count", up_is_good=True, top=Linear(("orders",))),
    Metric("average_ticket", "money", up_is_good=True, top=_GROSS, over=Linear(("orders",))),
    Metric("refund_rate", "ratio", up_is_good=False, top=Linear(("refund",)), over=_GROSS),
    Metric("fee_rate", "ratio", up_is_good=False, top=Linear(("fee",)), over=_NET_SALES),
    Metric(
        "merchant_subsidy_rate",
        "ratio",
        up_is_good=None,
        top=Linear(("merchant_subsidy",)),
        over=_KEPT,
    ),
    Metric("sales_per_sqm", "money", up_is_good=True, top=_NET_SALES, over=Linear(("area_sqm",))),
    Metric("system_wide_sales", "money", up_is_good=True, top=_NET_SALES, needs="franchise"),
    Metric(
        "own_sales",
        "money",
        up_is_good=True,
        top=Linear(("gross",), minus=("merchant_subsidy", "refund", "franchised")),
        needs="franchise",
    ),
    Metric(
        "franchise_sales",
        "money",
        up_is_good=True,
        top=Linear(("franchised",)),
        needs="franchise",
    ),
    Metric("royalty", "money", up_is_good=True, top=Linear(("royalty",)), needs="franchise"),
    Metric(
        "share_of_chain",
        "ratio",
        up_is_good=True,
        top=_NET_SALES,
        read="by_store",
        series=False,
    ),
    Metric(
        "same_store_growth",
        "ratio",
        up_is_good=True,
        top=_NET_SALES,
        read="same_store_growth",
        series=False,
    ),
    Metric(
        "repeat_share",
        "ratio",
        up_is_good=True,
        top=Linear(("orders",)),
        read="repeat_share",
        ranks=False,
        series=False,
    ),
    Metric(
        "days_without",
        "days",
        up_is_good=False,
        top=Linear(("orders",)),
        read="by_store",
        series=False,
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
"""All metrics by name, in the order in which a chooser shows them."""


def shown(terms: Collection[str]) -> dict[str, Metric]:
    """Return the metrics that say something of a chain with these terms, in order."""
    return {name: one for name, one in METRICS.items() if one.needs is None or one.needs in terms}


def metric(name: str) -> Metric:
    """Return the metric called ``name``. Raises KeyError naming those there are."""
    try:
        return METRICS[name]
    except KeyError:
        raise KeyError(f"no metric {name!r}; there are {', '.join(METRICS)}") from None
