"""The sentence on top of a page: what happened, made from data."""

from dash import html
from dash.development.base_component import Component

from chain.metrics import Metric
from dashboard.frame import Here
from figures import formats
from reports.sentence import (
    against,
    last_weekday,
    overview,
    since_of,
    store,
    than_of,
    when_of,
)
from warehouse.reads.protocol import ChainInfo, Overview, Totals

__all__ = [
    "exact_days",
    "last_weekday",
    "overview",
    "paragraph",
    "ranking",
    "since_of",
    "store",
    "than_of",
    "when_of",
]


def paragraph(parts: list[str], lang: str, exact: str = "") -> Component:
    """Return the sentences as the page's first line; ``exact`` (its dates) is in the hover."""
    said = ("" if lang == "zh" else " ").join(parts)
    return html.P(said, className="tb-sentence", title=exact or None)


def exact_days(here: Here, seen: Overview) -> str:
    """Return the dates that the overview's sentence calls yesterday and last Monday."""
    if seen.day is None or seen.yesterday is None:
        return ""
    days = [formats.day_year(day, here.lang) for day in (seen.day, seen.yesterday.week_period.end)]
    return here.say("pages.say.exact", day=days[0], than=days[1])


def ranking(
    here: Here, totals: Totals, metric: Metric, chain: ChainInfo, moved: tuple[int, int, int]
) -> list[str]:
    """Say what the stores shown took together; ``moved`` counts those up, down and all."""
    values = totals.value, totals.value_before
    first = against(here, chain, metric, values, (totals.period, totals.before_period))
    if totals.value_before is None:
        return [first]
    up, down, count = moved
    return [first, here.say("pages.say.moved", up=up, down=down, count=count)]
