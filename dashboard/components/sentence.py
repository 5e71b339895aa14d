"""The sentence on top of a page: what happened, made from data."""

from datetime import date, timedelta

from dash import html
from dash.development.base_component import Component

from chain.metrics import Metric
from dashboard.components.names import some
from dashboard.frame import Here
from figures import formats
from reports.sentence import NET, against, last_weekday, since_of, store, than_of
from warehouse.reads.protocol import Attention, ChainInfo, Overview, Totals

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

LEVEL = 0.005


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


def overview(
    here: Here, chain: ChainInfo, seen: Overview, attention: Attention, names: dict[int, str]
) -> list[str]:
    """Say how the last complete day went, which stores are low, and which are silent."""
    if seen.day is None or seen.yesterday is None:
        return []
    parts = [_headline(here, chain, seen)]
    low = [int(store) for store in attention.low["store_id"]]
    if low:
        key = "pages.say.low_one" if len(low) == 1 else "pages.say.low_many"
        parts.append(here.say(key, stores=some(here, low, names)))
    else:
        key = "pages.say.in_range_but" if len(attention.silent) else "pages.say.in_range"
        parts.append(here.say(key))
    if len(attention.silent):
        parts.append(_silent(here, chain, attention, names))
    return parts


def _headline(here: Here, chain: ChainInfo, seen: Overview) -> str:
    compared, day = seen.yesterday, seen.day
    if compared is None or day is None:
        return ""
    now = NET.value(compared.now)
    before = NET.value(compared.week) if compared.week else None
    amount = formats.money_short(now, chain.currency, here.lang)
    when = when_of(here, day, chain.today)
    if now is None or not before:
        return here.say("pages.say.day_alone", amount=amount, day=when)
    than = last_weekday(here, compared.week_period.start, day)
    share = now / before - 1
    if abs(share) < LEVEL:
        return here.say("pages.say.day_level", amount=amount, day=when, than=than)
    key = "pages.say.day_above" if share > 0 else "pages.say.day_below"
    change = formats.percent(abs(share))
    return here.say(key, amount=amount, day=when, change=change, than=than)


def _silent(here: Here, chain: ChainInfo, attention: Attention, names: dict[int, str]) -> str:
    silent = attention.silent
    first = silent.iloc[0]
    stores = [int(store) for store in silent["store_id"]]
    since = since_of(here, first["last_day"], chain.today)
    if len(stores) == 1:
        return here.say("pages.say.silent_one", store=names.get(stores[0], ""), since=since)
    return here.say("pages.say.silent_many", stores=some(here, stores, names), since=since)


def when_of(here: Here, day: date, today: date) -> str:
    """Return "yesterday" or "on Sat 21 Nov"."""
    if day == today - timedelta(days=1):
        return here.say("pages.when.yesterday")
    return here.say("pages.when.on", day=formats.day(day, here.lang))


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
