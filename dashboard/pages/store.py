"""One store: its days, its platforms, its hours, its tickets, its facts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from chain.metrics import METRICS, Metric
from dashboard import skeletons
from dashboard.answers import kept
from dashboard.choice import Choice
from dashboard.components import sentence
from dashboard.components.empty import empty
from dashboard.components.names import records, store_names
from dashboard.components.picture import look, marks, picture
from dashboard.components.sentence import than_of
from dashboard.components.series import (
    beside,
    known_metric,
    matched,
    sums,
    value_of,
)
from dashboard.components.tile import Against, tile
from dashboard.forecasts.asked import Asked
from dashboard.forecasts.strip import HEIGHT, landing_strip
from dashboard.frame import FILTERS, THEME, Board, FilterName, Here, Page
from dashboard.icons import icon
from dashboard.insight import bridge, peers
from figures import daily as daily_figure
from figures import formats, hours, mix, ticket
from figures.waterfall import height_of
from warehouse.reads.forecast_protocol import Unit
from warehouse.reads.protocol import ChainInfo, Daily, Filters, grain_for

TILES = ("net_sales", "orders", "average_ticket", "refund_rate")
FILTERS_SHOWN: tuple[FilterName, ...] = ("period", "against", "platform", "channel", "metric")


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    given = (Input(FILTERS, "data"), Input(THEME, "data"), State("store-id", "data"))

    @app.callback(
        Output("store-head", "children"),
        Output("store-daily", "children"),
        Output("store-ticket", "children"),
        *given,
    )
    @kept
    def fill_days(
        data: dict[str, Any] | None, theme: str, store: int
    ) -> tuple[list[Component], list[Component], list[Component]]:
        return days(board.here(), data, theme, store)

    @app.callback(Output("store-mix", "children"), *given)
    @kept
    def fill_mix(data: dict[str, Any] | None, theme: str, store: int) -> list[Component]:
        return platforms(board.here(), data, theme, store)

    @app.callback(Output("store-hours", "children"), *given)
    @kept
    def fill_hours(data: dict[str, Any] | None, theme: str, store: int) -> list[Component]:
        return busy_hours(board.here(), data, theme, store)

    @app.callback(
        Output("store-bridge", "children"),
        Output("store-switch", "hidden"),
        Input("store-measure", "value"),
        *given,
    )
    @kept
    def fill_bridge(
        measure: str | None, data: dict[str, Any] | None, theme: str, store: int
    ) -> tuple[list[Component], bool]:
        here = board.here()
        filters = _asked(here, here.reads.chain(), data, store)
        made = bridge.card(here, filters, measure, theme, "store-bridge-graph")
        return made, filters.alone

    @app.callback(
        Output("store-peers", "children"), Input(FILTERS, "data"), State("store-id", "data")
    )
    @kept
    def fill_peers(data: dict[str, Any] | None, store: int) -> list[Component]:
        here = board.here()
        return peers.card(here, _asked(here, here.reads.chain(), data, store), store)

    return Page("store", "/store/<store_id>", layout, filters=FILTERS_SHOWN)


def layout(here: Here, /, **variables: str) -> Component:
    """Return the page's frame: name and facts at once, grey shapes where figures come."""
    facts = _facts_of(here, variables.get("store_id", ""))
    if facts is None:
        return empty(here, "store", href="/stores")
    return html.Div(
        [
            dcc.Store(id="store-id", data=int(facts["store_id"])),
            _title(here, facts),
            html.Div(
                [skeletons.block(29), skeletons.tiles(4, height=168), *_strip_to_come(here)],
                id="store-head",
                className="tb-stack",
            ),
            _card("store-daily", daily_figure.HEIGHT),
            html.Div(
                [
                    bridge.place(here, "store", "tb-6"),
                    _card("store-peers", height_of(6), "tb-6"),
                ],
                className="tb-grid12",
            ),
            html.Div(
                [
                    _card("store-mix", mix.HEIGHT, "tb-6"),
                    _card("store-hours", hours.HEIGHT, "tb-6"),
                ],
                className="tb-grid12",
            ),
            _card("store-ticket", ticket.HEIGHT),
            html.Div(_facts(here, facts), className="card"),
        ],
        className="tb-stack",
    )


def _strip_to_come(here: Here) -> list[Component]:
    return [skeletons.block(HEIGHT)] if here.reads.forecast_run() else []


def _card(name: str, height: int, width: str = "") -> Component:
    return html.Div(skeletons.block(height + 50), id=name, className=f"card {width}".strip())


def _facts_of(here: Here, store: str) -> Mapping[str, Any] | None:
    stores = here.reads.stores()
    found = stores[stores["store_id"] == int(store)] if store.isdecimal() else stores.iloc[:0]
    return records(found)[0] if len(found) else None


def _name(here: Here, facts: Mapping[str, Any]) -> str:
    return store_names(here, pd.DataFrame([facts]))[int(facts["store_id"])]


def _title(here: Here, facts: Mapping[str, Any]) -> Component:
    where = [here.name(facts, "city"), here.name(facts, "region")]
    back: list[Any] = [icon("left", 16), here.say("pages.store.all")]
    return html.Div(
        [
            dcc.Link(back, href="/stores", className="tb-back"),
            html.H2(_name(here, facts), className="tb-store-name"),
            html.Div(" · ".join(part for part in where if part), className="muted"),
        ]
    )


def _facts(here: Here, facts: Mapping[str, Any]) -> list[Component]:
    rows = {
        "code": facts["code"],
        "city": here.name(facts, "city"),
        "region": here.name(facts, "region"),
        "opened": _day(here, facts["opened_on"]),
        "closed": _day(here, facts["closed_on"]),
        "area": "" if pd.isna(facts["area_sqm"]) else f"{float(facts['area_sqm']):g} m²",
    }
    shown = [
        html.Div([html.Dt(here.say(f"pages.store.{key}")), html.Dd(str(value))])
        for key, value in rows.items()
        if value
    ]
    title = html.H2(here.say("pages.store.facts"), className="tb-finding")
    links = [
        dcc.Link([icon(name, 18), here.say(key)], href=href, className="tb-act")
        for name, key, href in (
            ("cash", "dashboard.cash.open", f"/cash/{facts['store_id']}"),
            ("stores", "dashboard.setup.edit_this", f"/setup/{facts['store_id']}"),
        )
        if here.may("import")
    ]
    forecast = Asked(Unit("store", int(facts["store_id"]))).href()
    ahead: list[Any] = [icon("forecast", 18), here.say("forecast.overview.link")]
    links.insert(0, dcc.Link(ahead, href=forecast, className="tb-act"))
    return [title, html.Dl(shown, className="tb-facts"), html.Div(links, className="tb-acts")]


def _day(here: Here, day: Any) -> str:
    return "" if pd.isna(day) else formats.day_year(day, here.lang)


def _asked(here: Here, chain: ChainInfo, data: dict[str, Any] | None, store: int) -> Filters:
    choice = here.choice(data)
    metric = known_metric(choice.metric, series=True)
    asked = choice.filters(chain)
    return replace(asked.of_store(store), metric=metric.name)


def days(
    here: Here, data: dict[str, Any] | None, theme: str, store: int
) -> tuple[list[Component], list[Component], list[Component]]:
    """Return the tiles, the metric day by day, and tickets and orders."""
    chain = here.reads.chain()
    filters = _asked(here, chain, data, store)
    period, before = filters.period, filters.before
    metric, grain = METRICS[filters.metric], grain_for(period)
    daily = here.reads.daily(filters, grain)
    now_sums, before_sums = matched(daily, period, before)
    than = than_of(here, period, before)
    drawn = daily_figure.daily_sales(
        daily.frame,
        daily.before,
        metric=metric,
        period=period,
        before_period=before,
        look=look(here, chain, theme),
        than=than,
        value=_value(metric.name, now_sums),
        value_before=_value(metric.name, before_sums),
        gaps=daily.gaps,
        marks=marks(here, chain, period, store) if grain == "day" else (),
        grain=grain,
    )
    tickets = ticket.ticket_and_orders(
        daily.frame,
        period=period,
        look=look(here, chain, theme),
        than=than,
        before=(before_sums["gross"], before_sums["orders"]),
        grain=grain,
    )
    own = here.choice(data).of_store(store)
    tiles = html.Div(_tiles(here, chain, own, filters, daily), className="tb-tiles")
    said = sentence.store(here, chain, metric, daily, (period, before), now_sums, before_sums)
    return (
        [
            html.Div(sentence.paragraph(said, here.lang), className="tb-head"),
            tiles,
            *([strip] if (strip := landing_strip(here, chain, Unit("store", store))) else []),
        ],
        picture(drawn, "store-daily-graph", here),
        picture(tickets, "store-ticket-graph", here),
    )


def _value(name: str, sums: dict[str, int]) -> float | None:
    metric = METRICS[name]
    # The floor area is no sum of days, so such a metric's title says its daily mean instead.
    return value_of(metric, sums) if set(metric.columns) <= set(sums) else None


def _tiles(
    here: Here, chain: ChainInfo, choice: Choice, filters: Filters, daily: Daily
) -> list[Component]:
    whole = sums(daily.frame)
    now_sums, before_sums = matched(daily, filters.period, filters.before)
    than = than_of(here, filters.period, filters.before)
    exact = formats.days(filters.before.start, filters.before.end, here.lang)
    by_day = daily.grain == "day" and filters.period.days > 1

    def against(metric: Metric) -> list[Against]:
        if filters.alone:
            return []
        now, before = value_of(metric, now_sums), value_of(metric, before_sums)
        return [Against(before, than, exact, now)]

    return [
        tile(
            here,
            METRICS[name],
            value_of(METRICS[name], whole),
            against(METRICS[name]),
            currency=chain.currency,
            href=replace(choice, metric=name).made_of("platform"),
            spark=beside(METRICS[name], daily, filters.period, filters.before) if by_day else None,
        )
        for name in TILES
    ]


def platforms(here: Here, data: dict[str, Any] | None, theme: str, store: int) -> list[Component]:
    """Return the picture of the platforms' shares."""
    chain = here.reads.chain()
    filters = _asked(here, chain, data, store)
    grain = grain_for(filters.period)
    frame = here.reads.platform_daily(filters, grain)
    drawn = mix.platform_mix(frame, look=look(here, chain, theme), grain=grain)
    return picture(drawn, "store-mix-graph", here)


def busy_hours(here: Here, data: dict[str, Any] | None, theme: str, store: int) -> list[Component]:
    """Return the heat map of the week."""
    chain = here.reads.chain()
    asked = _asked(here, chain, data, store)
    if asked.platforms or asked.channels:
        return [
            html.H2(here.say("pages.store.hours_whole"), className="tb-finding"),
            html.P(here.say("pages.store.hours_whole_why"), className="muted tb-sub"),
        ]
    frame = here.reads.hour_of_week(asked)
    by = hours.BY.get(asked.metric, "gross")
    drawn = hours.hour_of_week(frame, look=look(here, chain, theme), height=mix.HEIGHT, by=by)
    return picture(drawn, "store-hours-graph", here)
