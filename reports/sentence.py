"""What happened to a store, said from data: the same sentence on the board and on paper."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from chain.days import Period
from chain.metrics import METRICS, Metric
from chain.words import Lang
from figures import formats
from reports.names import some
from reports.series import sums
from warehouse.reads.protocol import Attention, ChainInfo, Daily, Overview

WEEKS_FROM = 56
"""From so many days on, whole weeks are counted in weeks, as the filter bar does."""
NET = METRICS["net_sales"]
LEVEL = 0.005
"""A smaller change, as a share, is none."""


class Says(Protocol):
    """Whoever is told: a language, and the sentences of the catalogue in it."""

    @property
    def lang(self) -> Lang:
        """The reader's language."""
        ...

    @property
    def say(self) -> Callable[..., str]:
        """Give the sentence of a key, its placeholders filled by name."""
        ...


def last_weekday(here: Says, day: date, since: date) -> str:
    """Return "last Monday" for the day a week before ``since``, else the date."""
    if (since - day).days == 7:
        weekday = formats.weekday(day.weekday(), here.lang, wide=here.lang == "en")
        return here.say("pages.when.last", weekday=weekday)
    if day.year != since.year:
        return formats.day_year(day, here.lang)
    return formats.day(day, here.lang)


def than_of(here: Says, period: Period, before: Period) -> str:
    """Return how the comparison of ``period`` is called: last Monday, the 7 days before, dates."""
    if period.days == 1 and before.days == 1:
        return last_weekday(here, before.start, period.start)
    if (period.start - before.start).days == period.days == before.days:
        if period.days % 7 == 0 and period.days >= WEEKS_FROM:
            return here.say("pages.than.weeks", count=period.days // 7)
        return here.say("pages.than.days", count=period.days)
    if before == period.year_before():
        return here.say("pages.than.year")
    if before.end.year != period.end.year:
        return formats.days_year(before.start, before.end, here.lang)
    return formats.days(before.start, before.end, here.lang)


def since_of(here: Says, day: date | None, today: date) -> str:
    """Return "Saturday" within the last week, else the date."""
    if day is None:
        return here.say("pages.when.ever")
    if 0 < (today - day).days < 7:
        return formats.weekday(day.weekday(), here.lang, wide=here.lang == "en")
    return formats.day(day, here.lang)


def store(
    here: Says,
    chain: ChainInfo,
    metric: Metric,
    daily: Daily,
    periods: tuple[Period, Period],
    now: dict[str, int],
    before: dict[str, int],
) -> list[str]:
    """Say what a store took, by how many orders of what size, and whether it is silent.

    ``now`` and ``before`` are the base sums of ``periods`` over the days that both have; what is
    said of the amount is all of it.
    """
    span = formats.days(periods[0].start, periods[0].end, here.lang)
    whole = sums(daily.frame)
    if not any(whole.values()):
        return [here.say("pages.say.store_none", span=span)]
    shown = metric if set(metric.columns) <= set(now) else NET
    past = shown.value(before) if any(before.values()) else None
    values = shown.value(now), past
    parts = [against(here, chain, shown, values, periods, shown.value(whole))]
    if past is not None and shown.unit == "money" and shown.additive:
        orders, ticket = (
            formats.change(part.value(now), part.value(before), part.unit, chain.currency,
                           here.lang)[0]
            for part in (METRICS["orders"], METRICS["average_ticket"])
        )  # fmt: skip
        parts.append(here.say("pages.say.store_why", orders=orders, ticket=ticket))
    last = max(daily.frame["day"]) if daily.grain == "day" and len(daily.frame) else None
    if last and periods[0].end == chain.yesterday and (periods[0].end - last).days > 1:
        since = since_of(here, last, chain.today)
        parts.append(here.say("pages.say.store_silent", since=since))
    return parts


def against(
    here: Says,
    chain: ChainInfo,
    metric: Metric,
    values: tuple[float | None, float | None],
    periods: tuple[Period, Period],
    whole: float | None = None,
) -> str:
    """Say a metric of a period against the one before: up, down, level or alone.

    ``whole`` is the amount to be said, where only a part of it is compared.
    """
    now, before = values
    text, way = formats.change(now, before, metric.unit, chain.currency, here.lang)
    key = {1: "up", -1: "down", 0: "level"}[way] if before is not None else "alone"
    return here.say(
        f"pages.say.rank_{key}",
        metric=metric.label(here.lang),
        amount=formats.figure(
            now if whole is None else whole, metric.unit, chain.currency, here.lang
        ),
        span=formats.days(periods[0].start, periods[0].end, here.lang),
        change=text[2:],
        than=than_of(here, *periods),
    )


def overview(
    here: Says, chain: ChainInfo, seen: Overview, attention: Attention, names: dict[int, str]
) -> list[str]:
    """Say how the last complete day went, which stores are low, and which are silent."""
    if seen.day is None or seen.yesterday is None:
        return []
    parts = [_headline(here, chain, seen)]
    low = [int(store) for store in attention.low["store_id"]]
    if low:
        key = "pages.say.low_one" if len(low) == 1 else "pages.say.low_many"
        parts.append(here.say(key, stores=some(here.lang, low, names)))
    else:
        key = "pages.say.in_range_but" if len(attention.silent) else "pages.say.in_range"
        parts.append(here.say(key))
    if len(attention.silent):
        parts.append(_silent(here, chain, attention, names))
    return parts


def _headline(here: Says, chain: ChainInfo, seen: Overview) -> str:
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


def _silent(here: Says, chain: ChainInfo, attention: Attention, names: dict[int, str]) -> str:
    silent = attention.silent
    first = silent.iloc[0]
    stores = [int(store) for store in silent["store_id"]]
    since = since_of(here, first["last_day"], chain.today)
    if len(stores) == 1:
        return here.say("pages.say.silent_one", store=names.get(stores[0], ""), since=since)
    return here.say("pages.say.silent_many", stores=some(here.lang, stores, names), since=since)


def when_of(here: Says, day: date, today: date) -> str:
    """Return "yesterday" or "on Sat 21 Nov"."""
    if day == today - timedelta(days=1):
        return here.say("pages.when.yesterday")
    return here.say("pages.when.on", day=formats.day(day, here.lang))
