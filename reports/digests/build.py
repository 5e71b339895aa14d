"""From facts to a digest's contents: the sentence first, what is not whole, then the sections."""

import hashlib
from collections.abc import Sequence

from chain.metrics import METRICS
from figures import formats
from reports import sentence
from reports.digests.facts import NET, Facts
from reports.digests.model import Contents
from reports.digests.sections import SECTIONS, Maker
from reports.names import some
from reports.series import sums


def build(facts: Facts, makers: Sequence[Maker] = SECTIONS) -> Contents:
    """Return the digest.

    Raises what a read raises; a digest that cannot be made whole is not made at all.
    """
    sections = tuple(section for make in makers if (section := make(facts)) is not None)
    return Contents(
        rhythm=facts.rhythm,
        lang=facts.lang,
        chain=facts.called,
        period=facts.days,
        subject=_subject(facts),
        title=facts.say(f"digests.title.{facts.rhythm}"),
        span=formats.days_year(facts.days.start, facts.days.end, facts.lang),
        sentences=tuple(_sentences(facts)),
        notices=tuple(_notices(facts)),
        sections=sections,
        link=facts.link("/stores", facts.days, NET.name),
        board=facts.board,
        fingerprint=_fingerprint(facts),
        provisional=facts.provisional,
    )


def _subject(facts: Facts) -> str:
    days = facts.days
    span = formats.days(days.start, days.end, facts.lang)
    words: dict[str, str] = {"chain": facts.called, "span": span}
    if facts.shown is None:
        said = facts.say("digests.subject.nothing", **words)
    else:
        totals = facts.totals
        change, way = formats.change(
            NET.value(totals.now),
            NET.value(totals.before) if totals.days_before else None,
            NET.unit,
            facts.chain.currency,
            facts.lang,
        )
        key = "change" if way else "alone"
        amount = facts.look.shown(NET.value(totals.now), NET.unit)
        said = facts.say(f"digests.subject.{key}", amount=amount, change=change, **words)
    if facts.shown is not None and facts.provisional:
        said += facts.say("digests.subject.provisional")
    return " ".join(said.split())


def _sentences(facts: Facts) -> list[str]:
    """Say what happened, as the board's pages do."""
    if facts.shown is None:
        return [facts.say("digests.nothing", span=_span(facts))]
    if facts.single is not None:
        return _store(facts)
    if facts.rhythm == "daily":
        return sentence.overview(facts, facts.chain, facts.seen, facts.attention, facts.names)
    totals = facts.totals
    values = NET.value(totals.now), NET.value(totals.before) if totals.days_before else None
    said = [sentence.against(facts, facts.chain, NET, values, (facts.days, totals.before_period))]
    if values[1] is not None:
        change = facts.ranked["change"].dropna()
        up, down = int((change > 0).sum()), int((change < 0).sum())
        said.append(facts.say("pages.say.moved", up=up, down=down, count=len(facts.ranked)))
    return said


def _store(facts: Facts) -> list[str]:
    daily = facts.reads.daily(facts.filters, "day")
    before = facts.filters.before
    return sentence.store(
        facts, facts.chain, METRICS[NET.name], daily, (facts.days, before),
        sums(daily.frame), sums(daily.before),
    )  # fmt: skip


def _notices(facts: Facts) -> list[str]:
    """Say what is not whole, so that nobody takes a part for all of it."""
    if facts.shown is None:
        return []
    said = []
    if facts.rhythm == "daily" and facts.days.end < facts.period.end:
        said.append(
            facts.say(
                "digests.notice.earlier",
                day=formats.day(facts.period.end, facts.lang),
                shown=formats.day(facts.days.end, facts.lang),
            )
        )
    elif facts.days.end < facts.period.end:
        last = formats.day(facts.days.end, facts.lang)
        said.append(facts.say("digests.notice.until", day=last, span=_span(facts)))
    if facts.seen.missing:
        names = formats.listing([facts.look.platform(one) for one in facts.seen.missing],
                                facts.lang)  # fmt: skip
        day = formats.day(facts.days.end, facts.lang)
        said.append(facts.say("digests.notice.platforms", platforms=names, day=day))
    if facts.without:
        stores = some(facts.lang, facts.without, facts.names)
        key = "stores_day" if facts.days.days == 1 else "stores"
        said.append(facts.say(f"digests.notice.{key}", stores=stores))
    return said


def _span(facts: Facts) -> str:
    return formats.days(facts.period.start, facts.period.end, facts.lang)


def _fingerprint(facts: Facts) -> str:
    """Return what is another one as soon as a figure is: not the day it is told on."""
    found = facts.attention
    landing = facts.landing
    told = (
        facts.rhythm,
        facts.shown,
        sorted(facts.totals.now.items()) if facts.shown else (),
        sorted(facts.totals.before.items()) if facts.shown else (),
        facts.seen.missing,
        found.low["store_id"].tolist(),
        found.silent["store_id"].tolist(),
        found.unassigned_amount,
        found.batches["batch_id"].tolist(),
        None if landing is None else (landing.mean, landing.target),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()
