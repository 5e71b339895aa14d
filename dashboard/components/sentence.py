"""The sentence on top of a page: what happened, made from data."""

from datetime import date, timedelta

from dash import html
from dash.development.base_component import Component

from chain.days import Period
from chain.metrics import METRICS
from dashboard.components.names import some
from dashboard.frame import Here
from figures import formats
from warehouse.reads.protocol import Attention, ChainInfo, Overview, Totals

LEVEL = 0.005
NET = METRICS["net_sales"]


def paragraph(parts: list[str], lang: str) -> Component:
    """Return the sentences as the page's first line."""
    return html.P(("" if lang == "zh" else " ").join(parts), className="tb-sentence")


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


def last_weekday(here: Here, day: date, since: date) -> str:
    """Return "last Monday" for the day a week before ``since``, else the date."""
    if (since - day).days == 7:
        weekday = formats.weekday(day.weekday(), here.lang, wide=here.lang == "en")
        return here.say("pages.when.last", weekday=weekday)
    if day.year != since.year:
        return formats.day_year(day, here.lang)
    return formats.day(day, here.lang)


def than_of(here: Here, period: Period, before: Period) -> str:
    """Return how the comparison of ``period`` is called: last Monday, the 7 days before, dates."""
    if period.days == 1:
        return last_weekday(here, before.start, period.start)
    if (period.start - before.start).days == period.days:
        return here.say("pages.than.days", count=period.days)
    return formats.days(before.start, before.end, here.lang)


def since_of(here: Here, day: date | None, today: date) -> str:
    """Return "Saturday" within the last week, else the date."""
    if day is None:
        return here.say("pages.when.ever")
    if 0 < (today - day).days < 7:
        return formats.weekday(day.weekday(), here.lang, wide=here.lang == "en")
    return formats.day(day, here.lang)


def ranking(
    here: Here, totals: Totals, label: str, unit: str, chain: ChainInfo, moved: tuple[int, int, int]
) -> list[str]:
    """Say what the stores shown took together; ``moved`` counts those up, down and all."""
    amount = formats.figure(totals.value, unit, chain.currency, here.lang)
    than = than_of(here, totals.period, totals.before_period)
    span = formats.days(totals.period.start, totals.period.end, here.lang)
    text, way = formats.change(totals.value, totals.value_before, unit, chain.currency, here.lang)
    key = {1: "up", -1: "down", 0: "level"}[way]
    if totals.value_before is None:
        key = "alone"
    first = here.say(
        f"pages.say.rank_{key}", metric=label, amount=amount, span=span, change=text[2:], than=than
    )
    up, down, count = moved
    return [first, here.say("pages.say.moved", up=up, down=down, count=count)]
