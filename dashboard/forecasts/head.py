"""What the page says first: a sentence, what to know of it, and four tiles."""

from dataclasses import dataclass
from datetime import date, timedelta

from dash import dcc, html
from dash.development.base_component import Component

from chain.calendars import Calendar
from chain.days import Period
from dashboard.components.sentence import paragraph
from dashboard.forecasts import absent, words
from dashboard.forecasts.asked import AHEADS, Asked, future
from dashboard.frame import Here
from dashboard.icons import icon
from figures import formats
from figures.landing import LEVEL, Month, title
from figures.look import Look
from warehouse.reads.forecast_protocol import ForecastRun, ForecastSeries, Landing
from warehouse.reads.protocol import ChainInfo

FULL_DAYS = 0.9
"""A sum is compared with the days before where at least this share of them has data."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A sum of days ahead with its 80 % range, and what as many days before brought."""

    days: int
    mean: float
    low: float
    high: float
    before: float | None


def head(here: Here, asked: Asked) -> list[Component]:
    """Return sentence, notes and tiles."""
    reads, chain = future(here), here.reads.chain()
    run = reads.forecast_run()
    series = reads.forecast(asked.unit, max(AHEADS), max(AHEADS))
    if run is None or series.frame.empty:
        return [paragraph([absent.why(here, asked, series)], here.lang)]
    landing = reads.landing(asked.unit)
    sums = [one for days in AHEADS if (one := _ahead(here, asked, series, days))]
    said = [
        *[_headline(here, chain, one) for one in sums if one.days == asked.ahead],
        *([landing_words(here, chain, landing)] if landing else []),
    ]
    tiles = [_tile(here, chain, asked, one) for one in sums]
    if landing:
        tiles.append(_landing_tile(here, chain, landing))
    return [
        html.Div([paragraph(said, here.lang), _notes(here, chain, run, series)]),
        html.Div(tiles, className="tb-tiles"),
    ]


def _ahead(here: Here, asked: Asked, series: ForecastSeries, days: int) -> Ahead | None:
    first: date = series.frame["day"].iloc[0]
    period = Period(first, first + timedelta(days=days - 1))
    found = future(here).forecast_sum(asked.unit, period)
    if found is None or len(series.frame) < days:
        return None
    past = series.history.tail(days)["value"]
    known = len(past) and past.notna().mean() >= FULL_DAYS and len(past) == days
    return Ahead(days, *found, before=float(past.sum()) if known else None)


def _headline(here: Here, chain: ChainInfo, one: Ahead) -> str:
    amount = words.money(here, chain, one.mean)
    usual = words.usual(here, chain, one.low, one.high)
    said = here.say("forecast.say.ahead", count=one.days, amount=amount, usual=usual)
    if not one.before:
        return said + here.say("forecast.say.stop")
    share = one.mean / one.before - 1
    key = "level" if abs(share) < LEVEL else "more" if share > 0 else "fewer"
    change = formats.percent(abs(share))
    return said + here.say(f"forecast.say.{key}", change=change, count=one.days)


def landing_words(here: Here, chain: ChainInfo, landing: Landing) -> str:
    """Return where the month ends, against its target where there is one."""
    look = Look(here.lang, dark=False, currency=chain.currency)
    if landing.days_left == 0:
        name = formats.month_name(landing.month, here.lang)
        amount = words.money(here, chain, landing.to_date)
        return here.say("forecast.say.over", month=name, amount=amount)
    return title(month_of(landing), look) + here.say("forecast.say.stop")


def month_of(landing: Landing) -> Month:
    """Return the landing as its picture wants it."""
    return Month(
        landing.month, landing.to_date, landing.mean, landing.low, landing.high, landing.base,
        landing.target, landing.year_before,
    )  # fmt: skip


def _tile(here: Here, chain: ChainInfo, asked: Asked, one: Ahead) -> Component:
    than = here.say("forecast.tile.than", count=one.days)
    change, _ = formats.change(one.mean, one.before, "money", chain.currency, here.lang, than)
    chosen = " forecast-chosen" if one.days == asked.ahead else ""
    inside = [
        html.Div(here.say("forecast.tile.ahead", count=one.days), className="tb-tile-label"),
        _figure(here, chain, one.mean),
        html.Div(
            words.usual(here, chain, one.low, one.high),
            className="tb-tile-change",
            title=words.exact(here, chain, one.low, one.high),
        ),
        html.Div(change, className="tb-tile-change", title=words.full(here, chain, one.before)),
    ]
    return dcc.Link(
        inside,
        href=Asked(asked.unit, one.days).href(),
        className=f"card tb-tile tb-tile-link forecast-tile{chosen}",
    )


def _landing_tile(here: Here, chain: ChainInfo, landing: Landing) -> Component:
    month = formats.month_name(landing.month, here.lang)
    lines = []
    for key, amount in (("target", landing.target), ("year", landing.year_before)):
        if amount:
            than = here.say(f"forecast.tile.{key}")
            text = formats.change(landing.mean, amount, "money", chain.currency, here.lang, than)[0]
            lines.append(
                html.Div(text, className="tb-tile-change", title=words.full(here, chain, amount))
            )
    usual = html.Div(
        words.usual(here, chain, landing.low, landing.high),
        className="tb-tile-change",
        title=words.exact(here, chain, landing.low, landing.high),
    )
    label = html.Div(here.say("forecast.tile.month", month=month), className="tb-tile-label")
    inside = [label, _figure(here, chain, landing.mean), usual, *lines]
    # To the card that says what has come in, what is ahead, and leads on to the payments.
    return html.A(
        inside, href="#forecast-landing", className="card tb-tile tb-tile-link forecast-tile"
    )


def _figure(here: Here, chain: ChainInfo, amount: float) -> Component:
    return html.Div(
        words.money(here, chain, amount),
        className="tb-tile-figure",
        title=words.full(here, chain, amount),
    )


def _notes(here: Here, chain: ChainInfo, run: ForecastRun, series: ForecastSeries) -> Component:
    lines: list[tuple[str, str]] = []
    if run.kind == "quick":
        lines.append(("attention", here.say("forecast.note.quick")))
    if series.is_new:
        lines.append(("attention", here.say("forecast.note.new")))
    if run.learned_until and chain.yesterday and chain.yesterday > run.learned_until:
        day = formats.day(run.learned_until, here.lang)
        lines.append(("attention", here.say("forecast.note.older", day=day)))
    if caution := calendar_caution(here, chain, series):
        lines.append(("attention", caution))
    lines += [("muted", words.note(here, key, params)) for key, params in series.notes]
    if series.model:
        served = here.say("forecast.note.model", model=words.model(here, series.model))
        lines.append(("muted", served))
    return html.Ul(
        [
            html.Li([icon("warning", 16) if kind == "attention" else None, html.Span(text)],
                    className=f"forecast-{kind}")
            for kind, text in lines
        ],
        className="forecast-notes",
    )  # fmt: skip


def calendar_caution(here: Here, chain: ChainInfo, series: ForecastSeries) -> str:
    """Return why the calendar of the days ahead is not to be relied on; empty where it is.

    It is, where the chain has entered days of its own past the last official year.
    """
    calendar = Calendar(chain.country)
    period = Period(series.frame["day"].iloc[0], series.frame["day"].iloc[-1])
    caution = calendar.caution(period)
    if caution is None:
        return ""
    if calendar.official_until:
        later = Period(date(calendar.official_until + 1, 1, 1), period.end)
        own = future(here).calendar_days(later)
        if own["kind"].isin(["holiday", "workday"]).any():
            return ""
    return caution.say(here.lang)
