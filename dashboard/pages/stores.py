"""Stores: who does well, by any metric and period, and how ranks move."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component

from chain.days import Period
from chain.metrics import Metric
from dashboard import skeletons
from dashboard.answers import kept
from dashboard.components import sentence
from dashboard.components.empty import empty
from dashboard.components.names import store_names
from dashboard.components.picture import look, picture
from dashboard.components.ranking import CHOICE, GRID, contents, grid, tools
from dashboard.components.series import known_metric, sums
from dashboard.frame import FILTERS, THEME, Board, Here, Page
from dashboard.insight import fair
from figures.ranks import HEIGHT, rank_bump
from warehouse.reads.protocol import SUMS, Filters, Grain, Totals

RANKED = "stores-ranked"
"""The metric of the table that is there."""
FEWEST_WEEKS, MOST_WEEKS = 12, 30


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(
        Output("stores-sentence", "children"),
        Output("stores-table", "children"),
        Output(RANKED, "data"),
        Input(FILTERS, "data"),
        State(RANKED, "data"),
    )
    @kept
    def fill_table(data: dict[str, Any] | None, ranked_by: str | None) -> tuple[Any, Any, str]:
        return table(board.here(), data, ranked_by)

    # These wait for the table, the first that is looked at, and leave it the processors.
    @app.callback(
        Output("stores-ranks", "children"),
        Input(FILTERS, "data"),
        Input(THEME, "data"),
        Input(RANKED, "data"),
    )
    @kept
    def fill_ranks(data: dict[str, Any] | None, theme: str, _ranked_by: str) -> list[Component]:
        return ranks(board.here(), data, theme)

    @app.callback(Output("stores-fair", "children"), Input(FILTERS, "data"), Input(RANKED, "data"))
    @kept
    def fill_fair(data: dict[str, Any] | None, _ranked_by: str) -> list[Component]:
        here = board.here()
        return fair.card(here, _asked(here, data)[1])

    _browser(app)
    return Page("stores", "/stores", layout, icon="stores", order=20)


def _browser(app: Dash) -> None:
    """Search, choice of columns and saving happen in the browser."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pages", "search"),
        Output("stores-search", "error"),
        Input("stores-search", "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pages", "columns"),
        Output("stores-columns", "description"),
        Input("stores-columns", "value"),
        Input("stores-table", "children"),
        State("stores-choice", "data"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pages", "save"),
        Output("stores-save", "disabled"),
        Input("stores-save", "n_clicks"),
        prevent_initial_call=True,
    )


def layout(here: Here, /, **_: str) -> Component:
    """Return the page's frame, with grey shapes where figures come."""
    if here.reads.chain().yesterday is None:
        return empty(here, "stores")
    return html.Div(
        [
            html.Div(skeletons.block(57), id="stores-sentence", className="tb-head stores-said"),
            html.Div(skeletons.block(HEIGHT + 50), id="stores-ranks", className="card"),
            html.Div(
                [
                    tools(here),
                    dcc.Store(id="stores-choice", data=list(CHOICE)),
                    dcc.Store(id=RANKED),
                    html.Div(skeletons.table(16), id="stores-table"),
                ],
                className="card",
            ),
            html.Div(skeletons.table(fair.MOST_ROWS), id="stores-fair", className="card"),
        ],
        className="tb-stack",
    )


def table(
    here: Here, data: dict[str, Any] | None, ranked_by: str | None = None
) -> tuple[Component, Any, str]:
    """Return the sentence, the ranking and its metric.

    A table of the same metric that is there, ``ranked_by``, is given other rows: to draw it anew
    takes longer than to find out what is in it, and how it was sorted would be lost.
    """
    chain, stores = here.reads.chain(), here.reads.stores()
    metric, filters = _asked(here, data)
    ranked = here.reads.by_store(filters)
    totals = _totals(here, metric, filters, ranked)
    said = _said(here, data, metric, ranked, totals)
    if ranked_by == metric.name:
        set_props(GRID, contents(here, metric, ranked, stores, totals))
        return said, no_update, metric.name
    made = grid(here, chain, metric, ranked, stores, totals)
    # The drawing code of the grid comes after the page: its place is kept for it.
    height = cast("Any", made).style["height"]
    return said, html.Div(made, style={"minHeight": height}), metric.name


def _said(
    here: Here, data: dict[str, Any] | None, metric: Metric, ranked: pd.DataFrame, totals: Totals
) -> Component:
    change = ranked["change"]
    change = change[ranked["rank"].notna()]
    moved = int((change > 0).sum()), int((change < 0).sum()), len(change)
    said = sentence.ranking(here, totals, metric, here.reads.chain(), moved)
    return html.Div(
        [
            sentence.paragraph(said, here.lang),
            dcc.Link(
                here.say("made_of.open"),
                href=replace(here.choice(data), metric=metric.name).made_of(),
                className="tb-action",
            ),
        ]
    )


def _totals(here: Here, metric: Metric, filters: Filters, ranked: pd.DataFrame) -> Totals:
    """Return the totals of all stores; where the stores add up, without asking once more."""
    if not metric.additive or not set(metric.columns) <= set(SUMS):
        return here.reads.totals(filters)
    now = sums(ranked)
    before = ranked["value_before"].dropna()
    return Totals(
        period=filters.period,
        before_period=filters.before,
        now=now,
        before={},
        value=metric.value(now) if len(ranked) else None,
        value_before=float(before.sum()) if len(before) else None,
        days=int(ranked["days"].max()) if len(ranked) else 0,
        days_before=0,
    )


def ranks(here: Here, data: dict[str, Any] | None, theme: str) -> list[Component]:
    """Return the picture of ranks over at least the last twelve weeks of the period."""
    chain = here.reads.chain()
    metric, filters = _asked(here, data)
    period, grain = _span(filters.period)
    frame = here.reads.ranks_over_time(replace(filters, period=period), grain)
    drawn = rank_bump(
        frame if len(frame) else pd.DataFrame(columns=["start", "store_id", "rank", "partial"]),
        store_names(here, here.reads.stores()),
        metric=metric,
        look=look(here, chain, theme),
        grain=grain,
    )
    return picture(drawn, "stores-ranks-graph", here)


def _asked(here: Here, data: dict[str, Any] | None) -> tuple[Metric, Filters]:
    asked = here.choice(data).filters(here.reads.chain())
    metric = known_metric(asked.metric, ranks=True)
    return metric, replace(asked, metric=metric.name)


def _span(period: Period) -> tuple[Period, Grain]:
    """Return whole weeks that end with the period, or its months where it is long."""
    if period.days > 7 * MOST_WEEKS:
        return period, "month"
    weeks = max(FEWEST_WEEKS, -(-period.days // 7))
    end = period.end if period.end.weekday() == 6 else period.end - timedelta(
        days=period.end.weekday() + 1
    )  # fmt: skip
    return Period(end - timedelta(days=7 * weeks - 1), end), "week"
