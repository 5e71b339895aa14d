"""What is asked about a figure: what it is made of, down to the payments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import pandas as pd

if TYPE_CHECKING:
    from warehouse.reads.protocol import Filters, Grain

Split = Literal["store", "platform", "channel", "day"]


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a figure: a column of ``SUMS`` (or what a read counts), added or taken away.

    ``sign`` is 1 or -1. ``before`` is None where nothing is compared.
    """

    name: str
    sign: int
    now: float
    before: float | None


@dataclass(frozen=True, slots=True)
class MadeOf:
    """A figure and its parts: the terms of ``top`` added up, over those of ``over`` where any are.

    ``growth``: the figure is that ratio less 1. ``value`` None where it divides by nothing.
    ``asked`` is what to ask ``split`` for so that it adds up to ``top`` (and to ``over``); its
    metric may be another, as the share of a chain is a share of net sales.
    ``splits`` are those that do, none where a figure counts people or days. ``counted`` is the
    metric that payments add up to, and ``behind`` is to be asked for: net sales for tax and
    royalty, which are worked out of a store-day; '' where no payment counts. ``kinds`` are those
    of its payments, none where all are.
    """

    value: float | None
    value_before: float | None
    top: tuple[Part, ...]
    over: tuple[Part, ...]
    growth: bool
    asked: "Filters"
    splits: tuple[Split, ...]
    counted: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """How the payments of a figure come to it.

    ``currencies``: one row a currency, the chain's own first: ``currency``, ``top`` and ``over``
    (minor units of it, or a count), ``home`` (what ``top`` is in the chain's currency, at the rate
    of each day), ``left_out`` (of ``top``, on days without a rate). ``home`` adds up to the top of
    the figure. ``twins`` counts payments seen through another source and counted there, up to
    ``MOST`` of ``warehouse.reads.behind``.
    """

    currencies: pd.DataFrame
    twins: int


class PartReads(Protocol):
    """Reads of what a figure is made of."""

    def made_of(self, filters: "Filters") -> MadeOf:
        """Return the parts of ``filters.metric``."""
        ...

    def split(self, filters: "Filters", by: Split, grain: "Grain | None" = None) -> pd.DataFrame:
        """One row a store, platform, channel or day (week, month).

        Largest ``top`` first, days in order.

        Columns: the key (``store_id``, ``platform``, ``channel``, ``day``), ``top``, ``over``,
        ``value`` and the same with ``_before``; NaN where a side has nothing. ``over`` is NaN
        where the metric has none. ``filters`` are ``MadeOf.asked``.
        """
        ...

    def behind(self, filters: "Filters") -> Behind:
        """Return how payments come to the metric's top.

        ``filters`` are ``MadeOf.asked`` with ``MadeOf.counted`` as their metric.
        """
        ...
