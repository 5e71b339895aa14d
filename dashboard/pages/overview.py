"""Overview: is today normal, and if not, which store and why."""

from datetime import timedelta

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from chain.days import Period
from chain.metrics import METRICS
from dashboard import skeletons
from dashboard.alertspage.strip import strip
from dashboard.answers import kept
from dashboard.choice import Choice
from dashboard.components import sentence
from dashboard.components.attention import attention_list
from dashboard.components.empty import empty
from dashboard.components.names import records, store_names
from dashboard.components.picture import look, marks, picture
from dashboard.components.series import matched, value_of, values_of
from dashboard.components.short import short_list
from dashboard.components.tile import Against, tile
from dashboard.forecasts.strip import HEIGHT as STRIP_HEIGHT
from dashboard.forecasts.strip import landing_strip
from dashboard.frame import THEME, Board, Here, Page
from dashboard.insight import bridge
from dashboard.start.steps import instead
from figures import formats
from figures.daily import HEIGHT, daily_sales
from reports.attention import items
from warehouse.reads.protocol import ChainInfo, Compared, Filters, Overview

NET = METRICS["net_sales"]
WEEKS = 5
FEW = 5


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(
        Output("overview-head", "children"),
        Output("overview-attention", "children"),
        Input("overview-there", "data"),
    )
    @kept
    def fill_head(_there: bool) -> tuple[list[Component], list[Component]]:
        return head(board.here())

    @app.callback(
        Output("overview-daily", "children"), Input("overview-there", "data"), Input(THEME, "data")
    )
    @kept
    def fill_daily(_there: bool, theme: str) -> list[Component]:
        return main_picture(board.here(), theme)

    @app.callback(Output("overview-stores", "children"), Input("overview-there", "data"))
    @kept
    def fill_stores(_there: bool) -> list[Component]:
        return best_and_worst(board.here())

    # Not kept: what fires, and who is at it, raises no version of the figures.
    @app.callback(Output("overview-alerts", "children"), Input("overview-there", "data"))
    def fill_alerts(_there: bool) -> list[Component]:
        return strip(board, board.here())

    @app.callback(
        Output("overview-bridge", "children"),
        Input("overview-measure", "value"),
        Input("overview-there", "data"),
        Input(THEME, "data"),
    )
    @kept
    def fill_bridge(measure: str | None, _there: bool, theme: str) -> list[Component]:
        here = board.here()
        filters = Choice().filters(here.reads.chain())
        return bridge.card(here, filters, measure, theme, "overview-bridge-graph")

    return Page("overview", "/", layout, icon="overview", filters=(), order=10)


def layout(here: Here, /, **_: str) -> Component:
    """Return the page's frame, with grey shapes where figures come."""
    chain = here.reads.chain()
    if chain.yesterday is None:
        return instead(here) if chain.guide and here.may("import") else empty(here, "overview")
    return html.Div(
        [
            dcc.Store(id="overview-there", data=True),
            html.Div(
                [skeletons.block(58), skeletons.tiles(4, height=196), *_strip_to_come(here)],
                id="overview-head",
                className="tb-stack",
            ),
            html.Div(
                [
                    html.Div(
                        skeletons.block(HEIGHT + 50), id="overview-daily", className="card tb-8"
                    ),
                    html.Div(
                        [
                            html.Div(skeletons.block(HEIGHT), id="overview-attention"),
                            html.Div(id="overview-alerts"),
                        ],
                        className="card tb-4",
                    ),
                ],
                className="tb-grid12",
            ),
            bridge.place(here, "overview"),
            html.Div(
                [html.Div(skeletons.block(260), className="card tb-6") for _ in range(2)],
                id="overview-stores",
                className="tb-grid12",
            ),
        ],
        className="tb-stack",
    )


def _strip_to_come(here: Here) -> list[Component]:
    return [skeletons.block(STRIP_HEIGHT)] if here.reads.forecast_run() else []


def head(here: Here) -> tuple[list[Component], list[Component]]:
    """Return sentence and tiles, and what needs attention."""
    chain = here.reads.chain()
    seen, found = here.reads.overview(), here.reads.attention()
    names = store_names(here, here.reads.stores())
    said = sentence.paragraph(
        sentence.overview(here, chain, seen, found, names),
        here.lang,
        sentence.exact_days(here, seen),
    )
    tiles = html.Div(_tiles(here, chain, seen), className="tb-tiles")
    lines = items(here, chain, found, names, seen.missing)
    strip = landing_strip(here, chain)
    parts = [html.Div(said, className="tb-head"), tiles, *([strip] if strip else [])]
    return parts, attention_list(here, lines)


def _tiles(here: Here, chain: ChainInfo, seen: Overview) -> list[Component]:
    if seen.day is None or seen.yesterday is None or seen.month is None:
        return []
    is_yesterday = seen.day == chain.today - timedelta(days=1)
    day = here.say("pages.tile.yesterday") if is_yesterday else formats.day(seen.day, here.lang)
    month = here.say("pages.tile.month")
    return [
        _tile(here, chain, seen, seen.yesterday, "net_sales", day, "yesterday"),
        _tile(here, chain, seen, seen.month, "net_sales", month, "month"),
        _tile(here, chain, seen, seen.yesterday, "orders", day, "yesterday"),
        _tile(here, chain, seen, seen.yesterday, "average_ticket", day, "yesterday"),
    ]


def _tile(
    here: Here,
    chain: ChainInfo,
    seen: Overview,
    compared: Compared,
    name: str,
    when: str,
    period: str,
) -> Component:
    metric = METRICS[name]
    before = (
        (compared.week, compared.week_period, _than(here, compared)),
        (compared.year, compared.year_period, here.say("pages.than.year_day")),
    )
    against = [
        Against(metric.value(sums) if sums else None, than, _exact(here, days))
        for sums, days, than in before
    ]
    spark = values_of(metric, seen.spark), values_of(metric, seen.spark, "_year")
    return tile(
        here,
        metric,
        metric.value(compared.now),
        against,
        currency=chain.currency,
        label=here.say("pages.tile.label", metric=metric.label(here.lang), when=when),
        href=Choice(period=period, metric=name).made_of(),
        spark=spark,
        provisional=here.say("pages.tile.provisional") if seen.provisional else "",
    )


def _than(here: Here, compared: Compared) -> str:
    return sentence.than_of(here, compared.period, compared.week_period)


def _exact(here: Here, days: Period) -> str:
    return formats.days_year(days.start, days.end, here.lang)


def main_picture(here: Here, theme: str) -> list[Component]:
    """Return the last five weeks of net sales against the year before."""
    chain = here.reads.chain()
    if chain.yesterday is None:
        return []
    period = Period(chain.yesterday - timedelta(days=7 * WEEKS - 1), chain.yesterday)
    before = period.year_before()
    daily = here.reads.daily(Filters(period, comparison=before))
    now_sums, before_sums = matched(daily, period, before)
    drawn = daily_sales(
        daily.frame,
        daily.before,
        metric=NET,
        period=period,
        before_period=before,
        look=look(here, chain, theme),
        than=here.say("pages.than.year"),
        value=value_of(NET, now_sums),
        value_before=value_of(NET, before_sums),
        gaps=daily.gaps,
        marks=marks(here, chain, period),
    )
    return picture(drawn, "overview-daily-graph", here)


def best_and_worst(here: Here) -> list[Component]:
    """Return the stores that took most, and those that fell most, over the last seven days."""
    chain = here.reads.chain()
    choice = Choice()
    ranked = here.reads.by_store(choice.filters(chain)).dropna(subset=["rank"])
    names = store_names(here, here.reads.stores())
    span = choice.days(chain)
    subtitle = here.say(
        "pages.short.subtitle",
        metric=NET.label(here.lang),
        span=formats.days(span.start, span.end, here.lang),
        than=formats.days(span.before().start, span.before().end, here.lang),
    )
    best = ranked.sort_values("rank").head(FEW)
    fallen = ranked[ranked["change"] < 0].sort_values("change").head(FEW)
    return [
        html.Div(
            [
                html.H2(here.say(f"pages.short.{key}"), className="tb-finding"),
                html.P(subtitle, className="muted tb-sub"),
                short_list(here, chain, NET, records(rows), names),
            ],
            className="card tb-6",
        )
        for key, rows in (("best", best), ("fallen", fallen))
    ]
