"""The parts of a digest, one function each: facts in, a section out, or None with nothing to say.

To add one, write a function and put it into ``SECTIONS``, where it is to stand.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chain.metrics import METRICS, Metric
from figures import formats, landing
from figures.daily import daily_sales
from figures.fan import fan
from figures.look import Look, Picture
from reports import attention, sentence
from reports.digests.facts import NET, Facts
from reports.digests.model import Line, Row, Section, Shot, Tile
from reports.digests.pictures import HEIGHT
from reports.digests.reasons import changed, stands
from reports.marks import marks
from reports.series import matched, value_of
from warehouse.reads.protocol import Totals

TILES = {
    "daily": ("net_sales", "orders", "average_ticket", "refund_rate"),
    "weekly": ("net_sales", "orders", "average_ticket", "refund_rate", "fee_rate",
               "merchant_subsidy_rate"),
}  # fmt: skip
TILES["monthly"] = TILES["weekly"]
BEST = 3
"""Stores named at either end."""
SHORT_THAN = 24


def figures(facts: Facts) -> Section | None:
    """Return the figures of the days, against the weeks before and the year before."""
    if facts.shown is None:
        return None
    tiles = tuple(_tile(facts, METRICS[name]) for name in TILES[facts.rhythm])
    return Section(facts.say("digests.section.figures"), _against(facts), tiles=tiles)


def trend(facts: Facts) -> Section | None:
    """Return the picture of net sales day by day."""
    if facts.shown is None or facts.daily.frame.empty:
        return None
    period, before = facts.drawn
    now, past = matched(facts.daily, period, before)
    year = before == period.year_before()
    than = facts.say("pages.than.year") if year else sentence.than_of(facts, period, before)

    def draw(look: Look) -> Picture:
        return daily_sales(
            facts.daily.frame,
            facts.daily.before,
            metric=NET,
            period=period,
            before_period=before,
            look=look,
            than=than,
            value=value_of(NET, now),
            value_before=value_of(NET, past),
            gaps=facts.daily.gaps,
            marks=marks(facts.reads, facts.chain, facts.lang, period, facts.single),
            height=HEIGHT,
        )

    path = f"/store/{facts.single}" if facts.single is not None else "/stores"
    return _pictured(facts, "trend", draw, facts.link(path, period, NET.name))


def ranking(facts: Facts) -> Section | None:
    """Return three stores at each end, with the reason, as the board ranks and explains them.

    Of a week or a month those furthest above and below their kind; of a day, or where there are
    too few stores for that, those that won and those that lost most.
    """
    if facts.shown is None or facts.single is not None:
        return None
    key, lists = ("fair", _by_kind(facts)) if len(facts.fair) else ("ranking", _by_change(facts))
    if not lists:
        return None
    note = facts.say(f"digests.section.{key}_note", metric=NET.label(facts.lang),
                     than=facts.than())  # fmt: skip
    link = facts.link("/stores", facts.days, NET.name)
    return Section(
        facts.say("digests.section.ranking"),
        note,
        lists=lists,
        link=(facts.say("digests.open.stores", count=len(facts.stores)), link),
    )


Lists = tuple[tuple[str, tuple[Row, ...]], ...]


def _by_kind(facts: Facts) -> Lists:
    """Return the ends of the fair ranking, none of them twice."""
    rows = facts.fair.sort_values("rank", kind="stable")
    best = rows[rows["gap"] > 0].head(BEST)
    worst = rows[rows["gap"] < 0].iloc[::-1].head(BEST)
    known = {int(row["store_id"]): row for row in _records(facts.ranked)}
    return tuple(
        (
            facts.say(f"digests.section.{name}"),
            tuple(
                _row(facts, known[int(each["store"])], stands(facts, each))
                for each in _records(part)
                if int(each["store"]) in known
            ),
        )
        for name, part in (("above", best), ("below", worst))
        if len(part)
    )


def _by_change(facts: Facts) -> Lists:
    """Return the stores that won and lost most since the days compared with."""
    rows = facts.ranked.dropna(subset=["value_before"])
    rows = rows[rows["value_before"] > 0].assign(value=rows["value"].fillna(0.0))
    rows = rows.assign(won=rows["value"] - rows["value_before"]).sort_values(
        ["won", "store_id"], ascending=[False, True]
    )
    best = rows[rows["won"] > 0].head(BEST)
    worst = rows[rows["won"] < 0].iloc[::-1].head(BEST)
    return tuple(
        (
            facts.say(f"digests.section.{name}"),
            tuple(
                _row(facts, each, changed(facts, int(each["store_id"]))) for each in _records(part)
            ),
        )
        for name, part in (("best", best), ("worst", worst))
        if len(part)
    )


def todo(facts: Facts) -> Section | None:
    """Return what needs attention, or that nothing does."""
    missing = facts.seen.missing
    found = attention.items(facts, facts.chain, facts.attention, facts.names, missing)
    lines = tuple(Line(each.kind, each.text, each.action, facts.link(each.href)) for each in found)
    said = () if lines else (facts.say("pages.attention.none"),)
    return Section(facts.say("pages.attention.title"), lines=lines, said=said)


def forecast(facts: Facts) -> Section | None:
    """Return where the month ends, and on longer digests the days to come."""
    said = tuple(_landing(facts))
    link = facts.link("/forecast")
    if facts.single is not None:
        link += f"?unit=store-{facts.single}"
    shots: tuple[Shot, ...] = ()
    ahead = facts.ahead if facts.rhythm != "daily" else None
    if ahead is not None:
        drawn = _pictured(
            facts,
            "ahead",
            lambda look: fan(ahead.history, ahead.frame, look=look, height=HEIGHT),
            link,
        )
        shots = drawn.shots if drawn else ()
    if not said and not shots:
        return None
    words = facts.say("digests.open.forecast")
    title = facts.say("digests.section.forecast")
    return Section(title, said=said, shots=shots, link=(words, link))


Maker = Callable[[Facts], Section | None]
SECTIONS: tuple[Maker, ...] = (figures, trend, ranking, todo, forecast)
"""What a digest is made of, in its order."""


def _tile(facts: Facts, metric: Metric) -> Tile:
    now = metric.value(facts.totals.now)
    changes = [_change(facts, metric, facts.totals, _than(facts))]
    if facts.year.days_before:
        changes.append(_change(facts, metric, facts.year, facts.say("pages.than.year_day")))
    shown = facts.look.shown(now, metric.unit)
    full = facts.look.full(now, metric.unit)
    return Tile(
        metric.label(facts.lang),
        shown,
        "" if metric.unit == "ratio" or full == shown else full,
        tuple(changes),
        facts.link("/stores", facts.days, metric.name),
    )


def _change(facts: Facts, metric: Metric, totals: Totals, than: str) -> str:
    now = metric.value(totals.now) if totals.days else None
    before = metric.value(totals.before) if totals.days_before else None
    text, _ = formats.change(now, before, metric.unit, facts.chain.currency, facts.lang, than)
    return text


def _than(facts: Facts) -> str:
    than = facts.than()
    return than if len(than) <= SHORT_THAN else facts.say("digests.than.before")


def _against(facts: Facts) -> str:
    before = facts.days.before()
    span = formats.days(before.start, before.end, facts.lang)
    return facts.say("digests.section.against", span=span)


def _pictured(
    facts: Facts, name: str, draw: Callable[[Look], Picture], link: str
) -> Section | None:
    light, dark = draw(facts.look), draw(replace(facts.look, dark=True))
    if light.empty:
        return None
    shot = Shot(
        name, light.title, light.subtitle, light.alt, light.figure, dark.figure, link
    )  # fmt: skip
    return Section("", shots=(shot,))


def _row(facts: Facts, row: dict[str, Any], reason: str) -> Row:
    store = int(row["store_id"])
    change, _ = formats.change(
        row["value"], row["value_before"], "money", facts.chain.currency, facts.lang
    )
    return Row(
        facts.names.get(store, str(store)),
        facts.look.shown(row["value"], "money"),
        change,
        reason,
        facts.link(f"/store/{store}", facts.days, NET.name),
    )


def _records(rows: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.to_dict("records")
    return found


def _landing(facts: Facts) -> list[str]:
    found, stop = facts.landing, facts.say("forecast.say.stop")
    if found is not None:
        month = landing.Month(
            found.month, found.to_date, found.mean, found.low, found.high, found.base,
            found.target, found.year_before,
        )  # fmt: skip
        usual = facts.say(
            "digests.landing.usual",
            low=facts.look.shown(found.low, "money"),
            high=facts.look.shown(found.high, "money"),
            came=facts.look.shown(found.to_date, "money"),
        )
        return [landing.title(month, facts.look) + stop, usual]
    if not facts.landings:
        return []
    name = formats.month_name(facts.days.end, facts.lang)
    amounts = {key: facts.look.shown(value, "money") for key, value in facts.landings.items()}
    return [facts.say("digests.landing.stores", month=name, count=len(facts.stores), **amounts)]
