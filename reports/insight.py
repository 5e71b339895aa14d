"""Why sales changed and who does well for its kind: advice asked of the reads, and said in words.

The board and the digest take both from here, so that they give the same reasons.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from advice import bridge as bridges
from advice import ranking
from advice.bridge import Bridge, Measure
from advice.ranking import Asked
from advice.reasons import Reason
from advice.weights import Kinds
from figures import formats
from figures.look import Look
from reports.sentence import Says
from warehouse.reads.explain import DayKinds
from warehouse.reads.protocol import ChainInfo, Filters, ReadsProtocol


def bridge(
    reads: ReadsProtocol,
    filters: Filters,
    measure: Measure = "net_sales",
    found: DayKinds | None = None,
) -> Bridge:
    """Return the bridge of net sales from the comparison of ``filters`` to its period.

    Over the stores, regions and cities named; platforms and channels are left aside. ``found`` is
    ``reads.by_day_kind(filters)``, where it is at hand. A store's row is the same whichever other
    stores are in it, for one reader.
    """
    found = found or reads.by_day_kind(filters)
    return bridges.bridge(
        found.frame,
        _stores(reads),
        (filters.before, filters.period),
        Kinds(found.kinds),
        usual=found.usual,
        measure=measure,
    )


def fair_ranking(
    reads: ReadsProtocol, filters: Filters, found: DayKinds | None = None
) -> pd.DataFrame:
    """Return stores against what their kind leads to expect; see ``advice.ranking.rank_stores``.

    Among the stores that the reader sees and ``filters`` lets through. ``found`` as above.
    """
    found = found or reads.by_day_kind(filters)
    stores = _stores(reads)
    known = stores[~stores["unassigned"]]
    days = found.frame[(found.frame["side"] == 1) & found.frame["store"].isin(known["store"])]
    return ranking.rank_stores(
        Asked(
            days=days,
            stores=known,
            weeks=reads.weekly(filters),
            platforms=reads.by_store_and_platform(filters),
            period=filters.period,
            kinds=Kinds(found.kinds),
            usual=found.usual,
        )
    )


def _stores(reads: ReadsProtocol) -> pd.DataFrame:
    stores = reads.stores()
    region = stores["region_id"].astype(object)
    return pd.DataFrame(
        {
            "store": stores["store_id"],
            "opened": stores["opened_on"],
            "closed": stores["closed_on"],
            "area_sqm": stores["area_sqm"],
            "region": region.where(stores["region_id"] > 0, None),
            "city": stores["city"].astype(object).where(stores["city"] != "", None),
            "unassigned": stores["unassigned"].astype(bool),
        }
    )


def why_changed(here: Says, chain: ChainInfo, made: Bridge, store: int, most: int = 2) -> str:
    """Return "more orders a day (+¥8.1K); fewer refunds (+¥0.2K)" of a store; "" for nothing."""
    return said(here, chain, bridges.reasons(made, store, most))


def why_ranked(here: Says, chain: ChainInfo, row: Any, most: int = 2) -> str:
    """Return why a store (a row of ``fair_ranking``) stands where it does."""
    return said(here, chain, ranking.reasons(row, most)) or here.say("advice.say.level")


def against(row: Any) -> float:
    """Return by which share a store (as above) is above or below its kind, as it is shown."""
    return round(float(row["actual"]) / float(row["expected"]) - 1, 4)


def said(here: Says, chain: ChainInfo, reasons: Sequence[Reason]) -> str:
    """Return reasons as one line of words."""
    return here.say("advice.say.list").join(reason(here, chain, each) for each in reasons)


def reason(here: Says, chain: ChainInfo, one: Reason) -> str:
    """Return a reason as a few words, its numbers as the reader writes them."""
    look = Look(here.lang, dark=False, currency=chain.currency)
    numbers: dict[str, int | str] = {
        "amount": signed(one.amount, chain.currency, here.lang),
        "share": ("+" if one.share >= 0 else "−") + formats.percent(abs(one.share)),
    }
    for name, value in one.numbers.items():
        numbers[name] = formats.percent(value) if one.name == "platform" else f"{value:g}"
    if "months" in numbers:
        numbers["count"] = numbers["months"]
    if "without" in numbers:
        numbers["count"] = numbers["without"]
    if "platform" in one.words:
        numbers["platform"] = look.platform(one.words["platform"])
    return here.say(one.key, **numbers)


def signed(minor: float, currency: str, lang: str) -> str:
    """Return +¥8.1K or −¥8.1K."""
    sign = "+" if minor >= 0 else "−"
    return sign + formats.money_short(abs(minor), currency, lang)
